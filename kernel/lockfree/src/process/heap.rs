//! What a process has of the heap, what it may have, and what becomes of it at its end.

use super::finished::Manner;
use super::header::Header;
use super::in_loop::InLoop;
use super::local::{Kind, Local};
use super::platform;
use crate::heap::Held;
use crate::heap::charge::start;
use core::ptr::NonNull;

/// There is no memory to note a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoLimit;

/// Limits what the running process may have of the heap from now on, in bytes; more is refused. A process that
/// is refused a block and can't do without it ends, alone.
pub fn limit_heap(bytes: usize) -> Result<(), NoLimit> {
    let local = platform::local();
    let Some(header) = header_of(local) else {
        return Err(NoLimit);
    };
    let cold = header.cold().or_else(|| header.cold_or_new());
    let cold = cold.ok_or(NoLimit)?;
    let _stay = platform::PreemptionOff::of(local);
    let before = cold.heap_start.replace(start(bytes));
    let charge = header.charge.get().wrapping_sub(before);
    header.charge.set(charge.wrapping_add(start(bytes)));
    Ok(())
}

/// True if the running process has been refused a block because of its limit.
pub fn is_over_heap_limit() -> bool {
    let header = header_of(platform::local());
    let cold = header.and_then(Header::cold);
    cold.is_some_and(|cold| cold.is_over_heap_limit.get())
}

fn header_of(local: &'static Local) -> Option<&'static Header> {
    // SAFETY: a process's record is the first field of its header, which lives while it runs.
    (local.kind() == Kind::Process).then(|| unsafe { NonNull::from(local).cast().as_ref() })
}

impl Local {
    /// Notes that the running process was refused a block.
    pub(crate) fn note_heap_limit(&'static self) {
        if let Some(cold) = header_of(self).and_then(Header::cold) {
            cold.is_over_heap_limit.set(true);
        }
    }
}

impl Header {
    /// What the process has of the heap, as it has counted itself.
    fn own_charge(&self) -> u64 {
        let start = self.cold().map_or(0, |cold| cold.heap_start.get());
        self.charge.get().wrapping_sub(start)
    }

    /// What the process has of the heap.
    pub(super) fn heap(&self, account: u64) -> Held {
        Held::of(self.own_charge().wrapping_add(account))
    }

    /// Leaves what a process that has ended still has of the heap to its account. True if something is left: then the
    /// slot is not free before that is.
    #[cold]
    #[inline(never)]
    pub(super) fn leave_heap(
        &self,
        charge: u64,
        manner: Manner,
        is_retired: bool,
        at: InLoop<'_>,
    ) -> bool {
        let (here, owner) = (at.here(), self.pid().index());
        let Some(account) = here.table().account(owner) else {
            return false;
        };
        let is_abandoned = manner.is_in_mid_poll();
        here.table().mark_ended(owner, is_abandoned, is_retired);
        let left = account.close(charge);
        here.note_left(left, is_abandoned);
        left != 0
    }

    /// What `leave_heap` is told, before the record is taken away.
    #[inline(always)]
    pub(super) fn charge_to_leave(&self) -> u64 {
        if self.charge.get() == 0 {
            return 0;
        }
        self.own_charge()
    }
}
