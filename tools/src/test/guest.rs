//! A running QEMU: its serial line, and the promise that it does not outlive us.

use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::wire::{Heard, Quiet, Source, Wire};

/// How often a closed machine is asked whether it has ended.
const POLL: Duration = Duration::from_millis(10);
/// Starts a program that the system ends together with the thread that started it, also when
/// that is killed or panics (which aborts, so that no destructor runs). Part of util-linux.
const LEASH: &str = "/usr/bin/setpriv";

/// A machine that is killed when this is dropped.
pub(crate) struct Guest {
    child: Child,
    wire: Wire,
}

impl Guest {
    pub(crate) fn start(qemu: &OsString, arguments: &[OsString]) -> io::Result<Self> {
        let mut child = leashed(qemu)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let mut sources: Vec<Source> = Vec::new();
        if let Some(output) = child.stdout.take() {
            sources.push((Box::new(output), Heard::Serial));
        }
        if let Some(errors) = child.stderr.take() {
            sources.push((Box::new(errors), Heard::Emulator));
        }
        let line = child.stdin.take().map(|input| Box::new(input) as _);
        let wire = Wire::new(sources, line);
        Ok(Self { child, wire })
    }

    #[cfg(test)]
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// The next output, if any comes in time.
    pub(crate) fn hear(&self, patience: Duration) -> Result<Heard, Quiet> {
        self.wire.hear(patience)
    }

    /// Types at the serial line. A machine that has gone meanwhile shows in what is heard next.
    pub(crate) fn say(&mut self, bytes: Vec<u8>) {
        self.wire.say(bytes);
    }

    /// The exit status, if QEMU ends in time.
    pub(crate) fn wait(&mut self, patience: Duration) -> io::Result<Option<ExitStatus>> {
        let start = Instant::now();
        loop {
            let status = self.child.try_wait()?;
            if status.is_some() || start.elapsed() > patience {
                return Ok(status);
            }
            thread::sleep(POLL);
        }
    }
}

impl Drop for Guest {
    /// Both calls fail only if the child has already been waited for.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `program`, to end with this thread wherever the system can promise that.
pub(crate) fn leashed(program: &OsString) -> Command {
    let (first, others) = leash(program);
    let mut command = Command::new(first);
    command.args(others);
    command
}

/// The words that start `program`, to end with whoever starts it.
pub(super) fn leash(program: &OsString) -> (OsString, Vec<OsString>) {
    if !Path::new(LEASH).exists() {
        return (program.clone(), Vec::new());
    }
    let words = ["--pdeathsig", "KILL", "--"].map(OsString::from);
    let words = words.into_iter().chain([program.clone()]);
    (LEASH.into(), words.collect())
}
