//! The global heap: blocks of memory for whoever asks, on whichever core.
//!
//! ```text
//!   request -> size (class) -> a core's span of that size (home, span) -> 64 KiB of memory (blocks)
//!                           \-> what is larger: whole, or an odd piece of it (odd) -----^
//! ```
//!
//! Each core has a [`Heap`] of its own. The running code finds the one of its core through its own record, with preemption
//! off, as it finds its desk: no lock and no atomic on that way. A block that is freed on another core than its
//! own goes home through a stack that its core takes whole (`returned`). Memory itself, in
//! blocks of 64 KiB and more, is shared ([`Blocks`]), behind a lock of whoever builds the kernel
//! ([`Source`]); a core comes to it once for each 64 KiB.
//!
//! # Why it is sound
//!
//! *Blocks are disjoint.* A span's memory is one block of [`Blocks`], which are disjoint by their tables: only a block
//! whose entry says *free* is in a list. In a span each block has a word which is either its owner or the link of the
//! list, so it is in the list once at most, and taking it makes the word an owner.
//!
//! *A heap is used by one at a time.* Its core's code, with preemption off; handlers allocate nothing. Whoever has
//! no core's heap yet (boot, and cores that schedule nothing) uses one that they share, behind a lock.
//!
//! *A span is found from a block.* Layouts that spans serve are told from the others by size and alignment
//! alone, and whoever frees gives the same layout. A span's head says whose it is, and that never changes while a block
//! of it is used: so another core may read that, and nothing else.
//!
//! *A block on its way home is nobody's.* Whoever freed it wrote its link and its word stays as it was. `returned` has
//! the orderings.
//!
//! # Who owns a block
//!
//! Each block has an owner, a number: the slot of the process that took it, or [`KERNEL`]. `charge` has what comes of it.

mod all;
mod blocks;
pub(crate) mod charge;
mod class;
mod here;
mod home;
mod links;
mod odd;
pub(crate) mod returned;
mod span;
mod spare;
mod survey;

use crate::process::Pid;
use crate::process::platform::block_for_list;
pub(crate) use all::trim_some;
pub use all::{charges, trim_all, usage, walk};
use alloc::vec::Vec;
pub use blocks::{Blocks, Count, Entry, REGIONS_MAX, Use};
pub use charge::Held;
use class::Fit;
pub use class::{CLASSES, SPAN};
use core::alloc::Layout;
use core::ptr::NonNull;
use here::block_bytes;
pub use here::{Charges, NoHeap, allocate, allocate_for_kernel, allocate_from, free, trim};
pub use home::{Heap, Source};
pub use survey::{ClassUsage, SpanView, Usage};

/// The owner of what is the kernel's own.
pub const KERNEL: u32 = Pid::NOBODY as u32;

/// The owner of what is taken for ever, and charged to nobody: stacks, slots, envelopes, the cores' own.
pub const LASTING: u32 = (1 << 25) - 2;

/// Bytes that a block for this layout really takes.
pub fn true_size(layout: Layout) -> usize {
    Fit::of(layout).size()
}

/// True if a block for `layout` is as good for `size` bytes.
pub fn serves(layout: Layout, size: usize) -> bool {
    let new = Layout::from_size_align(size, layout.align());
    new.is_ok_and(|new| Fit::of(new) == Fit::of(layout))
}

/// True if a block for this layout is in a span.
fn is_in_span(layout: Layout) -> bool {
    Fit::of(layout).order().is_none()
}

/// An empty list with room for so many, in a block of the kernel's: whoever runs is neither charged with it nor kept from
/// it by a limit. `None` if there is no memory.
///
/// Whoever runs may be killed, and a list in its hands would be lost: it keeps preemption off until somebody else knows
/// the list. So nobody makes room by giving something else back meanwhile; a caller who is refused may do that, and come again.
pub fn list_of_kernel<T>(count: usize) -> Option<Vec<T>> {
    let layout = Layout::array::<T>(count).ok()?;
    if layout.size() == 0 {
        return Some(Vec::new());
    }
    // SAFETY: the size is not zero.
    let block = unsafe { block_for_list(layout) }?.cast::<T>();
    // SAFETY: a block of the global heap with a list's layout, whoever is charged with it, and nothing in it yet.
    Some(unsafe { Vec::from_raw_parts(block.as_ptr(), 0, count) })
}

/// Bytes that the block of such a list really takes, which depends on what memory there was when it was made.
pub fn list_bytes<T>(list: &Vec<T>, source: &impl Source) -> usize {
    match NonNull::new(list.as_ptr().cast_mut()) {
        // SAFETY: a list has a block of the global heap with this layout, if it has room for anything.
        Some(block) => unsafe { array_bytes(block, list.capacity(), source) },
        None => 0,
    }
}

/// The same for what a list of so many has become.
///
/// # Safety
///
/// It was made with room for so many, and is there.
pub(crate) unsafe fn array_bytes<T>(
    block: NonNull<T>,
    count: usize,
    source: &impl Source,
) -> usize {
    match Layout::array::<T>(count) {
        // SAFETY: the caller's promise.
        Ok(layout) if layout.size() > 0 => unsafe { block_bytes(block.cast(), layout, source) },
        _ => 0,
    }
}

/// Sees to it that one more fits into a list of the kernel's. False if there is no memory. For the same callers.
pub fn make_room_in<T>(list: &mut Vec<T>) -> bool {
    if list.len() < list.capacity() {
        return true;
    }
    let Some(mut larger) = list_of_kernel((2 * list.len()).max(4)) else {
        return false;
    };
    larger.append(list);
    *list = larger;
    true
}

#[cfg(all(test, not(loom)))]
mod tests;
