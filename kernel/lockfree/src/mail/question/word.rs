//! The word that decides who has a question's envelope.
//!
//! # Orderings
//!
//! Whoever opens a question has read it out of the envelope before; that is released, and whoever closes it,
//! who then writes an answer there or gives the envelope to a pool, acquires that. The rest has been said by the
//! word of the process that was asked: its send and its take.

mod delay;

pub(crate) use delay::{Emptied, Ended};

use crate::atomic::{AtomicU64, Relaxed};
use crate::order::Site;

const PHASE_BITS: u32 = 3;
const PHASE: u64 = (1 << PHASE_BITS) - 1;

/// It is on its way, and nobody may answer it yet.
const ASKED: u64 = 0;
/// It may be answered.
const OPEN: u64 = 1;
/// It may not be answered any more.
const CLOSED: u64 = 2;
/// The same, and nobody waits for what is on its way.
const GIVEN_UP: u64 = 3;
/// It is on its way, and nobody will answer it.
const RENOUNCED: u64 = 4;

/// The word.
#[derive(Debug)]
pub(crate) struct QuestionWord(AtomicU64);

/// A question's number: no other one in the same envelope has it, ever. (2^61 of them at one each nanosecond take
/// seventy years.)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Number(u64);

/// What whoever takes a question in has to do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Opening {
    /// Note it.
    Opened(Number),
    /// Say that there is no answer: the envelope is its own.
    Renounced,
    /// Nothing: the envelope is its own, and nobody waits for an answer.
    GivenUp,
}

/// What became of a question whose right to be answered is used, or dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Finish {
    /// The envelope is the caller's own.
    Closed,
    /// It is still on its way; whoever takes it in meets that nobody answers.
    Renounced,
    /// Somebody else has closed it.
    TooLate,
}

impl Number {
    /// No question's.
    pub(crate) const NONE: Self = Self(0);
}

impl QuestionWord {
    /// Creates the word of an envelope that has carried no question yet.
    pub(crate) fn new() -> Self {
        Self(AtomicU64::new(CLOSED))
    }

    /// True if there was ever a question: somebody may still have its number.
    pub(crate) fn was_asked(&self) -> bool {
        self.0.load(Relaxed) & !PHASE != 0
    }

    /// 1: begins a question; the envelope is the caller's own.
    #[inline(always)]
    pub(crate) fn ask(&self) -> Number {
        let number = (self.0.load(Relaxed) | PHASE) + 1;
        self.0.store(number | ASKED, Relaxed);
        Number(number)
    }

    /// 2: the question was taken in, and the envelope's room is free.
    #[inline(always)]
    pub(crate) fn open(&self) -> Opening {
        let mut word = self.0.load(Relaxed);
        while word & PHASE == ASKED {
            let ordering = Site::QuestionOpen.ordering();
            match self
                .0
                .compare_exchange(word, word | OPEN, ordering, Relaxed)
            {
                Ok(_) => return Opening::Opened(Number(word)),
                Err(now) => word = now,
            }
        }
        if word & PHASE == RENOUNCED {
            self.shut();
            return Opening::Renounced;
        }
        Opening::GivenUp
    }

    /// 3: closes it. True for one caller only: the envelope is its own.
    #[inline(always)]
    pub(crate) fn close(&self, Number(number): Number) -> bool {
        let ordering = Site::QuestionClose.ordering();
        self.0
            .compare_exchange(number | OPEN, number | CLOSED, ordering, Relaxed)
            .is_ok()
    }

    /// 3 or 4: the right to answer it is used, or dropped; what became of it.
    pub(crate) fn finish(&self, number: Number) -> Finish {
        loop {
            if self.close(number) {
                return Finish::Closed;
            }
            if self.renounce(number) {
                return Finish::Renounced;
            }
            if !self.is_open(number) {
                return Finish::TooLate;
            }
        }
    }

    /// 4: nobody will answer it.
    fn renounce(&self, Number(number): Number) -> bool {
        self.0
            .compare_exchange(number | ASKED, number | RENOUNCED, Relaxed, Relaxed)
            .is_ok()
    }

    /// 5: whoever asked does not want to know any more. True if the envelope is the caller's; otherwise it is on
    /// its way, and whoever meets it knows.
    pub(crate) fn give_up(&self, Number(number): Number) -> bool {
        loop {
            if self.close(Number(number)) {
                return true;
            }
            let word = self.0.load(Relaxed);
            let is_underway = matches!(word ^ number, ASKED | CLOSED | RENOUNCED);
            let given_up = number | GIVEN_UP;
            if !is_underway && word != number | OPEN {
                return false;
            }
            if is_underway
                && self
                    .0
                    .compare_exchange(word, given_up, Relaxed, Relaxed)
                    .is_ok()
            {
                return false;
            }
        }
    }

    /// Closes it for whoever has the envelope.
    pub(crate) fn shut(&self) {
        let number = self.0.load(Relaxed) & !PHASE;
        self.0.store(number | CLOSED, Relaxed);
    }

    /// True if it may be answered.
    #[inline(always)]
    pub(crate) fn is_open(&self, Number(number): Number) -> bool {
        self.0.load(Relaxed) == number | OPEN
    }

    /// True if nobody waits for what is in the envelope.
    pub(crate) fn is_given_up(&self) -> bool {
        self.0.load(Relaxed) & PHASE == GIVEN_UP
    }
}
