//! Stacks for whoever comes after a process that took one along: how many there may be, and what happens without.
//!
//! Each core keeps some. When the last is taken it takes one that is left over, because a process has brought its own along from
//! another core, or gets another one, which is then there for ever: what comes back is kept for the next. So stacks have a limit, or processes that compute would turn all memory into stacks: half of it.
//!
//! Without a stack a process is not broken off, and one that wants to block is told so; each time is counted. All others go
//! on, for at its next await a process needs none; one that does not come to one is given up after a while (`without_stack`).
//! The handler that found none leaves a cause behind, so that the loop looks whether there is one now: when memory has
//! come back, or the limit was raised, preemption goes on.

use crate::memory::{self, MEMORY};
use crate::{cores, heap};
use core::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use girder_aarch64::process;
use girder_aarch64::stack::STACK_SIZE;
use girder_aarch64::timer;
use girder_aarch64::without_stack;
use girder_core::causes::Cause;

const _: () = assert!(Cause::Stack.bit() == without_stack::WANTS_STACK);

/// How often whoever looks at the log is told.
const SILENCE_NANOS: u64 = 1_000_000_000;

/// Those that were made for this.
static MADE: AtomicUsize = AtomicUsize::new(0);
/// How many may be; half of memory as long as it is 0.
static MOST: AtomicUsize = AtomicUsize::new(0);
/// When it was last told that there is none.
static TOLD: AtomicU64 = AtomicU64::new(0);

/// How many stacks there are for processes that take one along, and how many there may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stacks {
    /// Those that were made: in use, or kept for the next.
    pub made: usize,
    /// The limit.
    pub most: usize,
}

/// How many there are.
pub fn stacks() -> Stacks {
    let most = match MOST.load(Relaxed) {
        0 => heap::count().total / 2 / STACK_SIZE as usize,
        most => most,
    };
    let made = MADE.load(Relaxed);
    Stacks { made, most }
}

/// Sets the limit; what was made stays. With 0 it is half of memory, as from the beginning.
pub fn limit_stacks(most: usize) {
    MOST.store(most, Relaxed);
}

/// Gets the running core one more stack, if it has none to spare; for its loop, which has its turn again.
#[cold]
pub(crate) fn seek_spare() {
    process::this_core().set_stuck(None);
    // SAFETY: the caller is the core's loop.
    if !unsafe { process::has_spare() } {
        add_spare();
    }
}

/// Gets the running core one more stack; for its loop.
#[cold]
pub(crate) fn add_spare() {
    // SAFETY: the caller is the core's loop, and nobody takes a stack meanwhile.
    if unsafe { process::add_left_over() } {
        return;
    }
    let Stacks { made, most } = stacks();
    let make = || MEMORY.lock().as_mut().map(memory::Memory::stack);
    match (made < most).then(make).flatten() {
        Some(Ok(stack)) => {
            MADE.fetch_add(1, Relaxed);
            // SAFETY: as above.
            unsafe { process::add_spare(stack) }
        }
        _ => tell(made),
    }
}

/// How many processes were given up because there was no stack to break them off with.
pub fn given_up() -> u64 {
    let each = cores::up().map(|core| core.counters().given_up.load(Relaxed));
    each.sum()
}

/// Tells that there is none, but not time after time.
fn tell(made: usize) {
    let (now, told) = (timer::nanos(), TOLD.load(Relaxed));
    let is_due = told == 0 || now.saturating_sub(told) >= SILENCE_NANOS;
    if is_due && TOLD.compare_exchange(told, now, Relaxed, Relaxed).is_ok() {
        let given_up = given_up();
        log::warn!(
            "out of stacks: {made} are in use, and preemption waits; {given_up} processes were given up so far"
        );
    }
}
