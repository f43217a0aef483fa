//! The kernel's memory: who hands it out, from the first moment on.
//!
//! `girder_lockfree::heap` has how. Here is what it needs of the machine: the one lock around all blocks of
//! memory, and a heap for code that is on no scheduling core yet, behind a lock as well. At first memory is a piece
//! of the image; the rest comes when the description has been read. So there is one kind of heap, early and late.
//!
//! Locks are taken in this order: `memory::MEMORY`, `COMMON`, `BLOCKS`; those of `reserve` stand alone. A crash report takes none of them: from
//! its beginning on there is no memory to be had but what this core's own spans have left.

use crate::reserve;
use crate::shortage::make_room;
use core::alloc::{GlobalAlloc, Layout};
use core::cell::UnsafeCell;
use core::mem::MaybeUninit;
use core::ops::Range;
use core::ptr::{NonNull, null_mut};
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use girder_aarch64::lock::Lock;
use girder_aarch64::preemption::may_be_preempted;
use girder_lockfree::heap::{
    self, Blocks, Charges, Count, Entry, Heap, Held, KERNEL, LASTING, NoHeap, SPAN, Source,
    SpanView, Usage, Use,
};
use girder_lockfree::process::crew::Standstill;
use girder_lockfree::process::own_pid;

/// Enough for the description of 512 cores: a span for each power of two, and a table or two.
const EARLY_SIZE: usize = 24 * SPAN;
/// Early on sizes are powers of two up to this, for a span of every size would be too much.
const COARSE: usize = 16 << 10;

struct EarlyMemory(UnsafeCell<MaybeUninit<[u8; EARLY_SIZE]>>);

// SAFETY: given away once, to `BLOCKS`.
unsafe impl Sync for EarlyMemory {}

#[unsafe(link_section = ".noinit")]
static EARLY_MEMORY: EarlyMemory = EarlyMemory(UnsafeCell::new(MaybeUninit::uninit()));

struct EarlyTable(UnsafeCell<[Entry; EARLY_SIZE / SPAN]>);

// SAFETY: as above.
unsafe impl Sync for EarlyTable {}

static EARLY_TABLE: EarlyTable = EarlyTable(UnsafeCell::new([Entry::NOTHING; EARLY_SIZE / SPAN]));

static BLOCKS: Lock<Blocks> = Lock::new(Blocks::new());

/// Of code that is on no scheduling core.
static COMMON: Lock<Heap> = Lock::new(Heap::new());

/// The kernel has crashed, and whoever holds a lock may stand still for ever.
static IS_CLOSED: AtomicBool = AtomicBool::new(false);

/// How many processes were found to be near their limit.
static ALARMS: AtomicU64 = AtomicU64::new(0);

struct KernelHeap;

#[global_allocator]
static HEAP: KernelHeap = KernelHeap;

/// The machine's memory.
pub(crate) struct Memory;

impl Source for Memory {
    fn with<R>(&self, f: impl FnOnce(&mut Blocks) -> R) -> Option<R> {
        is_open().then(|| f(&mut BLOCKS.lock()))
    }
}

/// Makes allocation work, before memory is known.
///
/// # Safety
///
/// Called once.
pub(crate) unsafe fn start_early() {
    let start = EARLY_MEMORY.0.get() as usize;
    let table = NonNull::new(EARLY_TABLE.0.get().cast());
    // SAFETY: memory and table are the blocks' alone from now on, because this is called once; there are
    // not more whole spans in it than the table has entries.
    unsafe { BLOCKS.lock().add(start..start + EARLY_SIZE, table) };
}

/// Takes memory over; returns how much of it is of no use.
///
/// # Safety
///
/// It is mapped and nobody else's, for ever.
pub(crate) unsafe fn add(memory: Range<usize>) -> usize {
    let table = table_for(&memory);
    // SAFETY: the caller's promise; the table is a block of the kernel's that is never freed.
    unsafe { BLOCKS.lock().add(memory, table) }
}

/// A place for the table of so much memory, if that would take only part of a block: what is in pieces would lose a
/// block of each.
fn table_for(memory: &Range<usize>) -> Option<NonNull<Entry>> {
    let layout = Layout::array::<Entry>(memory.len() / SPAN).ok()?;
    let is_small = (1..SPAN / 4).contains(&layout.size());
    is_small.then(|| kernel_block(layout))?.map(NonNull::cast)
}

