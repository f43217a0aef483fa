//! Both directions of a serial line, whatever it is made of: pipes to an emulator, or a terminal device.

use std::io::{Read, Write};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel};
use std::thread;
use std::time::Duration;

/// Chunks of output that may wait for us; then the machine waits.
const CHUNKS: usize = 64;
const CHUNK: usize = 4096;

/// Something that came from the machine.
pub(crate) enum Heard {
    /// Its serial line.
    Serial(Vec<u8>),
    /// The emulator's own messages.
    Emulator(Vec<u8>),
}

/// Why nothing came.
pub(crate) enum Quiet {
    TimeIsUp,
    /// The other side has closed its outputs.
    Closed,
}

/// Something to listen to, and what it is.
pub(crate) type Source = (Box<dyn Read + Send>, fn(Vec<u8>) -> Heard);

/// A line to a machine.
pub(crate) struct Wire {
    keyboard: Option<Sender<Vec<u8>>>,
    heard: Receiver<Heard>,
}

impl Wire {
    /// Listens to these, and types there.
    pub(crate) fn new(sources: Vec<Source>, line: Option<Box<dyn Write + Send>>) -> Self {
        let (sender, heard) = sync_channel(CHUNKS);
        for (source, wrap) in sources {
            listen(source, wrap, sender.clone());
        }
        Self {
            keyboard: line.map(keyboard),
            heard,
        }
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

    /// Types. If nobody is there any more, that shows in what is heard next.
    pub(crate) fn say(&self, bytes: Vec<u8>) {
        if let Some(keyboard) = &self.keyboard {
            let _ = keyboard.send(bytes);
        }
    }
}

/// Types on a thread of its own: a machine that is busy answering takes no more for a while, and we
/// must listen meanwhile. The thread ends with the line or with its typist.
fn keyboard(mut line: Box<dyn Write + Send>) -> Sender<Vec<u8>> {
    let (sender, typed) = channel::<Vec<u8>>();
    thread::spawn(move || {
        for bytes in typed {
            if line.write_all(&bytes).and_then(|()| line.flush()).is_err() {
                return;
            }
        }
    });
    sender
}

/// Reads on a thread of its own, which ends with the source or with its listener.
fn listen(mut source: Box<dyn Read + Send>, wrap: fn(Vec<u8>) -> Heard, sender: SyncSender<Heard>) {
    thread::spawn(move || {
        let mut chunk = [0; CHUNK];
        while let Ok(length @ 1..) = source.read(&mut chunk) {
            if sender.send(wrap(chunk[..length].to_vec())).is_err() {
                return;
            }
        }
    });
}
