//! Where running code is: its core's desk, and its own record.
//!
//! A process calls `spawn` or wakes another without knowing what kind of scheduler runs it: it
//! leaves what it did on the *desk* of its core, and the loop collects that after each resume. The
//! platform says where the desk is: on the machine through registers, on a host through thread
//! locals. A desk belongs to one core, and only with preemption off: a handler never touches it.

use super::header::Intent;
use super::platform;
use super::pool::{Class, Pools};
use super::queue::Queue;
use super::table::Table;
use alloc::vec::Vec;
use core::alloc::Layout;
use core::cell::{Cell, UnsafeCell};
use core::ptr::NonNull;
use core::sync::atomic::{AtomicBool, Ordering::Relaxed};
use core::task::Waker;

/// What the code that runs on a core has left for its loop.
#[derive(Debug, Default)]
pub struct Desk {
    /// Newly made processes.
    pub newborn: Queue,
    /// Processes that something happened to.
    pub woken: Queue,
    /// Who wants to be woken when.
    pub alarms: Vec<(u64, Waker)>,
    pub(crate) free_slots: Vec<u32>,
    pools: Pools,
}

/// What a core has to itself, as far as processes see it.
pub struct Here {
    table: &'static Table,
    desk: UnsafeCell<Desk>,
    /// The desk may hold something: set by whoever uses it, cleared by the loop.
    was_used: AtomicBool,
    /// Somebody is using the desk.
    is_open: Cell<bool>,
}

// SAFETY: the cells are used by their own core alone, with preemption off, see `with_desk`.
unsafe impl Sync for Here {}

impl Here {
    /// Creates an empty desk over the machine's table.
    pub fn new(table: &'static Table) -> Self {
        Self {
            table,
            desk: UnsafeCell::new(Desk::default()),
            was_used: AtomicBool::new(false),
            is_open: Cell::new(false),
        }
    }
}

impl Here {
    /// True if the desk has been used since the loop last asked; only the core's loop asks.
    #[inline(always)]
    pub fn was_used(&self) -> bool {
        let was_used = self.was_used.load(Relaxed);
        if was_used {
            self.was_used.store(false, Relaxed);
        }
        was_used
    }
}

/// Runs `f` with this core's desk, and with preemption off. Calling this from `f` panics.
#[inline(always)]
pub fn with_desk<R>(f: impl FnOnce(&mut Desk) -> R) -> R {
    let _stay = platform::PreemptionOff::new();
    platform::here().was_used.store(true, Relaxed);
    with_desk_unmarked(f)
}

/// As `with_desk`, for whoever leaves nothing that the loop has to look at.
pub fn collect<R>(f: impl FnOnce(&mut Desk) -> R) -> R {
    let _stay = platform::PreemptionOff::new();
    with_desk_unmarked(f)
}

#[inline(always)]
fn with_desk_unmarked<R>(f: impl FnOnce(&mut Desk) -> R) -> R {
    let here = platform::here();
    assert!(!here.is_open.replace(true), "a desk is used within its use");
    // SAFETY: both callers keep preemption off, so this code stays on its core until `f` is done,
    // handlers leave the desk alone, and `is_open` says that nobody further out is using it.
    let result = f(unsafe { &mut *here.desk.get() });
    here.is_open.set(false);
    result
}

pub(crate) fn table() -> &'static Table {
    platform::here().table
}

/// Memory for a process: a block that another one has left on this core, else a fresh one.
pub(crate) fn allocate(layout: Layout) -> Option<NonNull<u8>> {
    let Some(class) = Class::of(layout) else {
        // SAFETY: a process has a header, so the size is not zero.
        return NonNull::new(unsafe { alloc::alloc::alloc(layout) });
    };
    if let Some(block) = collect(|desk| desk.pools.take(class)) {
        return Some(block);
    }
    // SAFETY: as above.
    NonNull::new(unsafe { alloc::alloc::alloc(class.layout()) })
}

/// Gives memory back: to this core's pool, if it is of a common size.
///
/// # Safety
///
/// From `allocate`, with the same layout, and unused.
pub(crate) unsafe fn release(place: NonNull<u8>, layout: Layout) {
    match Class::of(layout) {
        // SAFETY: the block is of this class, because `allocate` made it so, and nobody uses it.
        Some(class) => collect(|desk| unsafe { desk.pools.give(class, place) }),
        // SAFETY: the caller's promise.
        None => unsafe { alloc::alloc::dealloc(place.as_ptr(), layout) },
    }
}

/// Says what the running process wants when its poll comes back.
#[inline(always)]
pub(crate) fn intend(intent: Intent) {
    platform::local().intent.set(intent as u32);
}

/// The clock, in nanoseconds; it never goes back.
#[inline(always)]
pub fn now() -> u64 {
    platform::now()
}

/// Makes this thread a simulated core's.
#[cfg(not(target_os = "none"))]
pub fn simulate(here: &'static Here) {
    platform::set_here(here);
}

/// Sets this thread's simulated clock.
#[cfg(not(target_os = "none"))]
pub fn simulate_time(nanos: u64) {
    platform::set_now(nanos);
}
