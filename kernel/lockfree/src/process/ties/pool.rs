//! Where ties are: in memory that never becomes anything else, found by an index.
//!
//! Those that nobody uses lie in a stack. Its top has a count of how often one was taken, so whoever takes one knows that what it read of
//! the top is still so; the count comes round after 2^40. That holds of the link that it read if it read the one that goes with this top:
//! so the look at the top acquires (*TieTake*) what the giver has released, the link and all that was done with the tie. The exchange
//! adds nothing to that, for it finds the value that was looked at.

use super::ring::Ring;
use super::tie::{Knot, Side, Tie};
use crate::atomic::{AtomicU32, AtomicU64, Relaxed};
use crate::chunks::Chunks;
use crate::heap::Source;
use crate::order::Site;
use crate::process::Pid;
use crate::scarcity::Purpose;

/// Ties that are made at a time; few where a model has to follow each.
const CHUNK: usize = if cfg!(loom) { 4 } else { 512 };

/// Bits of an index, and one more of each.
pub(super) const INDEX_BITS: u32 = 24;
const INDEX: u64 = (1 << INDEX_BITS) - 1;
const TIES_MAX: u32 = INDEX as u32;

/// Ties that there may be for each process that there may be.
const TIES: u32 = 4;

/// All ties of one machine.
#[derive(Debug)]
pub(crate) struct Ties {
    chunks: Chunks<Tie, CHUNK>,
    /// The first index that nobody has used.
    fresh: AtomicU32,
    limit: u32,
    /// The one that was left last, and one more, or 0; and above that how many were taken.
    top: AtomicU64,
    in_use: AtomicU32,
}

impl Ties {
    /// Creates room for the ties of so many processes.
    pub(crate) fn new(processes: u32) -> Self {
        let limit = processes.saturating_mul(TIES).min(TIES_MAX);
        Self {
            chunks: Chunks::new(limit, Purpose::Ties, Tie::new),
            fresh: AtomicU32::new(0),
            limit,
            top: AtomicU64::new(0),
            in_use: AtomicU32::new(0),
        }
    }

    pub(super) fn at(&self, index: u32) -> Option<&'static Tie> {
        self.chunks.at(index)
    }

    pub(super) fn side(&self, knot: Knot) -> Option<&'static Side> {
        let (index, side) = knot.parts()?;
        Some(&self.at(index)?.sides[side])
    }

    /// Who is at the other end of a tie that is in a ring whose lock the caller has.
    pub(super) fn other_end(&self, knot: Knot) -> Option<Pid> {
        let (index, side) = knot.parts()?;
        Some(self.at(index)?.end(1 - side))
    }

    /// Ties that somebody uses.
    pub(crate) fn in_use(&self) -> u32 {
        self.in_use.load(Relaxed)
    }

    /// Bytes of the memory, which is never taken away.
    pub(crate) fn bytes(&self, source: &impl Source) -> usize {
        self.chunks.bytes(source)
    }

    /// Takes one; with preemption off, for it is in nobody's list.
    pub(super) fn take(&self) -> Option<&'static Tie> {
        let tie = self.take_left().or_else(|| self.take_fresh())?;
        self.in_use.fetch_add(1, Relaxed);
        Some(tie)
    }

    pub(super) fn take_left(&self) -> Option<&'static Tie> {
        let ordering = Site::TieTake.ordering();
        let mut top = self.top.load(ordering);
        loop {
            let tie = self.at(((top & INDEX) as u32).checked_sub(1)?)?;
            let next = u64::from(tie.next.load(Relaxed));
            let count = (top >> INDEX_BITS).wrapping_add(1);
            match self
                .top
                .compare_exchange(top, count << INDEX_BITS | next, Relaxed, ordering)
            {
                Ok(_) => return Some(tie),
                Err(now) => top = now,
            }
        }
    }

    fn take_fresh(&self) -> Option<&'static Tie> {
        let mut fresh = self.fresh.load(Relaxed);
        loop {
            if fresh >= self.limit {
                return None;
            }
            let tie = self.chunks.at_or_new(fresh)?;
            match self
                .fresh
                .compare_exchange(fresh, fresh + 1, Relaxed, Relaxed)
            {
                Ok(_) => return Some(tie),
                Err(now) => fresh = now,
            }
        }
    }

    /// Gives one back that is in no ring.
    pub(super) fn give(&self, tie: &Tie) {
        tie.done();
        self.in_use.fetch_sub(1, Relaxed);
        let mut top = self.top.load(Relaxed);
        loop {
            tie.next.store((top & INDEX) as u32, Relaxed);
            let with = top & !INDEX | u64::from(tie.index + 1);
            let ordering = Site::TieGive.ordering();
            match self.top.compare_exchange(top, with, ordering, Relaxed) {
                Ok(_) => return,
                Err(now) => top = now,
            }
        }
    }

    /// Takes a tie that the caller has claimed out of both rings, if it is in them. After that it is the caller's own.
    pub(super) fn take_out<K>(&self, tie: &Tie, rings: [Option<&Ring>; 2], keep: impl Fn() -> K) {
        for (side, ring) in rings.into_iter().enumerate() {
            if let Some(ring) = ring {
                ring.lock(keep()).remove(self, tie.knot(side));
            }
        }
    }
}
