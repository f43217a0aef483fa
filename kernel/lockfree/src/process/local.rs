//! What running code finds about itself: who it is, why it can't be preempted, what it may still spend.
//!
//! One small record, first in a process's header and first in a core; one register on the machine points to
//! the record of whoever runs.

mod purse;

use super::hand::ORDINARY;
use super::here::{Here, with_desk};
use super::waker;
use super::word::Pid;
use crate::mail::{Mailbox, NOBODY};
use core::cell::Cell;
use core::fmt;
use core::mem::ManuallyDrop;
use core::sync::atomic::{
    AtomicU8, AtomicU32,
    Ordering::{Relaxed, SeqCst},
    compiler_fence,
};
use core::task::Waker;
use purse::Purse;

/// What a process left behind when its poll came back, besides being done or not.
///
/// A poll may come to several of them, for a combinator polls several futures. So they are numbers of which bits are only
/// taken away: who has said that others are to run first does not come to wait by looking for mail afterwards, which
/// takes no question, and who has to be looked at with care stays so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Intent(u8);

impl Intent {
    /// To let others run first, and nothing else is to be looked at. It is asked for first, and a
    /// comparison with 0 is the shortest.
    pub const YIELD: Self = Self(0);
    /// To let others run first, after a look around: it may have nothing left to spend, or have left
    /// something on the desk, or not all processes here are of one level.
    pub const YIELD_WITH_CARE: Self = Self(1);
    /// Nothing any more: its future is done and dropped.
    pub const DONE: Self = Self(2);
    /// To wait until it is woken, by a message as well. (From here on they wait: one comparison tells them from the
    /// others.)
    pub const LISTEN_WITH_CARE: Self = Self(0b1000);
    /// The same; its mailbox has no envelope, be it emptied, and it is of the level that nearly all are.
    pub const LISTEN: Self = Self(0b1100);
    /// To wait until it is woken, and not by messages.
    pub const WAIT: Self = Self(0b1110);

    /// What looking for mail leaves of an intent.
    const LISTENING: u8 = !(Self::WAIT.0 & !Self::LISTEN.0);
    /// The same, where there are envelopes.
    const LISTENING_WITH_CARE: u8 = !(Self::WAIT.0 & !Self::LISTEN_WITH_CARE.0);

    /// True for those that wait.
    #[inline(always)]
    pub(super) fn waits(self) -> bool {
        self.0 >= Self::LISTEN_WITH_CARE.0
    }

    /// True for those that wait for mail.
    #[inline(always)]
    pub(super) fn listens(self) -> bool {
        self == Self::LISTEN || self == Self::LISTEN_WITH_CARE
    }
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
    /// What the process is polled with: its number is the pid. First, so that the address that the register has
    /// tells whether it is the one at hand. A loop's wakes nobody, and nobody is polled with it.
    waker: ManuallyDrop<Waker>,
    purse: Purse,
    /// Behind what is left to spend: see `spend_and_stay`.
    reasons: AtomicU32,
    /// What is out of the ordinary about the process's mailbox: see `mail::special`.
    pub(crate) special: Cell<u8>,
    pending: AtomicU8,
    /// Its first core's number and one more, if it has been on another one since.
    first: Cell<u16>,
    /// Ticks that found it running since it was met as one that has to die, or since a reaper began with the message in hand,
    /// and one more; 1 for one that has a runtime limit; 0 otherwise.
    pub(crate) overtime: Cell<u16>,
    /// What of its end has begun.
    ending: Cell<u8>,
    /// What it means when this process yields.
    manner: Cell<Intent>,
    stint: Cell<Stint>,
    /// What looking for mail leaves of the intent: see [`Intent`]. One of another level than nearly all is always looked at
    /// with care.
    listening: Cell<u8>,
    /// Index of the priority level, which means what the scheduler says; and [`Local::PINNED`]. Whoever looks whether all
    /// are of one level finds that one that is pinned is not.
    pub(crate) level: Cell<u8>,
    /// The core that runs this code: whoever gives it a core says which. It is true while preemption
    /// is off. From here on all begins as zero, and at a multiple of 8: otherwise the compiler calls a function to write
    /// it.
    here: Cell<Option<&'static Here>>,
    /// What it has taken in. A loop receives nothing, but whoever sends looks here.
    pub(crate) mailbox: Mailbox,
}

