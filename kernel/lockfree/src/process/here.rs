//! A core, as far as the code that runs on it sees: its loop's record, its status word, its desk.
//!
//! A process calls `spawn` or wakes another without knowing what kind of scheduler runs it: it
//! leaves what it did on the *desk* of its core, and the loop collects that after each resume. The
//! desk never delays: its first entry makes the process give the core back, if no tick will.
//!
//! Running code finds its core through its own [`Local`] record, which whoever gave it the core has
//! pointed here. The pointer holds as long as preemption is off: whoever uses a desk keeps it off, and
//! calls nothing meanwhile that could use a desk again.

mod desk;
mod laden;
mod stay;

pub use super::arrived::{Arrived, Handed, Woken};
use super::crew::{CalledOff, Homecoming, Pace, PaceWord};
use super::hand::{Hand, Held};
use super::local::Local;
use super::platform::{self, PreemptionOff};
use super::table::Table;
use crate::doorbell::Doorbell;
use crate::heap::Heap;
use crate::mail::Returned;
use core::cell::{Cell, UnsafeCell};
use core::ptr::null_mut;
use core::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64, Ordering::Relaxed};
use laden::Laden;

pub(crate) use desk::Desk;
#[cfg(not(target_os = "none"))]
pub(crate) use desk::on_desk;
pub use desk::{Arrivals, collect};
pub use laden::Load;
pub(super) use stay::empty_hand;
pub(crate) use stay::{Stay, leave_for_request, leave_woken, with_desk, with_own_desk};

/// A core.
#[repr(C)]
pub struct Here {
    /// The record of the core's loop; the assembly knows that it is first.
    local: Local,
    doorbell: Doorbell,
    laden: Laden,
    /// Whether a tick will take the core from whoever runs; the loop says so.
    pace: PaceWord,
    /// The loop's own; what is there, it knows.
    scheduler: AtomicPtr<()>,
    /// What a new process may spend before it has to yield.
    pub(super) reductions: Cell<i32>,
    /// Envelopes of this core that others have emptied.
    returned: Returned,
    table: Cell<Option<&'static Table>>,
    /// Who has just been handed a message.
    hand: Hand,
    /// Its number in its crew, and one more; 0 if it is in none.
    seat: AtomicU32,
    /// What the loop has taken of the heap, less what it has freed: see `heap::charge`.
    charge: Cell<u64>,
    desk: UnsafeCell<Desk>,
    /// Memory that is at home here: used by this core alone, with preemption off, as the desk is.
    heap: Heap,
    /// The first of the slots whose last blocks were freed here after their processes had ended; it leads to the next.
    paid: Cell<Option<u32>>,
    emigrants: AtomicU64,
    /// Homes of this core that others have left.
    homecoming: Homecoming,
    /// When its loop last rang alarms, by a clock that is the same on all cores: who has come to another one meanwhile may
    /// look here as well.
    last_ringing: AtomicU64,
    /// Ticks since whoever runs can't be broken off for want of a stack, and one more; 0 if that is not so.
    stuck: AtomicU32,
    /// What its loop shows of its statistics; what they are, it knows.
    shown: [AtomicU64; SHOWN],
    /// What others want of its alarms.
    called_off: CalledOff,
}

#[cfg(not(loom))]
const _: () = assert!(core::mem::offset_of!(Here, charge) == Local::CHARGE);

/// Numbers that a core shows.
pub const SHOWN: usize = 16;

// SAFETY: the cells are used by their own core alone, with preemption off: see `with_desk`. `table`
// is written before the core's first process.
unsafe impl Sync for Here {}

// SAFETY: nothing in it is of a thread's own.
unsafe impl Send for Here {}

impl Here {
    /// Creates a core that schedules nothing yet.
    #[cfg(not(loom))]
    pub const fn new() -> Self {
        Self::with(
            Doorbell::new(),
            PaceWord::new(),
            Returned::new(),
            Heap::new(),
            CalledOff::new(),
            Homecoming::new(),
        )
    }

    /// Creates a core that schedules nothing yet.
    #[cfg(loom)]
    pub fn new() -> Self {
        Self::with(
            Doorbell::new(),
            PaceWord::new(),
            Returned::new(),
            Heap::new(),
            CalledOff::new(),
            Homecoming::new(),
        )
    }

