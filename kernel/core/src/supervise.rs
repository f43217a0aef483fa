//! Supervision: what a supervisor does about its children, as a machine without processes.
//!
//! A supervisor starts children in order, hears of their ends, starts some of them again, and ends all of them in the opposite
//! order when it is to end itself. What it decides depends on little: who is there, in which order, what has happened, and what time it
//! is. So the decisions are here, and whoever has processes asks: it reports what happens ([`Supervision::ended`], [`started`],
//! [`stop`]), and does what [`next`] says until that says wait.
//!
//! The behaviour is that of OTP's `supervisor.erl`, with names from there; where it is not, it says so.
//!
//! # Phases
//!
//! ```text
//!              1                 2 a child is not to be alone
//!   starting -----> settled ---------------------------------> stopping ----> over
//!      ^               |  ^                                      |  |   5
//!      |  3 one alone  |  |  4 that was all                      |  |
//!      +---------------+  +--------------------------------------+  |
//!      ^                                                            |
//!      +------------------------------------------------------------+
//!                        6 the others are gone
//! ```
//!
//! 1. all that were to be started are, or one could not be.
//! 2. `one_for_all` and `rest_for_one`: others end before it begins again. Or `terminate`, or all are to end.
//! 3. `one_for_one` and `simple_one_for_one`; `add`; `restart`.
//! 4. of a `terminate`.
//! 5. after `stop`, too many restarts, a failed beginning, or the end of who was significant.
//! 6. the group begins again, in order.
//!
//! In each phase one thing is under way, at one child: the *cursor*. Only in *settled* somebody's wish is taken, and only there an end is dealt
//! with. An end that comes at any other time joins a *line* of children, each in it once. It is what a mailbox is to OTP's
//! supervisor, which looks into it only when it is done with what it does, with the same effect: if a cursor that ends
//! children comes to one that stands in line, that one is off it, for its end is no longer news. (What it ended of is no matter
//! then, and it counts for nothing.) Whoever is not under the cursor keeps its place, and is dealt with when all is settled.
//!
//! A start that fails in the middle of a restart puts the child at the line's end, so others have their turn; then it is restarted as if it had
//! ended once more. That counts as a restart, so a child that can never start ends the supervisor, at the latest;
//! whoever tries looks between two attempts whether it is to stop.
//!
//! # What it costs
//!
//! Children stand in a slab, and two lists go through that: the order, and the line. An end joins the line; to deal with it takes
//! one child off, asks the intensity and sets the cursor: a fixed number of steps, however many children there are. What ends or starts
//! many takes so many orders. Memory is one place for each child and one time for each restart that counts still, of which
//! there are as many as the intensity at most.
//!
//! [`started`]: Supervision::started
//! [`stop`]: Supervision::stop
//! [`next`]: Supervision::next

mod at_once;
mod children;
mod intensity;
mod requests;
mod rules;
mod starting;
mod stopping;

#[cfg(test)]
mod tests;

use crate::time::Instant;
use at_once::AtOnce;
use children::{Children, State};
use intensity::Restarts;
use starting::{Starting, Why};
use stopping::{Stopping, Then};

pub use children::ChildId;
pub use requests::Refusal;
pub use rules::{AutoShutdown, ChildRules, Ended, Restart, Rules, Shutdown, Strategy};

/// What is to be done now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "it is to be done"]
pub enum Order {
    /// Start this child, and say whether it was [`started`](Supervision::started) or
    /// [not](Supervision::start_failed).
    Start(ChildId),
    /// Ask this child to end.
    Ask(ChildId),
    /// End this child, whatever it wants.
    Kill(ChildId),
    /// Nothing, until something happens, or until that time.
    Wait(Option<Instant>),
    /// Nothing any more: no child is left.
    Over(Verdict),
}

/// Why a supervisor has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It was asked to.
    Stopped,
    /// There were more restarts than its intensity allows; this child's would have been the next.
    TooManyRestarts(ChildId),
    /// This child could not be started when the supervisor began.
    StartFailed(ChildId),
    /// Those that were significant have ended: see [`AutoShutdown`].
    SignificantEnded(ChildId),
}

/// The children of one supervisor, with whatever `C` the supervisor keeps of each.
#[derive(Debug)]
pub struct Supervision<C> {
    rules: Rules,
    children: Children<C>,
    restarts: Restarts,
    phase: Phase,
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    Settled,
    Starting(Starting),
    Stopping(Stopping),
    AtOnce(AtOnce),
    Over(Verdict),
}

impl<C> Supervision<C> {
    /// Begins with these children, which are started one after the other.
    pub fn new(
        rules: Rules,
        children: impl IntoIterator<Item = (ChildRules, C)>,
    ) -> Result<Self, Refusal> {
        let mut all = Children::new();
        for (child_rules, child) in children {
            rules.look_at(child_rules)?;
            all.insert(child_rules, child)?;
        }
        let phase = Phase::Starting(Starting::all(all.first(), Why::Beginning));
        Ok(Self {
            rules,
            children: all,
            restarts: Restarts::new(rules.intensity, rules.period),
            phase,
        })
    }