/// Takes memory for ever, for the kernel: so many bytes, aligned to as much, or to a span if it is more.
pub(crate) fn allocate_for_ever(size: usize) -> Option<NonNull<u8>> {
    if size < SPAN {
        let align = size.next_power_of_two();
        return kernel_block(Layout::from_size_align(size, align).ok()?);
    }
    let order = size.div_ceil(SPAN).next_power_of_two().trailing_zeros();
    Memory.with(|blocks| blocks.take(order, Use::Large, LASTING))?
}

/// True as long as locks may be waited for.
pub(crate) fn is_open() -> bool {
    !IS_CLOSED.load(Relaxed)
}

/// From here on no lock is waited for.
pub(crate) fn close() {
    IS_CLOSED.store(true, Relaxed);
}

/// How physical memory is used.
pub(crate) fn count() -> Count {
    Memory.with(|blocks| blocks.count()).unwrap_or_default()
}

/// What blocks are used, on all cores.
pub(crate) fn usage(all: &Standstill<'_>) -> Usage {
    let mut usage = heap::usage(all);
    // SAFETY: the lock says that nobody else uses it.
    usage.add(&unsafe { COMMON.lock().usage() });
    usage.add(&reserve::usage());
    usage
}

/// What is charged to nobody who lives, on all cores.
pub(crate) fn charges(all: &Standstill<'_>) -> Charges {
    let mut charges = heap::charges(all);
    // SAFETY: the lock says that nobody else uses it.
    charges.add(&unsafe { COMMON.lock().charges() });
    charges.add(&reserve::charges());
    charges
}

/// What a walk over all words has found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Walked {
    /// Blocks of the kernel's.
    pub(crate) kernel: Held,
    /// Of processes', whether they live or not.
    pub(crate) processes: Held,
    /// Spans whose words say something else than their counts.
    pub(crate) broken: usize,
    /// Memory, as its tables have it.
    pub(crate) memory: Count,
    /// Bytes of spans.
    pub(crate) spans: usize,
}

impl Walked {
    fn add(&mut self, owner: u32, bytes: usize) {
        match owner {
            LASTING => {}
            KERNEL => self.kernel.add(bytes),
            _ => self.processes.add(bytes),
        }
    }

    fn add_span(&mut self, span: &SpanView<'_>) {
        self.spans += SPAN;
        self.add_blocks(span);
    }

    fn add_blocks(&mut self, span: &SpanView<'_>) {
        self.broken += usize::from(span.owners().count() != span.used());
        span.owners().for_each(|owner| self.add(owner, span.size()));
    }
}

/// Looks at every word, for whoever wants to compare.
pub(crate) fn walk(all: &Standstill<'_>) -> Walked {
    let mut walked = Walked::default();
    heap::walk(all, |span| walked.add_span(&span));
    // SAFETY: the lock says that nobody else uses it.
    unsafe { COMMON.lock().walk(|span| walked.add_span(&span)) };
    // (Memory that was set aside is no span of the machine's.)
    reserve::walk(|span| walked.add_blocks(&span));
    Memory.with(|blocks| {
        blocks.walk_owned(|owner, bytes| walked.add(owner, bytes));
        walked.memory = blocks.walk();
    });
    walked
}

/// Gives back what is empty, on all cores.
pub(crate) fn trim(all: &Standstill<'_>) {
    heap::trim_all(all, &Memory);
    trim_common();
}

/// The same of what is no core's.
pub(crate) fn trim_common() {
    // SAFETY: the lock says that nobody else uses it.
    unsafe { COMMON.lock().trim(&Memory) }
    reserve::trim();
}

/// Runs `f` with the heap of cores that schedule nothing; `None` in a crash.
fn with_common<R>(f: impl FnOnce(&Heap) -> R) -> Option<R> {
    is_open().then(|| f(&COMMON.lock()))
}

/// How often a process was found to have three quarters of what it may have.
pub fn memory_alarms() -> u64 {
    ALARMS.load(Relaxed)
}

