//! Memory for the kernel's own processes when nobody else finds any.
//!
//! Somebody may take all memory, down to the last 32 bytes, and keep it. Then a shell that can't word its answer dies, the next
//! one finds no home, and nobody is left who could be told to end the one who has it all. So some memory is set aside at boot,
//! and only these come to it, when there is no other: the loops, processes of the level `max`, which is theirs alone, and who
//! keeps the shell.
//!
//! It is a heap of its own, over memory of its own, behind a lock. So no block that one of them gives back can be had by
//! anybody else; the alternative, a number of free spans that others must leave alone, is used up by that: in a span that one
//! of them has taken for a block, others would find all the rest. What comes back is found by its span, as with every heap,
//! and its owner is charged with it as with any block; so `audit` sees here as well.
//!
//! Sizes are powers of two, for a span of each size would be too much, and nothing is larger than 16 KiB.

use crate::heap::{allocate_for_ever, count, is_open};
use core::alloc::Layout;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicU64, Ordering::Relaxed};
use girder_aarch64::lock::Lock;
use girder_core::sched::Priority;
use girder_lockfree::heap::{Blocks, Charges, Heap, SPAN, Source, SpanView, Usage, allocate_from};
use girder_lockfree::process::{Pid, own_level, own_pid};

/// Bytes that are set aside, if that is no more than a 64th of memory: a span for each size, and some more.
const SIZE: usize = 16 * SPAN;
const PART: usize = 64;
/// The largest block.
const LARGEST: usize = 16 << 10;

static HEAP: Lock<Heap> = Lock::new(Heap::new());
static BLOCKS: Lock<Blocks> = Lock::new(Blocks::new());

/// Who keeps the shell.
static KEEPER: AtomicU64 = AtomicU64::new(0);

/// What was set aside.
struct Reserve;

impl Source for Reserve {
    fn with<R>(&self, f: impl FnOnce(&mut Blocks) -> R) -> Option<R> {
        is_open().then(|| f(&mut BLOCKS.lock()))
    }
}

/// Sets it aside; once, at boot.
pub(crate) fn set_aside() {
    let size = (count().total / PART).min(SIZE).next_multiple_of(SPAN);
    let Some(memory) = allocate_for_ever(size) else {
        return log::warn!("there is no memory to set aside for the kernel's own processes");
    };
    let start = memory.as_ptr() as usize;
    // SAFETY: just taken, for ever. The table is in it.
    unsafe { BLOCKS.lock().add(start..start + size, None) };
}

/// Says who keeps the shell.
pub(crate) fn set_keeper(pid: Pid) {
    KEEPER.store(pid.get(), Relaxed);
}

/// True if whoever runs may have some of it.
fn is_for_whoever_runs() -> bool {
    let is_keeper = |pid: Pid| pid.get() == KEEPER.load(Relaxed);
    own_level() == Priority::Max.level() || own_pid().is_none_or(is_keeper)
}

fn with_heap(
    layout: Layout,
    take: impl FnOnce(&Heap, Layout) -> Option<NonNull<u8>>,
) -> Option<NonNull<u8>> {
    let size = layout.size().max(layout.align()).next_power_of_two();
    let layout = Layout::from_size_align(size, layout.align()).ok()?;
    let may_have = size <= LARGEST && is_open() && is_for_whoever_runs();
    if may_have {
        take(&HEAP.lock(), layout)
    } else {
        None
    }
}

/// The kernel's part of `girder_lockfree::process`: a block for whoever runs.
#[unsafe(export_name = "girder_reserved_block")]
fn allocate(layout: Layout) -> Option<NonNull<u8>> {
    // SAFETY: the lock says that nobody else uses it.
    with_heap(layout, |heap, layout| unsafe {
        allocate_from(heap, layout, &Reserve)
    })
}

/// A block of the kernel's, on behalf of whoever runs.
#[cold]
#[inline(never)]
pub(crate) fn allocate_for_kernel(layout: Layout) -> Option<NonNull<u8>> {
    // SAFETY: the lock says that nobody else uses it.
    with_heap(layout, |heap, layout| unsafe {
        heap.allocate_for_kernel(layout, &Reserve)
    })
}

/// What blocks are used.
pub(crate) fn usage() -> Usage {
    // SAFETY: the lock says that nobody else uses it.
    unsafe { HEAP.lock().usage() }
}

/// What there is in all.
pub(crate) fn size() -> usize {
    BLOCKS.lock().count().total
}

/// What it has counted.
pub(crate) fn charges() -> Charges {
    // SAFETY: the lock says that nobody else uses it.
    unsafe { HEAP.lock().charges() }
}

/// Tells of each span. `f` neither takes nor frees.
pub(crate) fn walk(f: impl FnMut(SpanView<'_>)) {
    // SAFETY: the lock says that nobody else uses it.
    unsafe { HEAP.lock().walk(f) }
}

/// Gives back what is empty, to be cut anew.
pub(crate) fn trim() {
    // SAFETY: the lock says that nobody else uses it.
    unsafe { HEAP.lock().trim(&Reserve) }
}
