//! Asking a process something and waiting for its answer.
//!
//! The question carries a [`ReplyTo`], which can be used once. The answer comes back in the very envelope of the
//! question, and only the call that asked sees it: once that is over, because it took too
//! long or was dropped, the answer is dropped too, and counted as late. So an answer is never taken for the
//! answer to another question, nor for a message. (That is what Erlang makes an alias of the caller for, one for each call.)
//!
//! Each call ends once: with the answer; with [`NoAnswer`](CallError::NoAnswer) as soon as the `ReplyTo` is dropped, or the
//! process that took the question in ends, however it does, or ends without having read it. That a worker has been
//! given the `ReplyTo` does not help then, as in Erlang, where the caller watches whom it has asked: the worker's answer
//! comes too late.

use crate::time::timeout;
use core::fmt;
use core::future::poll_fn;
use core::time::Duration;
use girder_lockfree::mail::{self, NotAsked, Receiver, ReplyTo, SendError, Sent, ask};
use girder_lockfree::process::Pid;

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallError {
    /// There will be none: the process is gone, or let the question drop.
    NoAnswer,
    /// There was none in time.
    TimedOut,
    /// There is no memory to carry the question in, or to note that it has to be answered.
    NoEnvelope,
    /// The mailbox of whoever was asked has no room.
    Full,
    /// A process can't wait for its own answer.
    OwnQuestion,
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoAnswer => "nobody answers",
            Self::TimedOut => "no answer in time",
            Self::NoEnvelope => "no memory for a question's envelope",
            Self::Full => "no room in the mailbox of whoever was asked",
            Self::OwnQuestion => "a process can't wait for its own answer",
        })
    }
}

impl core::error::Error for CallError {}

impl From<NotAsked> for CallError {
    fn from(why: NotAsked) -> Self {
        match why {
            NotAsked::NoAnswer => Self::NoAnswer,
            NotAsked::NoEnvelope => Self::NoEnvelope,
            NotAsked::Full => Self::Full,
            NotAsked::Oneself => Self::OwnQuestion,
        }
    }
}

/// Asks a process what `make` makes of the right to answer, and waits for its answer.
///
/// It is awaited by the process that has begun to; in another one it panics.
pub async fn call<Q, R>(to: Pid, make: impl FnOnce(ReplyTo<R>) -> Q) -> Result<R, CallError>
where
    Q: Send + 'static,
    R: Send + 'static,
{
    let mut question = ask(to, make)?;
    Ok(poll_fn(|context| question.poll(context)).await?)
}

/// The same, for so long at most.
pub async fn call_timeout<Q, R>(
    limit: Duration,
    to: Pid,
    make: impl FnOnce(ReplyTo<R>) -> Q,
) -> Result<R, CallError>
where
    Q: Send + 'static,
    R: Send + 'static,
{
    let answer = timeout(limit, call(to, make)).await;
    answer.unwrap_or(Err(CallError::TimedOut))
}

/// Sends a process what it would be asked by [`call`], and wants no answer: what is answered goes nowhere. Nothing
/// tells whether the process is there, or gets it. If it can't be sent it comes back, as from
/// [`send`](super::send).
pub fn cast<Q, R>(to: Pid, make: impl FnOnce(ReplyTo<R>) -> Q) -> Result<Sent, SendError<Q>>
where
    Q: Send + 'static,
    R: Send + 'static,
{
    mail::send(Receiver::of(to), make(ReplyTo::to_nobody()))
}