/// The kernel's part of `girder_lockfree::process`: true if whoever runs may be kept waiting.
#[unsafe(export_name = "girder_may_wait")]
fn may_wait() -> bool {
    may_be_preempted()
}

/// The kernel's part of `girder_lockfree::process`: three quarters of what the running process may have are used.
#[unsafe(export_name = "girder_memory_alarm")]
fn tell_memory_alarm(has: usize, limit: usize) {
    ALARMS.fetch_add(1, Relaxed);
    let pid = own_pid();
    match pid {
        Some(pid) => {
            log::warn!(
                "process {pid} has {has} bytes of memory with its stack, and may have {limit}"
            );
        }
        None => log::warn!("{has} bytes of memory of {limit} are used"),
    }
}

/// There is no memory: once more, if something was kept that could be done without.
#[cold]
#[inline(never)]
fn at_last<T>(allocate: impl FnOnce() -> Option<T>) -> Option<T> {
    if make_room() { allocate() } else { None }
}

#[cold]
#[inline(never)]
fn allocate_common(layout: Layout) -> Option<NonNull<u8>> {
    let size = layout.size().max(layout.align()).next_power_of_two();
    let coarse = Layout::from_size_align(size, layout.align());
    // Whoever frees it looks at its span, so that it may be larger than it need be.
    let layout = coarse.ok().filter(|_| size <= COARSE).unwrap_or(layout);
    // SAFETY: the lock says that nobody else uses it.
    with_common(|common| unsafe { common.allocate_for_kernel(layout, &Memory) })?
}

#[cold]
#[inline(never)]
unsafe fn free_common(block: NonNull<u8>, layout: Layout) {
    // SAFETY: the lock says that nobody else uses it; the rest is the caller's promise.
    let _ = with_common(|common| unsafe { common.free_of_kernel(block, layout, &Memory) });
}

/// The kernel's part of `girder_lockfree::process`: memory that is the kernel's, whoever runs.
#[unsafe(export_name = "girder_kernel_block")]
fn kernel_block(layout: Layout) -> Option<NonNull<u8>> {
    let allocate = || heap::allocate_for_kernel(layout, &Memory);
    match allocate() {
        Ok(Some(block)) => Some(block),
        Ok(None) => {
            let block = at_last(|| allocate().ok()?);
            block.or_else(|| reserve::allocate_for_kernel(layout))
        }
        Err(NoHeap) => allocate_common(layout),
    }
}

/// The kernel's part of `girder_lockfree::mail` and `process`: memory for envelopes and slots, whole blocks mostly.
#[unsafe(export_name = "girder_pages")]
fn pages(size: usize) -> Option<NonNull<u8>> {
    allocate_for_ever(size).or_else(|| at_last(|| allocate_for_ever(size)))
}

/// The kernel's part of `girder_lockfree::mail`: gives envelopes back.
///
/// # Safety
///
/// `pages` has given the block out for this size, and nobody uses it any more.
#[unsafe(export_name = "girder_old_pages")]
unsafe fn old_pages(block: NonNull<u8>, size: usize) {
    debug_assert!(size >= SPAN, "less than a block is never given back");
    // SAFETY: the caller's promise: so it is a block of its own.
    let _ = Memory.with(|blocks| unsafe { blocks.give(block) });
}

// SAFETY: `girder_lockfree::heap` hands out disjoint blocks that fit the layout; nothing in it unwinds.
unsafe impl GlobalAlloc for KernelHeap {
    #[inline(always)]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let block = match heap::allocate(layout, &Memory) {
            Ok(block) => block,
            Err(NoHeap) => allocate_common(layout),
        };
        block.map_or(null_mut(), NonNull::as_ptr)
    }

    #[inline(always)]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller got it from `alloc` with this layout, so it is some block.
        unsafe {
            let block = NonNull::new_unchecked(block);
            if heap::free(block, layout, &Memory).is_err() {
                free_common(block, layout);
            }
        }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if heap::serves(layout, size) {
            return block;
        }
        // SAFETY: the caller's promise: the size is possible with this alignment.
        unsafe {
            let new = self.alloc(Layout::from_size_align_unchecked(size, layout.align()));
            if !new.is_null() {
                block.copy_to_nonoverlapping(new, layout.size().min(size));
                self.dealloc(block, layout);
            }
            new
        }
    }
}
