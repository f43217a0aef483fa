//! One core's scheduler: what it decides between two processes.
//!
//! ```text
//! decide:  take the status word; serve what is not ours; ring alarms that are due
//!          collect the desk
//!          pop until one may run: held ones are skipped, dying ones get their last turns
//! settle:  yielded or out of budget -> behind the others
//!          waiting                  -> its slot has the token, unless it was woken meanwhile
//!          preempted                -> before the others, or behind them once its quantum is over
//!          done                     -> gone
//!          collect the desk
//! ```
//!
//! # The quantum
//!
//! While more than one process wants the core, a tick interrupts it twice a quantum. Any interrupt
//! takes the core from its process, for the loop has to look; whose quantum is not over goes on next,
//! unless something more urgent has come up. It is over at the second tick since the process last came
//! back of its own accord. With one process and
//! no alarm there is no tick at all.

mod attend;
mod others;
mod patience;
mod short;
mod statistics;

use super::deadlines::Deadlines;
use super::effects::{Hardware, Migration, Outcome, Place, Ready, World};
use super::levels::Priority;
use core::hint::cold_path;
use girder_lockfree::Token;
use girder_lockfree::process::crew::Pace;
use girder_lockfree::process::here::Here;
use girder_lockfree::process::{Runnable, Start};
use patience::Patience;
use short::Turned;
pub use statistics::Statistics;

/// What a core does next.
#[derive(Debug)]
pub enum Next {
    /// Gives itself to a process, from its last await on.
    Resume(Runnable),
    /// Gives itself to a process that an interrupt broke off.
    GoOn(Token),
    /// Lets a process that has to die drop what it owns.
    End(Token),
    /// Sleeps until something happens.
    Wait,
}

/// How a core treats its processes.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// Nanoseconds between ticks while more than one process wants the core.
    pub quantum: u64,
    /// Reductions that a process may spend before it has to yield.
    pub reductions: i32,
    /// Whether each process's time on the core is counted.
    pub keeps_time: bool,
}

/// One core's scheduler.
pub struct Core<W: World> {
    ready: W::Ready,
    migration: W::Migration,
    hardware: W::Hardware,
    oracle: W::Oracle,
    terms: Terms,
    deadlines: Deadlines,
    patience: Patience,
    /// How long it was idle last, and since when it is not.
    idle: u64,
    awake_since: u64,
    /// Reductions that budgets have had since the load was looked at.
    spent: u32,
    /// Ticks at which several wanted the core.
    ticks: u8,
    /// When whoever runs was given the core, while time is kept.
    since: u64,
    here: &'static Here,
    statistics: Statistics,
    /// Switches to processes that had been handed a message, which are arrivals as well.
    handed: u64,
}

/// Ticks in a quantum.
const TICKS: u8 = 2;
/// What a killed process has to reach its next await, before it is given up where it stands.
const QUANTA_TO_AWAIT: u16 = 2;
/// What its destructors may take.
const QUANTA_TO_DROP: u16 = 1_000;

impl<W: World> Core<W> {
    /// Creates a core with nothing to do, and the desk that its processes find.
    pub fn new(
        (ready, migration): (W::Ready, W::Migration),
        hardware: W::Hardware,
        oracle: W::Oracle,
        terms: Terms,
        here: &'static Here,
    ) -> Self {
        here.set_reductions(terms.reductions);
        Self {
            ready,
            migration,
            hardware,
            oracle,
            terms,
            deadlines: Deadlines::default(),
            patience: Patience::default(),
            idle: 0,
            awake_since: 0,
            spent: 0,
            ticks: 0,
            since: 0,
            here,
            statistics: Statistics::default(),
            handed: 0,
        }
    }

