//! One core's scheduler: what it decides between two processes.
//!
//! ```text
//! decide:  take the status word; serve what is not ours; ring alarms that are due
//!          collect the desk
//!          pop until one may run: held ones are skipped, dying ones get their last turn
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

use super::alarms::Alarms;
use super::effects::{Hardware, Oracle, Outcome, Place, Ready, World};
use crate::causes::{Cause, Causes};
use girder_lockfree::Token;
use girder_lockfree::process::here::{Here, collect};
use girder_lockfree::process::{Intent, Start};

/// What a core does next.
#[derive(Debug)]
pub enum Next {
    /// Gives itself to a process, from its last await on.
    Resume(Token),
    /// Gives itself to a process that an interrupt broke off.
    GoOn(Token),
    /// Lets a process that has to die drop what it owns.
    End(Token),
    /// Sleeps until something happens.
    Wait,
}

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
}

/// How a core treats its processes.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// Nanoseconds between ticks while more than one process wants the core.
    pub quantum: u64,
    /// Reductions that a process gets for one turn.
    pub reductions: i32,
}

/// One core's scheduler.
pub struct Core<W: World> {
    ready: W::Ready,
    hardware: W::Hardware,
    oracle: W::Oracle,
    alarms: Alarms,
    terms: Terms,
    /// When the next tick is due, while ticks are wanted.
    tick: Option<u64>,
    /// What the timer was asked for.
    armed: Option<u64>,
    here: &'static Here,
    statistics: Statistics,
}

/// Ticks in a quantum.
const TICKS: u8 = 2;

impl<W: World> Core<W> {
    /// Creates a core with nothing to do, and the desk that its processes find.
    pub fn new(
        ready: W::Ready,
        hardware: W::Hardware,
        oracle: W::Oracle,
        terms: Terms,
        here: &'static Here,
    ) -> Self {
        Self {
            ready,
            hardware,
            oracle,
            alarms: Alarms::default(),
            terms,
            tick: None,
            armed: None,
            here,
            statistics: Statistics::default(),
        }
    }

    /// What it has done so far.
    pub fn statistics(&self) -> Statistics {
        self.statistics
    }

    /// The processes that are ready to run.
    pub fn ready(&self) -> &W::Ready {
        &self.ready
    }

    /// Its hardware.
    pub fn hardware(&mut self) -> &mut W::Hardware {
        &mut self.hardware
    }

    /// Decides what to do next.
    #[inline(always)]
    pub fn decide(&mut self) -> Next {
        let causes = self.hardware.take_causes();
        if !causes.is_empty() {
            self.look_up(causes, None);
        }
        if self.here.was_used() {
            self.collect();
        }
        while let Some(token) = self.ready.pop() {
            // Almost always nobody wants anything of it, and one look says so.
            if token.is_plain() {
                return self.grant(token);
            }
            match token.start() {
                Start::Run(token) => return self.grant(token),
                Start::GoOn(token) => {
                    self.statistics.switches += 1;
                    return Next::GoOn(token);
                }
                Start::Held => {}
                Start::Die(token) => return Next::End(token),
            }
        }
        Next::Wait
    }

    /// Takes a process back, and decides what to do next.
    #[inline(always)]
    pub fn settle(&mut self, outcome: Outcome) -> Next {
        match outcome {
            Outcome::Pending(mut token, Intent::Yield) => {
                token.begin_stint();
                self.ready.push(token, Place::Back);
            }
            Outcome::Pending(mut token, Intent::Wait) => {
                token.begin_stint();
                // Woken while it ran: it looks again, when its turn comes.
                if let Some(token) = token.park() {
                    self.ready.push(token, Place::Back);
                }
            }
            Outcome::Preempted(token) => {
                self.statistics.preemptions += 1;
                let causes = self.hardware.take_causes();
                self.look_up(causes, Some(token));
            }
            Outcome::Done(finished) => {
                self.statistics.ended += 1;
                finished.discontinue();
            }
        }
        self.decide()
    }

    /// Sleeps, with the timer set to whatever comes first.
    pub fn wait(&mut self) -> Next {
        self.tick = None;
        self.arm();
        self.statistics.waits += 1;
        self.hardware.wait();
        self.decide()
    }

    #[inline(always)]
    fn grant(&mut self, mut token: Token) -> Next {
        token.grant(self.terms.reductions);
        self.statistics.switches += 1;
        Next::Resume(token)
    }

    /// Serves what has happened since the last look, and puts whom it interrupted back.
    #[cold]
    #[inline(never)]
    fn look_up(&mut self, causes: Causes, preempted: Option<Token>) {
        let has_rivals = self.ready.has_rivals(usize::from(preempted.is_some()));
        let is_tick = causes.contains(Cause::Timer) && self.on_timer(has_rivals);
        self.hardware.serve(causes);
        let Some(mut token) = preempted else { return };
        if token.count_tick(is_tick) >= TICKS {
            token.begin_stint();
            self.statistics.quanta += 1;
            self.ready.push(token, Place::Back);
        } else {
            self.ready.push(token, Place::Front);
        }
    }

    /// Rings alarms that are due. True if a tick was.
    fn on_timer(&mut self, has_rivals: bool) -> bool {
        self.armed = None;
        let now = self.hardware.now();
        for waker in self.alarms.take_due(now) {
            waker.wake();
        }
        let is_tick = self.tick.is_some_and(|at| at <= now);
        if is_tick || self.tick.is_none() {
            self.tick = has_rivals.then(|| now + self.tick_length());
        }
        self.arm();
        is_tick
    }

    /// Puts what running code has left on the desk where it belongs.
    #[cold]
    #[inline(never)]
    fn collect(&mut self) {
        let Self {
            ready,
            oracle,
            alarms,
            statistics,
            ..
        } = self;
        collect(|desk| {
            for (at, waker) in desk.alarms.drain(..) {
                alarms.add(at, waker);
            }
            // Which of the two came first is nobody's business: the oracle decides.
            let first_woken = oracle.choose(2) == 0;
            for is_woken in [first_woken, !first_woken] {
                let queue = if is_woken {
                    &mut desk.woken
                } else {
                    &mut desk.newborn
                };
                while let Some(token) = queue.pop_front() {
                    statistics.arrivals += 1;
                    ready.push(token, Place::Back);
                }
            }
        });
        if self.tick.is_none() && self.ready.has_rivals(0) {
            self.tick = Some(self.hardware.now() + self.tick_length());
        }
        self.arm();
    }

    /// Ticks are wanted while somebody waits for the core, this far apart.
    fn tick_length(&self) -> u64 {
        self.terms.quantum / u64::from(TICKS)
    }

    fn arm(&mut self) {
        let wanted = [self.tick, self.alarms.next()].into_iter().flatten().min();
        if wanted != self.armed {
            self.armed = wanted;
            self.hardware.set_deadline(wanted);
        }
    }
}
