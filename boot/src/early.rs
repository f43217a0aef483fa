//! What happens while the boot tables are in use: the description is read, and the console found.
//!
//! Until the console is known, output waits in memory; a crash before that looks for a PL011 where
//! common boards have one.

use crate::console::{self, LIKELY};
use crate::crash;
use crate::devices::console_base;
use crate::entry::Tree;
use crate::pool::Pool;
use crate::start::{Stage, fail};
use alloc::boxed::Box;
use alloc::vec::Vec;
use girder_aarch64::mmu;
use girder_aarch64::page_table::{Kind, Mapping, PAGE, Tables};
use girder_aarch64::pl011::{self, Pl011};
use girder_core::config::{Config, ConsoleChoice};
use girder_describe::{Machine, TreeError};

/// The name of a device that identifies itself.
const FULL_DEVICE: &str = "arm,pl011";

/// While the boot tables are in use.
pub(crate) struct Early {
    tables: Tables,
    /// The pages that have been mapped as devices.
    devices: Vec<u64>,
}

impl Early {
    /// Maps the places where a console is likely, so that a crash before the description is read
    /// has somewhere to speak.
    pub(crate) fn new(tables: Tables) -> Self {
        let mut this = Self {
            tables,
            devices: Vec::new(),
        };
        for base in LIKELY {
            this.map_device(base);
        }
        this
    }

    pub(crate) fn describe(&self, tree: Option<Tree>) -> &'static Machine {
        let Some(tree) = tree else {
            fail(
                Stage::Description,
                "no device tree in x0, nor at the start of RAM",
            )
        };
        match read_tree(tree) {
            Ok(machine) => Box::leak(Box::new(machine)),
            Err(error) => fail(
                Stage::Description,
                format_args!("device tree at {:#x}: {error}", tree.address),
            ),
        }
    }

    pub(crate) fn configure(&self, machine: &'static Machine) -> &'static Config<'static> {
        let config = Config::parse(&machine.bootargs, &mut |_| {});
        crash::set_action(config.on_panic());
        Box::leak(Box::new(config))
    }

    /// Attaches the console that was asked for, if it is there, else the description's, if we
    /// drive it, else one where the description's was likely to be; returns where it is.
    pub(crate) fn attach_console(&mut self, config: &Config<'_>, machine: &Machine) -> Option<u64> {
        let chosen = match config.console {
            Some(ConsoleChoice::Pl011(base)) => Some(base).filter(|&base| self.finds_pl011(base)),
            Some(ConsoleChoice::Path(_)) | None => None,
        };
        let base = chosen.or_else(|| self.described_console(machine))?;
        // SAFETY: a PL011 has identified itself there, or the description says that its subset is
        // there and something answers, and it has been mapped.
        unsafe { console::attach(base as usize) }
        Some(base)
    }

    /// Without a console in the description there shall be none. One that is not where it should
    /// be is another matter: somebody wants to read something.
    fn described_console(&mut self, machine: &Machine) -> Option<u64> {
        let described = console_base(machine)?;
        if self.finds_pl011(described) || self.finds_subset(machine, described) {
            return Some(described);
        }
        LIKELY.into_iter().find(|&base| self.finds_pl011(base))
    }

    fn finds_pl011(&mut self, base: u64) -> bool {
        // SAFETY: only identification registers are read, and a fault is caught. A board with
        // something else at an address that somebody chose is past harm.
        self.map_device(base) && unsafe { Pl011::is_at(base as usize) }
    }

    /// True if the description has a device that only works like a PL011, and need not say that it
    /// is one, and something answers there.
    fn finds_subset(&mut self, machine: &Machine, base: u64) -> bool {
        let mut described = machine.console.iter();
        let is_subset = described.any(|console| console.compatible != FULL_DEVICE);
        // SAFETY: only the flags are read, and a fault is caught.
        is_subset && self.map_device(base) && unsafe { Pl011::may_be_at(base as usize) }
    }

    fn map_device(&mut self, base: u64) -> bool {
        let page = base & !(PAGE - 1);
        if self.devices.contains(&page) {
            return true;
        }
        // SAFETY: no other `Pool` value lives now.
        let mut pool = unsafe { Pool::new() };
        let range = Mapping::identity(page, pl011::SIZE, Kind::Device);
        let mapped = self.tables.map(&mut pool, range);
        mmu::publish_entries();
        if mapped.is_ok() {
            self.devices.push(page);
        }
        mapped.is_ok()
    }
}

fn read_tree(tree: Tree) -> Result<Machine, TreeError> {
    // SAFETY: `early` found the magic number there and mapped so many bytes, or as many as a tree
    // may have; nobody else knows of them, and the description keeps no reference.
    let blob =
        unsafe { core::slice::from_raw_parts_mut(tree.address as *mut u8, tree.size as usize) };
    girder_describe::describe(blob)
}