    /// Says what is to be done next. To be asked again when that is done, and after whatever is reported.
    pub fn next(&mut self, now: Instant) -> Order {
        loop {
            let order = match self.phase {
                Phase::Settled => match self.children.first_in_line() {
                    None => Some(Order::Wait(None)),
                    Some(id) => {
                        self.deal_with(id, now);
                        None
                    }
                },
                Phase::Starting(starting) => self.go_on_starting(starting),
                Phase::Stopping(stopping) => self.go_on_stopping(stopping, now),
                Phase::AtOnce(at_once) => self.go_on_at_once(at_once, now),
                Phase::Over(verdict) => Some(Order::Over(verdict)),
            };
            if let Some(order) = order {
                return order;
            }
        }
    }

    /// True if nothing is under way, and nobody waits to be dealt with: wishes are taken.
    pub fn is_settled(&self) -> bool {
        matches!(self.phase, Phase::Settled) && self.children.first_in_line().is_none()
    }

    /// True if somebody's wish to end all children, or a reason of its own, is being carried out or has been.
    pub fn is_ending(&self) -> bool {
        match self.phase {
            Phase::Over(_) | Phase::AtOnce(_) => true,
            Phase::Stopping(Stopping { then, .. }) => {
                matches!(then, Then::EndAll(_) | Then::End(_))
            }
            Phase::Settled | Phase::Starting(_) => false,
        }
    }

    /// Reports that a child was started, as it was to be.
    pub fn started(&mut self, id: ChildId) {
        if self.children.state(id) == Some(State::Starting) {
            self.children.set_state(id, State::Running);
        }
    }

    /// Reports that a child could not be started.
    pub fn start_failed(&mut self, id: ChildId) {
        if self.children.state(id) != Some(State::Starting) {
            return;
        }
        self.children.set_state(id, State::Absent);
        let Phase::Starting(starting) = self.phase else {
            // All of them are being ended meanwhile.
            return;
        };
        self.phase = Phase::Settled;
        match starting.why {
            Why::Beginning => self.end_all(Verdict::StartFailed(id)),
            Why::Restart => self.children.join_line(id, State::Failed),
            Why::Added => drop(self.children.remove(id)),
            Why::Wished => {}
        }
    }

    /// Reports that a child has ended, by itself or because it was to. Of one that is not known, or was not there, nothing
    /// comes.
    pub fn ended(&mut self, id: ChildId, how: Ended) {
        match self.children.state(id) {
            Some(State::Running) => self.children.join_line(id, State::Ended(how)),
            Some(State::Asked { .. } | State::Killed) => {
                self.children.set_state(id, State::Absent);
                self.one_less_at_once(id);
            }
            _ => {}
        }
    }

    /// Ends all children. Whoever is ending already is waited for first, or with the others if they are ended at once.
    pub fn stop(&mut self) {
        if self.is_ending() {
            return;
        }
        match &mut self.phase {
            Phase::Stopping(stopping) if self.rules.strategy != Strategy::SimpleOneForOne => {
                stopping.then = Then::EndAll(Verdict::Stopped);
            }
            _ => self.end_all(Verdict::Stopped),
        }
    }

    fn end_all(&mut self, verdict: Verdict) {
        self.phase = match self.rules.strategy {
            Strategy::SimpleOneForOne => Phase::AtOnce(AtOnce::new(self.children.last(), verdict)),
            _ => self.stopping_back_to(None, Then::End(verdict)),
        };
    }

    /// Deals with the first child in line.
    fn deal_with(&mut self, id: ChildId, now: Instant) {
        let state = self.children.leave_line(id);
        let Some(rules) = self.children.rules(id) else {
            return;
        };
        match state {
            State::Ended(how) if !rules.restart.applies_to(how) => self.let_go(id, rules),
            _ if self.restarts.allow_one(now) => self.restart_of(id),
            _ => self.end_all(Verdict::TooManyRestarts(id)),
        }
    }

    /// Leaves a child ended that has ended.
    fn let_go(&mut self, id: ChildId, rules: ChildRules) {
        if self.is_dropped_with_its_end(rules) {
            self.children.remove(id);
        }
        if !rules.is_significant {
            return;
        }
        let ends_all = match self.rules.auto_shutdown {
            AutoShutdown::Never => false,
            AutoShutdown::AnySignificant => true,
            AutoShutdown::AllSignificant => self.children.significant() == 0,
        };
        if ends_all {
            self.end_all(Verdict::SignificantEnded(id));
        }
    }

    fn restart_of(&mut self, id: ChildId) {
        self.phase = match self.rules.strategy {
            Strategy::OneForOne | Strategy::SimpleOneForOne => {
                Phase::Starting(Starting::only(id, Why::Restart))
            }
            Strategy::RestForOne => self.stopping_back_to(Some(id), Then::StartFrom(Some(id))),
            Strategy::OneForAll => self.stopping_back_to(None, Then::StartFrom(None)),
        };
    }

    /// True if nothing is kept of such a child when it is gone for good.
    fn is_dropped_with_its_end(&self, rules: ChildRules) -> bool {
        rules.restart == Restart::Temporary || self.rules.strategy == Strategy::SimpleOneForOne
    }
}
