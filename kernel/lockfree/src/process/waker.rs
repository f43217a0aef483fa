//! A waker that is nothing but a pid: cloning and dropping it costs nothing, it wakes from any core,
//! and waking a process that is gone does nothing.

use super::request;
use super::word::Pid;
use core::mem::ManuallyDrop;
use core::ptr::without_provenance;
use core::task::{RawWaker, RawWakerVTable, Waker};

// A static, for a constant may have several addresses, and `owner` compares.
static OPERATIONS: RawWakerVTable = RawWakerVTable::new(clone, wake, wake, drop);

/// A waker that wakes nobody: there is no such pid.
pub(crate) const NOBODYS: ManuallyDrop<Waker> = {
    // SAFETY: as in `of`.
    ManuallyDrop::new(unsafe { Waker::from_raw(raw(without_provenance(Pid::NOBODY as usize))) })
};

/// Returns the waker of a process, for one poll.
#[inline(always)]
pub(crate) fn of(pid: Pid) -> ManuallyDrop<Waker> {
    // SAFETY: the operations keep RawWaker's contract: they take any number, from any thread, and
    // own nothing.
    ManuallyDrop::new(unsafe { Waker::from_raw(raw(without_provenance(pid.get() as usize))) })
}

/// Whose waker it is, if it is a process's own.
#[inline(always)]
pub(crate) fn owner(waker: &Waker) -> Option<Pid> {
    core::ptr::eq(waker.vtable(), &raw const OPERATIONS).then(|| pid(waker))
}

/// Whose waker it is; it is one of ours.
#[inline(always)]
pub(crate) fn pid(waker: &Waker) -> Pid {
    Pid::from_number(waker.data().addr() as u64)
}

impl Pid {
    /// True if this is the waker of that process.
    #[inline(always)]
    pub fn is_waker(self, waker: &Waker) -> bool {
        owner(waker) == Some(self)
    }
}

const fn raw(data: *const ()) -> RawWaker {
    RawWaker::new(data, &OPERATIONS)
}

unsafe fn clone(data: *const ()) -> RawWaker {
    raw(data)
}

unsafe fn wake(data: *const ()) {
    request::wake(Pid::from_number(data.addr() as u64));
}

unsafe fn drop(_: *const ()) {}
