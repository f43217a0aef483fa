//! On a host: thread locals that a simulator sets for each simulated core.

use super::super::here::Here;
use super::super::hindrance::Hindrance;
use super::super::local::{Kind, Local};
use super::super::token::Token;
use super::super::word::Pid;
use core::alloc::Layout;
use core::cell::Cell;
use core::mem::ManuallyDrop;
use core::ptr::NonNull;
use std::boxed::Box;

std::thread_local! {
    static HERE: Cell<Option<&'static Here>> = const { Cell::new(None) };
    static LOCAL: &'static Local = Box::leak(Box::new(Local::of_loop()));
    static RUNNING: Cell<Option<*const Local>> = const { Cell::new(None) };
    static NOW: Cell<u64> = const { Cell::new(0) };
    static IS_LEAVING: Cell<bool> = const { Cell::new(false) };
    static FORGETS_PLACES: Cell<fn() -> bool> = const { Cell::new(|| false) };
    static SIGNAL: Cell<fn(u64)> = const { Cell::new(|_| ()) };
    static PACKET: Cell<fn(u64, Pid)> = const { Cell::new(|_, _| ()) };
    static WAIT_FOR_EVENT: Cell<fn()> = const { Cell::new(|| ()) };
    static UNREAPED: Cell<usize> = const { Cell::new(0) };
    static HINDERED: Cell<Option<(Pid, Hindrance)>> = const { Cell::new(None) };
    static COUNTS: Cell<Counts> = const { Cell::new(Counts::NOTHING) };
}

/// What this thread has from the heap. What one thread takes another may free: each by itself may be below zero, and
/// the sum is what is meant.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Counts {
    /// Blocks of processes.
    pub(crate) blocks: usize,
    /// Chunks of arenas, and blocks that processes are to go on in.
    pub(crate) chunks: usize,
    /// Cold records, and what watchers share with those they watch.
    pub(crate) records: usize,
    /// Blocks for ever.
    pub(crate) pages: usize,
}

impl Counts {
    const NOTHING: Self = Self {
        blocks: 0,
        chunks: 0,
        records: 0,
        pages: 0,
    };
}

fn count(step: impl FnOnce(&mut Counts)) {
    let mut counts = COUNTS.get();
    step(&mut counts);
    COUNTS.set(counts);
}

/// What this thread has from the heap.
pub(crate) fn counts() -> Counts {
    COUNTS.get()
}

/// Counts anew.
pub(crate) fn start_counting() {
    COUNTS.set(Counts::NOTHING);
}

pub(crate) fn local() -> &'static Local {
    // SAFETY: `run_as` points to a record that lives while the process runs.
    RUNNING
        .get()
        .map_or_else(|| LOCAL.with(|local| *local), |local| unsafe { &*local })
}

/// The same.
pub(crate) fn own_record() -> &'static Local {
    local()
}

/// A simulated process has no stack to block with.
pub(crate) fn block() -> bool {
    false
}

/// Makes the simulated core with this address look at its word.
pub(crate) fn signal(address: u64) {
    SIGNAL.get()(address);
}

/// Lets a simulator bring signals.
pub(crate) fn set_signal(signal: fn(u64)) {
    SIGNAL.set(signal);
}

/// This process is about to be in the inbox of the simulated core with this address.
pub(crate) fn packet(address: u64, token: &Token) {
    PACKET.get()(address, token.pid());
}

/// Lets a simulator say when it arrives.
pub(crate) fn set_packet(packet: fn(u64, Pid)) {
    PACKET.set(packet);
}

/// Lets some time pass.
pub(crate) fn wait_for_event() {
    WAIT_FOR_EVENT.get()();
}

/// Lets a simulator do so.
pub(crate) fn set_wait_for_event(wait: fn()) {
    WAIT_FOR_EVENT.set(wait);
}

/// Tells the core that this code only waits for another; and the model checker, which else would try a wait of any length.
pub(crate) fn relax() {
    #[cfg(loom)]
    loom::thread::yield_now();
    #[cfg(not(loom))]
    core::hint::spin_loop();
}

/// See the machine's.
pub(crate) fn keep_apart() {}

