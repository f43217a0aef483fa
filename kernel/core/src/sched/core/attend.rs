//! What comes to a core from outside the turn: causes, ticks and alarms, and what is on the desk.

use super::{Core, TICKS};
use crate::causes::{Cause, Causes};
use crate::sched::effects::{Hardware, Migration, Oracle, Place, Ready, World};
use crate::sched::levels::Priority;
use girder_lockfree::Token;
use girder_lockfree::mail::reap;
use girder_lockfree::process::crew::Pace;
use girder_lockfree::process::here::{Arrivals, Arrived, collect};

/// The levels in a summary; what is beyond tells of those that are pinned.
const LEVELS: u8 = 0b1111;

impl<W: World> Core<W> {
    /// Serves what has happened since the last look, and puts whom it interrupted back.
    pub(super) fn look_up(&mut self, interrupted: Option<Token>) {
        let causes = self.hardware.take_causes();
        if !causes.is_empty() || interrupted.is_some() {
            self.serve(causes, interrupted);
        }
    }

    #[cold]
    #[inline(never)]
    fn serve(&mut self, causes: Causes, interrupted: Option<Token>) {
        let is_tick = causes.concern_timer() && self.on_timer(interrupted.as_ref());
        self.hardware.serve(causes);
        if let Some(token) = interrupted {
            self.put_back(token, is_tick);
        }
        if W::Migration::MOVES {
            self.attend_to_others(causes.contains(Cause::Wake), is_tick);
        }
    }

    /// Puts whom an interrupt took the core from before the others, or behind them if its quantum is over.
    #[inline(always)]
    fn put_back(&mut self, mut token: Token, is_tick: bool) {
        if !is_tick && token.wants_ticks() {
            token.pauses();
        }
        if is_tick && token.count_tick() >= TICKS {
            token.end_quantum();
            // Who still has something to spend goes on with that.
            if token.is_spent() {
                token.grant(self.terms.reductions);
            }
            self.statistics.quanta += 1;
            if W::Migration::MOVES && token.is_pinned() && !self.ready.is_empty() {
                let Some(back) = self.spare(token) else {
                    return;
                };
                token = back;
            }
            self.push_behind_all(token);
        } else {
            self.ready.push(token, Place::Front);
        }
    }

    /// Rings alarms that are due. True if a tick was.
    #[inline(always)]
    fn on_timer(&mut self, interrupted: Option<&Token>) -> bool {
        // If nobody was interrupted, somebody is about to have the core: who comes next is found by a tick if need be.
        let has_rivals = self.ready.has_rivals(1)
            // One that is not to go on for ever is its own rival.
            || interrupted.is_some_and(Token::wants_ticks);
        let now = self.hardware.now();
        self.deadlines.ring(now);
        let is_tick = self.deadlines.is_tick(now);
        if is_tick || !self.deadlines.has_tick() {
            self.set_tick(has_rivals.then(|| now + self.tick_length()));
        }
        self.deadlines.arm_anew(&mut self.hardware);
        is_tick
    }

    /// Puts what running code has left on the desk where it belongs; so many others will want the core
    /// besides.
    #[inline(never)]
    pub(super) fn collect(&mut self, others: usize) {
        self.deadlines.catch_up(&self.hardware);
        let has_reaper = reap(Priority::Normal.level(), Priority::High.level());
        let Arrivals {
            mut newborn,
            mut woken,
            first_alarm,
        } = collect();
        // Which of the two came first is nobody's business: the oracle decides.
        if self.oracle.choose(2) == 0 {
            self.take_in_arrived(&mut woken);
            self.take_in_arrived(&mut newborn);
        } else {
            self.take_in_arrived(&mut newborn);
            self.take_in_arrived(&mut woken);
        }
        if W::Migration::MOVES && self.here.is_eager() && self.migration.is_anybody_hungry() {
            self.feed();
        }
        let wants_tick = !self.deadlines.has_tick()
            && (has_reaper || self.ready.has_rivals(others) || self.has_left_over(others));
        if wants_tick || first_alarm.is_some() {
            self.set_timer(wants_tick, first_alarm);
        }
    }

    /// True if the loop comes back for what it could not do in one turn, and somebody has the core meanwhile: one that never
    /// yields would keep that waiting for ever.
    fn has_left_over(&self, others: usize) -> bool {
        self.here.is_laden() && (others > 0 || !self.ready.is_empty())
    }

    /// Begins to tick if that is wanted, and takes notice of an alarm that comes before all others.
    #[cold]
    #[inline(never)]
    pub(super) fn set_timer(&mut self, wants_tick: bool, first_alarm: Option<u64>) {
        self.deadlines.add_alarm(first_alarm);
        if wants_tick {
            let at = self.hardware.now() + self.tick_length();
            self.set_tick(Some(at));
        }
        self.deadlines.arm(&mut self.hardware);
    }

    /// Puts whoever is on the desk where it belongs; so many others will want the core besides.
    #[inline(always)]
    pub(super) fn take_in(&mut self, others: usize) {
        if self.here.is_laden() {
            return self.collect(others);
        }
        let Some(mut woken) = self.here.in_loop(|at| at.take_woken()) else {
            return;
        };
        self.take_in_arrived(&mut woken);
        if !self.deadlines.has_tick() && self.ready.has_rivals(others) {
            self.set_timer(true, None);
        }
    }

    #[inline(always)]
    fn take_in_arrived(&mut self, arrived: &mut Arrived) {
        let (count, levels) = arrived.take_summary();
        if count > 0 {
            self.statistics.arrivals += count;
            let mut left = count as usize;
            if W::Migration::MOVES && (levels > LEVELS || self.migration.owns()) {
                left = self.send_home(&mut arrived.queue);
            }
            self.ready.push_all(&mut arrived.queue, levels, left);
        }
    }

    pub(super) fn set_tick(&mut self, at: Option<u64>) {
        self.deadlines.set_tick(at);
        let pace = if at.is_some() {
            Pace::Ticking
        } else {
            Pace::Busy
        };
        if W::Migration::MOVES {
            return self.set_pace(pace);
        }
        self.here.store_pace(pace);
    }

    /// Ticks are wanted while somebody waits for the core, this far apart.
    pub(super) fn tick_length(&self) -> u64 {
        self.terms.quantum / u64::from(TICKS)
    }
}
