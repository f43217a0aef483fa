//! The console: whole lines out, bytes in, whatever the device's pace.
//!
//! Output waits in a ring that the device's transmit interrupt drains; before interrupts are on,
//! and when the ring is full, the writer moves bytes itself, a few at a time under the lock.
//! A line enters the ring in one piece or waits, so lines of several cores never mix. Once processes run,
//! only a process waits, and may be preempted while it does: what a loop says, or anybody with preemption off, goes
//! in at once or is lost, and the loss is told. Input is
//! fetched by the loop when the receive interrupt says so. The rings, and what happens when one is
//! full, are `girder_core::console`; here they meet the device, the lock and the crash report.

use crate::port::{Place, Port};
use crate::readers;
use core::fmt::{self, Write};
use core::sync::atomic::{AtomicBool, Ordering};
use girder_aarch64::lock::{Guard, Lock};
use girder_aarch64::preemption;
use girder_aarch64::relax::{Once, relax};
use girder_core::console::{Buffered, Device, Wait};

/// Longest piece that is kept together.
const LINE: usize = 512;
/// Looks at the lock, or at a device that takes no byte, before a crash report goes on without it.
const CRASH_TRIES: u32 = 1_000_000;
/// Where a PL011 is on boards that people have, for a last message when nothing else is known:
/// QEMU virt, Raspberry Pi 4, Raspberry Pi 3.
pub(crate) const LIKELY: [Place; 3] = [
    Place::pl011(0x0900_0000),
    Place::pl011(0xfe20_1000),
    Place::pl011(0x3f20_1000),
];

/// Whether a core's loop has processes that would wait with it.
static PROCESSES_RUN: AtomicBool = AtomicBool::new(false);

static CONSOLE: Lock<Buffered<Port>> = Lock::new(Buffered::new());

/// Where the device is, for a crash report that can't have the lock.
static DEVICE: Once<Place> = Once::new();

/// Makes room for what will wait, as soon as there is a heap: later nothing allocates here.
pub(crate) fn reserve() {
    CONSOLE.lock().reserve();
}

/// Sends output to the device at `place` from now on, and what has waited for it.
///
/// # Safety
///
/// As for [`Place::open`]; called once.
pub(crate) unsafe fn attach(place: Place) {
    // SAFETY: the caller's promise.
    let Some(mut device) = (unsafe { place.open() }) else {
        return;
    };
    if place.has_fifos() {
        device.enable_fifos();
    }
    DEVICE.call_once(|| place);
    CONSOLE.lock().attach(device);
}

/// Lets interrupts move the bytes from now on.
pub(crate) fn enable_interrupts() {
    CONSOLE.lock().enable_interrupts();
}

/// Moves what can be moved, in both directions, and wakes who waits for input: the loop's answer to the
/// device's interrupt.
pub(crate) fn serve() {
    let has_input = {
        let mut console = CONSOLE.lock();
        console.serve();
        console.has_input()
    };
    if has_input {
        readers::wake_all();
    }
}

/// Takes a byte of input. If there are more, whoever else waits for one is woken: what is fetched here no interrupt tells of.
pub(crate) fn read() -> Option<u8> {
    let (byte, has_input) = {
        let mut console = CONSOLE.lock();
        (console.read(), console.has_input())
    };
    if has_input {
        readers::wake_all();
    }
    byte
}

/// How many received bytes were damaged, and how often the device lost some.
pub(crate) fn damaged() -> u64 {
    CONSOLE.lock().damaged()
}

/// True if there is a device.
pub(crate) fn is_attached() -> bool {
    DEVICE.is_completed()
}

/// Runs `f` with the console's lock held: nobody else prints, and `f` must not.
pub(crate) fn while_locked<R>(f: impl FnOnce() -> R) -> R {
    let _console = CONSOLE.lock();
    f()
}

/// Waits until all output has left, because the machine is about to stop, or the device is stuck.
pub(crate) fn flush() {
    while CONSOLE.lock().flush() == Wait::Goes {
        relax();
    }
}

/// From now on there are processes, which would wait with whoever can't be preempted.
pub(crate) fn let_processes_run() {
    PROCESSES_RUN.store(true, Ordering::Relaxed);
}

/// Writes text, each line in one piece.
pub(crate) fn write(text: &str) {
    let may_wait = preemption::may_be_preempted() || !PROCESSES_RUN.load(Ordering::Relaxed);
    for line in text.split_inclusive('\n') {
        for piece in line.as_bytes().chunks(LINE) {
            if !may_wait {
                CONSOLE.lock().accept_or_lose(piece);
                continue;
            }
            while CONSOLE.lock().accept(piece) == Wait::Goes {
                relax();
            }
        }
    }
}

/// Looks where a PL011 is likely. Early in boot all those places are mapped; later those that are not
/// fault, which is caught.
fn likely() -> Option<Place> {
    // SAFETY: only identification registers are read. A board with something else there, and with
    // no console, is past harm.
    LIKELY.into_iter().find(|place| unsafe { place.answers() })
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

/// Prints what an application wants to say.
pub fn print(text: fmt::Arguments<'_>) {
    // The console takes everything; an error is the formatted value's own.
    let _ = Output::new().write_fmt(text);
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
pub(crate) struct CrashOutput {
    device: Option<Port>,
    /// Held for ever, so that nobody else begins to print.
    console: Option<Guard<'static, Buffered<Port>>>,
}

impl CrashOutput {
    /// Takes the device over for good, and the lock if it can be had. Without an attached console, any
    /// that is where one is likely will do. The other cores must still run: one may have the lock.
    pub(crate) fn seize() -> Self {
        let place = DEVICE.get().copied().or_else(likely);
        Self {
            // SAFETY: a PL011 has identified itself there, or `attach` was promised a port. The other
            // value for it may be in use on another core; the worst that comes of it is a mixed line
            // in a crash report.
            device: place.and_then(|place| unsafe { place.open() }),
            console: CONSOLE.lock_within(CRASH_TRIES),
        }
    }

    /// Sends what has waited for the device.
    pub(crate) fn send_waiting(&mut self) {
        while let Some(byte) = self.console.as_mut().and_then(|all| all.take_output()) {
            self.send(byte);
        }
    }

    /// Waits until the last byte has left.
    pub(crate) fn finish(&mut self) {
        for _ in 0..CRASH_TRIES {
            if !self.device.as_ref().is_some_and(Port::is_sending) {
                return;
            }
            relax();
        }
    }

    fn send(&mut self, byte: u8) {
        for _ in 0..CRASH_TRIES {
            let device = self.device.as_mut();
            if device.is_none_or(|device| device.try_send(byte)) {
                return;
            }
            relax();
        }
        // A device that takes nothing must not keep the machine from its end.
        self.device = None;
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
