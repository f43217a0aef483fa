//! What every process carries: one allocation, header first, its future behind.
//!
//! The header is touched by one place at a time: the holder of the process's [`Token`], or the
//! process itself while it runs, which is when the core that runs it holds the token. So its
//! fields are plain cells. The one thing that others touch is the state word, in the slot.
//!
//! [`Token`]: super::Token

use super::here::Here;
use super::pool::Class;
use super::waker;
use super::watch::Teller;
use super::word::{Pid, StateWord};
use core::alloc::Layout;
use core::cell::{Cell, UnsafeCell};
use core::fmt;
use core::mem::ManuallyDrop;
use core::pin::Pin;
use core::ptr::NonNull;
use core::sync::atomic::{
    AtomicU32,
    Ordering::{Relaxed, SeqCst},
    compiler_fence,
};
use core::task::{Context, Waker};

/// What a process left behind when its poll came back, besides being done or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Intent {
    /// To wait until it is woken.
    Wait = 0,
    /// To let others run first, and nothing else is to be looked at.
    Yield = 1,
    /// To let others run first, after a look around: it may have nothing left to spend, or have left
    /// something on the desk, or not all processes here are of one level.
    YieldWithCare = 2,
    /// Nothing any more: its future is done and dropped.
    Done = 3,
}

/// What is forgotten whenever a process comes back of its own accord: one store.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(2))]
struct Stint {
    /// What the process wants when its poll comes back.
    intent: Intent,
    /// Ticks that found it running.
    ticks: u8,
}

/// Who runs, as far as an interrupt is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// A core's loop: it always has a reason against preemption.
    Loop = 0,
    /// A process.
    Process = 1,
}

/// What running code finds about itself, through one register on the machine: why it can't be
/// preempted, and what it may still spend. It travels with the code, never with the core.
///
/// An interrupt that finds no reason takes the core away at once. One that finds a reason notes
/// that it wanted to, and whoever drops the last reason leaves then. Code and handler are on one
/// core, so relaxed accesses and a compiler fence are all the order they need.
#[repr(C)]
pub struct Local {
    reasons: AtomicU32,
    pending: AtomicU32,
    /// Reductions left; below zero the next await yields.
    left: Cell<i32>,
    stint: Cell<Stint>,
    /// What it means when this process yields.
    manner: Cell<Intent>,
    kind: Kind,
    /// Index of the priority level; what it means is the scheduler's affair.
    pub(crate) level: Cell<u8>,
    /// Words for its end are being found: a panic in them is not worded any more.
    is_ending: Cell<bool>,
    /// Its future is being dropped, because it was killed.
    pub(crate) is_dropping: Cell<bool>,
    /// Ticks that found it running since it was met as one that has to die, and one more; 0 before.
    pub(crate) overtime: Cell<u16>,
    /// The core that runs this code: whoever gives it a core says which. It is true while preemption
    /// is off.
    here: Cell<Option<&'static Here>>,
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

/// Polls a future whose type is forgotten.
type PollFunction = unsafe fn(NonNull<Header>, &mut Context<'_>);

/// The other operations on a future whose type is forgotten.
pub(crate) struct Operations {
    poll: PollFunction,
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
    /// The word of a process that simply runs from its last await on; nothing while it has a frame.
    pub(crate) plain: Cell<u64>,
    /// Its number is the pid.
    pub(crate) waker: ManuallyDrop<Waker>,
    /// The one operation that is in a hurry.
    pub(crate) poll: PollFunction,
    pub(crate) operations: &'static Operations,
    /// Where it was broken off in mid-poll, if it was: the platform's pointer.
    pub(crate) frame: Cell<usize>,
    /// Who is to be told of its end.
    pub(crate) teller: Cell<Option<Teller>>,
    pub(crate) usage: Usage,
}

/// What a process has used; the holder of its token counts.
#[derive(Debug)]
pub(crate) struct Usage {
    /// Reductions granted so far, those that are left included.
    pub(crate) granted: Cell<u64>,
    /// Nanoseconds on a core, if the cores keep time.
    pub(crate) nanos: Cell<u64>,
}

const _: () = assert!(size_of::<Header>() <= 128, "the budget of an idle process");

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
        reductions: i32,
        teller: Option<Teller>,
    ) -> Self {
        let local = Local::new(Kind::Process);
        local.level.set(level);
        local.left.set(reductions);
        Self {
            local,
            next: Cell::new(None),
            slot,
            plain: Cell::new(StateWord::plain(pid)),
            waker: waker::of(pid),
            poll: operations.poll,
            operations,
            frame: Cell::new(0),
            teller: Cell::new(teller),
            usage: Usage {
                granted: Cell::new(u64::from(reductions.unsigned_abs())),
                nanos: Cell::new(0),
            },
        }
    }

    /// Whose header it is.
    #[inline(always)]
    pub(crate) fn pid(&self) -> Pid {
        waker::pid(&self.waker)
    }

