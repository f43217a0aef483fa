//! What others may wish of a supervisor while it runs, and what it knows of its children.
//!
//! A wish is taken when all is [settled](Supervision::is_settled), as in OTP, where it stays in the mailbox until then. What is said here
//! is whether it is taken; what comes of it, [`Supervision::next`] says.

use super::children::{ChildId, NoRoom, State};
use super::rules::{AutoShutdown, ChildRules, Restart};
use super::starting::{Starting, Why};
use super::{Phase, Supervision};
use core::fmt;

/// Why a wish is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// There is no such child, or it is gone for good.
    NotFound,
    /// The child is there already.
    Running,
    /// The supervisor is in the middle of something, or ends.
    Busy,
    /// There is no memory for another child.
    NoRoom,
    /// A significant child that is always restarted, or whose end its supervisor would not mind.
    Significant,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotFound => "no such child",
            Self::Running => "the child is there",
            Self::Busy => "the supervisor ends",
            Self::NoRoom => "no memory for another child",
            Self::Significant => "a significant child that can't be",
        })
    }
}

impl core::error::Error for Refusal {}

impl From<NoRoom> for Refusal {
    fn from(NoRoom: NoRoom) -> Self {
        Self::NoRoom
    }
}

impl<C> Supervision<C> {
    /// Adds a child behind the others, to be started now. If that fails it is removed.
    pub fn add(&mut self, rules: ChildRules, child: C) -> Result<ChildId, Refusal> {
        self.look_whether_settled()?;
        self.rules.look_at(rules)?;
        let id = self.children.insert(rules, child)?;
        self.phase = Phase::Starting(Starting::only(id, Why::Added));
        Ok(id)
    }

    /// Ends a child, which is not started again unless somebody wishes that, or all are. A temporary one is removed; so is each
    /// where all are alike.
    pub fn terminate(&mut self, id: ChildId) -> Result<(), Refusal> {
        self.look_whether_settled()?;
        self.children.state(id).ok_or(Refusal::NotFound)?;
        self.phase = Self::stopping_only(id);
        Ok(())
    }

    /// Starts a child that has ended and stayed so.
    pub fn restart(&mut self, id: ChildId) -> Result<(), Refusal> {
        self.look_whether_settled()?;
        self.look_whether_absent(id)?;
        self.phase = Phase::Starting(Starting::only(id, Why::Wished));
        Ok(())
    }

    /// Removes a child that has ended and stayed so.
    pub fn delete(&mut self, id: ChildId) -> Result<C, Refusal> {
        self.look_whether_settled()?;
        self.look_whether_absent(id)?;
        self.children.remove(id).ok_or(Refusal::NotFound)
    }

    /// What is kept of a child.
    pub fn child(&self, id: ChildId) -> Option<&C> {
        self.children.get(id)
    }

    /// The same, to be changed.
    pub fn child_mut(&mut self, id: ChildId) -> Option<&mut C> {
        self.children.get_mut(id)
    }

    /// All children, in the order in which they are started.
    pub fn children(&self) -> impl Iterator<Item = (ChildId, &C)> {
        let mut at = self.children.first();
        core::iter::from_fn(move || {
            let id = at?;
            at = self.children.after(id);
            Some((id, self.children.get(id)?))
        })
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.children.count()
    }

    /// True if a child has been started and was not told to end, nor is known to have.
    pub fn is_running(&self, id: ChildId) -> bool {
        self.children.state(id) == Some(State::Running)
    }

    fn look_whether_settled(&self) -> Result<(), Refusal> {
        self.is_settled().then_some(()).ok_or(Refusal::Busy)
    }

    fn look_whether_absent(&self, id: ChildId) -> Result<(), Refusal> {
        match self.children.state(id) {
            None => Err(Refusal::NotFound),
            Some(State::Absent) => Ok(()),
            Some(_) => Err(Refusal::Running),
        }
    }
}

impl super::Rules {
    /// Looks whether a supervisor with these rules may have such a child.
    pub fn look_at(&self, child: ChildRules) -> Result<(), Refusal> {
        let is_in_vain =
            self.auto_shutdown == AutoShutdown::Never || child.restart == Restart::Permanent;
        match child.is_significant && is_in_vain {
            true => Err(Refusal::Significant),
            false => Ok(()),
        }
    }
}
