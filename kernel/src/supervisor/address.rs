//! A supervisor as others know it, and what they may wish of it.

use super::child::{Child, Kind};
use crate::{CallError, Pid, ReplyTo, SpawnError, call, send};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use girder_core::supervise::{ChildId, Refusal, Restart};

/// A supervisor's address. What is asked by it waits until the supervisor is done with what it does just now, so none of it is for
/// a child of the same supervisor while that is being started or ended. One that ends fulfils nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SupervisorAddr(Pid);

/// Why a wish was not fulfilled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WishError {
    /// The supervisor did not answer.
    Call(CallError),
    /// It won't.
    Refused(Refusal),
    /// The child can't be started.
    Spawn(SpawnError),
    /// The child has ended before it said that it was started.
    NotReady,
}

/// A child, as its supervisor knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChildInfo {
    /// Which one it is.
    pub id: ChildId,
    /// What it is called.
    pub name: Arc<str>,
    /// Who it is, if it is there.
    pub pid: Option<Pid>,
    /// What it is for.
    pub kind: Kind,
    /// When it is started again.
    pub restart: Restart,
}

/// How many children a supervisor has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// All of them.
    pub children: usize,
    /// Those that are there.
    pub active: usize,
    /// Of all, those that are supervisors.
    pub supervisors: usize,
    /// Of all, those that are not.
    pub workers: usize,
}

type Answer<T> = Result<T, WishError>;

/// What comes to a supervisor in a message.
pub(super) enum Wish {
    Start(Child, ReplyTo<Answer<(ChildId, Pid)>>),
    Terminate(ChildId, ReplyTo<Answer<()>>),
    Restart(ChildId, ReplyTo<Answer<Pid>>),
    Delete(ChildId, ReplyTo<Answer<()>>),
    Which(ReplyTo<Vec<ChildInfo>>),
    Count(ReplyTo<Counts>),
    Stop,
}

impl Wish {
    /// Answers that it is not fulfilled. Where no such answer is known there is none, and whoever asked is told so.
    pub(super) fn refuse(self, why: Refusal) {
        let refused = WishError::Refused(why);
        match self {
            Self::Start(_, reply_to) => _ = reply_to.reply(Err(refused)),
            Self::Terminate(_, reply_to) | Self::Delete(_, reply_to) => {
                _ = reply_to.reply(Err(refused));
            }
            Self::Restart(_, reply_to) => _ = reply_to.reply(Err(refused)),
            Self::Which(_) | Self::Count(_) | Self::Stop => {}
        }
    }
}

impl SupervisorAddr {
    /// The address of a process that is a supervisor. To one that is not, wishes are messages that it does not know.
    pub const fn of(pid: Pid) -> Self {
        Self(pid)
    }

    /// Whose address it is.
    pub const fn pid(self) -> Pid {
        self.0
    }

    /// Adds a child behind the others and starts it. One that can't be started is not kept.
    pub async fn start_child(self, child: Child) -> Answer<(ChildId, Pid)> {
        self.ask(|reply_to| Wish::Start(child, reply_to)).await
    }

    /// Ends a child, which stays ended until it is [restarted](Self::restart_child), or started with others. Nothing is kept
    /// of one that is temporary, or whose supervisor is [`SimpleOneForOne`](super::Strategy::SimpleOneForOne).
    pub async fn terminate_child(self, child: ChildId) -> Answer<()> {
        self.ask(|reply_to| Wish::Terminate(child, reply_to)).await
    }

    /// Starts a child that has ended and stayed so.
    pub async fn restart_child(self, child: ChildId) -> Answer<Pid> {
        self.ask(|reply_to| Wish::Restart(child, reply_to)).await
    }

    /// Removes a child that has ended and stayed so.
    pub async fn delete_child(self, child: ChildId) -> Answer<()> {
        self.ask(|reply_to| Wish::Delete(child, reply_to)).await
    }

    /// All children, in the order in which they are started.
    pub async fn which_children(self) -> Result<Vec<ChildInfo>, CallError> {
        call(self.0, Wish::Which).await
    }

    /// How many there are.
    pub async fn count_children(self) -> Result<Counts, CallError> {
        call(self.0, Wish::Count).await
    }

    /// Waits until nothing is under way: all children that are to be started are.
    pub async fn settled(self) -> Result<(), CallError> {
        self.count_children().await.map(drop)
    }

    /// Asks the supervisor to end all its children and itself. That is done when its process has ended.
    pub fn stop(self) -> Result<(), CallError> {
        match send(self.0, Wish::Stop) {
            Ok(_) => Ok(()),
            Err(_) => Err(CallError::NoEnvelope),
        }
    }

    async fn ask<T: Send + 'static>(
        self,
        wish: impl FnOnce(ReplyTo<Answer<T>>) -> Wish,
    ) -> Answer<T> {
        call(self.0, wish).await.map_err(WishError::Call)?
    }
}

impl From<Refusal> for WishError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<SpawnError> for WishError {
    fn from(error: SpawnError) -> Self {
        Self::Spawn(error)
    }
}

impl fmt::Display for WishError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Call(error) => fmt::Display::fmt(error, f),
            Self::Refused(refusal) => fmt::Display::fmt(refusal, f),
            Self::Spawn(error) => fmt::Display::fmt(error, f),
            Self::NotReady => f.write_str("the child ended before it was started"),
        }
    }
}

impl core::error::Error for WishError {}
