//! What every process carries: one allocation, header first, its future behind.
//!
//! The header is touched by one place at a time: the holder of the process's [`Token`], or the
//! process itself while it runs, which is when the core that runs it holds the token. So its
//! fields are plain cells. The one thing that others touch is the state word, in the slot.
//!
//! [`Token`]: super::Token

use super::word::{Pid, StateWord};
use core::alloc::Layout;
use core::cell::{Cell, UnsafeCell};
use core::mem::ManuallyDrop;
use core::pin::Pin;
use core::ptr::NonNull;
use core::sync::atomic::{
    AtomicU32,
    Ordering::{Relaxed, SeqCst},
    compiler_fence,
};
use core::task::{Context, Poll};

/// What a process left behind when its poll came back, besides being done or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Intent {
    /// To wait until it is woken.
    Wait = 0,
    /// To let others run first.
    Yield = 1,
}

/// Who runs, as far as an interrupt is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Kind {
    /// A core's loop: it always has a reason against preemption.
    Loop = 0,
    /// A function on a lent stack.
    Lent = 1,
    /// A process.
    Process = 2,
}

/// What running code finds about itself, through one register on the machine: why it can't be
/// preempted, and what it may still spend. It travels with the code, never with the core.
///
/// An interrupt that finds no reason takes the core away at once. One that finds a reason notes
/// that it wanted to, and whoever drops the last reason leaves then. Code and handler are on one
/// core, so relaxed accesses and a compiler fence are all the order they need.
#[repr(C)]
#[derive(Debug)]
pub struct Local {
    reasons: AtomicU32,
    pending: AtomicU32,
    /// Reductions left; below zero the next await yields.
    pub(crate) reductions: Cell<i32>,
    /// What the process wants when its poll comes back.
    pub(crate) intent: Cell<u32>,
    kind: Kind,
}

// SAFETY: the cells are touched by the code whose record this is and by the holder of its token,
// which are on one core at a time and hand over through a queue or the state word.
unsafe impl Sync for Local {}

/// A process's slot: memory that never becomes anything else.
#[derive(Debug)]
pub(crate) struct Slot {
    pub(crate) word: StateWord,
    /// The header, while the slot is occupied.
    pub(crate) header: crate::atomic::AtomicPtr<Header>,
}

/// The operations on a future whose type is forgotten.
pub(crate) struct Operations {
    pub(crate) poll: unsafe fn(NonNull<Header>, &mut Context<'_>) -> Poll<()>,
    pub(crate) drop: unsafe fn(NonNull<Header>),
    pub(crate) layout: Layout,
}

/// The header.
#[repr(C)]
pub(crate) struct Header {
    pub(crate) local: Local,
    pub(crate) next: Cell<Option<NonNull<Header>>>,
    pub(crate) slot: &'static Slot,
    pub(crate) pid: Pid,
    pub(crate) operations: &'static Operations,
    /// The word of a process that simply runs from its last await on; nothing while it has a frame.
    pub(crate) plain: Cell<u64>,
    /// Where it was broken off in mid-poll, if it was: the platform's pointer.
    pub(crate) frame: Cell<usize>,
    /// Ticks that found it running since it last came back of its own accord.
    pub(crate) ticks: Cell<u8>,
    /// Index of its priority level; what it means is the scheduler's affair.
    pub(crate) level: Cell<u8>,
}

const _: () = assert!(size_of::<Header>() <= 128, "the budget of an idle process");

/// A whole process.
#[repr(C)]
pub(crate) struct Process<F> {
    pub(crate) header: Header,
    future: UnsafeCell<ManuallyDrop<F>>,
}

impl Header {
    /// Sets the frame, or none, and returns what was there.
    pub(crate) fn set_frame(&self, frame: usize) -> usize {
        let plain = if frame == 0 {
            StateWord::plain(self.pid)
        } else {
            StateWord::NEVER
        };
        self.plain.set(plain);
        self.frame.replace(frame)
    }
}

impl Local {
    /// Creates a record with one reason against preemption.
    pub const fn switched_off(kind: Kind) -> Self {
        Self {
            reasons: AtomicU32::new(1),
            pending: AtomicU32::new(0),
            reductions: Cell::new(0),
            intent: Cell::new(Intent::Wait as u32),
            kind,
        }
    }

