//! Who wants to be woken when: a plain list in the order of deadlines, then of arrival.

use alloc::collections::BTreeMap;
use core::task::Waker;

/// Alarms that ring in one turn; the rest are the next turn's.
const PER_TURN: usize = 64;

/// The alarms of one core.
#[derive(Debug, Default)]
pub(super) struct Alarms {
    /// By deadline, then by sequence of arrival, never by address.
    list: BTreeMap<(u64, u64), Waker>,
    arrivals: u64,
}

impl Alarms {
    /// Adds an alarm at this time.
    pub(super) fn add(&mut self, at: u64, waker: Waker) {
        self.arrivals += 1;
        self.list.insert((at, self.arrivals), waker);
    }

    /// When the next one is due.
    pub(super) fn next(&self) -> Option<u64> {
        self.list.first_key_value().map(|(&(at, _), _)| at)
    }

    /// Takes those that are due, never one that is not, and not too many at once.
    pub(super) fn take_due(&mut self, now: u64) -> impl Iterator<Item = Waker> {
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
    use alloc::vec::Vec;

    #[test]
    fn alarms_ring_in_order_and_never_early() {
        let mut alarms = Alarms::default();
        for at in [30, 10, 20, 10] {
            alarms.add(at, Waker::noop().clone());
        }
        assert_eq!(alarms.take_due(9).count(), 0);
        assert_eq!(alarms.next(), Some(10));
        assert_eq!(alarms.take_due(10).count(), 2);
        assert_eq!(alarms.take_due(100).count(), 2);
        assert_eq!(alarms.next(), None);
    }

    #[test]
    fn a_crowd_of_alarms_takes_several_turns() {
        let mut alarms = Alarms::default();
        (0..100).for_each(|_| alarms.add(1, Waker::noop().clone()));
        let turns: Vec<_> = (0..3).map(|_| alarms.take_due(1).count()).collect();
        assert_eq!(turns, [PER_TURN, 100 - PER_TURN, 0]);
    }
}
