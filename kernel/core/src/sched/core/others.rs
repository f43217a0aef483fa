//! What a core has to do with others: it offers what it can spare, and looks for work when it has none.
//!
//! Nothing of this is left where processes do not move.

use super::Core;
use crate::causes::Cause;
use crate::sched::effects::{CoreId, Hardware, Migration, Oracle, Place, Ready, Stolen, World};
use crate::trace::Decision;
use girder_lockfree::Token;
use girder_lockfree::process::crew::{LOOK, Load, Pace, WHOLE};
use girder_lockfree::process::{Queue, take_called_off};

/// Cores that are asked before this one sleeps; whoever has plenty and is not among them finds it at a tick.
const ASKED_MAX: usize = 16;

/// Reductions after which a core looks at its load.
const CHECKED_EVERY: u32 = 1_000;
/// Ticks after which it does so.
const LOADED_TICKS: u8 = 8;

const _: () = assert!(Cause::Wake.bit() == LOOK);

impl<W: World> Core<W> {
    /// Stands still if somebody wants that. Takes in who was sent here, and offers what can be spared if somebody is hungry.
    /// What was offered and not wanted
    /// for a tick comes back.
    pub(super) fn attend_to_others(&mut self, was_rung_at: bool, is_tick: bool) {
        if was_rung_at {
            let hardware = &mut self.hardware;
            self.migration.stand_still(|is_over| hardware.rest(is_over));
            self.take_in_sent();
            take_called_off(self.here);
        }
        if is_tick {
            self.ready.take_back();
        }
        if !self.ready.has_rivals(0) {
            // One at most, and nobody else has the core.
            if is_tick {
                self.migration.show_load(Load::of(self.ready.length()));
            }
            return;
        }
        if !self.deadlines.has_tick() {
            self.set_timer(true, None);
        }
        if (was_rung_at || is_tick) && self.migration.is_anybody_hungry() {
            self.feed();
        }
        if is_tick {
            self.ticks = self.ticks.wrapping_add(1);
            if self.ticks.is_multiple_of(LOADED_TICKS) {
                self.here.show(self.statistics.numbers());
                self.check_load();
            }
        }
    }

    /// Lets those who want work have some. If not all have got some, whatever comes up here is looked at at once.
    pub(super) fn feed(&mut self) {
        let offered = self.migration.feed(&mut self.ready);
        self.statistics.offered += offered as u64;
        if offered > 0 {
            self.record(Decision::Fed(offered as u32));
        }
        if self.migration.is_anybody_hungry() {
            self.here.make_eager();
        }
    }

    /// Somebody has used up a budget: now and then that is a reason to look at the load.
    #[cold]
    pub(super) fn count_spent(&mut self) {
        self.spent = self
            .spent
            .saturating_add(self.terms.reductions.unsigned_abs());
        if self.spent >= CHECKED_EVERY {
            self.spent = 0;
            self.check_load();
        }
    }

    /// Says how much there is to do here, and sends some of it where there is much less: now and then at a tick, and for each
    /// budget of reductions that somebody has used up. What is moved in one go has a bound, and half of the difference is
    /// left where it is, so nothing goes to and fro.
    #[cold]
    #[inline(never)]
    pub(super) fn check_load(&mut self) {
        // Besides those that wait for the core, somebody has it.
        let load = Load::of(self.ready.length() + 1);
        self.migration.show_load(load);
        let choice = self.oracle.draw(self.migration.victims().max(1));
        if let Some((target, count)) = self.migration.plan(load, choice) {
            let sent = self.migration.migrate(&mut self.ready, target, count);
            self.statistics.migrated += sent as u64;
        }
    }

    fn take_in_sent(&mut self) {
        let mut sent = self.migration.arrivals();
        while let Some(token) = sent.pop_front() {
            self.statistics.arrivals += 1;
            self.record(Decision::Came(token.pid()));
            self.ready.push(token, Place::Back);
        }
    }

    /// Those that were stolen may be several, of which one will have the core.
    fn tick_if_several(&mut self) {
        if !self.deadlines.has_tick() && self.ready.has_rivals(0) {
            self.set_timer(true, None);
        }
    }

    /// Sends those home that were woken or born here and may not run here; the others are left in the queue; how many.
    #[cold]
    #[inline(never)]
    pub(super) fn send_home(&mut self, arrived: &mut Queue) -> usize {
        let (mut rest, mut count) = (Queue::new(), 0);
        while let Some(token) = arrived.pop_front() {
            match self.keep(token) {
                Some(token) => {
                    rest.push_back(token);
                    count += 1;
                }
                None => self.statistics.arrivals -= 1,
            }
        }
        arrived.append(&mut rest);
        count
    }

