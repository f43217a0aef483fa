//! The tops of stacks, where the kernel keeps what belongs to whoever stands on them, and the list of those
//! that nobody stands on.

use crate::exception::{Fault, Frame};
use crate::lock::Lock;
use crate::stack::Stack;
use core::mem::offset_of;
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use girder_lockfree::process::Words;

/// What the top of each stack has room for.
#[repr(C, align(16))]
pub(crate) struct Top {
    /// The registers of the process that was broken off on it; the vectors know that they are first.
    frame: Frame,
    /// What the process that stands on it says at its end.
    pub(crate) words: Words,
    /// Why it can't go on.
    pub(crate) fault: Option<Fault>,
    /// Of a spare stack: the top of the next one, or 0.
    next: u64,
}

const TOP_SIZE: u64 = size_of::<Top>() as u64;

const _: () = assert!(offset_of!(Top, frame) == 0);

impl Top {
    /// The room at the top of the stack that ends at `top`.
    pub(crate) fn of(top: u64) -> *mut Self {
        (top - TOP_SIZE) as *mut Self
    }

    /// Where the stack ends whose room is at `room`.
    pub(crate) fn end(room: u64) -> u64 {
        room + TOP_SIZE
    }

    /// Where code on that stack begins.
    pub(crate) fn below(top: u64) -> u64 {
        top - TOP_SIZE
    }
}

unsafe extern "C" {
    fn girder_switch_stack(
        stack_pointer: u64,
        function: extern "C" fn(u64) -> !,
        argument: u64,
    ) -> !;
}

impl Stack {
    /// Where code on it begins.
    pub fn begin(&self) -> u64 {
        Top::below(self.top())
    }

    /// Leaves the present stack for ever and goes on in `function(argument)` on this one.
    pub fn enter_for_ever(self, function: extern "C" fn(u64) -> !, argument: u64) -> ! {
        // SAFETY: this value owns the stack, and it is never given back.
        unsafe { girder_switch_stack(Top::below(self.top()), function, argument) }
    }
}

/// Stacks that came to a core along with processes from elsewhere, and those that idle cores have beyond what they began
/// with, for whichever core runs out of its own.
static LEFT_OVER: Lock<Spares> = Lock::new(Spares::new());

/// Leaves one of this core's spare stacks to whichever core runs out of its own.
pub(crate) fn leave_over(spares: &Spares) {
    if let Some(top) = spares.pop() {
        LEFT_OVER.lock().push(top);
    }
}

/// Takes one that was left over.
pub(crate) fn take_left_over() -> Option<u64> {
    LEFT_OVER.lock().pop()
}

/// The same, for the handlers: one that interrupted a process which is to lose the core, and finds no stack of the core's own.
#[cold]
#[inline(never)]
pub(crate) fn take_left_over_in_handler() -> Option<u64> {
    LEFT_OVER.try_in_handler(|spares| spares.pop())?
}

/// How many were left over.
pub(crate) fn left_over() -> usize {
    LEFT_OVER.lock().count()
}

/// A core's spare stacks, each linked to the next by its own top. Only the core itself uses them: its
/// loop, which is not left meanwhile, and its handlers, which leave processes only.
pub(crate) struct Spares {
    /// The top of the first, or 0.
    first: AtomicU64,
    /// One was added since somebody has looked whether there are too many.
    has_more: AtomicBool,
}

impl Spares {
    pub(crate) const fn new() -> Self {
        Self {
            first: AtomicU64::new(0),
            has_more: AtomicBool::new(false),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.first.load(Relaxed) == 0
    }

    /// True if there may be too many: one was added since this was asked last.
    pub(crate) fn take_news(&self) -> bool {
        self.has_more.load(Relaxed) && {
            self.has_more.store(false, Relaxed);
            true
        }
    }

    /// True if there are more than so many, while nobody takes one or adds one.
    pub(crate) fn exceeds(&self, most: usize) -> bool {
        self.tops().nth(most).is_some()
    }

    /// How many there are, likewise.
    pub(crate) fn count(&self) -> usize {
        self.tops().count()
    }

    fn tops(&self) -> impl Iterator<Item = u64> {
        let first = Some(self.first.load(Relaxed));
        // SAFETY: a spare stack; `push` has written the link.
        let next = |&top: &u64| Some(unsafe { (*Top::of(top)).next });
        core::iter::successors(first, next).take_while(|&top| top != 0)
    }

    pub(crate) fn push(&self, top: u64) {
        // SAFETY: nobody stands on a spare stack, so its top is ours.
        unsafe { (*Top::of(top)).next = self.first.load(Relaxed) };
        self.first.store(top, Relaxed);
        self.note_news();
    }

    /// There may be too many.
    pub(crate) fn note_news(&self) {
        self.has_more.store(true, Relaxed);
    }

    pub(crate) fn pop(&self) -> Option<u64> {
        let top = self.first.load(Relaxed);
        if top == 0 {
            return None;
        }
        // SAFETY: a spare stack; `push` has written the link.
        self.first.store(unsafe { (*Top::of(top)).next }, Relaxed);
        Some(top)
    }
}
