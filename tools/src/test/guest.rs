//! A running QEMU: its serial line, and the promise that it does not outlive us.

use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

/// Chunks of output that may wait for us; then the machine waits.
const CHUNKS: usize = 64;
const CHUNK: usize = 4096;
/// How often a closed machine is asked whether it has ended.
const POLL: Duration = Duration::from_millis(10);
/// Starts a program that the system ends together with the thread that started it, also when
/// that is killed or panics (which aborts, so that no destructor runs). Part of util-linux.
const LEASH: &str = "/usr/bin/setpriv";

/// Something that came from QEMU.
pub(crate) enum Heard {
    /// The machine's serial line.
    Serial(Vec<u8>),
    /// QEMU's own messages.
    Emulator(Vec<u8>),
}

/// Why nothing came.
pub(crate) enum Quiet {
    TimeIsUp,
    /// QEMU has closed its outputs.
    Closed,
}

/// A machine that is killed when this is dropped.
pub(crate) struct Guest {
    child: Child,
    keyboard: Option<Sender<Vec<u8>>>,
    heard: Receiver<Heard>,
}

impl Guest {
    pub(crate) fn start(qemu: &OsString, arguments: &[OsString]) -> io::Result<Self> {
        let mut child = leashed(qemu)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let (sender, heard) = sync_channel(CHUNKS);
        if let Some(output) = child.stdout.take() {
            listen(output, sender.clone(), Heard::Serial);
        }
        if let Some(errors) = child.stderr.take() {
            listen(errors, sender, Heard::Emulator);
        }
        let keyboard = child.stdin.take().map(keyboard);
        Ok(Self {
            child,
            keyboard,
            heard,
        })
    }

    #[cfg(test)]
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// The next output, if any comes in time.
    pub(crate) fn hear(&self, patience: Duration) -> Result<Heard, Quiet> {
        self.heard
            .recv_timeout(patience)
            .map_err(|error| match error {
                RecvTimeoutError::Timeout => Quiet::TimeIsUp,
                RecvTimeoutError::Disconnected => Quiet::Closed,
            })
    }

    /// Types at the serial line. A machine that has gone meanwhile shows in what is heard next.
    pub(crate) fn say(&mut self, bytes: Vec<u8>) {
        if let Some(keyboard) = &self.keyboard {
            let _ = keyboard.send(bytes);
        }
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
    if !Path::new(LEASH).exists() {
        return Command::new(program);
    }
    let mut command = Command::new(LEASH);
    command.args(["--pdeathsig", "KILL", "--"]).arg(program);
    command
}

/// Types on a thread of its own: a machine that is busy answering takes no more for a while, and we
/// must listen meanwhile. The thread ends with the pipe or with its guest.
fn keyboard(mut pipe: ChildStdin) -> Sender<Vec<u8>> {
    let (sender, typed) = channel::<Vec<u8>>();
    thread::spawn(move || {
        for bytes in typed {
            if pipe.write_all(&bytes).and_then(|()| pipe.flush()).is_err() {
                return;
            }
        }
    });
    sender
}

/// Reads on a thread of its own, which ends with the pipe or with its listener.
fn listen(
    mut pipe: impl Read + Send + 'static,
    sender: SyncSender<Heard>,
    wrap: impl Fn(Vec<u8>) -> Heard + Send + 'static,
) {
    thread::spawn(move || {
        let mut chunk = [0; CHUNK];
        while let Ok(length @ 1..) = pipe.read(&mut chunk) {
            if sender.send(wrap(chunk[..length].to_vec())).is_err() {
                return;
            }
        }
    });
}
