//! Who wants to be woken when: a plain list in the order of deadlines, then of arrival.

use alloc::collections::BTreeMap;
use girder_lockfree::process::Pid;

/// Alarms that ring in one turn; the rest are the next turn's.
const PER_TURN: usize = 64;

/// The alarms of one core.
#[derive(Debug, Default)]
pub(super) struct Alarms {
    /// By deadline, then by sequence of arrival, never by address.
    list: BTreeMap<(u64, u64), Pid>,
    arrivals: u64,
}

impl Alarms {
    /// Adds an alarm at this time.
    pub(super) fn add(&mut self, at: u64, pid: Pid) {
        self.arrivals += 1;
        self.list.insert((at, self.arrivals), pid);
    }

    /// When the next one is due.
    pub(super) fn next(&self) -> Option<u64> {
        self.list.first_key_value().map(|(&(at, _), _)| at)
    }

    /// Takes those that are due, never one that is not, and not too many at once.
    pub(super) fn take_due(&mut self, now: u64) -> impl Iterator<Item = Pid> {
        let mut budget = PER_TURN;
        core::iter::from_fn(move || {
            let first = self.list.first_entry()?;
            let is_due = first.key().0 <= now && budget > 0;
            budget = budget.saturating_sub(1);
            is_due.then(|| first.remove())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::boxed::Box;
    use alloc::vec::Vec;
    use girder_lockfree::process::here::{Here, collect};
    use girder_lockfree::process::{Table, spawn};

    fn somebody() -> Pid {
        let table = Box::leak(Box::new(Table::new(1)));
        Box::leak(Box::new(Here::new())).simulate(table);
        let pid = spawn(async {}, 0).expect("there is room");
        let mut newborn = collect(&mut Vec::new()).newborn.queue;
        newborn
            .pop_front()
            .expect("just born")
            .give_up()
            .discontinue();
        pid
    }

    #[test]
    fn alarms_ring_in_order_and_never_early() {
        let (mut alarms, pid) = (Alarms::default(), somebody());
        for at in [30, 10, 20, 10] {
            alarms.add(at, pid);
        }
        assert_eq!(alarms.take_due(9).count(), 0);
        assert_eq!(alarms.next(), Some(10));
        assert_eq!(alarms.take_due(10).count(), 2);
        assert_eq!(alarms.take_due(100).count(), 2);
        assert_eq!(alarms.next(), None);
    }

    #[test]
    fn a_crowd_of_alarms_takes_several_turns() {
        let (mut alarms, pid) = (Alarms::default(), somebody());
        (0..100).for_each(|_| alarms.add(1, pid));
        let turns: Vec<_> = (0..3).map(|_| alarms.take_due(1).count()).collect();
        assert_eq!(turns, [PER_TURN, 100 - PER_TURN, 0]);
    }
}
