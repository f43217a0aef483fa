//! Starting children: one, or one after the other in their order.

use super::children::{ChildId, State};
use super::{Order, Phase, Supervision};

#[derive(Clone, Copy, Debug)]
pub(super) struct Starting {
    /// The cursor: whoever is to be started next, or is being started.
    at: Option<ChildId>,
    /// Whether those behind it are to be started too.
    goes_on: bool,
    pub(super) why: Why,
}

/// Why children are started, which says what follows if one can't be.
#[derive(Clone, Copy, Debug)]
pub(super) enum Why {
    /// The supervisor begins: it ends.
    Beginning,
    /// They are started again: that is tried once more.
    Restart,
    /// Somebody has added a child: it is removed.
    Added,
    /// Somebody wants one to run that is there: it stays as it was.
    Wished,
}

impl Starting {
    pub(super) const fn all(from: Option<ChildId>, why: Why) -> Self {
        Self {
            at: from,
            goes_on: true,
            why,
        }
    }

    pub(super) const fn only(child: ChildId, why: Why) -> Self {
        Self {
            at: Some(child),
            goes_on: false,
            why,
        }
    }
}

impl<C> Supervision<C> {
    pub(super) fn go_on_starting(&mut self, starting: Starting) -> Option<Order> {
        let Some(id) = starting.at else {
            self.phase = Phase::Settled;
            return None;
        };
        match self.children.state(id) {
            Some(State::Absent) => {
                self.children.set_state(id, State::Starting);
                Some(Order::Start(id))
            }
            Some(State::Starting) => Some(Order::Wait(None)),
            // It is there, or was: then it is in line.
            _ => {
                let next = self.children.after(id);
                let at = next.filter(|_| starting.goes_on);
                self.phase = Phase::Starting(Starting { at, ..starting });
                None
            }
        }
    }
}
