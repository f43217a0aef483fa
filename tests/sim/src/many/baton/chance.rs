//! What the seed decides of the machine: whose turn it is, what time passes, which signals and interrupts are late, and who
//! is held up.

use super::{CoreState, State};
use crate::many::ManySabotage;
use girder_core::causes::Cause;
use girder_lockfree::process::Pid;

impl State {
    /// Time passes, and now and then a core is held up.
    pub(super) fn go_on(&mut self) {
        self.now += self.rng.below(2_000);
        if self.temper.stalls && self.rng.below(500) == 0 {
            let core = self.rng.below(self.cores.len() as u64) as usize;
            let until = self.now + self.rng.below(3_000_000);
            self.cores[core].stalled_until = until;
        }
        if self.temper.disturbs && self.rng.below(200) == 0 {
            let core = self.rng.below(self.cores.len() as u64) as usize;
            self.send_signal(core);
        }
    }

    /// Now and then somebody who is to be told to look again, for nothing.
    pub(in crate::many) fn disturbed(&mut self) -> Option<Pid> {
        if !self.temper.disturbs || self.rng.below(50) > 0 {
            return None;
        }
        let count = self.score.alive.len() as u64;
        let chosen = self.rng.below(count.max(1)) as usize;
        self.score.alive.iter().nth(chosen).copied()
    }

    /// Whose turn it is: anybody's who is awake and not held up, or in some runs mostly whoever had the last one. If all sleep, time passes until something happens; if
    /// nothing will, the run is over.
    pub(super) fn choose(&mut self) -> usize {
        let persists = self.rng.below(self.temper.persistence + 1) > 0;
        loop {
            (0..self.cores.len()).for_each(|core| self.rouse(core));
            let can_move = |core: &CoreState| !core.is_asleep && core.stalled_until <= self.now;
            let moving = || (0..self.cores.len()).filter(|&core| can_move(&self.cores[core]));
            if persists && can_move(&self.cores[self.holder]) {
                return self.holder;
            }
            let count = moving().count() as u64;
            if count > 0 {
                let chosen = moving().nth(self.rng.clone().below(count) as usize);
                self.rng.next_u64();
                return chosen.expect("one of them");
            }
            let held_up = self.cores.iter().filter(|core| !core.is_asleep);
            let held_up = held_up.map(|core| core.stalled_until);
            let next = self.cores.iter().filter_map(CoreState::next);
            let next = next.chain(self.packets.next());
            match held_up.chain(next).filter(|&at| at > self.now).min() {
                Some(at) => self.now = at,
                None => {
                    self.is_over = true;
                    return 0;
                }
            }
        }
    }

    /// Wakes a core if something has happened to it.
    fn rouse(&mut self, core: usize) {
        if self.cores[core].is_asleep && self.interrupt(core) {
            self.cores[core].is_asleep = false;
        }
    }

    pub(super) fn interrupt(&mut self, core: usize) -> bool {
        self.ring_due(core);
        let (now, core) = (self.now, &mut self.cores[core]);
        let is_timer = core.deadline.is_some_and(|at| at <= now);
        if is_timer {
            core.deadline = None;
            let _ = core.here.doorbell().ring(Cause::Timer.bit());
        }
        let is_signal = core.signal.is_some_and(|at| at <= now);
        if is_signal {
            core.signal = None;
        }
        is_timer || is_signal
    }

    pub(in crate::many) fn send_signal(&mut self, target: usize) {
        if self.sabotage == Some(ManySabotage::LoseSignals) {
            return;
        }
        let delay = match self.temper.delays_signals {
            true => self.rng.below(500_000),
            false => self.rng.below(3_000),
        };
        let at = self.now + delay;
        let signal = &mut self.cores[target].signal;
        *signal = Some(signal.map_or(at, |before| before.min(at)));
    }

    /// How late a timer may be.
    pub(in crate::many) fn lateness(&mut self) -> u64 {
        match self.temper.is_late && self.rng.below(4) == 0 {
            true => self.rng.below(2_000_000),
            false => self.rng.below(2_000),
        }
    }
}
