//! When a core wants to be interrupted next: for a tick, or for an alarm.
//!
//! An interrupt costs more than what most alarms have to do. While there are many, a busy core therefore takes them
//! together: the more it has found due, the longer it goes on before it is interrupted for alarms again, so a
//! lone alarm makes no other late, and a stream of them comes in portions. A core that has nothing else
//! to do is never late for that.

use super::effects::Hardware;
use girder_lockfree::process::{Look, has_alarms_left, ring_alarms};

/// Alarms that ring in one turn, twice over: see the wheel about crowds.
const ALARMS_PER_TURN: usize = 32;
/// Nanoseconds that a busy core goes on for each alarm that was due, before it is interrupted for more.
const PAUSE: u64 = 1_000;
const LONGEST_PAUSE: u64 = 16_000;

/// What the timer is asked for.
#[derive(Debug, Default)]
pub(super) struct Deadlines {
    /// When the next tick is due, while ticks are wanted.
    tick: Option<u64>,
    /// When to look at the alarms again, if there are any.
    alarm: Option<u64>,
    /// When to do so at the earliest, unless the core is idle.
    not_before: u64,
    /// What the timer was asked for.
    armed: Option<u64>,
}

impl Deadlines {
    /// True while ticks are wanted.
    pub(super) fn has_tick(&self) -> bool {
        self.tick.is_some()
    }

    /// True if the tick is due.
    pub(super) fn is_tick(&self, now: u64) -> bool {
        self.tick.is_some_and(|at| at <= now)
    }

    /// Says when the next tick is wanted.
    pub(super) fn set_tick(&mut self, at: Option<u64>) {
        self.tick = at;
    }

    /// Takes notice of an alarm that may be due before all others.
    pub(super) fn add_alarm(&mut self, at: Option<u64>) {
        self.alarm = earlier(self.alarm, at);
    }

    /// Rings alarms that are due; what does not ring in one turn is the next turn's.
    pub(super) fn ring(&mut self, now: u64) {
        if self.alarm.is_some_and(|at| at <= now) {
            self.ring_now(now);
        }
    }

    /// Rings some of what the last turn has left.
    #[inline(always)]
    pub(super) fn catch_up(&mut self, hardware: &impl Hardware) {
        if has_alarms_left() {
            self.ring_now(hardware.now());
        }
    }

    #[cold]
    #[inline(never)]
    fn ring_now(&mut self, now: u64) {
        let Look {
            rung,
            next,
            is_behind,
        } = ring_alarms(now, ALARMS_PER_TURN);
        self.not_before = now + LONGEST_PAUSE.min(rung * PAUSE);
        self.alarm = if is_behind {
            Some(now)
        } else {
            (next != u64::MAX).then_some(next)
        };
    }

    /// The timer's interrupt has come: it was asked for once.
    pub(super) fn disarmed(&mut self) {
        self.armed = None;
    }

    /// Asks the timer for what comes first.
    pub(super) fn arm(&mut self, hardware: &mut impl Hardware) {
        let alarm = self.alarm.map(|at| at.max(self.not_before));
        let wanted = earlier(self.tick, alarm);
        if wanted != self.armed {
            self.armed = wanted;
            hardware.set_deadline(wanted);
        }
    }

    /// The same for a core that has nothing else to do.
    pub(super) fn arm_idle(&mut self, hardware: &mut impl Hardware) {
        self.tick = None;
        self.not_before = 0;
        self.arm(hardware);
    }
}

/// The earlier of two times, of which none may be.
fn earlier(one: Option<u64>, other: Option<u64>) -> Option<u64> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        _ => one.or(other),
    }
}
