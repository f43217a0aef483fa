//! What a core counts, and how it shows that to others.

use girder_lockfree::process::here::{Here, SHOWN};

/// What a core has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Processes resumed.
    pub switches: u64,
    /// Processes that an interrupt took the core from.
    pub preemptions: u64,
    /// Processes that had a whole quantum.
    pub quanta: u64,
    /// Processes woken, born or resumed into this core's queue.
    pub arrivals: u64,
    /// Processes that ended here.
    pub ended: u64,
    /// Times the core went to sleep.
    pub waits: u64,
    /// Nanoseconds that it has slept.
    pub idle_nanos: u64,
    /// Processes that came from another core.
    pub immigrants: u64,
    /// Times that something came up before it slept.
    pub short_waits: u64,
    /// Times that it looked around for work, and found some.
    pub thefts: u64,
    /// Times that it found none.
    pub vain_searches: u64,
    /// Processes that it has stolen.
    pub stolen: u64,
    /// Nanoseconds that looking around took when it found some.
    pub theft_nanos: u64,
    /// Processes that it has offered to others.
    pub offered: u64,
    /// Processes that it has sent away because there was much less to do elsewhere.
    pub migrated: u64,
}

impl Statistics {
    /// As numbers that a core shows, in the order of the fields.
    pub(super) fn numbers(&self) -> [u64; SHOWN] {
        [
            self.switches,
            self.preemptions,
            self.quanta,
            self.arrivals,
            self.ended,
            self.waits,
            self.short_waits,
            self.idle_nanos,
            self.immigrants,
            self.thefts,
            self.vain_searches,
            self.stolen,
            self.theft_nanos,
            self.offered,
            self.migrated,
            0,
        ]
    }

    /// What a core that is one of several has counted until it last ticked or fell asleep.
    pub fn shown_by(here: &Here) -> Self {
        let [
            switches,
            preemptions,
            quanta,
            arrivals,
            ended,
            waits,
            short_waits,
            idle_nanos,
            immigrants,
            thefts,
            vain_searches,
            stolen,
            theft_nanos,
            offered,
            migrated,
            _,
        ] = here.shown();
        Self {
            switches,
            preemptions,
            quanta,
            arrivals,
            ended,
            waits,
            short_waits,
            idle_nanos,
            immigrants,
            thefts,
            vain_searches,
            stolen,
            theft_nanos,
            offered,
            migrated,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_is_what_was_counted() {
        let here = Here::new();
        let mut numbers = core::array::from_fn(|index| index as u64 + 1);
        numbers[SHOWN - 1] = 0;
        here.show(numbers);
        assert_eq!(Statistics::shown_by(&here).numbers(), numbers);
    }
}
