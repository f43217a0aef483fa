//! Whether a core that was started still belongs to the machine.
//!
//! The boot core starts every other one and waits for a bounded time. A core that has not arrived
//! by then is left out: its place in every table says so. But it may only have been slow, and must
//! not begin to run when nobody counts on it any more; and one that finds that it can't run says so
//! at once instead of letting everybody wait. So these are transitions of one word, and exactly
//! one of them happens:
//!
//! ```text
//!   expected --arrive--> present      the core itself, once its own set-up is done
//!   expected --fail----> failed       the core itself, once it has noted why
//!   expected --give_up-> left out     the boot core, when the time is over
//! ```

use crate::atomic::AtomicU32;
use crate::order::Site;

const EXPECTED: u32 = 0;
const PRESENT: u32 = 1;
const LEFT_OUT: u32 = 2;
const FAILED: u32 = 3;

/// The word that decides between a core's arrival and its being left out.
#[derive(Debug)]
pub struct Admission(AtomicU32);

/// What became of the core.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Verdict {
    /// It belongs to the machine.
    Present,
    /// It does not, and must never run anything.
    LeftOut,
    /// It does not, and has noted why.
    Failed,
}

impl Admission {
    /// Creates the word of a core that is expected.
    #[cfg(not(loom))]
    pub const fn new() -> Self {
        Self(AtomicU32::new(EXPECTED))
    }

    /// Creates the word of a core that is expected.
    #[cfg(loom)]
    pub fn new() -> Self {
        Self(AtomicU32::new(EXPECTED))
    }

    /// Arrives; the core calls it once and parks itself for ever on `LeftOut`.
    pub fn arrive(&self) -> Verdict {
        self.settle(PRESENT)
    }

    /// Says that it can't run; the core calls it instead of `arrive`, and parks in any case. What it
    /// did before, such as noting why, is visible to whoever sees `Failed`.
    pub fn fail(&self) -> Verdict {
        self.settle(FAILED)
    }

    /// Stops waiting; the boot core calls it, and anything but `LeftOut` means that the core was
    /// faster after all.
    pub fn give_up(&self) -> Verdict {
        self.settle(LEFT_OUT)
    }

    /// What has been decided, if anything has; what the core did before it arrived or failed is
    /// visible then.
    pub fn verdict(&self) -> Option<Verdict> {
        verdict_of(self.0.load(Site::AdmissionVerdict.ordering()))
    }

    fn settle(&self, wanted: u32) -> Verdict {
        let first = Site::AdmissionSettle.ordering();
        let late = Site::AdmissionSettled.ordering();
        let outcome = self.0.compare_exchange(EXPECTED, wanted, first, late);
        let decided = outcome.map_or_else(|winner| winner, |_| wanted);
        verdict_of(decided).unwrap_or(Verdict::LeftOut)
    }
}

fn verdict_of(word: u32) -> Option<Verdict> {
    match word {
        EXPECTED => None,
        PRESENT => Some(Verdict::Present),
        FAILED => Some(Verdict::Failed),
        _ => Some(Verdict::LeftOut),
    }
}

impl Default for Admission {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn the_first_transition_decides() {
        let word = Admission::new();
        assert_eq!(word.verdict(), None);
        assert_eq!(word.arrive(), Verdict::Present);
        assert_eq!(word.give_up(), Verdict::Present);
        assert_eq!(word.verdict(), Some(Verdict::Present));

        let word = Admission::new();
        assert_eq!(word.give_up(), Verdict::LeftOut);
        assert_eq!(word.arrive(), Verdict::LeftOut);
        assert_eq!(word.fail(), Verdict::LeftOut);
        assert_eq!(word.verdict(), Some(Verdict::LeftOut));

        let word = Admission::new();
        assert_eq!(word.fail(), Verdict::Failed);
        assert_eq!(word.give_up(), Verdict::Failed);
        assert_eq!(word.verdict(), Some(Verdict::Failed));
    }
}

#[cfg(all(test, loom))]
pub(crate) mod stories;
