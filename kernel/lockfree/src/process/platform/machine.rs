//! On the machine: functions that the package which names registers defines.

use super::super::here::Here;
use super::super::hindrance::Hindrance;
use super::super::local::Local;
use super::super::token::Token;
use super::super::word::Pid;
use core::alloc::Layout;
use core::mem::ManuallyDrop;
use core::ptr::NonNull;

unsafe extern "Rust" {
    /// The running code's own record.
    safe fn girder_local() -> &'static Local;
    /// The same for code that is part of a poll, or of a loop between two polls.
    safe fn girder_own() -> &'static Local;
    /// Adds a reason against preemption, once there is stack enough for what is done without it; returns how
    /// many there were.
    safe fn girder_stay(local: &Local) -> u32;
    /// The same on a stack that is large enough for the look itself, however many there are.
    safe fn girder_stay_on_full_stack(local: &Local) -> u32;
    /// Looks for that room alone, on such a stack.
    safe fn girder_look_for_room();
    /// The clock, in nanoseconds.
    safe fn girder_now() -> u64;
    /// Leaves to the loop, because an interrupt wanted to while preemption was off.
    safe fn girder_leave_now();
    /// Waits for the process's next turn, with its stack. False if that can't be done.
    safe fn girder_block_here() -> bool;
    /// Makes the core with this address look at its word.
    safe fn girder_signal(address: u64);
    /// Lets some time pass, less if another core does something meanwhile.
    safe fn girder_wait_for_event();
    /// Tells the core that this code only waits for another.
    safe fn girder_relax();
    /// A block of so many bytes until it is given back, a power of two and aligned to it.
    safe fn girder_pages(size: usize) -> Option<NonNull<u8>>;
    /// Gives such a block back that nobody uses any more.
    fn girder_old_pages(block: NonNull<u8>, size: usize);
    /// Gives back what is kept for later; false if nothing was, or if the caller must not be kept waiting.
    safe fn girder_make_room() -> bool;
    /// A block of what is set aside for the kernel's own processes, for whoever runs.
    safe fn girder_reserved_block(layout: Layout) -> Option<NonNull<u8>>;
    /// True if the running process may be kept waiting.
    safe fn girder_may_wait() -> bool;
    /// Tells that the running process has so much memory, of so much that it may have.
    safe fn girder_memory_alarm(has: usize, limit: usize);
    /// Tells that a message's destructor has kept this reaper from its work.
    safe fn girder_hindered_reaper(reaper: Pid, hindrance: Hindrance);
    /// Tells that this core has no room for a reaper.
    safe fn girder_no_reaper();
    /// A block of the heap that is the kernel's, whoever runs.
    safe fn girder_kernel_block(layout: Layout) -> Option<NonNull<u8>>;
}

pub(crate) fn block() -> bool {
    girder_block_here()
}

/// Makes the core with this address look at its word.
pub(crate) fn signal(address: u64) {
    girder_signal(address);
}

/// What is put into an inbox is there at once.
#[inline(always)]
pub(crate) fn packet(_: u64, _: &Token) {}

/// Lets some time pass, less if another core does something meanwhile.
pub(crate) fn wait_for_event() {
    girder_wait_for_event();
}

/// Tells the core that this code only waits for another.
#[inline(always)]
pub(crate) fn relax() {
    girder_relax();
}

pub(crate) fn pages(size: usize) -> Option<NonNull<u8>> {
    girder_pages(size)
}

/// Gives a block that `pages` has given out for this size back.
///
/// # Safety
///
/// Once, and nobody uses it any more.
pub(crate) unsafe fn old_pages(block: NonNull<u8>, size: usize) {
    // SAFETY: the caller's promise.
    unsafe { girder_old_pages(block, size) }
}

/// A process that has to leave its core, and may be interrupted, has left when that has been asked for, if there is a stack.
pub(crate) const LEAVES_AT_ONCE: bool = true;

/// Gives back what is kept for later. False if there was nothing, or if the caller must not be kept waiting.
pub(crate) fn make_room() -> bool {
    girder_make_room()
}

/// A block of what is set aside for the kernel's own processes, if whoever runs is one.
pub(crate) fn reserved_block(layout: Layout) -> Option<NonNull<u8>> {
    girder_reserved_block(layout)
}

/// True if the running process may be kept waiting.
pub(crate) fn may_wait() -> bool {
    girder_may_wait()
}

