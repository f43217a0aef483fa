//! What a tie or a signal is made of, in hand: with preemption off, for it would be lost with whoever is killed. What is not used goes back.

use super::carrier::{Carrier, Letter};
use super::end::{new_words, old_words};
use super::ring::Words;
use super::tie::Tie;
use crate::mail::{Envelope, give_envelope, take_envelope};
use crate::process::{Pid, table};

/// Perhaps a tie that nobody has seen, an envelope, and perhaps room for words.
pub(in crate::process) struct Parts {
    tie: Option<&'static Tie>,
    envelope: Option<&'static Envelope>,
    pub(super) words: Option<Words>,
}

impl Parts {
    /// Takes all of it. Nothing if something is missing.
    pub(super) fn gather(wants_words: bool) -> Option<Self> {
        let mut parts = Self::without_tie(wants_words)?;
        parts.tie = Some(table().ties().take()?);
        Some(parts)
    }

    /// The same for a signal that comes by no link.
    pub(super) fn without_tie(wants_words: bool) -> Option<Self> {
        let mut parts = Self {
            tie: None,
            envelope: None,
            words: None,
        };
        parts.envelope = Some(take_envelope()?);
        if wants_words {
            parts.words = Some(new_words()?);
        }
        Some(parts)
    }

    /// Makes the tie, which carries the letter that is made of it and its number.
    pub(super) fn open(
        &mut self,
        ends: [Pid; 2],
        letter: impl FnOnce(&Tie, u64) -> Letter,
    ) -> Option<(&'static Tie, u64)> {
        let (tie, envelope) = self.tie.take().zip(self.envelope.take())?;
        let number = tie.open(ends, |number| {
            Some(Carrier::new(envelope, letter(tie, number)))
        });
        Some((tie, number))
    }

    /// What a signal without a tie comes by.
    pub(super) fn carrier(&mut self, letter: Letter) -> Option<Carrier> {
        Some(Carrier::new(self.envelope.take()?, letter))
    }
}

impl Drop for Parts {
    fn drop(&mut self) {
        self.envelope.take().into_iter().for_each(give_envelope);
        let ties = table().ties();
        self.tie.take().into_iter().for_each(|tie| ties.give(tie));
        old_words(self.words.take());
    }
}
