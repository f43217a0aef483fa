//! Points in time.

use core::ops::{Add, Sub};
use core::time::Duration;
use girder_lockfree::process::here;

/// A point in time: nanoseconds of the machine's clock, which never goes back and is the same on all cores.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(u64);

impl Instant {
    /// Later than all others. The clock does not come there.
    pub const NEVER: Self = Self(u64::MAX);

    /// What the clock shows.
    #[inline(always)]
    pub fn now() -> Self {
        Self(here::now())
    }

    /// The time at which the clock shows so many nanoseconds.
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// What the clock shows at this time, in nanoseconds.
    pub const fn nanos(self) -> u64 {
        self.0
    }

    /// How long ago this was; nothing if it is still to come.
    pub fn elapsed(self) -> Duration {
        Self::now() - self
    }
}

/// Ends at [`Instant::NEVER`] at the latest.
impl Add<Duration> for Instant {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(nanos(duration)))
    }
}

/// Nothing, if `earlier` is later.
impl Sub for Instant {
    type Output = Duration;

    fn sub(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

/// The nanoseconds of a duration, or as many as there are.
pub(super) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_and_differences_stay_in_range() {
        let some = Instant::from_nanos(5);
        assert_eq!((some + Duration::from_nanos(2)).nanos(), 7);
        assert_eq!(some + Duration::MAX, Instant::NEVER);
        assert_eq!(some - Instant::NEVER, Duration::ZERO);
        assert_eq!(Instant::NEVER - some, Duration::from_nanos(u64::MAX - 5));
    }
}
