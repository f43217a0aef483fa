//! Ending all children of a supervisor whose children are alike: all at once, with one deadline.
//!
//! The cursor goes back through all of them once and asks each. When the deadline has passed it goes through those that are left once
//! more. Whoever is gone is removed where it stands, so over is when nobody is left.

use super::children::{ChildId, State};
use super::{Order, Phase, Supervision, Verdict};
use crate::time::Instant;

#[derive(Clone, Copy, Debug)]
pub(super) struct AtOnce {
    /// The cursor: whoever is to be asked next, or killed.
    at: Option<ChildId>,
    /// The latest time that one of them has.
    until: Option<Instant>,
    verdict: Verdict,
}

impl AtOnce {
    pub(super) const fn new(last: Option<ChildId>, verdict: Verdict) -> Self {
        Self {
            at: last,
            until: None,
            verdict,
        }
    }
}

impl<C> Supervision<C> {
    pub(super) fn go_on_at_once(&mut self, mut all: AtOnce, now: Instant) -> Option<Order> {
        let Some(id) = all.at else {
            return self.wait_for_the_last(all, now);
        };
        let (Some(state), Some(rules)) = (self.children.state(id), self.children.rules(id)) else {
            unreachable!("a child is under the cursor")
        };
        all.at = self.children.before(id);
        let order = match state {
            State::Running => Some(self.end_one(id, rules, now)),
            State::Asked { until: Some(until) } if now >= until => Some(self.kill_one(id)),
            State::Asked { .. } | State::Killed => None,
            // Whoever starts it will say soon how that went.
            State::Starting => return Some(Order::Wait(None)),
            State::Absent | State::Ended(_) | State::Failed => {
                self.children.remove(id);
                None
            }
        };
        if let Some(State::Asked { until: Some(until) }) = self.children.state(id) {
            all.until = all.until.max(Some(until));
        }
        self.phase = Phase::AtOnce(all);
        order
    }

    fn wait_for_the_last(&mut self, mut all: AtOnce, now: Instant) -> Option<Order> {
        if self.children.count() == 0 {
            self.phase = Phase::Over(all.verdict);
            return None;
        }
        if all.until.is_none_or(|until| now < until) {
            return Some(Order::Wait(all.until));
        }
        // All times have passed: once more, for those that are left.
        all.until = None;
        all.at = self.children.last();
        self.phase = Phase::AtOnce(all);
        None
    }

    /// Removes a child that has ended, if all are being ended at once.
    pub(super) fn one_less_at_once(&mut self, id: ChildId) {
        let Phase::AtOnce(mut all) = self.phase else {
            return;
        };
        if all.at == Some(id) {
            all.at = self.children.before(id);
            self.phase = Phase::AtOnce(all);
        }
        self.children.remove(id);
    }
}