    /// Sends a process away that may not run here; any other comes back.
    #[cold]
    pub(super) fn keep(&mut self, token: Token) -> Option<Token> {
        if !token.is_pinned() && !self.migration.owns() {
            return Some(token);
        }
        let choice = self.oracle.draw(self.migration.victims() + 1);
        match self.migration.home_of(&token, choice) {
            Some(home) => self.send(token, home),
            None => Some(token),
        }
    }

    /// Writes down what was decided, for whoever wants to see it.
    #[cold]
    #[inline(never)]
    fn record(&self, decision: Decision) {
        let record = decision.at(self.hardware.now_roughly());
        self.migration.record(record);
    }

    fn send(&mut self, token: Token, target: CoreId) -> Option<Token> {
        let pid = token.pid();
        let stays = self.migration.to_core(token, target);
        if stays.is_none() {
            self.record(Decision::Sent(pid, target));
        }
        stays
    }

    /// One that may not run on every core is never offered to all; so it is sent to a core that wants work and that
    /// it may run on, if others want this one.
    #[cold]
    pub(super) fn spare(&mut self, token: Token) -> Option<Token> {
        if !self.migration.is_anybody_hungry() {
            return Some(token);
        }
        match self.migration.claim_for(&token) {
            Some(hungry) => self.send(token, hungry),
            None => Some(token),
        }
    }

    /// Before it sleeps: its statistics, and what part of the time it has been busy.
    #[cold]
    pub(super) fn say_what_was_done(&mut self, now: u64) {
        self.here.show(self.statistics.numbers());
        let busy = now.saturating_sub(self.awake_since);
        let share = busy * WHOLE.0 / (busy + self.idle).max(1);
        self.migration.show_load(Load(share));
    }

    /// Says how this core runs. Whoever is hungry when this core comes to have plenty is not left waiting for a tick.
    pub(super) fn set_pace(&mut self, pace: Pace) {
        let before = self.here.pace();
        self.here.set_pace(pace);
        let has_come_to_plenty = pace == Pace::Ticking && before != pace;
        if has_come_to_plenty && self.migration.is_anybody_hungry() {
            // The next look up sees to it: then whoever is to run next is among the others.
            let _ = self.here.doorbell().ring(LOOK);
        }
        if pace == Pace::Ticking && self.migration.is_anybody_hungry() {
            self.here.make_eager();
        }
    }

    /// Looks for work elsewhere. If there is none, whoever comes to have some calls this core.
    #[cold]
    #[inline(never)]
    pub(super) fn finds_work(&mut self) -> bool {
        self.here.store_pace(Pace::Idle);
        self.migration.go_hungry();
        let before = self.hardware.now_roughly();
        let has_found = self.steals();
        if has_found {
            self.statistics.thefts += 1;
            let taken = self.hardware.now_roughly().saturating_sub(before);
            self.statistics.theft_nanos += taken;
            self.stop_idling();
            self.tick_if_several();
        } else {
            self.statistics.vain_searches += 1;
        }
        has_found
    }

    fn steals(&mut self) -> bool {
        let victims = self.migration.victims();
        let choice = self.oracle.draw(victims.max(1));
        let mut asked = 0;
        for turn in 0..ASKED_MAX {
            let Some(victim) = self.migration.victim(turn, choice) else {
                break;
            };
            match self.ready.steal_from(victim) {
                Stolen::Taken(token, more) => {
                    let count = 1 + more as u32;
                    self.statistics.stolen += u64::from(count);
                    self.record(Decision::Stole(token.pid(), count, victim));
                    self.ready.push(token, Place::Back);
                    return true;
                }
                Stolen::None => {}
                // It answers by a ring at our word.
                Stolen::Asked => {
                    self.migration.has_asked(victim);
                    asked += 1;
                    if asked == W::Migration::ASKED_AT_ONCE {
                        break;
                    }
                }
            }
        }
        false
    }

    /// It wants no work any more, and is about to look at the words of those that it has.
    pub(super) fn stop_idling(&mut self) {
        self.migration.is_fed();
        self.keep_pace();
    }

    /// Says how it runs, after it was idle.
    pub(super) fn keep_pace(&mut self) {
        self.here.set_pace(match self.deadlines.has_tick() {
            true => Pace::Ticking,
            false => Pace::Busy,
        });
    }
}
