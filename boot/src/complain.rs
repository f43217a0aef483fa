//! Says what was asked for and is not there: nothing in the boot arguments is ignored silently.

use crate::early::{Attached, port_at};
use crate::port::Place;
use girder_core::config::{Config, ConsoleChoice};
use girder_describe::Machine;

/// Warns of everything that is not followed as written, now that there is a console, if there is
/// one.
pub(crate) fn complain(config: &Config<'_>, machine: &'static Machine, console: Option<Attached>) {
    Config::parse(&machine.bootargs, &mut |complaint| {
        log::warn!("boot arguments: {complaint}")
    });
    if machine.psci_conduit.is_none() && machine.power.is_none() {
        log::warn!("nothing here switches the machine off or starts it anew: it will halt");
    }
    complain_of_console(config, machine, console);
}

fn complain_of_console(config: &Config<'_>, machine: &Machine, console: Option<Attached>) {
    let base = console.map(|console| console.place.base);
    match config.console {
        Some(ConsoleChoice::Pl011(wanted)) if base != Some(wanted) => {
            log::warn!("boot arguments: no pl011 at {wanted:#x}, using the machine's own console");
        }
        Some(ConsoleChoice::Path(path)) => complain_of_path(path, machine, base),
        Some(ConsoleChoice::Pl011(_)) => {}
        None => complain_of_place(machine, base),
    }
    if let Some(Attached {
        place,
        interrupt: None,
    }) = console
    {
        log::warn!(
            "the console at {:#x} has no known interrupt: no input",
            place.base
        );
    }
}

fn complain_of_path(path: &str, machine: &Machine, base: Option<u64>) {
    let Some(port) = port_at(machine, path) else {
        log::warn!("boot arguments: console={path}: no usable port, using the machine's own");
        return;
    };
    if base != Some(port.base) {
        let (name, wanted) = (&port.compatible, port.base);
        log::warn!("boot arguments: console={path}: no {name} that we drive at {wanted:#x}");
    }
}

fn complain_of_place(machine: &Machine, base: Option<u64>) {
    let Some(described) = &machine.console else {
        return;
    };
    let (name, wanted) = (&described.compatible, described.base);
    if Place::of(described).is_none() {
        log::warn!("no driver for the console {name} ({:?})", described.kind);
    } else if let Some(base) = base.filter(|&base| base != wanted) {
        log::warn!("no {name} at {wanted:#x}, using a pl011 at {base:#x}");
    }
}
