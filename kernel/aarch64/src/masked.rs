//! How long a core could not be interrupted: the longest time so far, kept by the core itself.
//!
//! The time begins where the hardware masks, at the entry of an exception, or where code masks by hand
//! before it looks once more and sleeps, or goes on with a saved frame. It ends where the mask is lifted. The
//! vectors and the frame's restorer write down both in assembly (`asm/macros.s`): three instructions at the
//! beginning and eight at the end. So the reading lacks what lies outside of the two looks at the counter: a
//! branch and two instructions before the first, ten or so after the second. Sleep itself does not count,
//! for whatever is pending ends it, nor does boot, before there is anything to interrupt.

use core::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// One core's record, written by the core alone with interrupts masked.
#[repr(C)]
#[derive(Debug)]
pub(crate) struct Masked {
    /// The counter when the present time began.
    pub(crate) since: AtomicU64,
    /// Ticks of the longest.
    pub(crate) longest: AtomicU64,
}

impl Masked {
    pub(crate) const fn new() -> Self {
        Self {
            since: AtomicU64::new(0),
            longest: AtomicU64::new(0),
        }
    }

    /// Interrupts have just been masked.
    pub(crate) fn begin(&self) {
        self.since.store(crate::timer::now(), Relaxed);
    }

    /// They are about to be let in.
    pub(crate) fn end(&self) {
        let ticks = crate::timer::now().wrapping_sub(self.since.load(Relaxed));
        if ticks > self.longest.load(Relaxed) {
            self.longest.store(ticks, Relaxed);
        }
    }
}
