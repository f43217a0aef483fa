//! How many restarts there may be in some time: so many within each period, wherever it begins.
//!
//! The times of those restarts that count still are kept, the oldest first. One that was a period ago to the nanosecond
//! counts, as in OTP; what is older is forgotten when it is in the way.

use crate::time::Instant;
use alloc::collections::VecDeque;
use core::time::Duration;

#[derive(Debug)]
pub(super) struct Restarts {
    /// Never more than the intensity.
    times: VecDeque<Instant>,
    intensity: usize,
    period: Duration,
}

impl Restarts {
    pub(super) fn new(intensity: u32, period: Duration) -> Self {
        Self {
            times: VecDeque::new(),
            intensity: usize::try_from(intensity).unwrap_or(usize::MAX),
            period,
        }
    }

    /// Notes a restart, if there may be one; also not, for want of memory to note it in.
    pub(super) fn allow_one(&mut self, now: Instant) -> bool {
        while self.times.front().is_some_and(|&at| now - at > self.period) {
            self.times.pop_front();
        }
        let allowed = self.times.len() < self.intensity && self.times.try_reserve(1).is_ok();
        if allowed {
            self.times.push_back(now);
        }
        allowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PERIOD: Duration = Duration::from_nanos(100);

    fn allowed(intensity: u32, times: &[u64]) -> std::vec::Vec<bool> {
        let mut restarts = Restarts::new(intensity, PERIOD);
        let allow = |&at: &u64| restarts.allow_one(Instant::from_nanos(at));
        times.iter().map(allow).collect()
    }

    #[test]
    fn no_intensity_allows_none() {
        assert_eq!(allowed(0, &[0, 1_000]), [false, false]);
    }

    #[test]
    fn a_restart_counts_for_a_period_and_its_last_nanosecond() {
        assert_eq!(allowed(1, &[7, 107, 108]), [true, false, true]);
    }

    #[test]
    fn each_period_has_as_many_wherever_it_begins() {
        let times = [0, 60, 90, 101, 150, 161, 201];
        let expected = [true, true, false, true, false, true, false];
        assert_eq!(allowed(2, &times), expected);
    }

    #[test]
    fn what_is_kept_is_bounded_by_the_intensity() {
        let mut restarts = Restarts::new(3, PERIOD);
        for at in 0..10_000 {
            restarts.allow_one(Instant::from_nanos(at));
        }
        assert_eq!(restarts.times.len(), 3);
        assert!(restarts.times.capacity() <= 8);
    }
}
