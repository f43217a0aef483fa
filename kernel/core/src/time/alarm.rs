//! An alarm: the running process is woken at a time. Whatever waits for something else besides is made of it.

use super::Instant;
use girder_lockfree::process::{NoAlarm, set_alarm, take_back_alarm};
use girder_lockfree::wheel::Timer;

/// Wakes the process that has set it, at its time or, if that is over, at once; dropping it takes it back. Being
/// woken says nothing: whoever is has to look at the clock.
#[must_use = "is taken back when it is dropped"]
#[derive(Debug)]
pub struct Alarm(Timer);

impl Alarm {
    /// Sets an alarm for the running process.
    #[inline(always)]
    pub fn set(at: Instant) -> Result<Self, NoAlarm> {
        set_alarm(at.nanos()).map(Self)
    }
}

impl Drop for Alarm {
    #[inline(always)]
    fn drop(&mut self) {
        take_back_alarm(self.0);
    }
}
