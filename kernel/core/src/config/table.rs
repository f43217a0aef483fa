//! What the boot arguments have come to, for whoever asks at the prompt.

use super::{Config, ConsoleChoice, Deployment, OnPanic, QUANTUM_US, REDUCTIONS};
use core::fmt::{self, Display, Formatter};

/// A line for each argument: its value, and whether that is the default.
#[derive(Clone, Copy, Debug)]
pub struct Table<'a>(pub(super) &'a Config<'a>);

impl Display for Table<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let config = self.0;
        let quantum = config.quantum_us.unwrap_or(QUANTUM_US);
        row(f, "girder.quantum_us", quantum, config.quantum_us.is_none())?;
        let reductions = config.reductions.unwrap_or(REDUCTIONS);
        row(
            f,
            "girder.reductions",
            reductions,
            config.reductions.is_none(),
        )?;
        match config.cores {
            Some(cores) => row(f, "girder.cores", cores, false)?,
            None => row(f, "girder.cores", "all", true)?,
        }
        let deployment = config.deployment.map_or("not asked for", word_for);
        row(f, "girder.deploy", deployment, config.deployment.is_none())?;
        row(
            f,
            "girder.clock",
            switch(config.keeps_time),
            !config.keeps_time,
        )?;
        match config.seed {
            Some(seed) => row(f, "girder.seed", seed, false)?,
            None => row(f, "girder.seed", 0, true)?,
        }
        row(f, "girder.log", config.log.most_talkative(), false)?;
        let panic = match config.on_panic() {
            OnPanic::Halt => "halt",
            OnPanic::Reset => "reset",
            OnPanic::Off => "off",
        };
        row(f, "girder.panic", panic, config.panic.is_none())?;
        match config.console {
            Some(ConsoleChoice::Path(path)) => row(f, "console", path, false),
            Some(ConsoleChoice::Pl011(at)) => {
                row(f, "console", format_args!("pl011@{at:#x}"), false)
            }
            None => row(f, "console", "the machine's own", true),
        }
    }
}

fn row(f: &mut Formatter<'_>, name: &str, value: impl Display, is_default: bool) -> fmt::Result {
    let note = if is_default { " (default)" } else { "" };
    writeln!(f, "{name:<18} {value}{note}")
}

fn switch(is_on: bool) -> &'static str {
    if is_on { "on" } else { "off" }
}

fn word_for(deployment: Deployment) -> &'static str {
    match deployment {
        Deployment::Single => "single",
        Deployment::Shared => "shared",
        Deployment::Message => "message",
    }
}
