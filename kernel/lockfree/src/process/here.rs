//! A core, as far as the code that runs on it sees: its loop's record, its status word, its desk.
//!
//! A process calls `spawn` or wakes another without knowing what kind of scheduler runs it: it
//! leaves what it did on the *desk* of its core, and the loop collects that after each resume. The
//! desk never delays: its first entry makes the process give the core back, if no tick will.
//!
//! Running code finds its core through its own [`Local`] record, which whoever gave it the core has
//! pointed here. The pointer holds as long as preemption is off: whoever uses a desk keeps it off, and
//! calls nothing meanwhile that could use a desk again.

use super::alarm::{self, Due};
pub use super::arrived::{Arrived, Handed, Woken};
use super::crew::{CalledOff, Homecoming, Notes, Pace, PaceWord};
use super::hand::{Hand, Held, ORDINARY};
use super::in_loop::with_desk_in_loop;
use super::local::{Intent, Kind, Local};
use super::platform::{self, PreemptionOff};
use super::pool::Pools;
#[cfg(not(target_os = "none"))]
use super::queue::Queue;
use super::table::Table;
use super::token::Token;
use super::unburied::Unburied;
#[cfg(not(target_os = "none"))]
use super::word::Pid;
use crate::doorbell::Doorbell;
use crate::heap::Heap;
use crate::mail::{Pool, Returned};
use crate::wheel::Wheel;
#[cfg(not(target_os = "none"))]
use alloc::vec::Vec;
use core::cell::{Cell, UnsafeCell};
use core::mem::ManuallyDrop;
use core::ptr::null_mut;
use core::sync::atomic::{
    AtomicBool, AtomicPtr, AtomicU16, AtomicU32, AtomicU64, Ordering::Relaxed,
};

/// What running code has left for its core's loop, and what both use.
// In this order: what is small and often used lies within the reach of an instruction that loads two.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Desk {
    pub(super) newborn: Arrived,
    pub(super) woken: Arrived,
    /// Envelopes.
    pub(crate) pool: Pool,
    /// Mail that ended processes have left.
    pub(super) unburied: Unburied,
    /// An alarm was set that is due before all others.
    pub(super) has_first_alarm: bool,
    pub(super) pools: Pools,
    pub(super) wheel: Wheel<Due>,
    /// Alarms of the wheel that others have called off.
    pub(super) called_off: Notes,
}

/// Processes that the loop takes over.
#[derive(Debug)]
pub struct Arrivals {
    /// Newly made ones.
    pub newborn: Arrived,
    /// Those that something happened to.
    pub woken: Arrived,
    /// When the first alarm is due, if it is due before those that the loop knows of.
    pub first_alarm: Option<u64>,
}

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

/// The desk holds something: set by whoever leaves it there, cleared by the loop.
#[derive(Debug)]
#[repr(C, align(2))]
struct Laden {
    /// Newly made processes.
    with_newborn: AtomicBool,
    /// Something else; whoever was woken does not count.
    with_more: AtomicBool,
}

/// What a desk holds besides processes that were woken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Load {
    /// Nothing.
    Nothing,
    /// Newly made processes, and nothing else.
    Newborn,
    /// More.
    More,
}