    /// Sets the frame, or none, and returns what was there.
    pub(crate) fn set_frame(&self, frame: usize) -> usize {
        let plain = if frame == 0 {
            StateWord::plain(self.pid())
        } else {
            StateWord::NEVER
        };
        self.plain.set(plain);
        self.frame.replace(frame)
    }
}

impl fmt::Debug for Local {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Local")
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

impl Local {
    /// Creates a record, of a process with no reason against preemption, of anything else with one.
    pub const fn new(kind: Kind) -> Self {
        Self {
            reasons: AtomicU32::new(!matches!(kind, Kind::Process) as u32),
            pending: AtomicU32::new(0),
            left: Cell::new(0),
            stint: Cell::new(Stint::FRESH),
            manner: Cell::new(Intent::YieldWithCare),
            kind,
            level: Cell::new(0),
            is_ending: Cell::new(false),
            is_dropping: Cell::new(false),
            overtime: Cell::new(0),
            here: Cell::new(None),
        }
    }

    /// Offset of the number of reasons against preemption.
    pub const REASONS: usize = core::mem::offset_of!(Self, reasons);
    /// Offset of the core's address.
    pub const HERE: usize = core::mem::offset_of!(Self, here);

    /// Notes that the process is at its end, and wants words for it. True the first time.
    #[must_use]
    pub fn begin_to_end(&self) -> bool {
        !self.is_ending.replace(true)
    }

    /// Whose record this is.
    #[inline(always)]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The core that runs the code whose record this is, if it may use its desk.
    #[inline(always)]
    pub fn here(&self) -> Option<&'static Here> {
        self.here.get()
    }

    /// Says which core runs the code; the core itself says so, while the code does not run.
    #[inline(always)]
    pub fn set_here(&self, here: &'static Here) {
        self.here.set(Some(here));
    }

    /// Says that the process wants others to run first. It pays nothing for that: a yield is what
    /// having nothing left would come to.
    #[inline(always)]
    pub(crate) fn intend_to_yield(&self) {
        self.set_intent(self.manner.get());
    }

    #[inline(always)]
    pub(crate) fn set_intent(&self, intent: Intent) {
        // SAFETY: the cell is this code's own, and no reference into it is made.
        unsafe { (&raw mut (*self.stint.as_ptr()).intent).write(intent) }
    }

    /// What the process wants.
    #[inline(always)]
    pub(crate) fn intent(&self) -> Intent {
        self.stint.get().intent
    }

    /// Forgets intent and ticks.
    #[inline(always)]
    pub(crate) fn begin_stint(&self) {
        self.stint.set(Stint::FRESH);
    }

    /// Forgets the ticks, and nothing else: a process that was broken off may just have said what it
    /// wants, on its way back into the loop.
    pub(crate) fn forget_ticks(&self) {
        let Stint { intent, .. } = self.stint.get();
        self.stint.set(Stint { intent, ticks: 0 });
    }

    /// Counts a tick and returns how many there were.
    pub(crate) fn count_tick(&self) -> u8 {
        let overtime = self.overtime.get();
        if overtime > 0 {
            self.overtime.set(overtime.saturating_add(1));
        }
        let Stint { intent, ticks } = self.stint.get();
        let ticks = ticks.saturating_add(1);
        self.stint.set(Stint { intent, ticks });
        ticks
    }

    /// Says what it means when this process yields: by itself, or for its core's loop.
    #[inline(always)]
    pub(crate) fn set_manner(&self, manner: Intent) {
        self.manner.set(manner);
    }

    /// Pays; an await that finds nothing left yields.
    pub(crate) fn spend(&self, reductions: u32) {
        let left = self.left.get().saturating_sub_unsigned(reductions);
        self.left.set(left);
        if left < 0 {
            // The loop has to give it more when it yields.
            self.set_manner(Intent::YieldWithCare);
        }
    }

    /// Fills up to so many reductions, and returns how many that took.
    pub(crate) fn fill(&self, reductions: i32) -> u64 {
        let left = self.left.replace(reductions);
        u64::try_from(i64::from(reductions) - i64::from(left)).unwrap_or(0)
    }

    /// Reductions left.
    pub(crate) fn left(&self) -> i32 {
        self.left.get()
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

impl Stint {
    const FRESH: Self = Self {
        intent: Intent::Wait,
        ticks: 0,
    };
}

impl<F: Future<Output = ()>> Process<F> {
    const OPERATIONS: Operations = Operations {
        poll: Self::poll,
        drop: Self::drop_future,
        layout: Layout::new::<Self>(),
        class: Class::of(Layout::new::<Self>()),
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
        let process = place.as_ptr();
        // SAFETY: the caller's promise. Field by field, or the whole would be copied from the stack.
        unsafe {
            (&raw mut (*process).header).write(header);
            (&raw mut (*process).future).write(UnsafeCell::new(ManuallyDrop::new(future)));
        }
        place.cast()
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
                (*process).header.local.set_intent(Intent::Done);
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
