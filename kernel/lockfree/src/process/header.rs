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
#[cfg(target_os = "none")]
use core::sync::atomic::{
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

/// What running code finds about itself, through one register on the machine: why it can't be
/// preempted, and what it may still spend.
#[repr(C)]
#[derive(Debug)]
pub(crate) struct Local {
    /// Reasons against preemption. The handler that interrupts this very code looks at it, and
    /// nobody else: relaxed loads and stores are all it takes.
    reasons: core::sync::atomic::AtomicU32,
    /// An interrupt wanted to leave while there was a reason.
    pending: core::sync::atomic::AtomicU32,
    /// Reductions left; below zero the next await yields.
    pub(crate) reductions: Cell<i32>,
    /// What the process wants when its poll comes back.
    pub(crate) intent: Cell<u32>,
}

/// Scheduling facts of one process, for whoever holds its token.
#[derive(Clone, Copy, Debug, Default)]
pub struct Profile {
    /// Index of its priority level; what it means is the scheduler's affair.
    pub level: u8,
    /// Times that it was given a core.
    pub turns: u64,
    /// Times that an interrupt took the core away from it.
    pub preemptions: u32,
    /// Quanta that it has run since somebody wanted it dead.
    pub overstayed: u32,
}

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
    /// Where it was broken off in mid-poll, if it was: the platform's pointer.
    pub(crate) frame: Cell<usize>,
    pub(crate) profile: Cell<Profile>,
}

const _: () = assert!(size_of::<Header>() <= 128, "the budget of an idle process");

/// A whole process.
#[repr(C)]
pub(crate) struct Process<F> {
    pub(crate) header: Header,
    future: UnsafeCell<ManuallyDrop<F>>,
}

impl Local {
    /// What a process starts with: not preemptible until it runs.
    pub(crate) fn fresh() -> Self {
        Self {
            reasons: 1.into(),
            pending: 0.into(),
            reductions: Cell::new(0),
            intent: Cell::new(Intent::Wait as u32),
        }
    }
}

#[cfg(target_os = "none")]
impl Local {
    /// Adds a reason against preemption.
    #[inline(always)]
    pub(crate) fn add_reason(&self) {
        self.reasons.store(self.reasons.load(Relaxed) + 1, Relaxed);
        compiler_fence(SeqCst);
    }

    /// Takes a reason away. True if it was the last and an interrupt has wanted to leave: the
    /// handler cannot slip in between unseen, for if it comes before the count is zero it notes
    /// its wish, which is read after, and if it comes later it leaves by itself.
    #[inline(always)]
    #[must_use]
    pub(crate) fn drop_reason(&self) -> bool {
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