/// Tells that the running process has so much memory, of so much that it may have.
pub(crate) fn tell_memory_alarm(has: usize, limit: usize) {
    girder_memory_alarm(has, limit);
}

/// Tells that a message's destructor has kept this reaper from its work.
pub(crate) fn tell_of_reaper(reaper: Pid, hindrance: Hindrance) {
    girder_hindered_reaper(reaper, hindrance);
}

/// Tells that this core has no room for a reaper.
pub(crate) fn tell_of_no_reaper() {
    girder_no_reaper();
}

#[inline(always)]
pub(crate) fn local() -> &'static Local {
    girder_local()
}

/// The same for a function that is part of one poll, or of a loop and resumes nobody: whose record it is does not
/// change while it runs, so the compiler may look once, whatever is called and stored meanwhile.
#[inline(always)]
pub(crate) fn own_record() -> &'static Local {
    girder_own()
}

#[inline(always)]
pub(crate) fn now() -> u64 {
    girder_now()
}

/// Runs `f` as the process with this record: who resumes it has set the register already.
#[inline(always)]
pub(crate) fn run_as<R>(_: &Local, f: impl FnOnce() -> R) -> R {
    f()
}

/// Memory from the heap, for a process.
///
/// # Safety
///
/// The size is not zero.
pub(crate) unsafe fn new_block(layout: Layout) -> Option<NonNull<u8>> {
    girder_kernel_block(layout)
}

/// Memory from the heap that is the kernel's, whoever runs.
///
/// # Safety
///
/// The size is not zero.
pub(crate) unsafe fn kernel_block(layout: Layout) -> Option<NonNull<u8>> {
    girder_kernel_block(layout)
}

/// Memory from the heap that whoever runs is charged with.
///
/// # Safety
///
/// The size is not zero.
pub(crate) unsafe fn charged_block(layout: Layout) -> Option<NonNull<u8>> {
    // SAFETY: the caller's promise.
    NonNull::new(unsafe { alloc::alloc::alloc(layout) })
}

/// Gives memory back to the heap.
///
/// # Safety
///
/// From `new_block`, with the same layout, and unused.
pub(crate) unsafe fn old_block(place: NonNull<u8>, layout: Layout) {
    // SAFETY: the caller's promise.
    unsafe { alloc::alloc::dealloc(place.as_ptr(), layout) }
}

/// Keeps the compiler from making one of the ends of two branches that differ in a place in memory alone: it would take
/// the address from both, and what follows is always executed.
#[inline(always)]
pub(crate) fn keep_apart() {
    // SAFETY: no instruction.
    unsafe { core::arch::asm!("", options(nomem, nostack, preserves_flags)) }
}

/// Keeps the running code on its core; ends in the opposite order of beginning.
#[derive(Debug)]
pub(crate) struct PreemptionOff(&'static Local, u32);

impl PreemptionOff {
    #[inline(always)]
    pub(crate) fn new() -> Self {
        Self::of(local())
    }

    /// The same, for whoever has its own record at hand.
    #[inline(always)]
    pub(crate) fn of(local: &'static Local) -> Self {
        Self(local, girder_stay(local))
    }

    /// The same, where the stack is that of a process or a loop.
    #[inline(always)]
    pub(crate) fn on_full_stack(local: &'static Local) -> Self {
        Self(local, girder_stay_on_full_stack(local))
    }

    /// The same, and pays.
    #[inline(always)]
    pub(crate) fn for_pay(local: &'static Local, reductions: u32) -> Self {
        girder_look_for_room();
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

    /// The code's record.
    #[inline(always)]
    pub(crate) fn local(&self) -> &Local {
        self.0
    }

    /// The core that the code stays on.
    #[inline(always)]
    pub(crate) fn here(&self) -> &'static Here {
        here_of(self.0)
    }
}

/// The core that code with this record is on, as long as it stays there.
#[inline(always)]
pub(crate) fn here_of(local: &Local) -> &'static Here {
    local.here().expect("no scheduler runs on this core")
}

/// True if the running code is this core's loop.
#[inline(always)]
pub(crate) fn is_loop_of(here: &'static Here) -> bool {
    core::ptr::eq(local(), here.local())
}

impl Drop for PreemptionOff {
    #[inline(always)]
    fn drop(&mut self) {
        if self.0.end_reason(self.1) {
            girder_leave_now();
        }
    }
}
