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

mod blocks;
pub(crate) mod charge;
mod class;
mod here;
mod home;
mod odd;
pub(crate) mod returned;
mod span;
mod spare;

use crate::process::Pid;
use crate::process::platform::disown as disown_block;
use alloc::vec::Vec;
pub use blocks::{Blocks, Count, Entry, REGIONS_MAX, Use};
pub use charge::Held;
use class::Fit;
pub use class::{CLASSES, SPAN};
use core::alloc::Layout;
use core::ptr::NonNull;
pub use here::{
    Charges, NoHeap, allocate, allocate_for_kernel, charges, disown, free, trim, usage, walk,
};
pub use home::{ClassUsage, Heap, Source, SpanView, Usage};

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

/// Makes the kernel the owner of what a list stands in: whoever runs was only the one who made room in it.
pub fn leave_to_kernel<T>(list: &Vec<T>) {
    let Ok(layout) = Layout::array::<T>(list.capacity()) else {
        return;
    };
    if layout.size() > 0 {
        let block = NonNull::from(list.as_slice()).cast();
        // SAFETY: a list's block has this layout, and the list is the caller's.
        unsafe { disown_block(block, layout) }
    }
}

#[cfg(all(test, not(loom)))]
mod tests;
