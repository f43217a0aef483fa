//! A span: 64 KiB of blocks of one size, and who owns each of them.
//!
//! Its head is found from the address of any of its blocks, by masking. Behind the head stands a word for each
//! block: its owner while it is used, and the next free one while it is free. So the list of free blocks
//! costs no memory and touches none, whoever writes behind the end of a block does not break it, and noting the
//! owner is the same store that takes the block out of the list.
//!
//! ```text
//!   head | a word for each block | first block | ... | last block
//! ```
//!
//! Only the core at home here touches a span: see `home`.

use super::charge::price;
use super::class::{SIZES, SPAN, alignment};
use super::home::Heap;
use super::links::Links;
use core::cell::Cell;
use core::ptr::{NonNull, null};

/// In the word of a free block, whose lower part is the index of the next.
const FREE: u32 = 1 << 30;
/// There is no next one.
const LAST: u32 = FREE | 1 << 31;
/// The index in such a word.
const INDEX: u32 = 0xffff;
/// Blocks that were never used are made free so many at a time.
const FRESH: u32 = 64;

/// The head.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Span {
    /// The first free block, flagged as in a word.
    free: Cell<u32>,
    /// Blocks that are used, and one more while it is the span in use: so that it never seems empty.
    used: Cell<u32>,
    /// The address of the first block.
    first: usize,
    size: u32,
    /// 2^32 by the size.
    reciprocal: u32,
    /// What a block costs.
    pub(super) price: u64,
    /// The home of its blocks, by its mark.
    pub(super) home: Cell<*const Heap>,
    /// Blocks from here on were never used.
    fresh: Cell<u32>,
    count: u32,
    pub(super) class: u8,
    is_current: Cell<bool>,
    /// It is in its home's list of those with room.
    pub(super) is_listed: Cell<bool>,
    /// Neighbours among those with room.
    pub(super) roomy: Links,
    /// Neighbours among all of its home.
    pub(super) all: Links,
}

/// What a home has to do after a block came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Put {
    Nothing,
    /// The span is empty, or was full.
    Look,
}

/// A span without blocks: stands wherever there is none, so that nobody has to ask.
struct Nowhere(Span);

// SAFETY: nobody writes it: no block can be taken, and none comes back.
unsafe impl Sync for Nowhere {}

static NOWHERE: Nowhere = Nowhere(Span {
    free: Cell::new(LAST),
    used: Cell::new(0),
    first: 0,
    size: 0,
    reciprocal: 0,
    price: 0,
    home: Cell::new(null()),
    fresh: Cell::new(0),
    count: 0,
    class: 0,
    is_current: Cell::new(false),
    is_listed: Cell::new(false),
    roomy: Links::none(),
    all: Links::none(),
});

impl Span {
    /// The span without blocks.
    pub(super) const fn nowhere() -> NonNull<Self> {
        // SAFETY: the address of a static.
        unsafe { NonNull::new_unchecked((&raw const NOWHERE.0).cast_mut()) }
    }

    /// True if there is no such span.
    pub(super) fn is_nowhere(&self) -> bool {
        self.count == 0
    }

    /// Makes 64 KiB a span.
    ///
    /// # Safety
    ///
    /// The memory is nobody's, and aligned to its size.
    pub(super) unsafe fn build(memory: NonNull<u8>, class: u8, home: *const Heap) -> NonNull<Self> {
        let size = SIZES[usize::from(class)];
        let (first, count) = shape(class);
        let span = memory.cast::<Self>();
        // SAFETY: the caller's promise.
        unsafe {
            span.write(Self {
                free: Cell::new(LAST),
                used: Cell::new(0),
                first: memory.as_ptr() as usize + first as usize,
                size,
                reciprocal: (1_u64 << 32).div_ceil(u64::from(size)) as u32,
                price: price(size as usize),
                home: Cell::new(home),
                fresh: Cell::new(0),
                count,
                class,
                is_current: Cell::new(false),
                is_listed: Cell::new(false),
                roomy: Links::none(),
                all: Links::none(),
            });
        }
        span
    }

    /// The span of a block.
    #[inline(always)]
    pub(super) fn of(block: NonNull<u8>) -> NonNull<Self> {
        let head = block.as_ptr() as usize & !(SPAN - 1);
        // SAFETY: no span is at address 0, where there is no memory of ours.
        unsafe { NonNull::new_unchecked(head as *mut Self) }
    }

    #[inline(always)]
    fn word(&self, index: u32) -> &Cell<u32> {
        // SAFETY: `build` was given 64 KiB, and there is a word for each block.
        unsafe {
            let words = (&raw const *self).add(1).cast::<Cell<u32>>();
            &*words.add(index as usize)
        }
    }