    const fn with(
        doorbell: Doorbell,
        pace: PaceWord,
        returned: Returned,
        heap: Heap,
        called_off: CalledOff,
        homecoming: Homecoming,
    ) -> Self {
        Self {
            local: Local::of_loop(),
            doorbell,
            laden: Laden::new(),
            pace,
            scheduler: AtomicPtr::new(null_mut()),
            reductions: Cell::new(0),
            table: Cell::new(None),
            returned,
            desk: UnsafeCell::new(Desk::new()),
            paid: Cell::new(None),
            hand: Hand::new(),
            emigrants: AtomicU64::new(0),
            homecoming,
            last_ringing: AtomicU64::new(0),
            stuck: AtomicU32::new(0),
            shown: [const { AtomicU64::new(0) }; SHOWN],
            called_off,
            seat: AtomicU32::new(0),
            charge: Cell::new(0),
            heap,
        }
    }

    /// Offset of the heap.
    pub(crate) const HEAP: usize = core::mem::offset_of!(Self, heap);
    /// Offset of the status word.
    pub const DOORBELL: usize = core::mem::offset_of!(Self, doorbell);

    /// Makes it the core of this number, which runs processes of this table, by this scheduler.
    ///
    /// # Safety
    ///
    /// Called once, by the core itself, before it spawns or runs anything.
    pub unsafe fn install(&'static self, core: u32, table: &'static Table, scheduler: *mut ()) {
        // By the number in its crew, if it is in one, others find the wheel.
        let number = self.seat().map_or(core, |seat| seat as u32);
        // SAFETY: nobody uses the desk yet.
        unsafe { &mut *self.desk.get() }.wheel.set_core(number);
        self.table.set(Some(table));
        // SAFETY: the core itself has nothing running yet that could use the desk.
        unsafe { (*self.desk.get()).pool.home = table.next_core() };
        self.scheduler.store(scheduler, Relaxed);
        self.local.set_here(self);
    }

    /// Shows numbers to whoever asks, as many as there is room for; the core's loop says them now and then.
    pub fn show(&self, numbers: [u64; SHOWN]) {
        for (place, number) in self.shown.iter().zip(numbers) {
            place.store(number, Relaxed);
        }
    }

    /// What was shown last, perhaps while the next ones were being shown.
    pub fn shown(&self) -> [u64; SHOWN] {
        core::array::from_fn(|index| self.shown[index].load(Relaxed))
    }

    /// Homes of this core that others have left.
    pub(super) fn homecoming(&self) -> &Homecoming {
        &self.homecoming
    }

    /// Counts a process that has come to another core from here; that core does.
    pub(super) fn count_emigrant(&self) {
        self.emigrants.fetch_add(1, Relaxed);
    }

    /// Processes that went from here to other cores, and began there.
    pub fn emigrants(&self) -> u64 {
        self.emigrants.load(Relaxed)
    }

    /// Notes that its loop is ringing alarms, and when.
    #[inline(always)]
    pub(super) fn note_ringing(&self, now: u64) {
        self.last_ringing.store(now, Relaxed);
    }

    /// A time that the clock had come to.
    #[inline(always)]
    pub(super) fn last_ringing(&self) -> u64 {
        self.last_ringing.load(Relaxed)
    }

    /// For how many ticks whoever runs here could not be broken off, because there is no stack for the core to go on with.
    /// Other cores take it for a hint.
    pub fn stuck_for(&self) -> Option<u32> {
        self.stuck.load(Relaxed).checked_sub(1)
    }

    /// Says for how many ticks that is so, or that it is not: the core itself does.
    pub fn set_stuck(&self, ticks: Option<u32>) {
        self.stuck
            .store(ticks.map_or(0, |ticks| ticks + 1), Relaxed);
    }

    /// Says which number it has in its crew, before any of its cores runs a process.
    pub(super) fn set_seat(&self, number: usize) {
        self.seat.store(number as u32 + 1, Relaxed);
    }

    /// Its number in its crew.
    #[inline(always)]
    pub fn seat(&self) -> Option<usize> {
        let seat = self.seat.load(Relaxed);
        (seat > 0).then(|| seat as usize - 1)
    }

    /// Says what a new process may spend before it has to yield; the core's loop says so.
    pub fn set_reductions(&self, reductions: i32) {
        self.reductions.set(reductions);
    }

    /// The record of the core's loop.
    #[inline(always)]
    pub fn local(&self) -> &Local {
        &self.local
    }

    /// The core's status word.
    #[inline(always)]
    pub fn doorbell(&self) -> &Doorbell {
        &self.doorbell
    }

