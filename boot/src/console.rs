//! The console: whole lines out, bytes in, whatever the device's pace.
//!
//! Output goes into a ring that the device's transmit interrupt drains; before interrupts are on,
//! and when the ring is full, the writer moves bytes itself, a few at a time under the lock.
//! A line enters the ring in one piece or waits, so lines of several cores never mix. Without a
//! device the ring keeps the newest lines for whoever looks at memory.
//!
//! Input is fetched by the loop when the receive interrupt says so, and waits in a ring of its own.
//! What does not fit there stays in the device; what the device loses is counted.

use alloc::collections::VecDeque;
use core::fmt::{self, Write};
use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use girder_aarch64::lock::Lock;
use girder_aarch64::pl011::{Pl011, Received};

/// Bytes of output that may wait.
const OUTPUT: usize = 16 * 1024;
/// Bytes of input that may wait.
const INPUT: usize = 4 * 1024;
/// Longest piece that is kept together.
const LINE: usize = 512;
/// Looks at the lock, or at a device that takes no byte, before a crash report goes on without it.
const CRASH_TRIES: u32 = 1_000_000;
/// Where a PL011 is on boards that people have, for a last message when nothing else is known:
/// QEMU virt, Raspberry Pi 4, Raspberry Pi 3.
pub(crate) const LIKELY: [u64; 3] = [0x0900_0000, 0xfe20_1000, 0x3f20_1000];

struct Console {
    device: Option<Pl011>,
    has_interrupts: bool,
    output: VecDeque<u8>,
    input: VecDeque<u8>,
    damaged: u64,
}

static CONSOLE: Lock<Console> = Lock::new(Console {
    device: None,
    has_interrupts: false,
    output: VecDeque::new(),
    input: VecDeque::new(),
    damaged: 0,
});

/// Where the device is, for a crash report that can't have the lock; 0 means nowhere.
static DEVICE: AtomicUsize = AtomicUsize::new(0);

/// Sends output to the device at `base` from now on, and what has waited for it.
///
/// # Safety
///
/// As for [`Pl011::new`]; called once.
pub(crate) unsafe fn attach(base: usize) {
    // SAFETY: the caller's promise.
    let device = unsafe { Pl011::new(base) };
    DEVICE.store(base, Relaxed);
    let mut console = CONSOLE.lock();
    console.device = device;
    console.pump();
}

/// Lets interrupts move the bytes from now on.
pub(crate) fn enable_interrupts() {
    let mut console = CONSOLE.lock();
    console.has_interrupts = true;
    if let Some(device) = &mut console.device {
        device.enable_receive_interrupt();
    }
    console.pump();
}

/// Moves what can be moved, in both directions; the loop's answer to the device's interrupt.
pub(crate) fn serve() {
    let mut console = CONSOLE.lock();
    console.pump();
    console.fetch();
}

/// Takes a byte of input.
pub(crate) fn read() -> Option<u8> {
    let mut console = CONSOLE.lock();
    let byte = console.input.pop_front();
    // There may be more in the device than the ring had room for.
    if console.input.is_empty() {
        console.fetch();
    }
    byte
}

/// How many received bytes were damaged or lost by the device.
pub(crate) fn damaged() -> u64 {
    CONSOLE.lock().damaged
}

/// True if there is a device.
pub(crate) fn is_attached() -> bool {
    DEVICE.load(Relaxed) != 0
}

/// Runs `f` with the console's lock held: nobody else prints, and `f` must not.
pub(crate) fn while_locked<R>(f: impl FnOnce() -> R) -> R {
    let _console = CONSOLE.lock();
    f()
}

/// Waits until all output has left, because the machine is about to stop.
pub(crate) fn flush() {
    loop {
        let mut console = CONSOLE.lock();
        console.pump();
        let is_sending = console.device.as_ref().is_some_and(Pl011::is_sending);
        if console.device.is_none() || (console.output.is_empty() && !is_sending) {
            return;
        }
    }
}

/// Writes text, each line in one piece.
pub(crate) fn write(text: &str) {
    for line in text.split_inclusive('\n') {
        for piece in line.as_bytes().chunks(LINE) {
            while !CONSOLE.lock().accept(piece) {
                core::hint::spin_loop();
            }
        }
    }
}

