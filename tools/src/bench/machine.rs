//! Running benchmarks on a machine that counts its instructions.

use std::ffi::OsString;
use std::io::{self, Write};
use std::time::{Duration, Instant};

use crate::error::Error;
use crate::machine::{Boot, Machine, Serial, Start};
use crate::test::guest::Guest;
use crate::test::wire::{Heard, Quiet};
use crate::workspace::Workspace;

/// The kind of core that the peers' figures were taken on.
pub(super) const USUAL: &str = "neoverse-n1";
/// One without the Large System Extensions.
pub(super) const PLAIN: &str = "cortex-a72";
/// The counter runs at a gigahertz instead of 62.5 MHz, so that a tick is an instruction: the instructions that are executed
/// are the same.
const COUNTER: &str = "cntfrq=1000000000";

/// What is booted for some benchmarks.
pub(super) struct Trial {
    pub(super) bootargs: String,
    pub(super) cores: u32,
    pub(super) cpu: &'static str,
}

/// Nobody waits longer for a benchmark.
const PATIENCE: Duration = Duration::from_secs(600);

/// What the machine says when it is asked for these benchmarks; `show` lets it be seen meanwhile.
pub(super) fn run(
    workspace: &Workspace,
    qemu: &OsString,
    trial: Trial,
    extra: Vec<OsString>,
    show: bool,
) -> Result<String, Error> {
    let Trial {
        bootargs,
        cores,
        cpu,
    } = trial;
    let machine = Machine {
        cores,
        cpu: format!("{cpu},{COUNTER}"),
        icount_shift: Some(0),
        ..Machine::default()
    };
    let boot = Boot {
        start: Start::Kernel(workspace.image()),
        tree: None,
        bootargs,
    };
    let mut words = machine.arguments(&boot, &Serial::Stdio);
    words.extend(extra);
    let mut guest = Guest::start(qemu, &words).map_err(Error::start(qemu))?;
    let report = listen(&guest, show)?;
    let status = guest.wait(PATIENCE).map_err(Error::start(qemu))?;
    match status {
        Some(status) if status.success() => Ok(report),
        Some(status) => Err(Error::Ended {
            program: qemu.clone(),
            status,
        }),
        None => Err(Error::Hung(PATIENCE)),
    }
}

/// Everything until the machine is gone. What QEMU itself complains of is always shown.
fn listen(guest: &Guest, show: bool) -> Result<String, Error> {
    let (mut report, start) = (Vec::new(), Instant::now());
    loop {
        match guest.hear(PATIENCE.saturating_sub(start.elapsed())) {
            Ok(Heard::Serial(bytes)) => {
                if show {
                    // A closed pipe must not end the run.
                    let _ = io::stdout().write_all(&bytes);
                    let _ = io::stdout().flush();
                }
                report.extend(bytes);
            }
            Ok(Heard::Emulator(bytes)) => eprint!("{}", String::from_utf8_lossy(&bytes)),
            Err(Quiet::Closed) => return Ok(String::from_utf8_lossy(&report).into_owned()),
            Err(Quiet::TimeIsUp) => return Err(Error::Hung(PATIENCE)),
        }
    }
}