const _: () = assert!(core::mem::offset_of!(Local, here) % 8 == 0);
const _: () = assert!(
    Local::INTENT.is_multiple_of(4) && Local::TO_LISTENING < 32 && cfg!(target_endian = "little")
);

// SAFETY: the cells are touched by the code whose record this is and by the holder of its token,
// which are on one core at a time and hand over through a queue or the state word.
unsafe impl Sync for Local {}

impl fmt::Debug for Local {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Local")
            .field("kind", &self.kind())
            .finish_non_exhaustive()
    }
}

impl Local {
    /// Creates the record of a core's loop, which has a reason against preemption.
    pub const fn of_loop() -> Self {
        Self::new(Kind::Loop, waker::NOBODYS)
    }

    /// Creates the record of a process, which has none.
    #[inline(always)]
    pub(super) fn of_process(pid: Pid) -> Self {
        Self::new(Kind::Process, waker::of(pid))
    }

    #[inline(always)]
    const fn new(kind: Kind, waker: ManuallyDrop<Waker>) -> Self {
        Self {
            waker,
            purse: Purse::EMPTY,
            reasons: AtomicU32::new(!matches!(kind, Kind::Process) as u32),
            stint: Cell::new(Stint::FRESH),
            pending: AtomicU8::new(0),
            ending: Cell::new(0),
            manner: Cell::new(Intent::YIELD_WITH_CARE),
            listening: Cell::new(Intent::LISTENING_WITH_CARE),
            level: Cell::new(0),
            overtime: Cell::new(0),
            special: Cell::new(match kind {
                Kind::Process => 0,
                Kind::Loop => NOBODY,
            }),
            first: Cell::new(0),
            here: Cell::new(None),
            mailbox: Mailbox::new(),
        }
    }

    /// What the process is polled with.
    #[inline(always)]
    pub(super) fn waker(&self) -> &Waker {
        &self.waker
    }

    /// True if this is the very waker that the process is polled with; nearly always it is.
    #[inline(always)]
    pub(crate) fn polls_with(&self, waker: &Waker) -> bool {
        core::ptr::eq(self.waker(), waker)
    }

    /// Whose record it is; nobody's if it is a loop's.
    #[inline(always)]
    pub(super) fn pid(&self) -> Pid {
        waker::pid(self.waker())
    }

    /// Who owns what this code takes from the heap: its slot, or the kernel if it is a loop.
    #[inline(always)]
    pub(crate) fn owner(&self) -> u32 {
        waker::pid(self.waker()).index()
    }

    /// Where the charge is: behind the record, in a header as in a core. (It is no field of the record, for then what
    /// every turn looks at would lie less well.)
    pub(super) const CHARGE: usize = 128;

    /// What this code has taken of the heap, less what it has freed: see `heap::charge`.
    ///
    /// # Safety
    ///
    /// The record is the running code's own on the machine, where each is the first field of a header or of a core.
    #[inline(always)]
    pub(crate) unsafe fn charge(&self) -> &Cell<u64> {
        let record = core::ptr::from_ref(self).cast::<u8>();
        // SAFETY: the caller's promise; both types say that the charge is there.
        unsafe { &*record.add(Self::CHARGE).cast() }
    }

    /// Where the intent is, which the stint begins with.
    const INTENT: usize = core::mem::offset_of!(Self, stint);
    /// Bits from there to what looking for mail leaves of it.
    const TO_LISTENING: usize = 8 * (core::mem::offset_of!(Self, listening) - Self::INTENT);
    /// Offset of the number of reasons against preemption.
    pub const REASONS: usize = core::mem::offset_of!(Self, reasons);
    /// Offset of the core's address.
    pub const HERE: usize = core::mem::offset_of!(Self, here);

