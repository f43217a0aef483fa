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
use super::local::{Intent, Kind, Local};
use super::platform::{self, PreemptionOff};
use super::pool::Pools;
use super::queue::Queue;
use super::table::Table;
use super::token::Token;
#[cfg(not(target_os = "none"))]
use super::word::Pid;
use crate::doorbell::Doorbell;
use crate::wheel::Wheel;
#[cfg(not(target_os = "none"))]
use alloc::vec::Vec;
use core::cell::{Cell, UnsafeCell};
use core::ptr::null_mut;
use core::sync::atomic::{AtomicBool, AtomicPtr, Ordering::Relaxed};

/// What running code has left for its core's loop, and what both use.
#[derive(Debug)]
pub(super) struct Desk {
    pub(super) newborn: Newborn,
    pub(super) woken: Queue,
    pub(super) wheel: Wheel<Due>,
    /// An alarm was set that is due before all others.
    pub(super) has_first_alarm: bool,
    pub(super) pools: Pools,
}

/// Newly made processes.
#[derive(Debug, Default)]
pub struct Newborn {
    /// They themselves.
    pub queue: Queue,
    /// How many there are.
    pub count: u64,
    /// The levels that they have: a bit for each.
    pub levels: u8,
}

/// Processes that the loop takes over.
#[derive(Debug)]
pub struct Arrivals {
    /// Newly made ones.
    pub newborn: Newborn,
    /// Those that something happened to.
    pub woken: Queue,
    /// When the first alarm is due, if it is due before those that the loop knows of.
    pub first_alarm: Option<u64>,
}

/// A core.
#[repr(C)]
pub struct Here {
    /// The record of the core's loop; the assembly knows that it is first.
    local: Local,
    doorbell: Doorbell,
    /// The desk holds something: set by whoever leaves it there, cleared by the loop.
    is_laden: AtomicBool,
    /// A tick will take the core from whoever runs; the loop says so.
    is_ticking: AtomicBool,
    /// The loop's own; what is there, it knows.
    scheduler: AtomicPtr<()>,
    /// What a new process may spend before it has to yield.
    pub(super) reductions: Cell<i32>,
    table: Cell<Option<&'static Table>>,
    desk: UnsafeCell<Desk>,
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
        Self::with(Doorbell::new())
    }

    /// Creates a core that schedules nothing yet.
    #[cfg(loom)]
    pub fn new() -> Self {
        Self::with(Doorbell::new())
    }

    const fn with(doorbell: Doorbell) -> Self {
        Self {
            local: Local::new(Kind::Loop),
            doorbell,
            is_laden: AtomicBool::new(false),
            is_ticking: AtomicBool::new(false),
            scheduler: AtomicPtr::new(null_mut()),
            reductions: Cell::new(0),
            table: Cell::new(None),
            desk: UnsafeCell::new(Desk::new()),
        }
    }

    /// Offset of the status word.
    pub const DOORBELL: usize = core::mem::offset_of!(Self, doorbell);

    /// Makes it the core of this number, which runs processes of this table, by this scheduler.
    ///
    /// # Safety
    ///
    /// Called once, by the core itself, before it spawns or runs anything.
    pub unsafe fn install(&'static self, core: u32, table: &'static Table, scheduler: *mut ()) {
        // SAFETY: nobody uses the desk yet.
        unsafe { &mut *self.desk.get() }.wheel.set_core(core);
        self.table.set(Some(table));
        self.scheduler.store(scheduler, Relaxed);
        self.local.set_here(self);
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

    /// True if there is something to collect.
    #[inline(always)]
    pub fn is_laden(&self) -> bool {
        self.is_laden.load(Relaxed)
    }

    /// Notes that the loop has left something over for itself.
    #[inline(always)]
    pub(super) fn mark_laden(&self) {
        self.is_laden.store(true, Relaxed);
    }

    /// Notes that the desk holds something, for the loop and for the yield of whoever left it there: the
    /// code with this record, on this core.
    #[inline(always)]
    pub(super) fn load(&self, local: &Local) {
        self.mark_laden();
        local.set_manner(Intent::YieldWithCare);
    }

    /// As `load`, for what must not wait until the process comes back of its own accord: if no tick
    /// will take the core from it, it leaves as soon as preemption is on again. (In the loop this
    /// is not looked at.)
    #[inline(always)]
    pub(super) fn load_now(&self, local: &Local) {
        self.load(local);
        if !self.is_ticking.load(Relaxed) {
            local.note_pending();
        }
    }

    /// The desk, for whoever keeps to the rules of `with_desk`.
    #[inline(always)]
    pub(super) fn desk(&self) -> *mut Desk {
        self.desk.get()
    }

    /// Says whether a tick will come.
    pub fn set_ticking(&self, is_ticking: bool) {
        self.is_ticking.store(is_ticking, Relaxed);
    }

    /// Makes this thread a simulated core with processes of this table.
    #[cfg(not(target_os = "none"))]
    pub fn simulate(&'static self, table: &'static Table) {
        // SAFETY: the thread is the core, and runs nothing yet.
        unsafe { self.install(0, table, null_mut()) }
        platform::set_here(self);
    }
}