impl Laden {
    /// Both in one look.
    #[inline(always)]
    fn both(&self) -> u16 {
        let both = core::ptr::from_ref(self).cast::<AtomicU16>();
        // SAFETY: two bytes, aligned as this; only code of this core uses them, one access at a time.
        unsafe { &*both }.load(Relaxed)
    }
}

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
            laden: Laden {
                with_newborn: AtomicBool::new(false),
                with_more: AtomicBool::new(false),
            },
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

    /// True if there is something to collect besides processes that were woken.
    #[inline(always)]
    pub fn is_laden(&self) -> bool {
        self.laden.both() != 0
    }

    /// What there is to collect besides processes that were woken.
    #[inline(always)]
    pub fn desk_load(&self) -> Load {
        const NEWBORN: u16 = u16::from_ne_bytes([1, 0]);
        match self.laden.both() {
            0 => Load::Nothing,
            NEWBORN => Load::Newborn,
            _ => Load::More,
        }
    }

    /// Notes that the newborn have been taken.
    #[inline(always)]
    pub(super) fn has_taken_newborn(&self) {
        self.laden.with_newborn.store(false, Relaxed);
    }

    /// Notes that the loop has left something over for itself.
    #[inline(always)]
    pub(super) fn mark_laden(&self) {
        self.laden.with_more.store(true, Relaxed);
    }

    /// Notes that the desk holds something, for the loop and for the yield of whoever left it there: the
    /// code with this record, on this core.
    #[inline(always)]
    pub(super) fn load(&self, local: &Local) {
        self.mark_laden();
        local.set_manner(Intent::YIELD_WITH_CARE);
    }

    /// As `load`, for a newborn, which must not wait until the process comes back of its own accord.
    #[inline(always)]
    pub(super) fn load_newborn(&self, local: &Local) {
        local.set_manner(Intent::YIELD_WITH_CARE);
        if !self.pace.will_look() {
            let has_others = self.laden.with_newborn.load(Relaxed);
            self.want_loop(local, has_others);
        }
        self.laden.with_newborn.store(true, Relaxed);
    }

    /// The loop has something to do, and no tick will take the core from whoever runs, or somebody wants work: it leaves as
    /// soon as preemption is on again. (In the loop this is not looked at.) Where there is a tick, one process is nothing
    /// to be shared: mostly whoever has made or woken it is about to wait for it.
    #[inline(always)]
    fn want_loop(&self, local: &Local, has_others: bool) {
        if has_others || !self.pace.is_eager() {
            local.note_pending();
        }
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

impl Desk {
    /// What is due on this core.
    pub(crate) fn wheel(&mut self) -> &mut Wheel<Due> {
        &mut self.wheel
    }

    const fn new() -> Self {
        Self {
            newborn: Arrived::NOBODY,
            woken: Arrived::NOBODY,
            wheel: Wheel::new(),
            called_off: Notes::NONE,
            has_first_alarm: false,
            pools: Pools::new(),
            pool: Pool::new(),
            unburied: Unburied::new(),
        }
    }

    /// Leaves a process that something happened to. The desk is that of `here`. (The word that says that the
    /// desk is laden does not say so: whoever asks looks at the queue.)
    pub(crate) fn leave_woken(&mut self, here: &'static Here, local: &Local, token: Token) {
        self.empty_hand(here);
        if here.pace.will_look() {
            let level = token.local().level.get();
            self.woken.add(token, level);
            return local.set_manner(Intent::YIELD_WITH_CARE);
        }
        self.leave_woken_for_now(here, local, token);
    }

    /// The same where the loop would not look before long. One that may not run here needs no look: it goes where it may, and
    /// whoever runs is not disturbed.
    #[cold]
    #[inline(never)]
    fn leave_woken_for_now(&mut self, here: &'static Here, local: &Local, token: Token) {
        let stays = match token.is_pinned() && local.kind() == Kind::Process {
            true => here.table().crew().send_home(here, token),
            false => Some(token),
        };
        if let Some(token) = stays {
            let level = token.local().level.get();
            let has_others = !self.woken.queue.is_empty();
            self.woken.add(token, level);
            local.set_manner(Intent::YIELD_WITH_CARE);
            here.want_loop(local, has_others);
        }
    }

    /// The same for one that a message was handed to: nothing else was wanted of it, and it stood at an await.
    #[inline(always)]
    pub(crate) fn leave_handed(&mut self, here: &'static Here, local: &Local, token: Token) {
        // Who is of another level waits apart, so nothing is handed to it.
        debug_assert!(
            token.local().level.get() == ORDINARY,
            "handed to one that is apart"
        );
        if here.hand.is_open() {
            here.hand.put(token);
            // A tick will come: it is open.
            return local.set_manner(Intent::YIELD_WITH_CARE);
        }
        self.leave_handed_at_length(here, local, token);
    }

    #[cold]
    #[inline(never)]
    fn leave_handed_at_length(&mut self, here: &'static Here, local: &Local, token: Token) {
        self.leave_woken(here, local, token);
    }

    /// Closes the hand; whoever is in it goes to the desk, before all that come later.
    #[inline(always)]
    pub(super) fn empty_hand(&mut self, here: &'static Here) {
        if !here.hand.is_closed() {
            self.empty_hand_at_length(here);
        }
    }

    #[cold]
    #[inline(never)]
    fn empty_hand_at_length(&mut self, here: &'static Here) {
        if let Some(token) = here.hand.close() {
            self.woken.add(token, ORDINARY);
        }
    }
}

/// Keeps the running code on its core, with the core's desk at hand.
pub(crate) struct Stay(PreemptionOff);

impl Stay {
    /// Switches preemption off; `local` is the running code's record.
    #[inline(always)]
    pub(crate) fn new(local: &'static Local) -> Self {
        Self(PreemptionOff::of(local))
    }

    /// The same for a process that has preemption on, or a loop: that there is stack enough is looked at in any case,
    /// which is shorter than to find out whether it was before. (With preemption off a process at the end of its stack
    /// would look beyond the room that it has found, and the fault would be the kernel's; a handler's stack is small.)
    #[inline(always)]
    pub(crate) fn on_full_stack(local: &'static Local) -> Self {
        Self(PreemptionOff::on_full_stack(local))
    }

    /// The same, and pays.
    #[inline(always)]
    pub(crate) fn for_pay(local: &'static Local, reductions: u32) -> Self {
        Self(PreemptionOff::for_pay(local, reductions))
    }

    /// The core.
    #[inline(always)]
    pub(crate) fn here(&self) -> &'static Here {
        self.0.here()
    }

    /// This once more, for a call that must not know where it is: only one of them ends.
    #[inline(always)]
    pub(crate) fn twin(&self) -> ManuallyDrop<Self> {
        ManuallyDrop::new(Self(self.0.twin()))
    }

    /// Runs `f` with preemption as it was before this; afterwards it is off again, perhaps on another core.
    pub(crate) fn pause<R>(&mut self, f: impl FnOnce() -> R) -> R {
        self.0.pause(f)
    }

    /// The core's desk; `here` is that core, which the caller has asked for before.
    ///
    /// # Safety
    ///
    /// It is; and as long as the reference lives, the caller calls nothing that could come here again.
    #[inline(always)]
    pub(crate) unsafe fn desk_of(&mut self, here: &'static Here) -> &mut Desk {
        // SAFETY: with preemption off this code stays on its core, handlers leave the desk alone, and
        // there is no other reference, says the caller.
        unsafe { &mut *here.desk.get() }
    }
}

