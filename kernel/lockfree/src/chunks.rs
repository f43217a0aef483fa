//! Memory beside the slots, or without a home elsewhere, that never becomes anything else: made in chunks, where the first one is
//! wanted, and never taken away.
//!
//! # Orderings
//!
//! Whoever makes a chunk releases its words, and whoever finds it acquires them.

use crate::atomic::{AtomicPtr, Relaxed};
use crate::heap::{Source, array_bytes, list_of_kernel};
use crate::order::Site;
use crate::process::{PreemptionOff, make_room};
use crate::scarcity::{Purpose, may_take};
use alloc::boxed::Box;
use core::ptr::{NonNull, null_mut};

/// Chunks of so many.
#[derive(Debug)]
pub(crate) struct Chunks<T: 'static, const SIZE: usize> {
    chunks: Box<[AtomicPtr<T>]>,
    purpose: Purpose,
    new: fn(u32) -> T,
}

impl<T: 'static, const SIZE: usize> Chunks<T, SIZE> {
    /// Creates room for so many, each of which `new` makes.
    pub(crate) fn new(count: u32, purpose: Purpose, new: fn(u32) -> T) -> Self {
        let chunks = (count as usize).div_ceil(SIZE);
        let chunks = (0..chunks).map(|_| AtomicPtr::new(null_mut())).collect();
        Self {
            chunks,
            purpose,
            new,
        }
    }

    /// The one of this index, if it was ever made.
    #[inline(always)]
    pub(crate) fn at(&self, index: u32) -> Option<&'static T> {
        let index = index as usize;
        let chunk = self.chunks.get(index / SIZE)?;
        let chunk = chunk.load(Site::RoomFind.ordering());
        // SAFETY: a chunk that is not null has `SIZE` of them and lives for ever.
        (!chunk.is_null()).then(|| unsafe { &*chunk.add(index % SIZE) })
    }

    /// The same, made if there was none; nothing if there is no memory.
    pub(crate) fn at_or_new(&self, index: u32) -> Option<&'static T> {
        if let Some(found) = self.at(index) {
            return Some(found);
        }
        self.make(index)?;
        self.at(index)
    }

    /// Makes the chunk that this one is in, unless somebody else is faster.
    pub(crate) fn make(&self, index: u32) -> Option<()> {
        self.fill(index)
            .or_else(|| make_room().then(|| self.fill(index))?)
    }

    /// Preemption is off, for in the hands of one who is killed the chunk would be lost.
    fn fill(&self, index: u32) -> Option<()> {
        let number = index as usize / SIZE;
        let place = self.chunks.get(number)?;
        let _stays = PreemptionOff::new();
        if !may_take(self.purpose) {
            return None;
        }
        let mut made = list_of_kernel(SIZE)?;
        let first = (number * SIZE) as u32;
        made.extend((first..).take(SIZE).map(self.new));
        let made = Box::into_raw(made.into_boxed_slice());
        let added =
            place.compare_exchange(null_mut(), made.cast(), Site::RoomAdd.ordering(), Relaxed);
        if added.is_err() {
            // SAFETY: from a box, and nobody has seen it.
            drop(unsafe { Box::from_raw(made) });
        }
        Some(())
    }

    /// Bytes of the chunks that were made.
    pub(crate) fn bytes(&self, source: &impl Source) -> usize {
        let chunks = self.chunks.iter();
        let made = chunks.filter_map(|chunk| NonNull::new(chunk.load(Relaxed)));
        // SAFETY: a chunk that is not null was made so and lives for ever.
        let bytes = made.map(|chunk| unsafe { array_bytes(chunk, SIZE, source) });
        bytes.sum()
    }
}
