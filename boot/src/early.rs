//! What happens while the boot tables are in use: the description is read, and the console found.
//!
//! Until the console is known, output waits in memory; if it never gets known, a PL011 is looked
//! for where common boards have one.

use crate::devices::console_base;
use crate::entry::Tree;
use crate::pool::Pool;
use crate::start::{Stage, fail};
use crate::{console, crash};
use alloc::boxed::Box;
use girder_aarch64::mmu;
use girder_aarch64::page_table::{Kind, Mapping, PAGE, Tables};
use girder_aarch64::pl011::{self, Pl011};
use girder_core::config::{Config, ConsoleChoice};
use girder_describe::{Machine, TreeError};

/// Where a PL011 is on boards that people have, for a message when nothing else is known:
/// QEMU virt, Raspberry Pi 4, Raspberry Pi 3.
const LIKELY_CONSOLES: [u64; 3] = [0x0900_0000, 0xfe20_1000, 0x3f20_1000];

/// While the boot tables are in use.
pub(crate) struct Early {
    pub(crate) tables: Tables,
}

impl Early {
    pub(crate) fn describe(&mut self, tree: Option<Tree>) -> &'static Machine {
        let Some(tree) = tree else {
            self.attach_likely_console();
            fail(
                Stage::Description,
                "no device tree in x0, nor at the start of RAM",
            )
        };
        match read_tree(tree) {
            Ok(machine) => Box::leak(Box::new(machine)),
            Err(error) => {
                self.attach_likely_console();
                fail(
                    Stage::Description,
                    format_args!("device tree at {:#x}: {error}", tree.address),
                )
            }
        }
    }

    pub(crate) fn configure(&mut self, machine: &'static Machine) -> &'static Config<'static> {
        let config = Config::parse(&machine.bootargs, &mut |_| {});
        crash::set_action(config.on_panic());
        Box::leak(Box::new(config))
    }

    /// Attaches the console that was asked for, if it is there, else the description's, if we
    /// drive it; returns where it is.
    pub(crate) fn attach_console(&mut self, config: &Config<'_>, machine: &Machine) -> Option<u64> {
        let chosen = match config.console {
            Some(ConsoleChoice::Pl011(base)) => Some(base).filter(|&base| self.finds_pl011(base)),
            Some(ConsoleChoice::Path(_)) | None => None,
        };
        let base = chosen.or_else(|| console_base(machine))?;
        if chosen.is_none() && !self.map_device(base) {
            return None;
        }
        // SAFETY: a PL011 has identified itself there or the description says that one is there,
        // and it has just been mapped.
        unsafe { console::attach(base as usize) }
        Some(base)
    }

    fn finds_pl011(&mut self, base: u64) -> bool {
        // SAFETY: only identification registers are read, and a fault is caught. A board with
        // something else at an address that somebody chose is past harm.
        self.map_device(base) && unsafe { Pl011::is_at(base as usize) }
    }

    /// Looks for a device that can carry a last message.
    fn attach_likely_console(&mut self) {
        let mut candidates = LIKELY_CONSOLES.into_iter();
        let found = candidates.find(|&base| self.finds_pl011(base));
        if let Some(base) = found {
            // SAFETY: it has identified itself and is mapped.
            unsafe { console::attach(base as usize) }
        }
    }

    fn map_device(&mut self, base: u64) -> bool {
        // SAFETY: no other `Pool` value lives now.
        let mut pool = unsafe { Pool::new() };
        let range = Mapping::identity(base & !(PAGE - 1), pl011::SIZE, Kind::Device);
        let mapped = self.tables.map(&mut pool, range).is_ok();
        mmu::publish_entries();
        mapped
    }
}

fn read_tree(tree: Tree) -> Result<Machine, TreeError> {
    // SAFETY: `early` found the magic number there and mapped so many bytes, or as many as a tree
    // may have; nobody else knows of them, and the description keeps no reference.
    let blob =
        unsafe { core::slice::from_raw_parts_mut(tree.address as *mut u8, tree.size as usize) };
    girder_describe::describe(blob)
}
