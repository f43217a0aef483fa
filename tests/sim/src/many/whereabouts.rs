//! Where everybody is, as far as only the simulator can see it: who runs was known before; who stands in mid-poll, and who is
//! between two cores.

use super::world::with_state;
use girder_lockfree::process::inspect::{Standing, standing};
use girder_lockfree::process::{Activity, Pid, activity};
use std::collections::{BTreeMap, BTreeSet};

/// What is known.
#[derive(Debug, Default)]
pub(super) struct Whereabouts {
    /// On which core each is that has not run yet and was not moved.
    born: BTreeMap<Pid, usize>,
    /// On which core each ran last.
    last: BTreeMap<Pid, usize>,
    broken_off: BTreeSet<Pid>,
    /// Offered to thieves, or in an inbox.
    moving: BTreeSet<Pid>,
}

/// What an operation may meet its target in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Condition {
    /// It has not run yet, and is in the queue of another core.
    Newborn,
    /// It has another core.
    Running,
    /// It stands at an await, in the queue of another core.
    Ready,
    /// It waits, and was on another core last.
    Waiting,
    /// It is about to go on as another future: what it was is being dropped, or is gone, and what it will be has not begun.
    Leaving,
    /// It has hibernated, and waits as what it has become.
    Hibernating,
    /// It is between two cores: offered to thieves, or in an inbox.
    Moving,
    /// It was broken off in mid-poll, on another core.
    BrokenOff,
    /// Somebody has suspended it, and it stands still.
    Suspended,
    /// It was killed, and has not ended.
    Dying,
    /// It has ended, and its slot is free.
    Dead,
    /// It has ended, and somebody else has its slot.
    Replaced,
}

impl Condition {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Newborn,
        Self::Running,
        Self::Ready,
        Self::Waiting,
        Self::Leaving,
        Self::Hibernating,
        Self::Moving,
        Self::BrokenOff,
        Self::Suspended,
        Self::Dying,
        Self::Dead,
        Self::Replaced,
    ];

    /// True of one that has neither ended nor is about to.
    pub(super) fn is_alive(self) -> bool {
        !matches!(self, Self::Dying | Self::Dead | Self::Replaced)
    }
}

impl Whereabouts {
    pub(super) fn is_born(&mut self, pid: Pid, core: usize) {
        self.born.insert(pid, core);
    }

    pub(super) fn begins(&mut self, pid: Pid, core: usize) {
        self.born.remove(&pid);
        self.last.insert(pid, core);
        self.broken_off.remove(&pid);
        self.moving.remove(&pid);
    }

    pub(super) fn is_broken_off(&mut self, pid: Pid) {
        self.broken_off.insert(pid);
    }

    pub(super) fn leaves(&mut self, pid: Pid) {
        self.born.remove(&pid);
        self.moving.insert(pid);
    }

    pub(super) fn arrives(&mut self, pid: Pid) {
        self.moving.remove(&pid);
    }
}

/// Notes it of some that have left their core's queue.
pub(super) fn leave(pids: impl IntoIterator<Item = Pid>) {
    let pids = pids.into_iter();
    with_state(|state| pids.for_each(|pid| state.whereabouts.leaves(pid)));
}

/// Notes it of some that are in a core's queue.
pub(super) fn arrive(pids: impl IntoIterator<Item = Pid>) {
    let pids = pids.into_iter();
    with_state(|state| pids.for_each(|pid| state.whereabouts.arrives(pid)));
}

/// True if that is what a process is in, seen from this core. (Whether one that is ready or waits hibernates it has to say itself.)
pub(super) fn is_in(pid: Pid, wanted: Condition, own: usize) -> bool {
    let activity = activity(pid);
    with_state(|state| {
        let places = &state.whereabouts;
        let running = state.running.get(&pid);
        let is_elsewhere = places.last.get(&pid).is_some_and(|&core| core != own);
        let (is_moving, is_broken_off) = (
            places.moving.contains(&pid),
            places.broken_off.contains(&pid),
        );
        let is_queued = activity == Some(Activity::Ready) && running.is_none() && !is_moving;
        match wanted {
            Condition::Newborn => {
                is_queued && places.born.get(&pid).is_some_and(|&core| core != own)
            }
            Condition::Running => running.is_some_and(|&core| core != own),
            Condition::Ready | Condition::Leaving => is_queued && !is_broken_off && is_elsewhere,
            Condition::BrokenOff => is_queued && is_broken_off && is_elsewhere,
            Condition::Waiting | Condition::Hibernating => {
                activity == Some(Activity::Waiting) && is_elsewhere
            }
            Condition::Moving => activity == Some(Activity::Ready) && is_moving,
            Condition::Suspended => {
                activity == Some(Activity::Suspended) && standing(pid) == Some(Standing::Held)
            }
            Condition::Dying => activity == Some(Activity::Ending),
            Condition::Dead | Condition::Replaced => activity.is_none(),
        }
    })
}
