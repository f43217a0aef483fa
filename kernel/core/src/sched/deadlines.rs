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
/// Nanoseconds that a busy core goes on for each alarm that was due or taken back, before it is interrupted for more.
const PAUSE: u64 = 1_000;
const LONGEST_PAUSE: u64 = 16_000;

/// No time: the clock does not come there.
const NEVER: u64 = u64::MAX;

/// What the timer is asked for. Each is [`NEVER`] if it is not wanted.
#[derive(Debug)]
pub(super) struct Deadlines {
    /// When the next tick is due.
    tick: u64,
    /// When to look at the alarms again.
    alarm: u64,
    /// When to do so at the earliest, unless the core is idle.
    not_before: u64,
    /// What the timer was asked for.
    armed: u64,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            tick: NEVER,
            alarm: NEVER,
            not_before: 0,
            armed: NEVER,
        }
    }
}

impl Deadlines {
    /// True while ticks are wanted.
    pub(super) fn has_tick(&self) -> bool {
        self.tick != NEVER
    }

    /// True if the tick is due.
    pub(super) fn is_tick(&self, now: u64) -> bool {
        self.tick <= now
    }

    /// Says when the next tick is wanted.
    pub(super) fn set_tick(&mut self, at: Option<u64>) {
        self.tick = at.unwrap_or(NEVER);
    }

    /// Takes notice of an alarm that may be due before all others.
    pub(super) fn add_alarm(&mut self, at: Option<u64>) {
        self.alarm = self.alarm.min(at.unwrap_or(NEVER));
    }

    /// Rings alarms that are due; what does not ring in one turn is the next turn's.
    pub(super) fn ring(&mut self, now: u64) {
        if self.alarm <= now {
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
            besides,
            next,
            is_behind,
        } = ring_alarms(now, ALARMS_PER_TURN);
        self.not_before = now + LONGEST_PAUSE.min((rung + besides) * PAUSE);
        self.alarm = if is_behind { now } else { next };
    }

    /// Asks the timer for what comes first.
    pub(super) fn arm(&mut self, hardware: &mut impl Hardware) {
        let wanted = self.wanted();
        if wanted != self.armed {
            self.ask(wanted, hardware);
        }
    }

    /// As `arm`, after the timer's interrupt has come: what it was asked for is over.
    #[inline(always)]
    pub(super) fn arm_anew(&mut self, hardware: &mut impl Hardware) {
        self.ask(self.wanted(), hardware);
    }

    #[inline(always)]
    fn wanted(&self) -> u64 {
        match self.alarm {
            NEVER => self.tick,
            alarm => alarm.max(self.not_before).min(self.tick),
        }
    }

    #[inline(always)]
    fn ask(&mut self, wanted: u64, hardware: &mut impl Hardware) {
        self.armed = wanted;
        hardware.set_deadline((wanted != NEVER).then_some(wanted));
    }

    /// As `arm`, for a core that has nothing else to do.
    pub(super) fn arm_idle(&mut self, hardware: &mut impl Hardware) {
        self.tick = NEVER;
        self.not_before = 0;
        self.arm(hardware);
    }
}
