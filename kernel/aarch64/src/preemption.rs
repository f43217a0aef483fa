//! Whether the running code may be interrupted in favour of the loop.
//!
//! The count of reasons against it belongs to whatever runs, not to the core: it stands in a small
//! record that TPIDR_EL0 points to and that travels with a lent stack (spec, second law). The
//! loop has a record of its own whose count never falls to zero.
//!
//! An interrupt that finds the count at zero leaves to the loop at once. One that finds it above
//! zero sets `pending`, and whoever brings the count back to zero leaves then. Both words are
//! touched by one core at a time (the code itself and the handler that interrupts it), so a
//! compiler fence is all the order they need. The handler cannot slip between the two steps of
//! letting go: if it comes before the count is zero it sets `pending`, which is read after; if it
//! comes later it leaves by itself.

use aarch64_cpu::registers::{Readable, TPIDR_EL0};
use core::arch::asm;
use core::marker::PhantomData;
use core::sync::atomic::{AtomicU32, Ordering::Relaxed, compiler_fence};

/// The `svc` number by which running code leaves to the loop of its own accord.
pub(crate) const LEAVE_CALL: u16 = 1;

/// The record of reasons.
#[repr(C)]
#[derive(Debug)]
pub(crate) struct Preemption {
    reasons: AtomicU32,
    pending: AtomicU32,
}

impl Preemption {
    /// Creates a record with one reason against preemption.
    pub(crate) const fn switched_off() -> Self {
        Self {
            reasons: AtomicU32::new(1),
            pending: AtomicU32::new(0),
        }
    }

    /// Returns the record of the code that runs.
    pub(crate) fn current() -> &'static Self {
        let record = TPIDR_EL0.get() as *const Self;
        // SAFETY: TPIDR_EL0 is set before any Rust code that asks, to a record in a core's block
        // or at the top of the lent stack that this code runs on; both outlive the call.
        unsafe { &*record }
    }

    pub(crate) fn is_on(&self) -> bool {
        self.reasons.load(Relaxed) == 0
    }

    /// Notes that an interrupt wanted to leave.
    pub(crate) fn note_pending(&self) {
        self.pending.store(1, Relaxed);
    }

    /// Forgets that note: the code leaves now.
    pub(crate) fn clear_pending(&self) {
        self.pending.store(0, Relaxed);
    }

    pub(crate) fn add_reason(&self) {
        self.reasons.store(self.reasons.load(Relaxed) + 1, Relaxed);
        compiler_fence(core::sync::atomic::Ordering::SeqCst);
    }

    pub(crate) fn drop_reason(&self) {
        compiler_fence(core::sync::atomic::Ordering::SeqCst);
        self.reasons.store(self.reasons.load(Relaxed) - 1, Relaxed);
        compiler_fence(core::sync::atomic::Ordering::SeqCst);
        if self.is_on() && self.pending.load(Relaxed) != 0 {
            // SAFETY: the handler saves every register and comes back here; memory may change
            // meanwhile, so the call is not `nomem`.
            unsafe { asm!("svc #{call}", call = const LEAVE_CALL) }
        }
    }
}

/// While this lives, the running code stays on its core and is not interrupted in favour of the
/// loop. Interrupts themselves stay on: their handlers only take notes.
#[must_use]
pub struct PreemptionOff {
    not_send: PhantomData<*const ()>,
}

impl PreemptionOff {
    /// Switches preemption off.
    #[expect(
        clippy::new_without_default,
        reason = "taking it is an act, not a value"
    )]
    pub fn new() -> Self {
        Preemption::current().add_reason();
        Self {
            not_send: PhantomData,
        }
    }
}

impl Drop for PreemptionOff {
    fn drop(&mut self) {
        Preemption::current().drop_reason();
    }
}