impl Default for Here {
    fn default() -> Self {
        Self::new()
    }
}

impl Newborn {
    #[inline(always)]
    pub(super) fn add(&mut self, token: Token, level: u8) {
        self.count += 1;
        self.levels |= 1 << (level & 7);
        self.queue.push_back(token);
    }
}

impl Desk {
    const fn new() -> Self {
        Self {
            newborn: Newborn {
                queue: Queue::new(),
                count: 0,
                levels: 0,
            },
            woken: Queue::new(),
            wheel: Wheel::new(),
            has_first_alarm: false,
            pools: Pools::new(),
        }
    }
}

/// Runs `f` with this core and its desk, and with preemption off. `f` calls nothing that could come
/// here again.
#[inline(always)]
pub(super) fn with_desk<R>(f: impl FnOnce(&'static Here, &mut Desk) -> R) -> R {
    with_own_desk(|here, _, desk| f(here, desk))
}

/// As `with_desk`, with the running code's record as well: for whoever leaves something.
#[inline(always)]
pub(super) fn with_own_desk<R>(f: impl FnOnce(&'static Here, &Local, &mut Desk) -> R) -> R {
    let stay = PreemptionOff::new();
    let here = stay.here();
    // SAFETY: with preemption off this code stays on its core until `f` is done, handlers leave the
    // desk alone, and what is done in `f` is push, pop and swap, here and in `alarm`.
    f(here, stay.local(), unsafe { &mut *here.desk.get() })
}

/// As `with_desk`, for a core's loop, which nothing can take away from its core.
#[inline(always)]
pub(super) fn with_desk_in_loop<R>(f: impl FnOnce(&'static Here, &mut Desk) -> R) -> R {
    let local = platform::local();
    assert!(local.kind() == Kind::Loop, "only a core's loop does this");
    let here = platform::here_of(local);
    // SAFETY: as in `with_desk`.
    f(here, unsafe { &mut *here.desk.get() })
}

/// Leaves a process that something happened to.
#[inline(always)]
pub(crate) fn leave_woken(token: Token) {
    with_own_desk(|here, local, desk| {
        desk.woken.push_back(token);
        here.load_now(local);
    });
}

/// Takes over what running code has left; only a core's loop has a use for it.
pub fn collect() -> Arrivals {
    with_desk_in_loop(|here, desk| {
        // What the loop itself has left over is to be met again.
        let is_behind = alarm::is_behind(&desk.wheel);
        here.is_laden.store(is_behind, Relaxed);
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
    with_desk(|_, desk| (pids(&desk.newborn.queue), pids(&desk.woken)))
}

/// The table of the machine that this core belongs to.
pub(crate) fn table() -> &'static Table {
    let stay = PreemptionOff::new();
    stay.here()
        .table
        .get()
        .expect("a core with a desk has a table")
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
