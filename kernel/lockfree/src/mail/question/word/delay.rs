//! The same word for a message that is to be sent at a time: who has the message, and who the envelope.
//!
//! ```text
//!            begin                 end (rung, or taken back by the wheel's core)
//!   CLOSED ---------> OPEN ----------------------------------------> CLOSED   the wheel's core has both
//!                      | claim (taken back elsewhere)                  ^
//!                      v          empty              end               |
//!                    TAKEN ------------> EMPTY ------------------------+      it has the envelope
//!                      | end                                           |
//!                      v          empty                                |
//!                    ABANDONED ----------------------------------------+      whoever has claimed it has the envelope
//! ```
//!
//! A wheel knows a message by its envelope's number, so as long as the wheel has it the envelope is nothing else's. Whoever
//! takes the message back on another core takes it out at once, and that is the answer: nobody waits for the wheel's core, which learns
//! of it when it comes to the alarm, by a note or because that is due. If it does while the message is being
//! taken out, it leaves the envelope to whoever does.
//!
//! # Orderings
//!
//! What is in the envelope was put there by whoever made the name, and who has the name has it from there. Taking it out is released,
//! and acquired by the wheel's core, which gives the envelope to whoever fills it next.

use super::{CLOSED, Number, OPEN, PHASE, QuestionWord};
use crate::atomic::Relaxed;
use crate::order::Site;

/// The message is being taken out on another core.
const TAKEN: u64 = 5;
/// It is out, and the wheel has the envelope.
const EMPTY: u64 = 6;
/// The message is being taken out, and the wheel has the envelope no more.
const ABANDONED: u64 = 7;

/// What the wheel's core has, when the wheel has the alarm no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Ended {
    /// The message.
    Message,
    /// The envelope: the message was taken back.
    Envelope,
    /// Neither.
    Nothing,
}

/// What whoever has taken the message out has to do with the envelope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Emptied {
    /// To have it taken off the wheel, which has it.
    OnWheel,
    /// To give it back.
    Mine,
}

impl QuestionWord {
    /// Begins to wait; the envelope is the caller's own. Its number, which no other message has.
    pub(crate) fn begin_delay(&self) -> Number {
        let number = (self.0.load(Relaxed) | PHASE) + 1;
        self.0.store(number | OPEN, Relaxed);
        Number(number)
    }

    /// Ends it: the wheel has the alarm no more; its core says so.
    pub(crate) fn end_delay(&self) -> Ended {
        let mut word = self.0.load(Relaxed);
        loop {
            let number = word & !PHASE;
            let (next, ended) = match word & PHASE {
                OPEN => (CLOSED, Ended::Message),
                TAKEN => (ABANDONED, Ended::Nothing),
                _ => (CLOSED, Ended::Envelope),
            };
            let ordering = Site::DelayEnd.ordering();
            match self
                .0
                .compare_exchange(word, number | next, ordering, Relaxed)
            {
                Ok(_) => return ended,
                Err(now) => word = now,
            }
        }
    }

    /// Claims the message, on another core than the wheel's. True once, if it was in time; then the caller takes it out at
    /// once, with preemption off.
    pub(crate) fn claim(&self, Number(number): Number) -> bool {
        self.0
            .compare_exchange(number | OPEN, number | TAKEN, Relaxed, Relaxed)
            .is_ok()
    }

    /// The message is out.
    pub(crate) fn empty(&self, Number(number): Number) -> Emptied {
        let ordering = Site::DelayEmptied.ordering();
        let emptied = self
            .0
            .compare_exchange(number | TAKEN, number | EMPTY, ordering, Relaxed);
        match emptied {
            Ok(_) => Emptied::OnWheel,
            Err(_) => {
                self.shut();
                Emptied::Mine
            }
        }
    }
}
