//! The report of a crash, kept over a reset for the next boot to tell.
//!
//! It stands in a part of the image that is not in its file and that nothing clears, so it is where it was when the
//! same image is started again, if the platform keeps memory meanwhile: a reset by PSCI or by a watchdog mostly does,
//! switching off does not. Another image has it elsewhere and finds nothing, or another sum.

use crate::console::{CrashOutput, println};
use core::cell::UnsafeCell;
use core::fmt::{self, Write};
use core::hint::black_box;
use core::mem::MaybeUninit;
use girder_aarch64::cache;
use girder_core::kept::{self, Keeper};
use girder_core::line_buffer::LineBuffer;

/// As much as eight cores take with the longest backtraces; of 512 it has the first.
const SIZE: usize = 32 << 10;
/// What is shown of a line.
const LINE: usize = 200;

struct Area(UnsafeCell<MaybeUninit<[u8; SIZE]>>);

// SAFETY: used by the boot core before there are others, and by whoever reports a crash, alone.
unsafe impl Sync for Area {}

#[unsafe(link_section = ".noinit")]
static AREA: Area = Area(UnsafeCell::new(MaybeUninit::uninit()));

/// # Safety
///
/// Nobody uses what this has returned before.
unsafe fn area() -> &'static mut [u8] {
    // Whoever wrote these bytes was not this run of the program, which the compiler must not believe.
    let area: *mut [u8; SIZE] = black_box(AREA.0.get().cast());
    // SAFETY: memory holds some bytes there, whatever they are; the rest is the caller's promise.
    unsafe { &mut *area }
}

/// Where a report goes: to the console, and there.
pub(super) struct Report {
    console: CrashOutput,
    keeper: Option<Keeper<'static>>,
}

impl Report {
    /// Keeps what is reported from here on, behind what this crash has reported already if it `goes_on`.
    ///
    /// # Safety
    ///
    /// Nobody else reports, or will go on with that.
    pub(super) unsafe fn new(console: CrashOutput, goes_on: bool) -> Self {
        // SAFETY: the boot core has told before anybody could come here, or never goes on with that; the rest is the
        // caller's promise.
        let area = unsafe { area() };
        let keeper = match goes_on {
            true => Keeper::go_on(area),
            false => Keeper::begin(area),
        };
        Self { console, keeper }
    }

    /// Sends what has waited for the console.
    pub(super) fn send_waiting(&mut self) {
        self.console.send_waiting();
    }

    /// Waits until the last byte has left, and is in memory.
    pub(super) fn finish(&mut self) {
        settle();
        self.console.finish();
    }
}

impl Write for Report {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        // First where it takes no time: the console may be what is broken.
        if let Some(keeper) = &mut self.keeper {
            keeper.push(text);
        }
        self.console.write_str(text)
    }
}

/// Sees to it that what was kept is in memory, which is all that may outlive a reset.
fn settle() {
    cache::clean_and_invalidate(AREA.0.get().addr(), SIZE);
}

/// Tells what was reported before this boot, once.
pub(crate) fn tell() {
    // SAFETY: the boot core's alone; whoever reports a crash from here on stops it first, or is it.
    let area = unsafe { area() };
    let Some(text) = kept::text(area) else {
        return;
    };
    println!("the kernel crashed before this boot, and reported:");
    for line in text.trim_ascii().split(|byte| *byte == b'\n') {
        let mut shown = LineBuffer::<LINE>::new();
        for chunk in line.utf8_chunks() {
            // A line takes everything.
            let _ = shown.write_str(chunk.valid());
            let _ = shown.write_str(if chunk.invalid().is_empty() { "" } else { "?" });
        }
        println!("  | {}", shown.as_str());
    }
    if kept::is_full(area) {
        println!("there was no room for more of it");
    }
    kept::forget(area);
    settle();
}
