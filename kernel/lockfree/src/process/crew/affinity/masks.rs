//! Sets of several cores, each kept once and for ever, so that a process needs a number only.
//!
//! A list that only grows, in places that are there from the beginning. Whoever wants to add a set claims the first free place,
//! writes the set, and says that it is made; whoever looks skips places that are being written, so the same set
//! may be kept twice if two add it at a time, which costs a place and nothing else.
//!
//! All steps are relaxed. Whoever finds a set has read all of its words, so whoever has the number from there reads none
//! older; and who has it from whoever wrote them acquires them with the number. Who reads a place too early finds another set than the one that it looks for.

use super::mask::CoreMask;
use crate::atomic::{AtomicU8, AtomicU64, Relaxed};
use alloc::boxed::Box;
use core::fmt;

/// Different sets of several cores that a machine keeps; those of one core, and of all, take no place.
const MASKS_MAX: usize = if cfg!(loom) { 2 } else { 256 };

const FREE: u8 = 0;
const CLAIMED: u8 = 1;
const MADE: u8 = 2;

/// The sets.
pub(super) struct Masks {
    cores: usize,
    states: Box<[AtomicU8]>,
    /// Of each set so many words.
    width: usize,
    words: Box<[AtomicU64]>,
}

impl Masks {
    pub(super) fn new(cores: usize) -> Self {
        let cores = cores.max(1);
        let width = cores.div_ceil(u64::BITS as usize);
        // Of two cores there is no set that would be kept here.
        let places = if cores > 2 { MASKS_MAX } else { 0 };
        Self {
            cores,
            states: (0..places).map(|_| AtomicU8::new(FREE)).collect(),
            width,
            words: (0..places * width).map(|_| AtomicU64::new(0)).collect(),
        }
    }

    /// How many cores there are.
    pub(super) fn cores(&self) -> usize {
        self.cores
    }

    /// The number of a set, which is added if it is not there; `None` if there is no place.
    pub(super) fn intern(&self, mask: &CoreMask) -> Option<u16> {
        let found = (0..self.states.len()).find(|&place| {
            let state = &self.states[place];
            match state.load(Relaxed) {
                MADE => self.read(place) == *mask,
                FREE => self.add(place, mask),
                _ => false,
            }
        });
        found.map(|place| place as u16)
    }

    /// Writes a set into a free place, unless somebody else is faster.
    fn add(&self, place: usize, mask: &CoreMask) -> bool {
        let state = &self.states[place];
        let claimed = state.compare_exchange(FREE, CLAIMED, Relaxed, Relaxed);
        if claimed.is_err() {
            return false;
        }
        for (word, bits) in self.places(place).iter().zip(mask.words()) {
            word.store(*bits, Relaxed);
        }
        state.store(MADE, Relaxed);
        true
    }

    /// The set of this number, which came from [`intern`](Self::intern).
    pub(super) fn mask(&self, number: u16) -> CoreMask {
        self.read(usize::from(number))
    }

    fn read(&self, place: usize) -> CoreMask {
        CoreMask::from_words(self.places(place).iter().map(|word| word.load(Relaxed)))
    }

    fn places(&self, place: usize) -> &[AtomicU64] {
        let first = place * self.width;
        self.words.get(first..first + self.width).unwrap_or(&[])
    }
}

impl fmt::Debug for Masks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Masks")
            .field("cores", &self.cores)
            .finish_non_exhaustive()
    }
}