impl Console {
    /// Takes a piece in, unless there is no room for all of it now.
    fn accept(&mut self, piece: &[u8]) -> bool {
        let ends_line = piece.ends_with(b"\n");
        self.pump();
        if self.output.len() + piece.len() + 1 > OUTPUT {
            if self.device.is_some() {
                return false;
            }
            let excess = self.output.len() + piece.len() + 1 - OUTPUT;
            self.output.drain(..excess.min(self.output.len()));
        }
        let body = if ends_line {
            &piece[..piece.len() - 1]
        } else {
            piece
        };
        self.output.extend(body);
        if ends_line {
            self.output.extend(b"\r\n");
        }
        self.pump();
        true
    }

    /// Gives the device what it takes. While more waits, its interrupt asks for the rest.
    fn pump(&mut self) {
        let Some(device) = &mut self.device else {
            return;
        };
        while let Some(&byte) = self.output.front() {
            if !device.try_send(byte) {
                break;
            }
            self.output.pop_front();
        }
        if self.has_interrupts {
            device.want_transmit_interrupt(!self.output.is_empty());
        }
    }

    fn fetch(&mut self) {
        let Some(device) = &mut self.device else {
            return;
        };
        while self.input.len() < INPUT {
            match device.receive() {
                Some(Received::Byte(byte)) => self.input.push_back(byte),
                Some(Received::Damaged) => self.damaged += 1,
                None => break,
            }
        }
    }
}

/// Looks where a PL011 is likely. Early in boot all those places are mapped; later those that are not
/// fault, which is caught.
fn likely() -> Option<usize> {
    let mut bases = LIKELY.into_iter().map(|base| base as usize);
    // SAFETY: only identification registers are read. A board with something else there, and with
    // no console, is past harm.
    bases.find(|&base| unsafe { Pl011::is_at(base) })
}

/// A writer to the console that keeps lines together; what has no line end is written on drop.
pub(crate) struct Output {
    line: [u8; LINE],
    used: usize,
}

impl Output {
    /// Starts a line.
    pub(crate) fn new() -> Self {
        Self {
            line: [0; LINE],
            used: 0,
        }
    }

    fn flush(&mut self) {
        // Characters are put in whole, so this is text.
        if let Ok(text) = str::from_utf8(&self.line[..self.used]) {
            write(text);
        }
        self.used = 0;
    }
}

impl Write for Output {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for character in text.chars() {
            let mut room = [0; 4];
            let bytes = character.encode_utf8(&mut room).as_bytes();
            if self.used + bytes.len() > LINE {
                self.flush();
            }
            self.line[self.used..self.used + bytes.len()].copy_from_slice(bytes);
            self.used += bytes.len();
            if character == '\n' {
                self.flush();
            }
        }
        Ok(())
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        self.flush();
    }
}

/// Prints a line.
macro_rules! println {
    ($($text:tt)*) => {{
        use core::fmt::Write;
        // The console takes everything; an error is the formatted value's own.
        let _ = writeln!($crate::console::Output::new(), $($text)*);
    }};
}
pub(crate) use println;

/// Output for a crash report: polled, and without the lock, whose holder may be what crashed.
pub(crate) struct CrashOutput(Option<Pl011>);

impl CrashOutput {
    /// Takes the device over for good, after what waits for it, if the lock can be had. Without
    /// an attached console, any that is where one is likely will do.
    pub(crate) fn seize() -> Self {
        let base = match DEVICE.load(Relaxed) {
            0 => likely(),
            base => Some(base),
        };
        // SAFETY: a PL011 has identified itself there, or `attach` was promised one. The other value
        // for it may be in use on another core; the worst that comes of it is a mixed line in a
        // crash report.
        let mut this = Self(base.and_then(|base| unsafe { Pl011::new(base) }));
        if let Some(mut console) = CONSOLE.lock_within(CRASH_TRIES) {
            console.has_interrupts = false;
            while let Some(byte) = console.output.pop_front() {
                this.send(byte);
            }
        }
        this
    }

    /// Waits until the last byte has left.
    pub(crate) fn finish(&mut self) {
        for _ in 0..CRASH_TRIES {
            if !self.0.as_ref().is_some_and(Pl011::is_sending) {
                return;
            }
            core::hint::spin_loop();
        }
    }

    fn send(&mut self, byte: u8) {
        for _ in 0..CRASH_TRIES {
            if self.0.as_mut().is_none_or(|device| device.try_send(byte)) {
                return;
            }
            core::hint::spin_loop();
        }
        // A device that takes nothing must not keep the machine from its end.
        self.0 = None;
    }
}

impl Write for CrashOutput {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            if byte == b'\n' {
                self.send(b'\r');
            }
            self.send(byte);
        }
        Ok(())
    }
}
