//! Blocks that ended processes have left, for the next ones: a list for each common size.
//!
//! A core's own, so no lock and no atomic. What is in a pool stays there: it holds at most what the
//! core's processes once took at the same time.

use core::alloc::Layout;
use core::ptr::NonNull;

/// Sizes are rounded up to a multiple of this.
const STEP: usize = 64;
/// Blocks of up to so many steps are pooled.
const CLASSES: usize = 16;
/// What every pooled block is aligned to.
const ALIGN: usize = 16;

/// A common size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Class(usize);

impl Class {
    /// The class of a layout, if it is a common one.
    #[inline(always)]
    pub(crate) const fn of(layout: Layout) -> Option<Self> {
        let class = layout.size().saturating_sub(1) / STEP;
        if class < CLASSES && layout.align() <= ALIGN {
            Some(Self(class))
        } else {
            None
        }
    }

    /// What a block of this class is.
    pub(crate) const fn layout(self) -> Layout {
        match Layout::from_size_align((self.0 + 1) * STEP, ALIGN) {
            Ok(layout) => layout,
            Err(_) => unreachable!(),
        }
    }
}

/// A free block's first word.
struct Free {
    next: Option<NonNull<Free>>,
}

/// The lists.
#[derive(Debug, Default)]
pub(crate) struct Pools([Option<NonNull<Free>>; CLASSES]);

// SAFETY: it owns its blocks, and nothing in them is of a thread's own.
unsafe impl Send for Pools {}

impl Pools {
    /// Takes a block out.
    #[inline(always)]
    pub(crate) fn take(&mut self, class: Class) -> Option<NonNull<u8>> {
        let block = self.0[class.0]?;
        // SAFETY: blocks in the list are free, and `give` has written their first word.
        self.0[class.0] = unsafe { block.as_ref().next };
        Some(block.cast())
    }

    /// Puts a block in.
    ///
    /// # Safety
    ///
    /// A block of this class that nobody uses.
    #[inline(always)]
    pub(crate) unsafe fn give(&mut self, class: Class, block: NonNull<u8>) {
        let block = block.cast::<Free>();
        // SAFETY: the caller's promise; a block has room for a word and its alignment.
        unsafe {
            block.write(Free {
                next: self.0[class.0],
            })
        };
        self.0[class.0] = Some(block);
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    fn class(size: usize) -> Option<Class> {
        Class::of(Layout::from_size_align(size, 8).expect("small"))
    }

    #[test]
    fn a_class_holds_what_belongs_to_it() {
        for size in 1..=STEP * CLASSES {
            let layout = class(size).expect("common").layout();
            assert!(layout.size() >= size && layout.size() < size + STEP);
        }
        assert_eq!(class(STEP * CLASSES + 1), None);
        assert_eq!(
            Class::of(Layout::from_size_align(64, 32).expect("small")),
            None
        );
    }

    #[test]
    fn blocks_come_back_the_last_one_first() {
        let mut pools = Pools::default();
        let [small, large] = [1, 500].map(|size| class(size).expect("common"));
        let mut blocks = [[0_u128; 32]; 3];
        let places = blocks
            .each_mut()
            .map(|block| NonNull::from(block).cast::<u8>());
        for place in places {
            // SAFETY: blocks of 512 bytes, aligned to 16, that nobody uses.
            unsafe { pools.give(large, place) };
        }
        assert_eq!(pools.take(small), None);
        for place in places.into_iter().rev() {
            assert_eq!(pools.take(large), Some(place));
        }
        assert_eq!(pools.take(large), None);
    }
}