/// A host thread is not preempted, but a simulated process may have to leave.
#[derive(Debug)]
pub(crate) struct PreemptionOff(&'static Local, u32);

impl PreemptionOff {
    pub(crate) fn new() -> Self {
        Self::of(local())
    }

    pub(crate) fn of(local: &'static Local) -> Self {
        Self(local, local.add_reason())
    }

    pub(crate) fn on_full_stack(local: &'static Local) -> Self {
        debug_assert!(
            local.is_preemptible() || local.kind() == Kind::Loop,
            "a process looks for room with preemption off"
        );
        Self::of(local)
    }

    pub(crate) fn for_pay(local: &'static Local, reductions: u32) -> Self {
        debug_assert!(
            local.is_preemptible() || local.kind() == Kind::Loop,
            "a process looks for room with preemption off"
        );
        Self(local, local.spend_and_stay(reductions))
    }

    /// See [`Stay::twin`](super::super::here::Stay::twin).
    #[inline(always)]
    pub(crate) fn twin(&self) -> Self {
        Self(self.0, self.1)
    }

    /// See [`Stay::pause`](super::super::here::Stay::pause).
    pub(crate) fn pause<R>(&mut self, f: impl FnOnce() -> R) -> R {
        drop(self.twin());
        let result = f();
        let again = ManuallyDrop::new(Self::of(self.0));
        debug_assert_eq!(again.1, self.1, "reasons that do not end with their scopes");
        result
    }

    pub(crate) fn local(&self) -> &Local {
        self.0
    }

    pub(crate) fn here(&self) -> &'static Here {
        here_of(self.0)
    }
}

pub(crate) fn here_of(_: &Local) -> &'static Here {
    HERE.get().expect("no core is simulated on this thread")
}

/// A simulated core is its thread.
pub(crate) fn is_loop_of(here: &'static Here) -> bool {
    local().kind() == Kind::Loop && core::ptr::eq(here_of(local()), here)
}

impl Drop for PreemptionOff {
    fn drop(&mut self) {
        if self.0.end_reason(self.1) {
            self.0.clear_pending();
            IS_LEAVING.set(true);
        }
    }
}

/// True, once, if the running process has to give its core back.
pub(crate) fn take_leaving() -> bool {
    IS_LEAVING.take()
}

pub(crate) fn now() -> u64 {
    NOW.get()
}

/// Memory from the heap.
///
/// # Safety
///
/// The size is not zero.
pub(crate) unsafe fn new_block(layout: Layout) -> Option<NonNull<u8>> {
    count(|it| it.blocks = it.blocks.wrapping_add(1));
    // SAFETY: the caller's promise.
    NonNull::new(unsafe { alloc::alloc::alloc(layout) })
}

/// Gives memory back to the heap.
///
/// # Safety
///
/// From `new_block`, with the same layout, and unused.
pub(crate) unsafe fn old_block(place: NonNull<u8>, layout: Layout) {
    count(|it| it.blocks = it.blocks.wrapping_sub(1));
    // SAFETY: the caller's promise.
    unsafe { alloc::alloc::dealloc(place.as_ptr(), layout) }
}

/// Memory from the heap that is the kernel's, whoever runs.
///
/// # Safety
///
/// The size is not zero.
pub(crate) unsafe fn kernel_block(layout: Layout) -> Option<NonNull<u8>> {
    count(|it| it.records = it.records.wrapping_add(1));
    // SAFETY: the caller's promise.
    NonNull::new(unsafe { alloc::alloc::alloc(layout) })
}

/// Gives that back.
///
/// # Safety
///
/// From `kernel_block`, with the same layout, and unused.
pub(crate) unsafe fn old_kernel_block(place: NonNull<u8>, layout: Layout) {
    // Whoever leaves last may be another thread.
    count(|it| it.records = it.records.wrapping_sub(1));
    // SAFETY: the caller's promise.
    unsafe { alloc::alloc::dealloc(place.as_ptr(), layout) }
}

