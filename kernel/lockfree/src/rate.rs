//! How often something may be said: so many times in each second, by whichever core.
//!
//! ```text
//!   | second | how often in it |     one word
//! ```
//!
//! Who has something to say adds itself to the second that it is in, or begins that second anew. Who finds the second full is
//! counted, and the next who is admitted learns how many that were. A core whose clock is behind, or who was kept from its
//! work between the look at the clock and the word, finds a later second and is added to that: no second begins twice.
//!
//! Nothing travels with the word, so nothing is ordered. The counts are exact: each is one atomic step.

use crate::atomic::{AtomicU64, Relaxed};

const SECOND_SHIFT: u32 = 32;

/// The word, and who was not admitted since somebody was.
#[derive(Debug)]
pub struct Rate {
    word: AtomicU64,
    silenced: AtomicU64,
}

impl Rate {
    /// Nobody has said anything.
    #[cfg(not(loom))]
    pub const fn new() -> Self {
        Self {
            word: AtomicU64::new(0),
            silenced: AtomicU64::new(0),
        }
    }

    /// Nobody has said anything.
    #[cfg(loom)]
    pub fn new() -> Self {
        Self {
            word: AtomicU64::new(0),
            silenced: AtomicU64::new(0),
        }
    }

    /// Says whether the caller may speak in this second, in which `most` may: then how many were silenced since the last who
    /// might. Each call counts.
    pub fn admits(&self, second: u32, most: u32) -> Option<u64> {
        let mut word = self.word.load(Relaxed);
        loop {
            let begun = (word >> SECOND_SHIFT) as u32;
            let count = match second > begun {
                true => 0,
                false => word as u32,
            };
            if count >= most {
                self.silenced.fetch_add(1, Relaxed);
                return None;
            }
            let next = u64::from(begun.max(second)) << SECOND_SHIFT | u64::from(count + 1);
            match self.word.compare_exchange(word, next, Relaxed, Relaxed) {
                Ok(_) => return Some(self.silenced.swap(0, Relaxed)),
                Err(found) => word = found,
            }
        }
    }
}

#[cfg(not(loom))]
impl Default for Rate {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(all(test, loom))]
mod stories {
    use super::*;
    use loom::thread;
    use std::sync::Arc;

    /// Two at the border of two seconds: each second admits one, and who is silenced is counted once.
    #[test]
    fn nobody_is_lost_between_two_seconds() {
        loom::model(|| {
            let rate = Arc::new(Rate::new());
            let other = {
                let rate = rate.clone();
                thread::spawn(move || [rate.admits(1, 1), rate.admits(2, 1)])
            };
            let mine = rate.admits(2, 1);
            let theirs = other.join().unwrap();
            let all = [mine, theirs[0], theirs[1]];
            let admitted = all.iter().flatten().count() as u64;
            let told: u64 = all.iter().flatten().sum();
            assert!((1..=2).contains(&admitted), "{all:?}");
            let later = rate.admits(3, 1).expect("a new second");
            assert_eq!(told + later, 3 - admitted, "{all:?}");
        });
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_second_admits_so_many_and_the_next_one_learns_of_the_others() {
        let rate = Rate::new();
        let first: [_; 5] = core::array::from_fn(|_| rate.admits(7, 2));
        assert_eq!(first, [Some(0), Some(0), None, None, None]);
        assert_eq!([rate.admits(8, 2), rate.admits(8, 2)], [Some(3), Some(0)]);
    }

    #[test]
    fn who_is_late_belongs_to_the_second_that_has_begun() {
        let rate = Rate::new();
        assert_eq!(rate.admits(9, 1), Some(0));
        assert_eq!(rate.admits(8, 1), None);
        assert_eq!(rate.admits(10, 1), Some(1));
    }
}