    /// What `install` was given.
    #[inline(always)]
    pub fn scheduler(&self) -> *mut () {
        self.scheduler.load(Relaxed)
    }

    /// The table of the machine that this core belongs to.
    #[inline(always)]
    pub(crate) fn table(&self) -> &'static Table {
        let table = self.table.get();
        debug_assert!(table.is_some(), "a core without a table");
        // SAFETY: running code finds a core only after `install`, which sets the table first.
        unsafe { table.unwrap_unchecked() }
    }

    /// Envelopes of this core that others have emptied.
    pub(crate) fn returned(&self) -> &Returned {
        &self.returned
    }

    /// Memory that is at home here.
    #[inline(always)]
    pub(crate) fn heap(&self) -> &Heap {
        &self.heap
    }

    /// What others want of its alarms.
    #[inline(always)]
    pub(super) fn called_off(&self) -> &CalledOff {
        &self.called_off
    }

    /// What the loop has taken of the heap.
    pub(crate) fn charge(&self) -> u64 {
        self.charge.get()
    }

    /// Keeps a slot whose process has ended before, and has nothing left. Whoever frees a block may be using the desk, so
    /// it does not go there.
    pub(crate) fn give_paid_slot(&self, index: u32) {
        let table = self.table();
        if table.is_retired(index) {
            return;
        }
        if !table.has_one_core() || table.is_set_aside(index) {
            return table.spread_slot(index);
        }
        table.set_orphan_after(index, self.paid.get());
        self.paid.set(Some(index));
    }

    /// Takes such a slot; with preemption off, as for the desk.
    pub(super) fn take_paid_slot(&self) -> Option<u32> {
        let index = self.paid.get()?;
        self.paid.set(self.table().orphan_after(index));
        Some(index)
    }

    /// Takes whoever is in the hand. Only the core's loop does.
    #[inline(always)]
    pub(super) fn take_handed(&self) -> Held {
        self.hand.take()
    }

    /// Opens the hand, if it is closed.
    #[inline(always)]
    pub(super) fn open_hand(&self) {
        self.hand.open();
    }

    /// True if somebody is in the hand.
    pub(super) fn has_handed(&self) -> bool {
        self.hand.holds_one()
    }

    /// The desk, for whoever keeps to the rules of `with_desk`.
    #[inline(always)]
    pub(super) fn desk(&self) -> *mut Desk {
        self.desk.get()
    }

    /// Says how this core runs, to the code that runs on it.
    pub fn store_pace(&self, pace: Pace) {
        self.pace.set(pace);
    }

    /// Has what is left on its desk looked at at once, as long as it ticks: somebody wants work.
    pub fn make_eager(&self) {
        self.pace.make_eager();
    }

    /// True if that is so.
    pub fn is_eager(&self) -> bool {
        self.pace.is_eager()
    }

    /// How it runs.
    pub fn pace(&self) -> Pace {
        self.pace.get()
    }

    /// Makes this thread a simulated core with processes of this table.
    #[cfg(not(target_os = "none"))]
    pub fn simulate(&'static self, table: &'static Table) {
        self.simulate_one_of_several(0, table);
    }

    /// The same for a core of this number.
    #[cfg(not(target_os = "none"))]
    pub fn simulate_one_of_several(&'static self, core: u32, table: &'static Table) {
        // SAFETY: the thread is the core, and runs nothing yet.
        unsafe { self.install(core, table, null_mut()) }
        platform::set_here(self);
    }
}

impl Default for Here {
    fn default() -> Self {
        Self::new()
    }
}

/// What a new process may spend on this core.
pub(super) fn reductions() -> i32 {
    PreemptionOff::new().here().reductions.get()
}

/// The table of the machine that this core belongs to. It is that of all cores that the running code may come to, so nothing
/// keeps it here while it looks.
#[inline(always)]
pub(crate) fn table() -> &'static Table {
    platform::here_of(platform::local()).table()
}

/// The clock, in nanoseconds; it never goes back.
#[inline(always)]
pub fn now() -> u64 {
    platform::now()
}

/// Sets this thread's simulated clock.
#[cfg(not(target_os = "none"))]
pub fn simulate_time(nanos: u64) {
    platform::set_now(nanos);
}

/// True, once, if the running process has to give its core back now.
#[cfg(not(target_os = "none"))]
pub fn simulate_leaving() -> bool {
    platform::take_leaving()
}
