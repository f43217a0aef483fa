//! How much a core has to do, about, for others who look where there is more or less of it.
//!
//! A number that its core shows when it looks after its queues anyway, and that others raise when they send it something, so
//! that no second one sends as much again for the same reason. Nothing depends on it but which core is chosen, so all
//! steps are relaxed, and one that is lost makes a number wrong until the core shows the next one.

use super::Crew;
use crate::atomic::{AtomicU64, Relaxed};

/// A process that always wants the core.
pub const WHOLE: Load = Load(64);

/// How many want a core: 64 for each that waits for it or has it; for one that has nobody, the part of its time that it is
/// busy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Load(pub u64);

impl Load {
    /// So many that want the core.
    pub fn of(processes: usize) -> Self {
        Self(processes as u64 * WHOLE.0)
    }

    /// How many may go from a core with this load to one with that, so that both have the same: none, unless this one has more than
    /// half as much again.
    pub fn excess_over(self, other: Self) -> usize {
        if self.0 * 2 <= other.0 * 3 + WHOLE.0 {
            return 0;
        }
        ((self.0 - other.0) / 2 / WHOLE.0) as usize
    }
}

/// A core's, as others see it.
pub(super) struct LoadWord(AtomicU64);

impl LoadWord {
    pub(super) fn new() -> Self {
        Self(AtomicU64::new(0))
    }
}

impl Crew {
    /// Says how much a core has to do; for its loop.
    pub fn show_load(&self, core: usize, Load(load): Load) {
        if let Some(member) = self.members.get(core) {
            member.load.0.store(load, Relaxed);
        }
    }

    /// How much a core has to do.
    pub fn load_of(&self, core: usize) -> Load {
        let member = self.members.get(core);
        Load(member.map_or(0, |member| member.load.0.load(Relaxed)))
    }

    /// So many processes are sent to a core, which shows it before it knows of them.
    pub fn announce(&self, core: usize, processes: usize) {
        if let Some(member) = self.members.get(core) {
            member.load.0.fetch_add(Load::of(processes).0, Relaxed);
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn half_as_much_again_is_no_reason_to_move() {
        let excess = |own, other| Load::of(own).excess_over(Load::of(other));
        assert_eq!([excess(3, 2), excess(15, 10), excess(2, 1)], [0; 3]);
        assert_eq!([excess(4, 2), excess(16, 10), excess(100, 0)], [1, 3, 50]);
        assert_eq!([excess(1, 0), excess(0, 9)], [0, 0]);
    }

    #[test]
    fn after_a_move_nothing_comes_back() {
        for other in 0..200 {
            for own in other..200 {
                let moved = Load::of(own).excess_over(Load::of(other));
                let (own, other) = (own - moved, other + moved);
                let back = Load::of(other).excess_over(Load::of(own));
                assert_eq!(back, 0, "{moved} moved to and fro");
            }
        }
    }
}
