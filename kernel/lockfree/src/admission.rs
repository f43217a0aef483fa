//! Whether a core that was started still belongs to the machine.
//!
//! The boot core starts every other one and waits for a bounded time. A core that has not arrived
//! by then is left out: its place in every table says so. But it may only have been slow, and must
//! not begin to run when nobody counts on it any more. So arriving and leaving out are two
//! transitions of one word, and exactly one of them happens:
//!
//! ```text
//!   expected --arrive--> present      the core itself, once its own set-up is done
//!   expected --give_up-> left out     the boot core, when the time is over
//! ```

use crate::atomic::{AtomicU32, Ordering};

const EXPECTED: u32 = 0;
const PRESENT: u32 = 1;
const LEFT_OUT: u32 = 2;

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

    /// Stops waiting; the boot core calls it, and `Present` means that the core made it after all.
    pub fn give_up(&self) -> Verdict {
        self.settle(LEFT_OUT)
    }

    /// True once the core has arrived; what it did before arriving is visible then.
    pub fn is_present(&self) -> bool {
        // Acquire: pairs with the Release in `settle`.
        self.0.load(Ordering::Acquire) == PRESENT
    }

    fn settle(&self, wanted: u32) -> Verdict {
        // Release: the arriving core's set-up, for `is_present` and a losing `give_up`.
        // Acquire: the loser sees what the winner did first.
        let outcome =
            self.0
                .compare_exchange(EXPECTED, wanted, Ordering::AcqRel, Ordering::Acquire);
        match outcome {
            Ok(_) if wanted == PRESENT => Verdict::Present,
            Ok(_) => Verdict::LeftOut,
            Err(PRESENT) => Verdict::Present,
            Err(_) => Verdict::LeftOut,
        }
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
        assert!(!word.is_present());
        assert_eq!(word.arrive(), Verdict::Present);
        assert_eq!(word.give_up(), Verdict::Present);
        assert!(word.is_present());

        let word = Admission::new();
        assert_eq!(word.give_up(), Verdict::LeftOut);
        assert_eq!(word.arrive(), Verdict::LeftOut);
        assert!(!word.is_present());
    }
}

#[cfg(all(test, loom))]
mod stories {
    use super::*;
    use loom::sync::Arc;
    use loom::thread;

    /// A slow core and an impatient boot core: both come to the same verdict, and a present core's
    /// set-up is visible to the boot core.
    #[test]
    fn both_sides_come_to_the_same_verdict() {
        loom::model(|| {
            let shared = Arc::new((Admission::new(), AtomicU32::new(0)));
            let core = {
                let shared = shared.clone();
                thread::spawn(move || {
                    shared.1.store(7, Ordering::Relaxed);
                    shared.0.arrive()
                })
            };
            let verdict = if shared.0.is_present() {
                Verdict::Present
            } else {
                shared.0.give_up()
            };
            if verdict == Verdict::Present {
                assert_eq!(shared.1.load(Ordering::Relaxed), 7);
            }
            assert_eq!(core.join().unwrap(), verdict);
        });
    }
}