    #[inline(always)]
    fn index(&self, block: NonNull<u8>) -> u32 {
        let offset = (block.as_ptr() as usize - self.first) as u64;
        // Exact for the address of a block: the reciprocal is too large by less than 2^-32 of the
        // offset, and a step is more.
        ((offset * u64::from(self.reciprocal)) >> 32) as u32
    }

    /// Takes a block for an owner, if one is free.
    #[inline(always)]
    pub(super) fn take(&self, owner: u32) -> Option<NonNull<u8>> {
        let free = self.free.get();
        if (free as i32) < 0 {
            return None;
        }
        let index = free & INDEX;
        let word = self.word(index);
        self.free.set(word.replace(owner));
        self.used.set(self.used.get() + 1);
        let address = self.first + index as usize * self.size as usize;
        // SAFETY: an address in a span.
        Some(unsafe { NonNull::new_unchecked(address as *mut u8) })
    }

    /// Puts a block back, and says what is to be done and who owned it.
    #[inline(always)]
    pub(super) fn put(&self, block: NonNull<u8>) -> (Put, u32) {
        let index = self.index(block);
        let before = self.free.replace(index | FREE);
        let owner = self.word(index).replace(before);
        debug_assert!(index < self.count && owner & FREE == 0, "freed twice");
        let used = self.used.get() - 1;
        self.used.set(used);
        if used == 0 || (before as i32) < 0 {
            return (Put::Look, owner);
        }
        (Put::Nothing, owner)
    }

    /// Makes some blocks free that were never used. False if there are none.
    pub(super) fn freshen(&self) -> bool {
        let from = self.fresh.get();
        let to = self.count.min(from + FRESH);
        if from == to {
            return false;
        }
        for index in (from..to).rev() {
            self.word(index).set(self.free.replace(index | FREE));
        }
        self.fresh.set(to);
        true
    }

    /// Who owns a block.
    #[inline(always)]
    pub(super) fn owner(&self, block: NonNull<u8>) -> u32 {
        self.word(self.index(block)).get()
    }

    /// Blocks that are used, as they were counted on the way.
    pub(super) fn used(&self) -> u32 {
        self.used.get() - u32::from(self.is_current.get())
    }

    /// Says whether it is the span in use of its size.
    pub(super) fn set_current(&self, is_current: bool) {
        if !self.is_nowhere() {
            self.used.set(self.used() + u32::from(is_current));
            self.is_current.set(is_current);
        }
    }

    /// True if it is.
    pub(super) fn is_current(&self) -> bool {
        self.is_current.get()
    }

    /// Bytes of a block.
    pub(super) fn size(&self) -> u32 {
        self.size
    }

    /// How many blocks it has.
    pub(super) fn count(&self) -> u32 {
        self.count
    }

    /// True if no block is free.
    pub(super) fn is_full(&self) -> bool {
        (self.free.get() as i32) < 0 && self.fresh.get() == self.count
    }

    /// The owners of all blocks that are used, one by one.
    pub(super) fn owners(&self) -> impl Iterator<Item = u32> {
        let words = (0..self.fresh.get()).map(|index| self.word(index).get());
        words.filter(|word| word & FREE == 0)
    }
}

/// Where the first block of a span is, and how many there are.
const fn shape(class: u8) -> (u32, u32) {
    let (size, align) = (SIZES[class as usize], alignment(class) as u32);
    let span = SPAN as u32;
    let mut count = span / size;
    loop {
        let head = size_of::<Span>() as u32 + count * size_of::<u32>() as u32;
        let first = head.next_multiple_of(align);
        if first + count * size <= span {
            return (first, count);
        }
        count -= 1;
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::super::class::CLASSES;
    use super::*;

    #[test]
    fn little_of_a_span_is_lost() {
        for class in 0..CLASSES as u8 {
            let (first, count) = shape(class);
            let size = SIZES[usize::from(class)];
            assert!(count >= 2 && first + count * size <= SPAN as u32);
            let share = if size == 32 {
                86
            } else if size == 8192 || size == 16384 {
                75
            } else {
                91
            };
            assert!(count * size * 100 >= SPAN as u32 * share, "{size}: {count}");
        }
    }

    #[test]
    fn the_reciprocal_is_exact_for_every_block() {
        for class in 0..CLASSES as u8 {
            let size = u64::from(SIZES[usize::from(class)]);
            let reciprocal = (1_u64 << 32).div_ceil(size);
            for index in 0..u64::from(shape(class).1) {
                assert_eq!((index * size * reciprocal) >> 32, index);
            }
        }
    }
}