    /// The desk that its processes find.
    #[inline(always)]
    pub(super) fn here(&self) -> &'static Here {
        self.here
    }

    /// What it has done so far.
    pub fn statistics(&self) -> Statistics {
        Statistics {
            switches: self.statistics.switches + self.handed,
            arrivals: self.statistics.arrivals + self.handed,
            ..self.statistics
        }
    }

    /// True if each process's time is counted.
    pub(super) fn keeps_time(&self) -> bool {
        self.terms.keeps_time
    }

    /// The processes that are ready to run.
    pub fn ready(&self) -> &W::Ready {
        &self.ready
    }

    /// Its hardware.
    pub fn hardware(&mut self) -> &mut W::Hardware {
        &mut self.hardware
    }

    /// Takes a process back, and decides what to do next. `here` is this core, which whoever has had
    /// the process run has at hand.
    #[inline(always)]
    pub fn settle(&mut self, here: &'static Here, outcome: Outcome) -> Next {
        match outcome {
            Outcome::Yielded(mut token) => {
                if self.terms.keeps_time {
                    self.charge_time(&mut token);
                }
                match self.take_turns(here, token) {
                    Ok(process) => Next::Resume(process),
                    Err(token) => self.decide_after(token),
                }
            }
            Outcome::Waiting(mut token) => {
                if self.terms.keeps_time {
                    self.charge_time(&mut token);
                }
                let next = here.in_loop(|at| self.let_wait(at, token));
                self.conclude(next)
            }
            Outcome::Listening(mut token) => {
                if self.terms.keeps_time {
                    self.charge_time(&mut token);
                }
                let next = here.in_loop(|at| self.let_listen(at, token));
                self.conclude(next)
            }
            Outcome::Done(finished) => {
                let next = self.end(here, finished);
                self.conclude(next)
            }
            other => {
                cold_path();
                self.settle_at_length(other)
            }
        }
    }

    #[inline(always)]
    fn conclude(&mut self, turned: Turned) -> Next {
        match turned {
            Ok(process) => Next::Resume(process),
            Err(token) => self.decide_instead(token),
        }
    }

    /// Decides what to do next, if the short way was none.
    #[cold]
    #[inline(never)]
    pub(super) fn decide_instead(&mut self, token: Option<Token>) -> Next {
        match token {
            Some(token) => self.decide_after(token),
            None => self.decide(),
        }
    }

    /// A yield after which there may be more to do.
    #[inline(never)]
    fn settle_with_care(&mut self, token: Token) -> Next {
        let token = token.settle_in();
        let level = Priority::from_level(token.level());
        let has_woken = self.here.in_loop(|at| at.has_woken());
        let is_plain =
            !has_woken && !self.here.is_laden() && !token.is_spent() && self.ready.is_even(level);
        let mut token = self.begin_stint(token);
        if is_plain {
            token.set_careful(false);
            return match self.rotate(self.here, token) {
                Ok(process) => Next::Resume(process),
                Err(token) => self.decide_after(token),
            };
        }
        self.push_behind_all(token);
        self.decide()
    }

    /// Puts in whoever has had its turn. Those on the desk were ready before it: its children, who are so
    /// from their birth on, and whom it has woken.
    #[inline(always)]
    pub(super) fn push_behind_all(&mut self, token: Token) {
        self.take_in(1);
        self.ready.push(token, Place::Back);
    }

    /// It has come back of its own accord.
    #[inline(always)]
    fn begin_stint(&mut self, token: Token) -> Token {
        let mut token = self.settle_account(token);
        token.begin_stint();
        token
    }

    /// It pays for the time that it has had, and may spend as much as all others again.
    #[inline(always)]
    fn settle_account(&mut self, mut token: Token) -> Token {
        if self.terms.keeps_time {
            self.charge_time(&mut token);
        }
        self.fill_up(token)
    }

    /// One that has nothing left to spend may spend as much as all others again.
    #[inline(always)]
    fn fill_up(&mut self, mut token: Token) -> Token {
        if token.is_spent() {
            token.grant(self.terms.reductions);
            if W::Migration::MOVES {
                self.count_spent();
            }
        }
        token
    }

    /// The same, whatever happened.
    #[inline(never)]
    pub fn settle_at_length(&mut self, outcome: Outcome) -> Next {
        match outcome {
            Outcome::Yielded(token) | Outcome::YieldedWithCare(token) => {
                return self.settle_with_care(token);
            }
            Outcome::Waiting(_) | Outcome::Listening(_) | Outcome::Done(_) => {
                return self.settle(self.here, outcome);
            }
            Outcome::PutOff(token) => self.look_up(Some(token)),
            Outcome::Preempted(token) => return self.settle_preempted(token),
        }
        self.decide()
    }

    /// The same for a process that an interrupt took the core from.
    #[inline(always)]
    pub fn settle_preempted(&mut self, mut token: Token) -> Next {
        self.statistics.preemptions += 1;
        if self.terms.keeps_time {
            self.charge_time(&mut token);
        }
        self.look_up(Some(token));
        self.decide_having_looked()
    }

    /// Decides what to do next.
    #[inline]
    pub fn decide(&mut self) -> Next {
        self.look_up(None);
        self.decide_having_looked()
    }

    /// The same right after a look up. What has come since finds the process that is chosen, before it begins.
    fn decide_having_looked(&mut self) -> Next {
        loop {
            self.take_in(0);
            let Some(token) = self.ready.pop() else {
                // It is laden if more alarms are due than ring in one turn.
                let has_more = self.here.is_laden()
                    || W::Migration::MOVES && (self.has_soon_more() || self.finds_work());
                if !has_more {
                    return Next::Wait;
                }
                self.look_up(None);
                continue;
            };
            if let Some(next) = self.consider(token) {
                return next;
            }
            self.look_up(None);
        }
    }

    /// Decides what to do next, if it is not simply this one.
    #[cold]
    #[inline(never)]
    pub(super) fn decide_after(&mut self, token: Token) -> Next {
        match self.consider(token) {
            Some(next) => next,
            None => self.decide(),
        }
    }

    /// Whoever is given the core knows from now on what its yield means, for as long as nothing comes
    /// up that brings the core back here. What the loop has left over is worked off at each yield.
    #[inline(always)]
    fn consider(&mut self, mut token: Token) -> Option<Next> {
        let level = Priority::from_level(token.level());
        let is_simple = !self.here.is_laden() && self.ready.is_even(level) && !token.is_spent();
        token.set_careful(!is_simple);
        if W::Migration::MOVES && token.is_pinned() && !self.ready.is_empty() {
            token = self.spare(token)?;
        }
        // Apart from the rest: the compiler would ask again what it is.
        let token = match token.goes_on() {
            Ok(token) => return Some(self.go_on(token)),
            Err(token) => token,
        };
        match token.start() {
            Start::Run(process) => {
                if self.ready.has_several_turns() {
                    self.open_hand();
                }
                Some(Next::Resume(self.give(self.here, process)))
            }
            Start::GoOn(token) => Some(self.go_on(token)),
            Start::Held => None,
            Start::Moved(mut token) => {
                // It comes behind the others there, and has a whole quantum.
                token.end_quantum();
                let stays = match W::Migration::MOVES {
                    true => self.keep(token),
                    false => Some(token),
                };
                if let Some(token) = stays {
                    self.ready.push(token, Place::Back);
                }
                None
            }
            Start::Die(token) => Some(self.let_die(token)),
        }
    }

    #[inline(always)]
    fn go_on(&mut self, mut token: Token) -> Next {
        if W::Migration::MOVES && token.has_come_to(self.here) {
            self.statistics.immigrants += 1;
        }
        self.statistics.switches += 1;
        if token.wants_ticks() {
            self.go_on_ticking(&mut token);
        }
        Next::GoOn(token)
    }

    /// One that is not to go on for ever goes on: the core ticks, whatever was before.
    #[cold]
    #[inline(never)]
    fn go_on_ticking(&mut self, token: &mut Token) {
        token.goes_on_counting();
        if !self.deadlines.has_tick() {
            self.set_timer(true, None);
        }
    }

    /// One that has to die and stands at an await drops what it owns. In mid-poll it may go on to its next
    /// await first. Neither that nor its destructors may take for ever, so the core ticks even if nobody
    /// else wants it. One that blocks waits for somebody else, and is not waited for.
    #[cold]
    #[inline(never)]
    fn let_die(&mut self, mut token: Token) -> Next {
        // Where it ends it may have been sent to: then what is its first core's goes back there.
        if W::Migration::MOVES && token.has_come_to(self.here) {
            self.statistics.immigrants += 1;
        }
        let is_broken_off = token.has_frame();
        if is_broken_off && (token.is_blocked() || Self::is_at_its_end(&mut token)) {
            return Next::End(token);
        }
        if !self.deadlines.has_tick() {
            let at = self.hardware.now() + self.tick_length();
            self.set_tick(Some(at));
            self.deadlines.arm(&mut self.hardware);
        }
        if !is_broken_off {
            return Next::End(token);
        }
        self.statistics.switches += 1;
        Next::GoOn(token)
    }

    /// True if one that has to die has had its time.
    fn is_at_its_end(token: &mut Token) -> bool {
        let quanta = match token.is_dropping() {
            true => QUANTA_TO_DROP,
            false => QUANTA_TO_AWAIT,
        };
        token.overtime() >= quanta * u16::from(TICKS)
    }

    /// Sleeps, with the timer set to whatever comes first.
    pub fn wait(&mut self) -> Next {
        if !W::Migration::MOVES {
            self.here.store_pace(Pace::Busy);
        }
        self.deadlines.arm_idle(&mut self.hardware);
        let before = self.hardware.now();
        self.statistics.waits += 1;
        if W::Migration::MOVES {
            self.say_what_was_done(before);
        }
        self.hardware.wait();
        let idle = self.end_idle_time(before);
        if W::Migration::MOVES {
            self.patience.learn(idle);
            self.stop_idling();
        }
        self.decide()
    }

    /// How long it was idle, since then.
    fn end_idle_time(&mut self, before: u64) -> u64 {
        self.since = self.hardware.now();
        let idle = self.since - before;
        self.statistics.idle_nanos += idle;
        if W::Migration::MOVES {
            self.idle = idle;
            self.awake_since = self.since;
        }
        idle
    }

    /// Without work, it looks at its word for a moment before it looks for some elsewhere, if it has learned that
    /// something comes up by itself so soon. True if something has.
    fn has_soon_more(&mut self) -> bool {
        let turns = self.patience.turns();
        if turns == 0 {
            return false;
        }
        // Whoever rings from now on need not signal it.
        self.here.store_pace(Pace::Idle);
        let before = self.hardware.now();
        let has_come = self.hardware.lingers(turns);
        self.end_idle_time(before);
        self.patience.learn_from_looking(has_come);
        if has_come {
            self.statistics.short_waits += 1;
            self.keep_pace();
        }
        has_come
    }

    /// The time since the last look at the clock was this process's.
    #[inline(always)]
    pub(super) fn charge_time(&mut self, token: &mut Token) {
        let now = self.hardware.now_roughly();
        token.charge_time(now.saturating_sub(core::mem::replace(&mut self.since, now)));
    }
}
