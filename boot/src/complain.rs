//! Says what was asked for and is not there: nothing in the boot arguments is ignored silently.

use crate::devices::console_base;
use girder_core::config::{Config, ConsoleChoice, Deployment, Mode};
use girder_describe::{ConsoleKind, Machine};

/// Warns of everything that is not followed as written, now that there is a console at
/// `console`, if there is one.
pub(crate) fn complain(config: &Config<'_>, machine: &'static Machine, console: Option<u64>) {
    Config::parse(&machine.bootargs, &mut |complaint| {
        log::warn!("boot arguments: {complaint}")
    });
    if let Mode::Run(_) = config.mode {
        log::warn!("boot arguments: this image holds no programs");
    }
    complain_of_deployment(config);
    complain_of_console(config, machine, console);
}

fn complain_of_deployment(config: &Config<'_>) {
    if let Some(deployment @ (Deployment::Shared | Deployment::Message)) = config.deployment {
        let word = match deployment {
            Deployment::Single => "single",
            Deployment::Shared => "shared",
            Deployment::Message => "message",
        };
        log::warn!("boot arguments: girder.deploy={word} is not there yet, using single");
    }
}

fn complain_of_console(config: &Config<'_>, machine: &Machine, console: Option<u64>) {
    match config.console {
        Some(ConsoleChoice::Pl011(base)) if console != Some(base) => {
            log::warn!("boot arguments: no pl011 at {base:#x}, using the machine's own console");
        }
        Some(ConsoleChoice::Pl011(base)) if !is_described(machine, base) => {
            log::warn!("boot arguments: the console at {base:#x} has no known interrupt: no input");
        }
        Some(ConsoleChoice::Path(path)) => {
            log::warn!(
                "boot arguments: console={path}: no choice by path yet, using the machine's"
            );
        }
        _ => {}
    }
    if let (Some(described), Some(base)) = (console_base(machine), console)
        && described != base
        && config.console != Some(ConsoleChoice::Pl011(base))
    {
        log::warn!("no pl011 at {described:#x}, using one at {base:#x}: no input");
    }
    if let Some(console) = &machine.console
        && console.kind != ConsoleKind::Pl011
    {
        let (name, kind) = (&console.compatible, console.kind);
        log::warn!("no driver for the console {name} ({kind:?})");
    }
}

fn is_described(machine: &Machine, base: u64) -> bool {
    let mut described = machine.console.iter();
    described.any(|console| console.base == base)
}
