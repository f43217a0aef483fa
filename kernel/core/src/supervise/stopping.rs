//! Ending children in the opposite of their order, each when the one behind it is gone.

use super::children::{ChildId, State};
use super::rules::{ChildRules, Shutdown};
use super::starting::{Starting, Why};
use super::{Order, Phase, Supervision, Verdict};
use crate::time::Instant;

#[derive(Clone, Copy, Debug)]
pub(super) struct Stopping {
    /// The cursor: whoever is to end next, or is ending.
    at: Option<ChildId>,
    /// Where it ends; nowhere if at the first of all. Not dropped with its end, or the only one.
    first: Option<ChildId>,
    pub(super) then: Then,
}

/// What follows.
#[derive(Clone, Copy, Debug)]
pub(super) enum Then {
    /// Nothing: one child was to end.
    Settle,
    /// From this child on, or from the first, all are started.
    StartFrom(Option<ChildId>),
    /// All that are left are ended too.
    EndAll(Verdict),
    /// The supervisor ends.
    End(Verdict),
}

impl<C> Supervision<C> {
    /// Ends all from the last child back to this one, or to the first.
    pub(super) fn stopping_back_to(&self, first: Option<ChildId>, then: Then) -> Phase {
        let at = self.children.last();
        Phase::Stopping(Stopping { at, first, then })
    }

    /// Ends one child.
    pub(super) const fn stopping_only(child: ChildId) -> Phase {
        Phase::Stopping(Stopping {
            at: Some(child),
            first: Some(child),
            then: Then::Settle,
        })
    }

    pub(super) fn go_on_stopping(&mut self, stopping: Stopping, now: Instant) -> Option<Order> {
        let Some(id) = stopping.at else {
            self.phase = self.after_stopping(stopping.then);
            return None;
        };
        let (Some(state), Some(rules)) = (self.children.state(id), self.children.rules(id)) else {
            unreachable!("a child is under the cursor")
        };
        match state {
            State::Running => Some(self.end_one(id, rules, now)),
            State::Asked { until: Some(until) } if now >= until => Some(self.kill_one(id)),
            State::Asked { until } => Some(Order::Wait(until)),
            State::Starting | State::Killed => Some(Order::Wait(None)),
            State::Absent | State::Ended(_) | State::Failed => {
                let before = self.children.before(id);
                let at = before.filter(|_| stopping.first != Some(id));
                self.phase = Phase::Stopping(Stopping { at, ..stopping });
                match self.is_dropped_with_its_end(rules) {
                    true => drop(self.children.remove(id)),
                    false => self.children.set_state(id, State::Absent),
                }
                None
            }
        }
    }

    /// Begins to end a child that is there.
    pub(super) fn end_one(&mut self, id: ChildId, rules: ChildRules, now: Instant) -> Order {
        let until = match rules.shutdown {
            Shutdown::BrutalKill => return self.kill_one(id),
            Shutdown::Within(time) => Some(now + time),
            Shutdown::Infinity => None,
        };
        self.children.set_state(id, State::Asked { until });
        Order::Ask(id)
    }

    pub(super) fn kill_one(&mut self, id: ChildId) -> Order {
        self.children.set_state(id, State::Killed);
        Order::Kill(id)
    }

    fn after_stopping(&self, then: Then) -> Phase {
        match then {
            Then::Settle => Phase::Settled,
            Then::StartFrom(first) => {
                let first = first.or(self.children.first());
                Phase::Starting(Starting::all(first, Why::Restart))
            }
            Then::EndAll(verdict) => self.stopping_back_to(None, Then::End(verdict)),
            Then::End(verdict) => Phase::Over(verdict),
        }
    }
}
