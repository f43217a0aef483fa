//! Who wants work: a bit for each core.

use super::affinity::CoreMask;
use crate::atomic::{AtomicU64, Relaxed};
use alloc::boxed::Box;

/// The bits. All steps are relaxed: what they have to be ordered with, `crew` says, and does by fences.
pub(super) struct Hunger(Box<[AtomicU64]>);

impl Hunger {
    pub(super) fn new(cores: usize) -> Self {
        let words = cores.div_ceil(u64::BITS as usize);
        Self((0..words).map(|_| AtomicU64::new(0)).collect())
    }

    pub(super) fn add(&self, core: usize) {
        let (word, bit) = place(core);
        self.0[word].fetch_or(bit, Relaxed);
    }

    pub(super) fn remove(&self, core: usize) {
        let (word, bit) = place(core);
        // Somebody may have claimed it already; a look costs less than a step on a line that all want.
        if self.0[word].load(Relaxed) & bit != 0 {
            self.0[word].fetch_and(!bit, Relaxed);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.iter().all(|word| word.load(Relaxed) == 0)
    }

    /// True if there is a bit besides that core's own.
    pub(super) fn has_others_than(&self, core: usize) -> bool {
        let (own, bit) = place(core);
        let but_own = |index| if index == own { !bit } else { u64::MAX };
        let mut words = self.0.iter().enumerate();
        words.any(|(index, word)| word.load(Relaxed) & but_own(index) != 0)
    }

    /// Takes one's bit away: one of those beside `near` if there is one, else any.
    pub(super) fn claim(&self, near: usize) -> Option<usize> {
        let (first, _) = place(near);
        let words = self.0.len();
        (0..words).find_map(|step| self.claim_in((first + step) % words, near))
    }

    /// Takes the bit of one of these away.
    pub(super) fn claim_of(&self, mask: &CoreMask) -> Option<usize> {
        let words = (0..self.0.len()).zip(mask.words());
        let mut wanted = words.filter(|(_, among)| **among != 0);
        wanted.find_map(|(word, among)| self.claim_among(word, 0, *among))
    }

    fn claim_in(&self, word: usize, near: usize) -> Option<usize> {
        self.claim_among(word, near, u64::MAX)
    }

    fn claim_among(&self, word: usize, near: usize, among: u64) -> Option<usize> {
        loop {
            let bits = self.0[word].load(Relaxed) & among;
            if bits == 0 {
                return None;
            }
            // The next one behind it, round the word.
            let turn = near as u32 % u64::BITS;
            let found = (bits.rotate_right(turn).trailing_zeros() + turn) % u64::BITS;
            let bit = 1 << found;
            if self.0[word].fetch_and(!bit, Relaxed) & bit != 0 {
                return Some(word * u64::BITS as usize + found as usize);
            }
        }
    }
}

fn place(core: usize) -> (usize, u64) {
    let bits = u64::BITS as usize;
    (core / bits, 1 << (core % bits))
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use std::vec::Vec;

    #[test]
    fn the_nearest_is_claimed_first_and_each_once() {
        let hunger = Hunger::new(130);
        [3, 7, 64, 129].iter().for_each(|&core| hunger.add(core));
        let claimed: Vec<_> = core::iter::from_fn(|| hunger.claim(5)).collect();
        assert_eq!(claimed, [7, 3, 64, 129]);
        assert!(hunger.is_empty());
    }

    #[test]
    fn who_is_fed_is_not_claimed() {
        let hunger = Hunger::new(2);
        hunger.add(0);
        hunger.add(1);
        hunger.remove(0);
        hunger.remove(0);
        assert_eq!((hunger.claim(0), hunger.claim(0)), (Some(1), None));
    }
}
