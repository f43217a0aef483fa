//! Asking a process something and waiting for its answer.
//!
//! The question carries a [`ReplyTo`], which can be used once. The answer goes into the mailbox of
//! whoever asked, but only the call that asked sees it: once that is over, because it took too
//! long or was dropped, the answer is dropped too, and counted as late. So an answer is never taken for the
//! answer to another question, nor for a message.
//!
//! Whoever drops a question unanswered, because it is gone, or ends, or has no answer, says so by that:
//! the call ends at once. (One that ends in mid-poll drops nothing; then only the time limit helps.)

use crate::time::timeout;
use core::fmt;
use core::future::poll_fn;
use core::marker::PhantomData;
use core::mem::ManuallyDrop;
use core::time::Duration;
use girder_lockfree::mail::{
    self, Answer, Position, Receiver, SendError, Sent, close_question, open_question,
};
use girder_lockfree::process::Pid;

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallError {
    /// There will be none: the process is gone, or let the question drop.
    NoAnswer,
    /// There was none in time.
    TimedOut,
    /// There is no memory to carry the question in.
    NoEnvelope,
    /// The mailbox of whoever was asked has no room.
    Full,
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoAnswer => "nobody answers",
            Self::TimedOut => "no answer in time",
            Self::NoEnvelope => "no memory for a question's envelope",
            Self::Full => "no room in the mailbox of whoever was asked",
        })
    }
}

impl core::error::Error for CallError {}

/// The right to answer a question, once.
#[must_use = "whoever drops it says that there is no answer"]
#[derive(Debug)]
pub struct ReplyTo<R: Send + 'static> {
    asker: Receiver,
    question: u64,
    takes: PhantomData<fn(R)>,
}

impl<R: Send + 'static> ReplyTo<R> {
    /// Answers. For want of memory the answer comes back, and whoever asked is not told.
    pub fn reply(self, value: R) -> Result<Sent, R> {
        let Self {
            asker, question, ..
        } = *ManuallyDrop::new(self);
        let value = Some(value);
        mail::send_answer(asker, Answer { question, value }).map_err(|answer| {
            let Some(value) = answer.value else {
                unreachable!("it was put in above")
            };
            value
        })
    }
}

impl<R: Send + 'static> Drop for ReplyTo<R> {
    fn drop(&mut self) {
        let (question, value) = (self.question, None::<R>);
        let _ = mail::send_answer(self.asker, Answer { question, value });
    }
}

/// A question that has been asked; whoever drops it wants no answer any more.
struct Question(u64);

impl Question {
    fn open() -> Self {
        Self(open_question())
    }
}

impl Drop for Question {
    fn drop(&mut self) {
        close_question();
    }
}

/// Asks a process what `ask` makes of the right to answer, and waits for its answer.
pub async fn call<Q, R>(to: Pid, ask: impl FnOnce(ReplyTo<R>) -> Q) -> Result<R, CallError>
where
    Q: Send + 'static,
    R: Send + 'static,
{
    // What is in the mailbox now can't be the answer.
    let mut position = Position::at_the_end();
    let question = Question::open();
    put(to, &question, ask)?;
    let answer = poll_fn(|context| {
        mail::poll_look(context, || mail::receive_reply(&mut position, question.0))
    });
    answer.await.ok_or(CallError::NoAnswer)
}

/// The same, for so long at most.
pub async fn call_timeout<Q, R>(
    limit: Duration,
    to: Pid,
    ask: impl FnOnce(ReplyTo<R>) -> Q,
) -> Result<R, CallError>
where
    Q: Send + 'static,
    R: Send + 'static,
{
    let answer = timeout(limit, call(to, ask)).await;
    answer.unwrap_or(Err(CallError::TimedOut))
}

fn put<Q, R>(
    to: Pid,
    question: &Question,
    ask: impl FnOnce(ReplyTo<R>) -> Q,
) -> Result<(), CallError>
where
    Q: Send + 'static,
    R: Send + 'static,
{
    let reply_to = ReplyTo {
        asker: Receiver::own().ok_or(CallError::NoAnswer)?,
        question: question.0,
        takes: PhantomData,
    };
    match mail::send(Receiver::of(to), ask(reply_to)) {
        Ok(_) => Ok(()),
        Err(SendError::NoEnvelope(_)) => Err(CallError::NoEnvelope),
        Err(SendError::Full(_)) => Err(CallError::Full),
    }
}
