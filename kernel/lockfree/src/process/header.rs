//! What every process carries: one allocation, header first, its future behind.
//!
//! The header is touched by one place at a time: the holder of the process's [`Token`], or the
//! process itself while it runs, which is when the core that runs it holds the token. So its
//! fields are plain cells. The one thing that others touch is the state word, in the slot.
//!
//! [`Token`]: super::Token

use super::cold::ColdBox;
use super::here::Here;
use super::local::{Intent, Local};
use super::pool::Class;
use super::token::Token;
use super::waker;
use super::word::{Pid, StateWord};
use core::alloc::Layout;
use core::cell::{Cell, UnsafeCell};
use core::mem::{ManuallyDrop, offset_of};
use core::pin::Pin;
use core::ptr::NonNull;
use core::task::{Context, Waker};

/// A process's slot: memory that never becomes anything else.
#[derive(Debug)]
pub(crate) struct Slot {
    pub(crate) word: StateWord,
    /// The header, while the slot is occupied.
    pub(crate) header: crate::atomic::AtomicPtr<Header>,
}

impl Slot {
    /// Makes the token of the process in this slot.
    ///
    /// # Safety
    ///
    /// A transition by pid has just handed it over: it proved that this generation lives, and has
    /// acquired what was released when the token was left.
    #[inline(always)]
    pub(crate) unsafe fn token(&self) -> Token {
        let header = self.header.load(crate::atomic::Relaxed);
        // SAFETY: an occupied slot has a header.
        Token::new(unsafe { NonNull::new_unchecked(header) })
    }
}