/// Runs `f` with this core and its desk, and with preemption off. `f` calls nothing that could come
/// here again.
#[inline(always)]
pub(crate) fn with_desk<R>(f: impl FnOnce(&'static Here, &mut Desk) -> R) -> R {
    with_own_desk(|here, _, desk| f(here, desk))
}

/// As `with_desk`, with the running code's record as well: for whoever leaves something.
#[inline(always)]
pub(crate) fn with_own_desk<R>(f: impl FnOnce(&'static Here, &Local, &mut Desk) -> R) -> R {
    let local = platform::local();
    let mut stay = Stay::new(local);
    let here = stay.here();
    // SAFETY: what the callers do in `f` is push, pop and swap, here and in `alarm`.
    f(here, local, unsafe { stay.desk_of(here) })
}

/// Has the running process give its core back, because it has asked something of itself: the loop is who
/// meets that.
#[cold]
pub(crate) fn leave_for_request() {
    with_own_desk(|here, local, _| {
        here.load(local);
        local.note_pending();
    });
}

/// Whoever was woken here goes to the desk, where what is wanted of it is met.
pub(super) fn empty_hand() {
    with_desk(|here, desk| desk.empty_hand(here));
}

/// Leaves a process that something happened to.
#[inline(always)]
pub(crate) fn leave_woken(token: Token) {
    with_own_desk(|here, local, desk| desk.leave_woken(here, local, token));
}

/// Takes over what running code has left; only a core's loop has a use for it. (Inlined, though each deployment has a copy
/// then: what it returns is large.)
#[inline(always)]
pub fn collect() -> Arrivals {
    with_desk_in_loop(|here, desk| {
        // What the loop itself has left over is to be met again.
        let is_behind =
            alarm::is_behind(&desk.wheel) || desk.unburied.has_debts() || desk.unburied.is_behind();
        desk.empty_hand(here);
        here.has_taken_newborn();
        here.laden.with_more.store(is_behind, Relaxed);
        let has_first_alarm = core::mem::take(&mut desk.has_first_alarm);
        Arrivals {
            newborn: core::mem::take(&mut desk.newborn),
            woken: core::mem::take(&mut desk.woken),
            first_alarm: has_first_alarm.then(|| desk.wheel.next()),
        }
    })
}

/// Whose tokens are on this core's desk, for a report.
#[cfg(not(target_os = "none"))]
pub(crate) fn on_desk() -> (Vec<Pid>, Vec<Pid>) {
    let pids = |queue: &Queue| queue.contents().map(|(pid, _)| pid).collect();
    with_desk(|here, desk| {
        let mut woken: Vec<_> = here.hand.peek().into_iter().collect();
        woken.extend(desk.woken.queue.contents().map(|(pid, _)| pid));
        (pids(&desk.newborn.queue), woken)
    })
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
