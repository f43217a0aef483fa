//! Blocks of memory that came back: a list for each order, doubly linked through the blocks themselves.
//!
//! Which block is in which list stands in the table of its region (`blocks`), so whoever gives a block back finds out with
//! one look whether its buddy is here, and takes it out of the middle of its list. Giving back and taking are at most
//! as many steps as there are orders, however many blocks there are.

use core::ptr::NonNull;

/// The largest order that is made of two: 512 GiB.
pub(super) const LARGEST_SPARE: u32 = 23;

/// What stands in a block that is in a list.
struct Node {
    next: Option<NonNull<Node>>,
    before: Option<NonNull<Node>>,
}

/// The lists.
#[derive(Debug)]
pub(super) struct Spares {
    first: [Option<NonNull<Node>>; LARGEST_SPARE as usize + 1],
}

impl Spares {
    pub(super) const fn new() -> Self {
        Self {
            first: [None; LARGEST_SPARE as usize + 1],
        }
    }

    /// Puts a block in.
    ///
    /// # Safety
    ///
    /// It is of this order and nobody's, in no list, and not larger than the largest.
    pub(super) unsafe fn put(&mut self, block: NonNull<u8>, order: u32) {
        let node = block.cast::<Node>();
        let first = &mut self.first[order as usize];
        let next = first.replace(node);
        // SAFETY: the caller's promise; who is in a list is a block of ours with its node.
        unsafe {
            node.write(Node { next, before: None });
            if let Some(mut next) = next {
                next.as_mut().before = Some(node);
            }
        }
    }

    /// Takes a block of the smallest order that has one, from this one on; which order that is.
    pub(super) fn take(&mut self, order: u32) -> Option<(NonNull<u8>, u32)> {
        let lists = self.first.get(order as usize..)?;
        let above = lists.iter().position(Option::is_some)? as u32;
        let block = self.first[(order + above) as usize]?.cast();
        // SAFETY: it is the first of this list.
        unsafe { self.remove(block, order + above) };
        Some((block, order + above))
    }

    /// Takes this block out.
    ///
    /// # Safety
    ///
    /// It is in the list of this order.
    pub(super) unsafe fn remove(&mut self, block: NonNull<u8>, order: u32) {
        // SAFETY: the caller's promise; who is in a list is a block of ours with its node.
        unsafe {
            let Node { next, before } = block.cast::<Node>().read();
            if let Some(mut next) = next {
                next.as_mut().before = before;
            }
            match before {
                Some(mut before) => before.as_mut().next = next,
                None => self.first[order as usize] = next,
            }
        }
    }
}
