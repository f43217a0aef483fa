//! Again and again, without drift.
//!
//! The ticks of an interval are due at whole multiples of its period after its start, whenever they were asked for
//! and however late they came. So a tick that is late brings none of the later ones out of step.

use super::instant::nanos;
use super::{Instant, sleep_until};
use core::time::Duration;

/// What happens to ticks that were due while nobody waited for them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Missed {
    /// The next one stands for all of them; the others are left out.
    #[default]
    Skip,
    /// Each comes, one right after the other.
    CatchUp,
}

/// Makes an interval whose first tick is due after one period. A period of nothing counts as one nanosecond.
pub fn interval(period: Duration) -> Interval {
    interval_at(Instant::now() + period, period)
}

/// Makes an interval whose first tick is due at `first`.
pub fn interval_at(first: Instant, period: Duration) -> Interval {
    Interval {
        next: first,
        period: nanos(period).max(1),
        missed: Missed::default(),
    }
}

/// See [`interval`].
#[derive(Debug)]
pub struct Interval {
    next: Instant,
    period: u64,
    missed: Missed,
}

impl Interval {
    /// Says what happens to ticks that nobody waited for.
    pub fn missed(mut self, missed: Missed) -> Self {
        self.missed = missed;
        self
    }

    /// Waits for the next tick; returns when it was due. A wait that is dropped leaves the tick to the next one.
    pub async fn tick(&mut self) -> Instant {
        sleep_until(self.next).await;
        self.advance(Instant::now())
    }

    /// The tick that has come by `now`, after which the next one counts.
    fn advance(&mut self, now: Instant) -> Instant {
        let skipped = match self.missed {
            Missed::CatchUp => 0,
            Missed::Skip => (now.nanos() - self.next.nanos()) / self.period * self.period,
        };
        let due = self.next + Duration::from_nanos(skipped);
        self.next = due + Duration::from_nanos(self.period);
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(nanos: u64) -> Instant {
        Instant::from_nanos(nanos)
    }

    fn every(period: u64) -> Interval {
        interval_at(at(100), Duration::from_nanos(period))
    }

    #[test]
    fn late_ticks_bring_no_later_one_out_of_step() {
        let mut interval = every(10);
        assert_eq!(interval.advance(at(107)), at(100));
        assert_eq!(interval.advance(at(110)), at(110));
        assert_eq!(interval.next, at(120));
    }

    #[test]
    fn missed_ticks_are_one_or_come_one_by_one() {
        let mut skipping = every(10);
        assert_eq!(skipping.advance(at(135)), at(130));
        assert_eq!(skipping.next, at(140));
        let mut catching_up = every(10).missed(Missed::CatchUp);
        for due in [100, 110, 120] {
            assert_eq!(catching_up.advance(at(135)), at(due));
        }
    }

    #[test]
    fn the_shortest_and_the_longest_period_work() {
        let mut shortest = every(0);
        assert_eq!(shortest.advance(at(1_000)), at(1_000));
        assert_eq!(shortest.next, at(1_001));
        let mut longest = every(u64::MAX);
        longest.advance(at(100));
        assert_eq!(longest.next, Instant::NEVER);
    }
}
