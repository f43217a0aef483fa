//! The heap of the core that the running code is on.
//!
//! Most blocks are a matter of a look at this core's span, and nothing is called for them. What takes more is called as
//! the last thing, and switches preemption on again by itself: so the short way saves no register.

use super::home::Freed;
use super::span::Span;
use super::{Heap, KERNEL, Source, Usage};
use crate::process::Local;
use crate::process::platform::{self, PreemptionOff};
use core::alloc::Layout;
use core::ptr::NonNull;

/// This core has no heap of its own yet: it schedules nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoHeap;

/// Takes a block for whoever runs.
#[inline(always)]
pub fn allocate(layout: Layout, source: &impl Source) -> Result<Option<NonNull<u8>>, NoHeap> {
    let local = platform::local();
    let stay = PreemptionOff::of(local);
    let Some(here) = local.here() else {
        return Err(NoHeap);
    };
    // SAFETY: alone, says `with_heap`.
    match unsafe { here.heap().allocate_at_once(layout, local.owner()) } {
        Some(block) => Ok(Some(block)),
        None => Ok(allocate_slowly(stay, here.heap(), layout, source)),
    }
}

#[cold]
#[inline(never)]
fn allocate_slowly(
    stay: PreemptionOff,
    heap: &Heap,
    layout: Layout,
    source: &impl Source,
) -> Option<NonNull<u8>> {
    // SAFETY: alone, says `with_heap`; preemption has been off since this heap was found.
    unsafe { heap.allocate(layout, stay.local().owner(), source) }
}

/// Takes a block for the kernel, whoever runs.
pub fn allocate_for_kernel(
    layout: Layout,
    source: &impl Source,
) -> Result<Option<NonNull<u8>>, NoHeap> {
    // SAFETY: alone, says `with_heap`.
    with_heap(|heap, _| unsafe { heap.allocate(layout, KERNEL, source) })
}

/// Frees a block.
///
/// # Safety
///
/// As for [`Heap::free`].
#[inline(always)]
pub unsafe fn free(block: NonNull<u8>, layout: Layout, source: &impl Source) -> Result<(), NoHeap> {
    let local = platform::local();
    let stay = PreemptionOff::of(local);
    let Some(here) = local.here() else {
        return Err(NoHeap);
    };
    // SAFETY: alone, says `with_heap`; the rest is the caller's promise.
    match unsafe { here.heap().free_at_once(block, layout) } {
        Freed::Whole => {}
        Freed::Look(span) => look(stay, here.heap(), span, source),
        // SAFETY: as above.
        Freed::Not => unsafe { free_slowly(stay, here.heap(), block, layout, source) },
    }
    Ok(())
}

#[cold]
#[inline(never)]
fn look(_stay: PreemptionOff, heap: &Heap, span: NonNull<Span>, source: &impl Source) {
    // SAFETY: preemption has been off since a block was put into that span of this heap.
    unsafe { heap.look(span, source) }
}

#[cold]
#[inline(never)]
unsafe fn free_slowly(
    _stay: PreemptionOff,
    heap: &Heap,
    block: NonNull<u8>,
    layout: Layout,
    source: &impl Source,
) {
    // SAFETY: the caller's promise.
    unsafe { heap.free(block, layout, source) };
}

/// What blocks are at home on this core.
pub fn usage() -> Result<Usage, NoHeap> {
    // SAFETY: alone, says `with_heap`.
    with_heap(|heap, _| unsafe { heap.usage() })
}

/// Gives back what is empty on this core.
pub fn trim(source: &impl Source) -> Result<(), NoHeap> {
    // SAFETY: alone, says `with_heap`.
    with_heap(|heap, _| unsafe { heap.trim(source) })
}

/// Runs `f` with this core's heap and who runs, with preemption off: handlers don't allocate, and nothing that `f` may
/// do here runs anybody's code, so nobody else uses the heap meanwhile.
fn with_heap<R>(f: impl FnOnce(&Heap, &Local) -> R) -> Result<R, NoHeap> {
    let local = platform::local();
    let _stay = PreemptionOff::of(local);
    let here = local.here().ok_or(NoHeap)?;
    Ok(f(here.heap(), local))
}