    /// Whose record this is.
    #[inline(always)]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// True if an interrupt may take the core away.
    #[inline(always)]
    pub fn is_preemptible(&self) -> bool {
        self.reasons.load(Relaxed) == 0
    }

    /// Notes that an interrupt wanted to leave.
    pub fn note_pending(&self) {
        self.pending.store(1, Relaxed);
    }

    /// Forgets that note: the code leaves now.
    pub fn clear_pending(&self) {
        self.pending.store(0, Relaxed);
    }

    /// Lets interrupts in, as code that had the one reason of not running. True if one has wanted to.
    #[inline(always)]
    #[must_use]
    pub fn begin(&self) -> bool {
        compiler_fence(SeqCst);
        self.reasons.store(0, Relaxed);
        compiler_fence(SeqCst);
        self.pending.load(Relaxed) != 0
    }

    /// Keeps interrupts out, as code that stops running and has no other reason.
    #[inline(always)]
    pub fn cease(&self) {
        self.reasons.store(1, Relaxed);
        compiler_fence(SeqCst);
    }

    /// Adds a reason against preemption.
    #[inline(always)]
    pub fn add_reason(&self) {
        self.reasons.store(self.reasons.load(Relaxed) + 1, Relaxed);
        compiler_fence(SeqCst);
    }

    /// Takes a reason away. True if it was the last and an interrupt has wanted to leave: the
    /// handler cannot slip in between unseen, for if it comes before the count is zero it notes
    /// its wish, which is read after, and if it comes later it leaves by itself.
    #[inline(always)]
    #[must_use]
    pub fn drop_reason(&self) -> bool {
        compiler_fence(SeqCst);
        let left = self.reasons.load(Relaxed) - 1;
        self.reasons.store(left, Relaxed);
        compiler_fence(SeqCst);
        left == 0 && self.pending.load(Relaxed) != 0
    }
}

impl<F: Future<Output = ()>> Process<F> {
    const OPERATIONS: Operations = Operations {
        poll: Self::poll,
        drop: Self::drop_future,
        layout: Layout::new::<Self>(),
    };

    /// The operations on processes of this type.
    pub(crate) fn operations() -> &'static Operations {
        &const { Self::OPERATIONS }
    }

    /// Builds the process in place.
    ///
    /// # Safety
    ///
    /// `place` is free memory of this type's layout.
    pub(crate) unsafe fn build(place: NonNull<Self>, header: Header, future: F) -> NonNull<Header> {
        let process = Self {
            header,
            future: UnsafeCell::new(ManuallyDrop::new(future)),
        };
        // SAFETY: the caller's promise.
        unsafe { place.write(process) };
        place.cast()
    }

    /// Polls the future, and drops it in place when it is done, still as the process itself.
    ///
    /// # Safety
    ///
    /// `header` is that of a process of this type whose future is alive, and the caller has its
    /// token and does not use the future otherwise.
    unsafe fn poll(header: NonNull<Header>, context: &mut Context<'_>) -> Poll<()> {
        let future = header.cast::<Self>().as_ptr();
        // SAFETY: the caller's promise; the future never moves, because the process does not.
        unsafe {
            let future = (*future).future.get();
            let outcome = Pin::new_unchecked(&mut **future).poll(context);
            if outcome.is_ready() {
                ManuallyDrop::drop(&mut *future);
            }
            outcome
        }
    }

    /// Drops the future in place.
    ///
    /// # Safety
    ///
    /// As for `poll`; the future is dead afterwards.
    unsafe fn drop_future(header: NonNull<Header>) {
        let process = header.cast::<Self>().as_ptr();
        // SAFETY: the caller's promise.
        unsafe { ManuallyDrop::drop(&mut *(*process).future.get()) }
    }
}
