//! How code waits for another core that is about to be done: it spins, and says with each look that it only waits.
//!
//! `core::hint::spin_loop` is an ISB on this architecture: it empties the pipeline, which costs the core that waits, and tells nobody
//! else anything. YIELD is the hint for this: a core of several threads gives the others more, and an emulator that runs one core after
//! the other goes on with the next. (WFE would save more, but its waiter needs an event, and who gives a lock free would have to
//! send one each time; where the other side sends one anyway, [`wait_for_event`](crate::cpu::wait_for_event) is what to take.)
//! So what `spin` offers is used in these forms alone, and the tools look through the image for ISBs that wait (`image/waits.rs`).

use spin::RelaxStrategy;

/// Tells the core, or who emulates it, that this code only waits.
#[inline(always)]
pub fn relax() {
    // SAFETY: a hint.
    unsafe { core::arch::asm!("yield", options(nomem, nostack, preserves_flags)) }
}

/// Waiting so in `spin`'s loops.
#[derive(Debug)]
pub struct Yielding;

impl RelaxStrategy for Yielding {
    #[inline(always)]
    fn relax() {
        relax();
    }
}

/// A value that is set once.
pub type Once<T> = spin::once::Once<T, Yielding>;

/// A lock that does not keep preemption off: [`Lock`](crate::lock::Lock) is what to take.
pub type SpinMutex<T> = spin::mutex::SpinMutex<T, Yielding>;

/// The right to use what is in one.
pub type SpinMutexGuard<'a, T> = spin::mutex::SpinMutexGuard<'a, T, Yielding>;
