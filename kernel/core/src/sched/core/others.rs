//! What a core has to do with others: it offers what it can spare, and looks for work when it has none.
//!
//! Nothing of this is left where processes do not move.

use super::Core;
use crate::causes::Cause;
use crate::sched::effects::{Hardware, Migration, Oracle, Place, Ready, Stolen, World};
use crate::trace::Decision;
use girder_lockfree::Token;
use girder_lockfree::process::Queue;
use girder_lockfree::process::crew::{LOOK, Pace};

/// Cores that are asked before this one sleeps; whoever has plenty and is not among them finds it at a tick.
const ASKED_MAX: usize = 16;

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
        }
        if is_tick {
            self.ready.take_back();
        }
        if (was_rung_at || is_tick) && self.migration.is_anybody_hungry() {
            let offered = self.migration.feed(&mut self.ready);
            self.statistics.offered += offered as u64;
            if offered > 0 {
                self.record(Decision::Fed(offered as u32));
            }
        }
    }

    fn take_in_sent(&mut self) {
        let mut sent = self.migration.arrivals();
        while let Some(token) = sent.pop_front() {
            self.statistics.arrivals += 1;
            self.record(Decision::Came(token.pid()));
            self.ready.push(token, Place::Back);
        }
        self.tick_if_several();
    }

    /// Those that came from elsewhere may be several, of which one will have the core.
    fn tick_if_several(&mut self) {
        if !self.deadlines.has_tick() && self.ready.has_rivals(0) {
            self.set_timer(true, None);
        }
    }

    /// Sends those home that were woken here and stay elsewhere; the others are left in the queue.
    #[cold]
    #[inline(never)]
    pub(super) fn send_home(&mut self, woken: &mut Queue) {
        let mut rest = Queue::new();
        while let Some(token) = woken.pop_front() {
            match self.send_one_home(token) {
                Some(token) => rest.push_back(token),
                None => self.statistics.arrivals -= 1,
            }
        }
        woken.append(&mut rest);
    }

    /// The same for one; it comes back if it may run here.
    pub(super) fn send_one_home(&mut self, token: Token) -> Option<Token> {
        let stays = token.is_pinned() || self.migration.owns();
        let home = token.last_core().filter(|_| stays);
        match home.and_then(|last| self.migration.core_of(last)) {
            Some(home) => {
                let pid = token.pid();
                let stays = self.migration.to_core(token, home);
                if stays.is_none() {
                    self.record(Decision::Sent(pid, home));
                }
                stays
            }
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

    /// Says how this core runs. Whoever is hungry when this core comes to have plenty is not left waiting for a tick.
    pub(super) fn set_pace(&mut self, pace: Pace) {
        let before = self.here.pace();
        self.here.set_pace(pace);
        let has_come_to_plenty = pace == Pace::Ticking && before != pace;
        if has_come_to_plenty && self.migration.is_anybody_hungry() {
            // The next look up sees to it: then whoever is to run next is among the others.
            let _ = self.here.doorbell().ring(LOOK);
        }
    }

    /// Looks for work elsewhere. If there is none, whoever comes to have some calls this core.
    #[cold]
    #[inline(never)]
    pub(super) fn finds_work(&mut self) -> bool {
        self.here.store_pace(Pace::Idle);
        self.migration.go_hungry();
        let has_found = self.steals();
        if has_found {
            self.statistics.thefts += 1;
            self.stop_idling();
            self.tick_if_several();
        } else {
            self.statistics.vain_searches += 1;
        }
        has_found
    }

    fn steals(&mut self) -> bool {
        let victims = self.migration.victims();
        let choice = self.oracle.choose(victims.max(1));
        for turn in 0..victims.min(ASKED_MAX) {
            let Some(victim) = self.migration.victim(turn, choice) else {
                break;
            };
            match self.ready.steal_from(victim) {
                Stolen::Taken(token) => {
                    // There was nobody before.
                    let count = 1 + self.ready.count() as u32;
                    self.record(Decision::Stole(token.pid(), count, victim));
                    self.ready.push(token, Place::Back);
                    return true;
                }
                Stolen::None => {}
                // It answers by a ring at our word.
                Stolen::Asked => {
                    self.migration.has_asked(victim);
                    break;
                }
            }
        }
        false
    }

    /// It wants no work any more, and is about to look at the words of those that it has.
    pub(super) fn stop_idling(&mut self) {
        self.migration.is_fed();
        self.here.set_pace(match self.deadlines.has_tick() {
            true => Pace::Ticking,
            false => Pace::Busy,
        });
    }
}
