//! Which core reports a crash, and what is left to try for it.
//!
//! Several cores may crash at once, and a core may crash again in its own report. The first to come
//! claims the word and reports; any other core has nothing to say. When the claimant comes again its
//! report has failed, so it tries for less each time, and in the end for nothing:
//!
//! ```text
//!   nobody --any core--> whole --the same--> short --the same--> end --the same--> nothing
//! ```
//!
//! All is decided by one word. Only the claim is a race; after it the claimant alone writes. No
//! ordering is needed: what the report says is the claimant's own, or read at its own risk.

use crate::atomic::{AtomicU64, Relaxed};

/// The claimant's number lies below, in as many bits as an affinity has.
const ATTEMPTS_SHIFT: u32 = 40;
const ONE_ATTEMPT: u64 = 1 << ATTEMPTS_SHIFT;
const NOBODY: u64 = 0;

/// The word that decides who reports.
#[derive(Debug)]
pub struct Reporter(AtomicU64);

/// What a core that crashes shall try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Attempt {
    /// The whole report.
    Whole,
    /// That failed: say so.
    Short,
    /// That failed too: only what was asked for as the end.
    End,
    /// Another core reports, or even the end has failed.
    Nothing,
}

impl Reporter {
    /// Creates the word of a machine on which nothing has crashed.
    #[cfg(not(loom))]
    pub const fn new() -> Self {
        Self(AtomicU64::new(NOBODY))
    }

    /// Creates the word of a machine on which nothing has crashed.
    #[cfg(loom)]
    pub fn new() -> Self {
        Self(AtomicU64::new(NOBODY))
    }

    /// Says what the core with this affinity shall try; it calls once for each of its crashes.
    pub fn crashed(&self, affinity: u64) -> Attempt {
        let affinity = affinity & (ONE_ATTEMPT - 1);
        let claimed = ONE_ATTEMPT | affinity;
        let Err(word) = self.0.compare_exchange(NOBODY, claimed, Relaxed, Relaxed) else {
            return Attempt::Whole;
        };
        if word & (ONE_ATTEMPT - 1) != affinity {
            return Attempt::Nothing;
        }
        let attempt = match word >> ATTEMPTS_SHIFT {
            1 => Attempt::Short,
            2 => Attempt::End,
            _ => return Attempt::Nothing,
        };
        self.0.store(word + ONE_ATTEMPT, Relaxed);
        attempt
    }
}

impl Default for Reporter {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_reporter_that_crashes_again_tries_for_less() {
        let word = Reporter::new();
        let attempts = [(); 5].map(|()| word.crashed(0x81_0000_0003));
        let expected = [
            Attempt::Whole,
            Attempt::Short,
            Attempt::End,
            Attempt::Nothing,
            Attempt::Nothing,
        ];
        assert_eq!(attempts, expected);
    }

    #[test]
    fn other_cores_have_nothing_to_say_whatever_the_reporter_does() {
        let word = Reporter::new();
        for expected in [Attempt::Whole, Attempt::Short, Attempt::End] {
            assert_eq!(word.crashed(0), expected);
            assert_eq!(word.crashed(1), Attempt::Nothing);
        }
    }
}

#[cfg(all(test, loom))]
mod stories {
    use super::*;
    use loom::thread;
    use std::sync::Arc;

    /// Two cores crash at once, and the one that reports crashes again: one whole report, and one
    /// short one by the same core.
    #[test]
    fn one_of_two_reports() {
        loom::model(|| {
            let word = Arc::new(Reporter::new());
            let crash_twice = |word: &Reporter, core| [word.crashed(core), word.crashed(core)];
            let other = {
                let word = word.clone();
                thread::spawn(move || crash_twice(&word, 7))
            };
            let mut attempts = [crash_twice(&word, 0), other.join().unwrap()];
            attempts.sort_by_key(|attempt| attempt[0] != Attempt::Whole);
            assert_eq!(attempts[0], [Attempt::Whole, Attempt::Short]);
            assert_eq!(attempts[1], [Attempt::Nothing; 2]);
        });
    }
}