/// As `kernel_block`, for a list, which gives it back by itself: so it is not counted.
///
/// # Safety
///
/// The size is not zero.
pub(crate) unsafe fn block_for_list(layout: Layout) -> Option<NonNull<u8>> {
    // SAFETY: the caller's promise.
    NonNull::new(unsafe { alloc::alloc::alloc(layout) })
}

/// As `new_block`, for an arena: counted apart.
///
/// # Safety
///
/// As there.
pub(crate) unsafe fn new_chunk(layout: Layout) -> Option<NonNull<u8>> {
    count(|it| it.chunks = it.chunks.wrapping_add(1));
    // SAFETY: the caller's promise.
    NonNull::new(unsafe { alloc::alloc::alloc(layout) })
}

/// As `old_block`, for such.
///
/// # Safety
///
/// As there.
pub(crate) unsafe fn old_chunk(place: NonNull<u8>, layout: Layout) {
    count(|it| it.chunks = it.chunks.wrapping_sub(1));
    // SAFETY: the caller's promise.
    unsafe { alloc::alloc::dealloc(place.as_ptr(), layout) }
}

/// Lets a simulator say whether a process forgets to leave the place of a message.
pub(crate) fn set_forgetful(forgets_places: fn() -> bool) {
    FORGETS_PLACES.set(forgets_places);
}

/// True if it does so now.
pub(crate) fn forgets_places() -> bool {
    FORGETS_PLACES.get()()
}

/// A block of so many bytes until it is given back, a power of two and aligned to it.
pub(crate) fn pages(size: usize) -> Option<NonNull<u8>> {
    let layout = Layout::from_size_align(size, size).ok()?;
    count(|it| it.pages = it.pages.wrapping_add(1));
    // SAFETY: nobody asks for nothing.
    (size > 0).then(|| NonNull::new(unsafe { alloc::alloc::alloc(layout) }))?
}

/// Gives a block that `pages` has given out for this size back.
///
/// # Safety
///
/// Once, and nobody uses it any more.
pub(crate) unsafe fn old_pages(block: NonNull<u8>, size: usize) {
    if let Ok(layout) = Layout::from_size_align(size, size) {
        count(|it| it.pages = it.pages.wrapping_sub(1));
        // SAFETY: taken with this layout.
        unsafe { alloc::alloc::dealloc(block.as_ptr(), layout) }
    }
}

/// Nobody is kept waiting on a host.
pub(crate) fn may_wait() -> bool {
    false
}

/// Nobody is told on a host.
pub(crate) fn tell_memory_alarm(_: usize, _: usize) {}

/// Notes that a message's destructor has kept this reaper from its work.
pub(crate) fn tell_of_reaper(reaper: Pid, hindrance: Hindrance) {
    HINDERED.set(Some((reaper, hindrance)));
}

/// Notes that there is no room for a reaper.
pub(crate) fn tell_of_no_reaper() {
    UNREAPED.set(UNREAPED.get() + 1);
}

/// How often that was, since the last time that this was asked.
#[cfg(all(test, not(loom)))]
pub(crate) fn take_unreaped() -> usize {
    UNREAPED.take()
}

/// Which one that was last; once.
#[cfg(all(test, not(loom)))]
pub(crate) fn take_hindered() -> Option<(Pid, Hindrance)> {
    HINDERED.take()
}

/// A simulated process that has to leave its core goes on until its next interrupt.
pub(crate) const LEAVES_AT_ONCE: bool = false;

/// A simulated machine keeps nothing that it could give back.
pub(crate) fn make_room() -> bool {
    false
}

/// A simulated machine has set nothing aside.
pub(crate) fn reserved_block(_: core::alloc::Layout) -> Option<NonNull<u8>> {
    None
}

/// Sets the simulated clock.
pub(crate) fn set_now(nanos: u64) {
    NOW.set(nanos);
}

/// Makes this thread a simulated core's.
pub(crate) fn set_here(here: &'static Here) {
    HERE.set(Some(here));
}

/// Runs `f` as the process with this record.
pub(crate) fn run_as<R>(local: &Local, f: impl FnOnce() -> R) -> R {
    let before = RUNNING.replace(Some(local));
    let result = f();
    IS_LEAVING.set(false);
    RUNNING.set(before);
    result
}
