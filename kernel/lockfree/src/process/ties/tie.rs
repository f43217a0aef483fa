//! One tie.

use super::carrier::Carrier;
use crate::atomic::{AtomicU32, AtomicU64, Relaxed};
use crate::cell::UnsafeCell;
use crate::order::Site;
use crate::process::Pid;

/// Who watches.
pub(super) const WATCHER: usize = 0;
/// Who is watched.
pub(super) const WATCHED: usize = 1;

/// Of a link: the end with the higher pid.
pub(super) const HIGH: usize = 0;
/// And the one with the lower.
pub(super) const LOW: usize = 1;

const PHASE: u64 = 0b11;
const PHASE_BITS: u32 = 2;
/// Nobody uses it, or its maker alone.
const LOOSE: u64 = 0;
const OPEN: u64 = 1;
const CLAIMED: u64 = 2;

/// Bits of a number.
pub(super) const NUMBER_BITS: u32 = 40;

/// One side of a tie, as it is known in a ring; zero is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Knot(u32);

impl Knot {
    pub(super) const NONE: Self = Self(0);

    pub(super) fn new(index: u32, side: usize) -> Self {
        Self((index << 1 | side as u32) + 1)
    }

    /// The tie's index, and which of its sides it is.
    pub(super) fn parts(self) -> Option<(u32, usize)> {
        let number = self.0.checked_sub(1)?;
        Some((number >> 1, (number & 1) as usize))
    }
}

/// Where a side stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    Nowhere,
    /// In the ring proper, between its neighbours.
    InRing,
    /// In the tree of links, above its branches.
    InTree,
}

/// What the lock of one ring guards of a tie.
#[derive(Debug)]
pub(super) struct Side {
    /// Of a link: its branches.
    pub(super) before: UnsafeCell<Knot>,
    pub(super) behind: UnsafeCell<Knot>,
    pub(super) standing: UnsafeCell<Standing>,
}

/// A tie; see the top of `ties`.
#[derive(Debug)]
pub(crate) struct Tie {
    word: AtomicU64,
    ends: [AtomicU64; 2],
    pub(super) index: u32,
    /// The next one that nobody uses, and one more.
    pub(super) next: AtomicU32,
    pub(super) sides: [Side; 2],
    carrier: UnsafeCell<Option<Carrier>>,
}

// SAFETY: each cell is used by whoever has the lock or the claim that it belongs to.
unsafe impl Sync for Tie {}
// SAFETY: as above.
unsafe impl Send for Tie {}

impl Tie {
    pub(super) fn new(index: u32) -> Self {
        let side = || Side {
            before: UnsafeCell::new(Knot::NONE),
            behind: UnsafeCell::new(Knot::NONE),
            standing: UnsafeCell::new(Standing::Nowhere),
        };
        Self {
            word: AtomicU64::new(LOOSE),
            ends: [AtomicU64::new(0), AtomicU64::new(0)],
            index,
            next: AtomicU32::new(0),
            sides: [side(), side()],
            carrier: UnsafeCell::new(None),
        }
    }

    pub(super) fn knot(&self, side: usize) -> Knot {
        Knot::new(self.index, side)
    }

    /// Makes one of it that nobody has seen, and returns its number; the tie is the caller's, and carries what is made of that.
    pub(super) fn open(&self, ends: [Pid; 2], carrier: impl FnOnce(u64) -> Option<Carrier>) -> u64 {
        let number = self.next_number();
        let carrier = carrier(number);
        // SAFETY: nobody else uses it.
        self.carrier.with_mut(|place| unsafe { *place = carrier });
        for (place, end) in self.ends.iter().zip(ends) {
            place.store(end.get(), Relaxed);
        }
        // Who finds that number where another was learns that all is done about that one.
        let word = number << PHASE_BITS | OPEN;
        self.word.store(word, Site::TieDone.ordering());
        number
    }

    /// Its number; for whoever finds it in a ring whose lock the caller has.
    pub(super) fn number(&self) -> u64 {
        self.word.load(Relaxed) >> PHASE_BITS
    }

    /// True if it is the tie of that number still, and nobody has claimed it.
    pub(super) fn is_open(&self, number: u64) -> bool {
        self.word.load(Relaxed) == number << PHASE_BITS | OPEN
    }

    fn next_number(&self) -> u64 {
        let before = self.word.load(Relaxed) >> PHASE_BITS;
        (before + 1) & ((1 << NUMBER_BITS) - 1)
    }

    /// Who is at one end; for whoever has claimed it, or found it in a ring.
    pub(super) fn end(&self, side: usize) -> Pid {
        Pid::from_number(self.ends[side].load(Relaxed))
    }

    /// Claims the tie of that number, if `watcher` watches by it. False if it is gone, or claimed by somebody else.
    pub(super) fn claim(&self, number: u64, watcher: Pid) -> bool {
        let [open, claimed] = [OPEN, CLAIMED].map(|phase| number << PHASE_BITS | phase);
        // If these are the ends of another one by now, the step fails.
        self.end(WATCHER) == watcher
            && self
                .word
                .compare_exchange(open, claimed, Relaxed, Relaxed)
                .is_ok()
    }

    /// Claims a tie that was in a ring until now, whose lock the caller has. False if somebody else has it.
    pub(super) fn seize(&self) -> bool {
        let word = self.word.load(Relaxed);
        word & PHASE == OPEN
            && self
                .word
                .compare_exchange(word, word & !PHASE | CLAIMED, Relaxed, Relaxed)
                .is_ok()
    }

    /// What it carries, once; for whoever has claimed it and taken both sides out.
    pub(super) fn unload(&self) -> Option<Carrier> {
        // SAFETY: nobody else finds it any more.
        self.carrier.with_mut(|place| unsafe { (*place).take() })
    }

    /// All that was to be done with it is done; for whoever has claimed it.
    pub(super) fn done(&self) {
        let word = self.word.load(Relaxed);
        self.word
            .store(word & !PHASE | LOOSE, Site::TieDone.ordering());
    }

    /// True once that is so, for the tie of that number.
    pub(super) fn is_gone(&self, number: u64) -> bool {
        self.word.load(Site::TieGone.ordering()) != number << PHASE_BITS | CLAIMED
    }
}
