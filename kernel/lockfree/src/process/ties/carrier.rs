//! What a tie will tell: a message, and the envelope that it will travel in. So telling wants for nothing.

use super::tie::Tie;
use super::{Down, Exit, MonitorRef};
use crate::mail::{Envelope, Message, give_envelope, send_told};
use crate::process::{ExitReason, Pid};
use alloc::boxed::Box;
use core::ptr::NonNull;

/// A message, to be completed.
#[derive(Debug)]
pub(super) enum Letter {
    Down(Box<Down>),
    Exit(Box<Exit>),
}

impl Letter {
    /// The same, of a tie of this number, to that process.
    pub(super) fn addressed(mut self, pid: Pid, tie: &Tie, number: u64) -> Self {
        if let Self::Down(down) = &mut self {
            (down.pid, down.reference) = (pid, MonitorRef::new(tie, number));
        }
        self
    }
}

/// It, and its envelope.
#[derive(Debug)]
pub(super) struct Carrier {
    envelope: NonNull<Envelope>,
    letter: Letter,
}

impl Carrier {
    pub(super) fn new(envelope: &'static Envelope, letter: Letter) -> Self {
        let envelope = NonNull::from(envelope);
        Self { envelope, letter }
    }

    /// True if a link carries it.
    pub(super) fn is_signal(&self) -> bool {
        matches!(self.letter, Letter::Exit(_))
    }

    /// Tells of an end. What finds nobody comes back, to be dropped where nothing is locked.
    pub(super) fn send(self, to: Pid, ended: Pid, reason: ExitReason) -> Option<Message> {
        let envelope = Self::at(self.envelope);
        match self.letter {
            Letter::Down(mut down) => {
                down.reason = reason;
                send_told(to, envelope, down)
            }
            Letter::Exit(mut exit) => {
                (exit.pid, exit.reason) = (ended, reason);
                send_told(to, envelope, exit)
            }
        }
    }

    /// Gives back what nobody is told by.
    pub(super) fn discard(self) {
        give_envelope(Self::at(self.envelope));
        drop(self.letter);
    }

    fn at(envelope: NonNull<Envelope>) -> &'static Envelope {
        // SAFETY: envelopes live for ever.
        unsafe { envelope.as_ref() }
    }
}
