//! Messages that are sent at a time, once or again and again.

use super::{Instant, interval};
use core::fmt;
use core::time::Duration;
use girder_lockfree::mail::{self, Later, Receiver, SendError, Sent, take_back_message};
use girder_lockfree::process::{NoProcess, Pid, Request, kill, own_level, spawn_with};

/// Whether something was called off before it happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cancelled {
    /// It was, and will not happen.
    InTime,
    /// It has happened already, or was called off before.
    TooLate,
}

/// Sends a message after so long, never sooner; with no delay, at the next tick. The message is sent even if the
/// process that asks for it ends meanwhile. What does not find its receiver, or finds no room in its mailbox, is dropped and
/// counted as if it had been sent then. It comes back if there is no memory.
pub fn send_after<M: Send + 'static>(
    delay: Duration,
    to: Pid,
    message: M,
) -> Result<Delayed, SendError<M>> {
    send_at(Instant::now() + delay, to, message)
}

/// As [`send_after`], when the clock has reached `at`. At [`Instant::NEVER`] that never happens.
pub fn send_at<M: Send + 'static>(
    at: Instant,
    to: Pid,
    message: M,
) -> Result<Delayed, SendError<M>> {
    mail::send_at(at.nanos(), to, message).map(Delayed)
}

/// The name of a message that will be sent. Dropping it changes nothing; whoever has it may cancel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delayed(Later);

impl Delayed {
    /// Takes the message back and drops it, unless that is too late: on any core, and at once. Whoever is told that it was in time
    /// knows that the message is not sent, and is told so alone; otherwise it was sent, or taken back by somebody else.
    pub fn cancel(self) -> Cancelled {
        match take_back_message(self.0) {
            true => Cancelled::InTime,
            false => Cancelled::TooLate,
        }
    }
}

/// The shortest period at which something is sent again and again. What is sent more often than it
/// can be received fills memory, and nothing else.
pub const PERIOD_MIN: Duration = Duration::from_micros(1);

/// Why nothing is sent again and again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoPeriodic {
    /// The period is nothing, or shorter than [`PERIOD_MIN`].
    TooShort,
    /// There is no room for the process that would send it.
    NoProcess,
}

impl fmt::Display for NoPeriodic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooShort => write!(f, "the period is shorter than {PERIOD_MIN:?}"),
            Self::NoProcess => fmt::Display::fmt(&NoProcess, f),
        }
    }
}

impl core::error::Error for NoPeriodic {}

/// Sends what `make` makes again and again, at whole multiples of the period from now on: one that is late brings none of
/// the later ones out of step, and those that are missed are left out. It ends when the receiver is gone. A
/// process does it, which runs `make`; what finds no memory or no room is dropped. A period shorter than [`PERIOD_MIN`] is refused.
pub fn send_every<M, F>(period: Duration, to: Pid, mut make: F) -> Result<Periodic, NoPeriodic>
where
    M: Send + 'static,
    F: FnMut() -> M + Send + 'static,
{
    if period < PERIOD_MIN {
        return Err(NoPeriodic::TooShort);
    }
    let work = move || async move {
        let mut beat = interval(period);
        loop {
            beat.tick().await;
            if matches!(mail::send(Receiver::of(to), make()), Ok(Sent::ToNobody)) {
                return;
            }
        }
    };
    let made = spawn_with(work, own_level());
    made.map(Periodic)
        .map_err(|NoProcess| NoPeriodic::NoProcess)
}

/// The name of messages that are sent again and again. Dropping it changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Periodic(Pid);

impl Periodic {
    /// Sends no more. Too late if that has come to its end already.
    pub fn cancel(self) -> Cancelled {
        match kill(self.0) {
            Request::Taken => Cancelled::InTime,
            Request::Ignored | Request::Refused => Cancelled::TooLate,
        }
    }
}