    /// Notes that the process is at its end, and wants words for it. True the first time.
    #[must_use]
    pub fn begin_to_end(&self) -> bool {
        !self.begins(Self::IS_ENDING)
    }

    /// Whose record this is.
    #[inline(always)]
    pub fn kind(&self) -> Kind {
        match self.special.get() & NOBODY {
            0 => Kind::Process,
            _ => Kind::Loop,
        }
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

    /// The process may not run on every core: which ones, is beside its slot; nothing there, and it stays where it was born.
    pub(crate) const PINNED: u8 = 1 << 2;

    /// The index of the priority level.
    #[inline(always)]
    pub(crate) fn level(&self) -> u8 {
        self.level.get() & (Self::PINNED - 1)
    }

    pub(crate) fn set_level(&self, level: u8) {
        self.begin_in_level(self.level.get() & Self::PINNED | level);
    }

    /// The same, and whether it is pinned.
    #[inline(always)]
    pub(crate) fn begin_in_level(&self, level: u8) {
        self.level.set(level);
        self.listening.set(match level {
            ORDINARY => Intent::LISTENING,
            _ => Intent::LISTENING_WITH_CARE,
        });
    }

    /// True if nothing is in its mailbox, and it is of the level that nearly all are.
    #[inline(always)]
    pub(crate) fn is_ordinary(&self) -> bool {
        self.mailbox.first_is_none() && self.level.get() == ORDINARY
    }

    pub(super) fn set_pinned(&self, is_pinned: bool) {
        let level = self.level();
        let pinned = if is_pinned { Self::PINNED } else { 0 };
        self.level.set(level | pinned);
    }

    /// True if the process may not run on every core.
    #[inline(always)]
    pub(crate) fn is_pinned(&self) -> bool {
        self.level.get() & Self::PINNED != 0
    }

    /// Notes that the process is coming to another core than the one that it was on: the holder of its token does.
    #[inline(always)]
    pub(crate) fn set_abroad(&self) {
        if self.is_abroad() {
            return;
        }
        let first = self.here().and_then(Here::seat);
        self.first
            .set(first.map_or(Self::NO_CORE, |first| first as u16 + 1));
    }

    /// Instead of a number, for a core in no crew.
    const NO_CORE: u16 = u16::MAX;

    /// The number of its first core, if it is abroad.
    pub(crate) fn first_core(&self) -> Option<usize> {
        match self.first.get() {
            0 | Self::NO_CORE => None,
            number => Some(usize::from(number) - 1),
        }
    }

    /// In `ending`: words for its end are being found, and a panic in them is not worded any more.
    const IS_ENDING: u8 = 1 << 0;
    /// Its future is being dropped, because it was killed.
    const IS_DROPPING: u8 = 1 << 1;

    /// Notes that this of its end begins; true if it had before.
    fn begins(&self, part: u8) -> bool {
        let before = self.ending.get();
        self.ending.set(before | part);
        before & part != 0
    }

    /// Its future is being dropped, because it was killed.
    pub(crate) fn set_dropping(&self) {
        let _had_begun = self.begins(Self::IS_DROPPING);
    }

    /// True if that is so.
    pub(crate) fn is_dropping(&self) -> bool {
        self.ending.get() & Self::IS_DROPPING != 0
    }

    /// True if it has been on another core than its first.
    #[inline(always)]
    pub(crate) fn is_abroad(&self) -> bool {
        self.first.get() != 0
    }

    /// Says that the process wants others to run first. It pays nothing for that: a yield is what
    /// having nothing left would come to.
    #[inline(always)]
    pub(crate) fn intend_to_yield(&self) {
        self.set_intent(self.manner.get());
    }

    /// Says that the process waits for mail, unless it wants others to run first: then it looks again anyway.
    #[inline(always)]
    pub(crate) fn intend_to_listen(&self) {
        if self.mailbox.has_envelopes() {
            return self.intend_to_listen_with_care();
        }
        // Both in one look.
        let first = core::ptr::from_ref(self).cast::<u8>();
        // SAFETY: four bytes of this record, aligned, says the assertion above; only this code uses what is looked at.
        let word = unsafe { first.add(Self::INTENT).cast::<u32>().read() };
        self.set_intent(Intent((word & word >> Self::TO_LISTENING) as u8));
    }

    /// The same where there are envelopes: if all are emptied they go back now, for that is shorter than if the loop does
    /// it.
    #[cold]
    #[inline(never)]
    fn intend_to_listen_with_care(&self) {
        let mut left = Intent::LISTENING_WITH_CARE;
        if self.mailbox.first_is_none() {
            with_desk(|here, desk| self.mailbox.give_last_emptied(&mut desk.pool, here));
            left = self.listening.get();
        }
        self.set_intent(Intent(self.intent().0 & left));
    }

    /// Its mailbox is about to have envelopes: who has said that it waits for mail is to be looked at with care.
    pub(crate) fn will_have_envelopes(&self) {
        if self.intent() == Intent::LISTEN {
            self.set_intent(Intent::LISTEN_WITH_CARE);
        }
    }

    /// If the process comes to wait now, it is to be looked at with care.
    fn wait_with_care(&self) {
        let intent = self.intent();
        if intent.waits() {
            self.set_intent(Intent(intent.0 & Intent::LISTENING_WITH_CARE));
        }
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
        let Stint { intent, ticks } = self.stint.get();
        // Whoever counts forgets them after a few: that is a quantum.
        let ticks = ticks.wrapping_add(1);
        self.stint.set(Stint { intent, ticks });
        ticks
    }

    /// Says what it means when this process yields: by itself, or for its core's loop.
    #[inline(always)]
    pub(crate) fn set_manner(&self, manner: Intent) {
        self.manner.set(manner);
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

    /// Pays, as `spend_little`, and adds a reason against preemption; returns how many there were. In this order, and side
    /// by side, both are loaded and stored by one instruction each.
    #[inline(always)]
    pub(crate) fn spend_and_stay(&self, reductions: u32) -> u32 {
        let reasons = self.reasons.as_ptr();
        let left = self.left().cast_unsigned();
        // SAFETY: only this code writes it; an interrupt on its core, which nothing else does, reads it.
        let before = unsafe { reasons.read() };
        self.set_left(left.wrapping_sub(reductions).cast_signed());
        // SAFETY: as above.
        unsafe { reasons.write(before + 1) };
        compiler_fence(SeqCst);
        self.has_spent(left, reductions);
        before
    }

    /// Adds a reason against preemption; returns how many there were.
    #[inline(always)]
    pub fn add_reason(&self) -> u32 {
        self.add_reason_after(|| ())
    }

    /// The same, after `prepare` if it is the first.
    #[inline(always)]
    pub fn add_reason_after(&self, prepare: impl FnOnce()) -> u32 {
        let before = self.reasons.load(Relaxed);
        if before == 0 {
            prepare();
        }
        self.reasons.store(before + 1, Relaxed);
        compiler_fence(SeqCst);
        before
    }

    /// The same after `prepare`, however many there are.
    #[inline(always)]
    pub fn add_reason_always_after(&self, prepare: impl FnOnce()) -> u32 {
        prepare();
        let before = self.reasons.load(Relaxed);
        self.reasons.store(before + 1, Relaxed);
        compiler_fence(SeqCst);
        before
    }

    /// As `drop_reason`, for one that was added when there were so many, and after all that were added
    /// later are gone: what begins and ends with a scope.
    #[inline(always)]
    #[must_use]
    pub(crate) fn end_reason(&self, before: u32) -> bool {
        compiler_fence(SeqCst);
        self.reasons.store(before, Relaxed);
        compiler_fence(SeqCst);
        // Nearly always nothing is pending, and then the number does not matter.
        if self.pending.load(Relaxed) == 0 {
            return false;
        }
        core::hint::cold_path();
        before == 0
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
        intent: Intent::WAIT,
        ticks: 0,
    };
}
