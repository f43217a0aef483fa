//! A small seeded generator: the same seed draws the same numbers on every machine.
//!
//! SplitMix64 (Steele, Lea, Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014)
//! because one word of state is enough for shuffling tests, any seed is a good seed, and mixing
//! two seeds into a third is one step of the same function. Not for secrets.

/// A stream of numbers that its seed decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rng {
    state: u64,
}

/// The odd integer nearest to 2^64 divided by the golden ratio: successive states never repeat
/// within 2^64 draws.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

impl Rng {
    /// Makes a generator; equal seeds give equal streams.
    pub const fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// Draws any number.
    pub const fn next_u64(&mut self) -> u64 {
        self.state = self.state.wrapping_add(STEP);
        mix(self.state)
    }

    /// Draws a number below `bound`; 0 when `bound` is 0.
    ///
    /// Multiplies instead of dividing; the bias is below `bound` / 2^64, which nobody here can see.
    pub const fn below(&mut self, bound: u64) -> u64 {
        ((self.next_u64() as u128 * bound as u128) >> 64) as u64
    }

    /// Puts `items` into an order that the stream decides (Fisher and Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            let other = self.below(last as u64 + 1) as usize;
            items.swap(last, other);
        }
    }
}

/// Makes one seed of two, so that streams drawn from them have nothing in common.
pub const fn combine(seed: u64, other: u64) -> u64 {
    mix(mix(seed.wrapping_add(STEP)) ^ other)
}

/// Hashes a name to a seed (FNV-1a): the same in every build, wherever the name lies in memory.
pub const fn seed_of_name(name: &str) -> u64 {
    let bytes = name.as_bytes();
    let mut hash = 0xcbf2_9ce4_8422_2325;
    let mut index = 0;
    while index < bytes.len() {
        hash = (hash ^ bytes[index] as u64).wrapping_mul(0x0100_0000_01b3);
        index += 1;
    }
    hash
}

/// SplitMix64's finalizer: every bit of the input changes about half of the output's.
const fn mix(word: u64) -> u64 {
    let word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

#[cfg(test)]
mod tests {
    use super::{Rng, seed_of_name};
    use proptest::prelude::*;

    #[test]
    fn stream_is_the_published_one() {
        let mut rng = Rng::new(1_234_567);
        assert_eq!(rng.next_u64(), 6_457_827_717_110_365_317);
        assert_eq!(rng.next_u64(), 3_203_168_211_198_807_973);
    }

    #[test]
    fn names_hash_as_published() {
        assert_eq!(seed_of_name(""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(seed_of_name("a"), 0xaf63_dc4c_8601_ec8c);
    }

    #[test]
    fn shuffling_reaches_every_order_of_three() {
        let mut seen = std::collections::BTreeSet::new();
        for seed in 0..100 {
            let mut items = [1, 2, 3];
            Rng::new(seed).shuffle(&mut items);
            seen.insert(items);
        }
        assert_eq!(seen.len(), 6);
    }

    proptest! {
        #[test]
        fn draws_stay_below_their_bound(seed: u64, bound: u64) {
            let drawn = Rng::new(seed).below(bound);
            prop_assert!(drawn < bound.max(1));
        }

        #[test]
        fn shuffling_keeps_every_item(seed: u64, mut items in prop::collection::vec(0..9, 0..20)) {
            let mut before = items.clone();
            Rng::new(seed).shuffle(&mut items);
            before.sort_unstable();
            items.sort_unstable();
            prop_assert_eq!(items, before);
        }
    }
}
