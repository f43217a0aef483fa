//! Who a process is.

use super::{BELOW_GENERATION, GENERATION_SHIFT, INDEX_BITS, LAST_GENERATION};

/// Says who a process is, for ever: slot and generation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct Pid(u64);

impl Pid {
    /// The number of no process: its slot would be beyond all tables.
    pub(crate) const NOBODY: u64 = (1 << INDEX_BITS) - 1;

    pub(crate) fn new(index: u32, generation: u64) -> Self {
        Self(generation << GENERATION_SHIFT | u64::from(index))
    }

    /// The pid of these parts, if there can be one.
    pub(crate) fn of_parts(index: u32, generation: u64) -> Option<Self> {
        let is_possible = index < 1 << INDEX_BITS && (1..=LAST_GENERATION).contains(&generation);
        is_possible.then(|| Self::new(index, generation))
    }

    pub(crate) fn index(self) -> u32 {
        (self.0 & ((1 << INDEX_BITS) - 1)) as u32
    }

    /// The generation, where a word has it.
    pub(crate) fn generation(self) -> u64 {
        self.0 & !BELOW_GENERATION
    }

    /// True if the word is one of this process's, or of its free slot before.
    #[inline(always)]
    pub(crate) fn owns(self, word: u64) -> bool {
        (self.0 ^ word) >> GENERATION_SHIFT == 0
    }

    /// The number itself, never 0.
    pub fn get(self) -> u64 {
        self.0
    }

    /// The pid of this number, if there can be one.
    pub fn of_number(number: u64) -> Option<Self> {
        let pid = Self::of_parts(Self(number).index(), number >> GENERATION_SHIFT);
        pid.filter(|pid| pid.0 == number)
    }

    /// Takes a number that [`get`](Self::get) gave.
    pub(crate) fn from_number(number: u64) -> Self {
        Self(number)
    }
}

impl core::fmt::Display for Pid {
    /// Slot and generation.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{}.{}", self.index(), self.0 >> GENERATION_SHIFT)
    }
}
