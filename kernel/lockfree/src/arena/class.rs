//! Sizes of the blocks that an arena keeps lists of.
//!
//! Steps of 16 bytes up to 128, then four steps to each doubling up to 8 KiB: whatever is asked for, a fifth of its
//! block at most is waste beyond the first steps. What is larger, or aligned to more than 16, has a chunk of its own.

use core::alloc::Layout;

/// Every block begins at a multiple of this, and is one long.
pub(super) const STEP: usize = 16;
/// Steps of the first kind.
const EVEN: usize = 8;
/// The largest block.
pub(super) const LARGEST: usize = 8192;
/// Doublings from there on, four classes each.
const DOUBLINGS: usize = (LARGEST / (EVEN * STEP)).ilog2() as usize;
/// How many classes there are.
pub(super) const CLASSES: usize = EVEN + 4 * DOUBLINGS;

/// The class of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Class(u8);

impl Class {
    /// The class for this layout, whose size is not zero, if there is one.
    #[inline(always)]
    pub(super) const fn of(layout: Layout) -> Option<Self> {
        if layout.align() > STEP || layout.size() > LARGEST {
            return None;
        }
        Some(Self::at_least(layout.size()))
    }

    /// The class of the smallest blocks that hold so many bytes: one to [`LARGEST`].
    #[inline(always)]
    const fn at_least(size: usize) -> Self {
        let last = size - 1;
        if last < EVEN * STEP {
            return Self((last / STEP) as u8);
        }
        let doubling = last.ilog2() as usize;
        let quarter = (last >> (doubling - 2)) & 3;
        Self((EVEN + 4 * (doubling - (EVEN * STEP).ilog2() as usize) + quarter) as u8)
    }

    /// The class of the largest blocks that are in so many bytes, if any is.
    pub(super) const fn at_most(room: usize) -> Option<Self> {
        if room < STEP {
            return None;
        }
        if room >= LARGEST {
            return Some(Self(CLASSES as u8 - 1));
        }
        let larger = Self::at_least(room + 1);
        Some(Self(larger.0 - 1))
    }

    /// Bytes in each block.
    #[inline(always)]
    pub(super) const fn size(self) -> usize {
        let class = self.0 as usize;
        if class < EVEN {
            return (class + 1) * STEP;
        }
        let (doubling, quarter) = ((class - EVEN) / 4, (class - EVEN) % 4);
        ((EVEN * STEP) << doubling) / 4 * (5 + quarter)
    }

    /// Its place among all of them.
    #[inline(always)]
    pub(super) const fn index(self) -> usize {
        self.0 as usize
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    fn class_of(size: usize) -> Option<Class> {
        Class::of(Layout::from_size_align(size, 1).expect("small"))
    }

    #[test]
    fn a_block_holds_what_it_is_for_and_little_more() {
        for size in 1..=LARGEST {
            let block = class_of(size).expect("has a class").size();
            assert!(block >= size && block.is_multiple_of(STEP), "{size}");
            assert!(block - size < STEP.max(size / 4), "{size} in {block}");
        }
    }

    #[test]
    fn classes_are_dense_and_in_order() {
        let sizes: std::vec::Vec<_> = (0..CLASSES as u8).map(|it| Class(it).size()).collect();
        assert!(sizes.is_sorted_by(|one, other| one < other), "{sizes:?}");
        assert_eq!(sizes.last(), Some(&LARGEST));
        for (index, &size) in sizes.iter().enumerate() {
            assert_eq!(class_of(size).map(Class::index), Some(index));
        }
    }

    #[test]
    fn what_is_left_over_holds_a_block_of_the_class_below() {
        assert_eq!(Class::at_most(STEP - 1), None);
        for room in STEP..3 * LARGEST {
            let class = Class::at_most(room).expect("room for one");
            assert!(class.size() <= room, "{room}");
            let next = Class(class.0 + 1);
            assert!(next.index() == CLASSES || next.size() > room, "{room}");
        }
    }

    #[test]
    fn what_is_large_or_oddly_aligned_has_no_class() {
        assert_eq!(class_of(LARGEST + 1), None);
        assert_eq!(
            Class::of(Layout::from_size_align(8, 32).expect("small")),
            None
        );
    }
}
