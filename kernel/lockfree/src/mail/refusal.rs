//! Why a message was not sent, and the message.

use core::fmt;

/// A message was not sent; here it is again.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum SendError<M> {
    /// There is no memory to carry it in.
    NoEnvelope(M),
    /// The receiver's mailbox has no room, and the receiver wants its senders to be told.
    Full(M),
}

impl<M> SendError<M> {
    /// The message.
    pub fn into_message(self) -> M {
        match self {
            Self::NoEnvelope(message) | Self::Full(message) => message,
        }
    }

    /// The same about something else in place of the message.
    pub fn map<N>(self, f: impl FnOnce(M) -> N) -> SendError<N> {
        match self {
            Self::NoEnvelope(message) => SendError::NoEnvelope(f(message)),
            Self::Full(message) => SendError::Full(f(message)),
        }
    }
}

impl<M> fmt::Debug for SendError<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoEnvelope(_) => "NoEnvelope",
            Self::Full(_) => "Full",
        })
    }
}

impl<M> fmt::Display for SendError<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoEnvelope(_) => "no memory for a message's envelope",
            Self::Full(_) => "the receiver's mailbox is full",
        })
    }
}

impl<M> core::error::Error for SendError<M> {}
