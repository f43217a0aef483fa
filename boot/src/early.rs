//! What happens while the boot tables are in use: the description is read, and the console found.
//!
//! Until the console is known, output waits in memory; a crash before that looks for a PL011 where
//! common boards have one.

use crate::console::{self, LIKELY};
use crate::entry::{Handover, Tree};
use crate::pool::Pool;
use crate::port::Place;
use crate::start::{Stage, fail};
use crate::{crash, provoke, treeless};
use alloc::boxed::Box;
use alloc::vec::Vec;
use girder_aarch64::bcm2835_power::{self, PowerBlock};
use girder_aarch64::page_table::{Kind, Mapping, PAGE, Tables};
use girder_aarch64::{cpu, mmu, power, probe};
use girder_core::config::{Config, ConsoleChoice};
use girder_describe::{Conduit, Console, Intid, Machine, TreeError};

/// While the boot tables are in use.
pub(crate) struct Early {
    tables: Tables,
    /// The pages that have been mapped as devices.
    devices: Vec<u64>,
}

/// The console that was found.
#[derive(Clone, Copy)]
pub(crate) struct Attached {
    pub(crate) place: Place,
    /// Its interrupt, if the description knows it.
    pub(crate) interrupt: Option<Intid>,
}

impl Early {
    /// Maps the places where a console is likely, so that a crash before the description is read
    /// has somewhere to speak.
    pub(crate) fn new(tables: Tables) -> Self {
        let mut this = Self {
            tables,
            devices: Vec::new(),
        };
        for place in LIKELY {
            this.map_device(place.pages());
        }
        this
    }

    pub(crate) fn describe(&mut self, handover: Handover) -> &'static Machine {
        let machine = match handover.tree {
            Some(tree) => read_tree(tree).unwrap_or_else(|error| {
                fail(
                    Stage::Description,
                    format_args!("device tree at {:#x}: {error}", tree.address),
                )
            }),
            None => treeless::describe(self, handover.candidate),
        };
        Box::leak(Box::new(machine))
    }

    /// A boot that fails may have to power off or reset, so this comes early.
    pub(crate) fn install_power(&mut self, machine: &Machine) {
        match machine.psci_conduit {
            // Level 2 is where a hypervisor would be, and it is us.
            Some(Conduit::Hvc) if cpu::is_host() => {}
            Some(Conduit::Hvc) => power::install(power::Conduit::Hvc),
            Some(Conduit::Smc) => power::install(power::Conduit::Smc),
            None => {}
        }
        let Some(base) = machine.power else { return };
        if self.map_device((base & !(PAGE - 1), bcm2835_power::SIZE)) {
            // SAFETY: the description says that it is there, and it has been mapped; `devices` sees
            // to that for the lasting tables.
            let block = unsafe { PowerBlock::new(base as usize) };
            block.into_iter().for_each(power::install_block);
        }
    }

    pub(crate) fn configure(&self, machine: &'static Machine) -> &'static Config<'static> {
        let config = Config::parse(&machine.bootargs, &mut |_| {});
        crash::set_action(config.on_panic());
        config.crash.into_iter().for_each(provoke::at_start);
        Box::leak(Box::new(config))
    }

    /// Attaches the console that was asked for, if it is there, else the description's, if we
    /// drive it, else one where the description's was likely to be.
    pub(crate) fn attach_console(
        &mut self,
        config: &Config<'_>,
        machine: &Machine,
    ) -> Option<Attached> {
        let chosen = match config.console {
            Some(ConsoleChoice::Pl011(base)) => Some(Place::pl011(base)),
            Some(ConsoleChoice::Path(path)) => port_at(machine, path).and_then(Place::of),
            None => None,
        };
        let chosen = chosen.filter(|&place| self.finds(place));
        let place = chosen.or_else(|| self.described_console(machine))?;
        // SAFETY: something has answered there, where the description or a person says that this port
        // is, and it has been mapped; `devices` sees to that for the lasting tables.
        unsafe { console::attach(place) }
        let interrupt = known_ports(machine).find(|port| port.base == place.base);
        Some(Attached {
            place,
            interrupt: interrupt.and_then(|port| port.interrupt),
        })
    }

    /// Without a console in the description there shall be none. One that is not where it should
    /// be is another matter: somebody wants to read something.
    fn described_console(&mut self, machine: &Machine) -> Option<Place> {
        let described = Place::of(machine.console.as_ref()?)?;
        let mut places = [described].into_iter().chain(LIKELY);
        places.find(|&place| self.finds(place))
    }

    fn finds(&mut self, place: Place) -> bool {
        // SAFETY: only identification, flags or status are read, and a fault is caught. A board with
        // something else at an address that somebody chose is past harm.
        self.map_device(place.pages()) && unsafe { place.answers() }
    }

    /// Reads words from `address` on, up to the end of its page or the next: as far as they go.
    pub(crate) fn read_words(&mut self, address: u64) -> Vec<u32> {
        let page = address & !(PAGE - 1);
        let end = page.saturating_add(2 * PAGE);
        if !address.is_multiple_of(4) || !self.map_device((page, 2 * PAGE)) {
            return Vec::new();
        }
        let words = (address..end).step_by(size_of::<u32>());
        // SAFETY: reading RAM or ROM does no harm, and what is neither faults, which is caught; a
        // device at the address that a broken loader gave is the one thing left to luck.
        words
            .map_while(|address| unsafe { probe::read_word(address as usize) })
            .collect()
    }

    /// Maps so many bytes from a page's first address on.
    fn map_device(&mut self, (page, size): (u64, u64)) -> bool {
        let pages = (0..size / PAGE).map(|index| page.saturating_add(index * PAGE));
        pages.into_iter().all(|page| self.map_page(page))
    }

    fn map_page(&mut self, page: u64) -> bool {
        if self.devices.contains(&page) {
            return true;
        }
        // SAFETY: no other `Pool` value lives now.
        let mut pool = unsafe { Pool::new() };
        let range = Mapping::identity(page, PAGE, Kind::Device);
        let mapped = self.tables.map(&mut pool, range);
        mmu::publish_entries();
        if mapped.is_ok() {
            self.devices.push(page);
        }
        mapped.is_ok()
    }
}

/// The ports that the description knows, the console first.
fn known_ports(machine: &Machine) -> impl Iterator<Item = &Console> {
    let others = machine.ports.iter().map(|(_, port)| port);
    machine.console.iter().chain(others)
}

/// The port with this path in the tree.
pub(crate) fn port_at<'m>(machine: &'m Machine, path: &str) -> Option<&'m Console> {
    let found = machine.ports.iter().find(|(known, _)| known == path);
    found.map(|(_, port)| port)
}

fn read_tree(tree: Tree) -> Result<Machine, TreeError> {
    // SAFETY: `early` found the magic number there and mapped so many bytes, or as many as a tree
    // may have; nobody else knows of them, and the description keeps no reference.
    let blob =
        unsafe { core::slice::from_raw_parts_mut(tree.mapped_at() as *mut u8, tree.size as usize) };
    girder_describe::describe(blob)
}
