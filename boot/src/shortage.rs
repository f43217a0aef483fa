//! What a process does that finds no memory, on the machine: the rules are `girder_core::shortage`'s.

use crate::heap::{Memory, count, trim_common};
use crate::heart;
use core::sync::atomic::{AtomicU64, Ordering::Relaxed};
use girder_aarch64::preemption::may_be_preempted;
use girder_aarch64::timer;
use girder_core::shortage::{self, Keeper};
use girder_lockfree::heap;
use girder_lockfree::mail::trim_envelopes;
use girder_lockfree::process::crew::{Restless, Tidying, at_standstill};
use girder_lockfree::process::trim as trim_homes;

/// Envelopes, homes and blocks that are looked at while all cores stand still: some hundred thousand instructions. Then they go
/// on for at least as long as it takes to call them again.
const TURN: usize = 2_048;

/// When all cores have stood still in vain.
static WAS_IN_VAIN: AtomicU64 = AtomicU64::new(0);

struct Machine;

/// Gives back what is kept for processes and messages to come, and then what is empty. A process can do that, as long as
/// nothing keeps it on its core. False if nothing came of it.
#[unsafe(export_name = "girder_make_room")]
pub(crate) fn make_room() -> bool {
    shortage::make_room(&Machine)
}

impl Keeper for Machine {
    fn may_wait(&self) -> bool {
        may_be_preempted()
    }

    fn free(&self) -> usize {
        count().free
    }

    fn give_back_own(&self) -> bool {
        let homes = trim_homes();
        let slabs = trim_envelopes();
        // Without a heap of its own a core has nothing to give.
        let _ = heap::trim(&Memory);
        homes > 0 || slabs > 0
    }

    fn may_call_all(&self) -> bool {
        heart::crew().is_some_and(|crew| crew.count() > 1 && !crew.has_stuck_core())
    }

    fn give_back_all(&self) -> bool {
        tidy().is_ok()
    }

    fn now(&self) -> u64 {
        timer::nanos()
    }

    fn was_in_vain(&self) -> u64 {
        WAS_IN_VAIN.load(Relaxed)
    }

    fn set_in_vain(&self, at: u64) {
        WAS_IN_VAIN.store(at, Relaxed);
    }
}

/// Gives back what all cores keep, which stand still for it, a turn at a time: so much is free then.
pub(crate) fn tidy() -> Result<usize, Restless> {
    let mut tidying = Tidying::default();
    while !tidying.is_over() {
        at_standstill(|all| all.tidy(&mut tidying, TURN, &Memory))?;
    }
    trim_common();
    Ok(count().free)
}
