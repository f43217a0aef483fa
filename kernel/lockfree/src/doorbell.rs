//! A core's status word: what it has been asked to look at, and whether it is looking.
//!
//! Everything asynchronous that concerns a core becomes a bit in this one word: the causes of
//! interrupts, wake-ups from other cores, requests. The core takes the whole word at the top of
//! each turn of its loop. Between two turns it is *away*: asleep, or busy with code that may run for
//! as long as it likes. Whoever sets a bit learns from the same step whether the core has to be
//! signalled, because *away* is a bit of the same word.
//!
//! # Why no wake-up is lost
//!
//! The classic mistake keeps "there is work" and "I am asleep" in two words, where each side can
//! write one and read the other's old value. Here both are one word, so its modification order
//! decides alone. The owner goes away by one compare-and-swap from 0 to `AWAY`:
//!
//! - a ring before it makes the word non-zero, the swap fails, the owner takes the cause;
//! - a ring after it reads `AWAY` in the value it replaces and so knows that it must signal.
//!
//! Only the first ring since then signals; the later ones find a cause already there and know that
//! its bringer signals. The signal may arrive before the core has really gone: before its
//! wait-for-interrupt instruction, or before the code it is busy with can be interrupted. Both
//! gaps are closed where they are, by looking at the word once more with interrupts masked.
//!
//! # Orderings
//!
//! [`ring`](Doorbell::ring) releases, [`take`](Doorbell::take) acquires: what the bringer wrote
//! before ringing is visible to the owner after taking. Nothing else travels through this word.

use crate::atomic::{AtomicU32, Relaxed};
use crate::order::Site;

/// The bit that says that the owner looks again only when it is signalled.
const AWAY: u32 = 1 << 31;

/// A core's status word.
#[derive(Debug)]
#[repr(transparent)]
pub struct Doorbell(AtomicU32);

/// What the bringer of a cause must do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Ring {
    /// Nothing: the owner will look by itself, or somebody else is signalling it already.
    Noted,
    /// Signal the owner: it is away, and this was the first cause since.
    MustSignal,
}

impl Doorbell {
    /// Causes that a word can hold: every bit but the one for being away.
    pub const CAUSES: u32 = !AWAY;

    /// Creates the word of a core that is there and has nothing to look at.
    #[cfg(not(loom))]
    pub const fn new() -> Self {
        Self(AtomicU32::new(0))
    }

    /// Creates the word of a core that is there and has nothing to look at.
    #[cfg(loom)]
    pub fn new() -> Self {
        Self(AtomicU32::new(0))
    }

    /// Adds `causes`; any core and any interrupt handler may call it.
    pub fn ring(&self, causes: u32) -> Ring {
        debug_assert!(causes & AWAY == 0, "that bit is the owner's");
        let ordering = Site::DoorbellRing.ordering();
        let before = self.0.fetch_or(causes & Self::CAUSES, ordering);
        if before == AWAY {
            Ring::MustSignal
        } else {
            Ring::Noted
        }
    }

    /// Takes all causes; the owner is there again. Only the owner calls it.
    pub fn take(&self) -> u32 {
        // A plain look first: the word is empty nearly always, and a load costs no exclusive line.
        if self.0.load(Relaxed) == 0 {
            return 0;
        }
        self.0.swap(0, Site::DoorbellTake.ordering()) & Self::CAUSES
    }

    /// True when a cause waits; only a hint, for a handler that decides whether to leave.
    pub fn is_rung(&self) -> bool {
        self.0.load(Relaxed) & Self::CAUSES != 0
    }

    /// True when no cause waits, and the owner is there; the same hint, for one instruction less.
    pub fn is_quiet(&self) -> bool {
        self.0.load(Relaxed) == 0
    }

    /// True when the owner is away and nobody has rung: it sleeps. A hint, for whoever wonders that it does nothing.
    pub fn is_away(&self) -> bool {
        self.0.load(Relaxed) == AWAY
    }

    /// Declares the owner away, unless a cause waits; only the owner calls it, and after `true` it
    /// can be reached by a signal, and takes when it comes back.
    #[must_use]
    pub fn try_leave(&self) -> bool {
        // Relaxed: on success nothing was received, on failure `take` follows and acquires.
        self.0.compare_exchange(0, AWAY, Relaxed, Relaxed).is_ok()
    }
}

impl Default for Doorbell {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn causes_add_up_and_are_taken_once() {
        let bell = Doorbell::new();
        assert_eq!(bell.ring(0b001), Ring::Noted);
        assert_eq!(bell.ring(0b100), Ring::Noted);
        assert!(bell.is_rung());
        assert_eq!(bell.take(), 0b101);
        assert_eq!(bell.take(), 0);
        assert!(!bell.is_rung());
    }

    #[test]
    fn a_waiting_cause_keeps_the_owner_there() {
        let bell = Doorbell::new();
        let _ = bell.ring(1);
        assert!(!bell.try_leave());
        assert_eq!(bell.take(), 1);
        assert!(bell.try_leave());
    }

    #[test]
    fn only_the_first_ring_since_leaving_signals() {
        let bell = Doorbell::new();
        assert!(bell.try_leave());
        assert_eq!(bell.ring(1), Ring::MustSignal);
        assert_eq!(bell.ring(2), Ring::Noted);
        assert_eq!(bell.take(), 3);
        assert_eq!(bell.ring(4), Ring::Noted);
    }
}

#[cfg(all(test, loom))]
pub(crate) mod stories;