/// Polls a future whose type is forgotten.
pub(super) type PollFunction = unsafe fn(NonNull<Header>, &mut Context<'_>);

/// The other operations on a future whose type is forgotten.
pub(crate) struct Operations {
    pub(super) poll: PollFunction,
    pub(crate) drop: unsafe fn(NonNull<Header>),
    pub(crate) layout: Layout,
    pub(crate) class: Class,
}

/// The header.
#[repr(C)]
pub(crate) struct Header {
    pub(crate) local: Local,
    /// The next one in whatever queue this one is in.
    pub(crate) next: Cell<Option<NonNull<Header>>>,
    pub(crate) slot: &'static Slot,
    /// The one operation that is in a hurry.
    pub(crate) poll: Cell<PollFunction>,
    pub(crate) operations: &'static Operations,
    /// Where it was broken off in mid-poll, if it was: the platform's pointer.
    pub(crate) frame: Cell<usize>,
    /// What is needed rarely.
    pub(crate) cold: Cell<Option<ColdBox>>,
    /// What it has taken of the heap, less what it has freed: see `heap::charge`. Last, for no turn and no message
    /// looks at it.
    pub(crate) charge: Cell<u64>,
}

const _: () = assert!(
    offset_of!(Header, charge) <= 128 && size_of::<Header>() <= 136,
    "the budget of an idle process: two lines that are hot, and its charge"
);

const _: () = assert!(offset_of!(Header, local) == 0);
const _: () = assert!(offset_of!(Header, charge) == Local::CHARGE);

/// A whole process.
#[repr(C)]
pub(crate) struct Process<F> {
    pub(crate) header: Header,
    future: UnsafeCell<ManuallyDrop<F>>,
}

impl Header {
    /// The header of a process that has just been given this slot.
    #[inline(always)]
    pub(crate) fn new(
        slot: &'static Slot,
        pid: Pid,
        operations: &'static Operations,
        level: u8,
        here: &'static Here,
        cold: Option<ColdBox>,
    ) -> Self {
        let local = Local::of_process(pid);
        local.begin_in_level(level);
        local.set_left(here.reductions.get());
        local.set_here(here);
        Self {
            local,
            next: Cell::new(None),
            slot,
            poll: Cell::new(operations.poll),
            operations,
            frame: Cell::new(0),
            cold: Cell::new(cold),
            charge: Cell::new(0),
        }
    }

    /// Whose header it is.
    #[inline(always)]
    pub(crate) fn pid(&self) -> Pid {
        waker::pid(self.local.waker())
    }

    /// Fills what the process may spend.
    #[inline(always)]
    pub(crate) fn grant(&self, reductions: i32) {
        let more = self.local.fill(reductions);
        if let Some(cold) = self.cold().or_else(|| self.cold_or_new()) {
            cold.granted.set(cold.granted.get() + u64::from(more));
        }
    }

    /// Reductions that the process has spent so far; at its birth it was given so many.
    pub(crate) fn reductions(&self, at_birth: i32) -> u64 {
        let more = self.cold().map_or(0, |cold| cold.granted.get());
        let granted = more + u64::from(at_birth.unsigned_abs());
        granted.saturating_add_signed(-i64::from(self.local.left()))
    }

    /// Adds to the time that the process has had a core for.
    #[inline(always)]
    pub(crate) fn charge_time(&self, nanos: u64) {
        if let Some(cold) = self.cold().or_else(|| self.cold_or_new()) {
            cold.nanos.set(cold.nanos.get() + nanos);
        }
    }

    /// Nanoseconds that the process has had a core for, if the cores keep time.
    pub(crate) fn nanos(&self) -> u64 {
        self.cold().map_or(0, |cold| cold.nanos.get())
    }

    /// The running process's header, if this is the waker that it is polled with itself; nearly always it is. `local` is
    /// the running code's record.
    #[inline(always)]
    pub(crate) fn polled_with(local: &'static Local, waker: &Waker) -> Option<&'static Self> {
        let is_own = local.polls_with(waker);
        // SAFETY: nobody is polled with the waker of a loop, so this is the record of a process, which is first in its
        // header and lives while it runs.
        is_own.then(|| unsafe { NonNull::from(local).cast().as_ref() })
    }

    /// Sets the frame, or none, and returns what was there.
    pub(crate) fn set_frame(&self, frame: usize) -> usize {
        self.slot.word.set_has_frame(frame != 0);
        self.frame.replace(frame)
    }
}

impl<F: Future<Output = ()>> Process<F> {
    const OPERATIONS: Operations = Operations {
        poll: Self::poll,
        drop: Self::drop_future,
        layout: Layout::new::<Self>(),
        class: Class::of(Layout::new::<Self>()),
    };

    /// The same for one whose home is not kept when it ends. Of those that a process goes on as there would be more and more,
    /// for whoever comes next begins in one of another size; and no core keeps a slot that is set aside.
    const FOR_ONCE: Operations = Operations {
        class: Class::ODD,
        ..Self::OPERATIONS
    };

    /// The operations on processes of this type whose home is not kept: those that others go on as, and those in a slot that
    /// is set aside.
    pub(super) fn operations_for_once() -> &'static Operations {
        &const { Self::FOR_ONCE }
    }

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
        let process = place.as_ptr();
        // SAFETY: the caller's promise. Field by field, or the whole would be copied from the stack.
        unsafe {
            (&raw mut (*process).header).write(header);
            (&raw mut (*process).future).write(UnsafeCell::new(ManuallyDrop::new(future)));
        }
        place.cast()
    }

    /// Builds the future alone, where a process is to be.
    ///
    /// # Safety
    ///
    /// `place` is free memory of this type's layout.
    pub(crate) unsafe fn build_future(place: NonNull<Self>, future: F) {
        // SAFETY: the caller's promise.
        unsafe {
            (&raw mut (*place.as_ptr()).future).write(UnsafeCell::new(ManuallyDrop::new(future)));
        }
    }

    /// Polls the future, and drops it in place when it is done, still as the process itself. What has
    /// become of it is in the record.
    ///
    /// # Safety
    ///
    /// `header` is that of a process of this type whose future is alive, and the caller has its
    /// token and does not use the future otherwise.
    unsafe fn poll(header: NonNull<Header>, context: &mut Context<'_>) {
        let process = header.cast::<Self>().as_ptr();
        // SAFETY: the caller's promise; the future never moves, because the process does not.
        unsafe {
            let future = (*process).future.get();
            if Pin::new_unchecked(&mut **future).poll(context).is_ready() {
                ManuallyDrop::drop(&mut *future);
                (*process).header.local.set_intent(Intent::DONE);
            }
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
