//! Physical memory and the lasting tables.
//!
//! Free memory is what the description gives, less what it reserves, less the image and an initial
//! RAM disk, less the lowest 512 KiB, where firmware of small boards keeps its own (hardware facts
//! of the Raspberry Pi). What is reserved is not even mapped: a cacheable mapping would let a core
//! read it ahead.

use crate::pool::Pool;
use crate::{heap, image};
use alloc::vec::Vec;
use buddy_system_allocator::Heap;
use core::alloc::Layout;
use core::ptr::NonNull;
use girder_aarch64::lock::Lock;
use girder_aarch64::mmu::{self, Regime};
use girder_aarch64::page_table::{Kind, MapError, Mapping, PAGE, Tables};
use girder_aarch64::stack::{STACK_SIZE, Stack, StackWindow};
use girder_describe::{Machine, Range};

/// Orders of the buddy allocator: its largest block is half a tebibyte.
const ORDERS: usize = 40;
/// Nothing is allocated below this address.
const LOWEST: u64 = 512 * 1024;
/// The heap gets this share of the free memory, within the bounds that follow.
const HEAP_SHARE: u64 = 64;
const HEAP_LEAST: u64 = 1 << 20;
const HEAP_MOST: u64 = 16 << 20;

/// Why memory can't be set up.
#[derive(Clone, Copy, Debug)]
pub(crate) enum MemoryError {
    /// The description leaves no free memory.
    None,
    /// A range can't be mapped.
    Map(Range, MapError),
    /// There is not enough for this.
    Exhausted(&'static str),
}

impl core::fmt::Display for MemoryError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::None => f.write_str("the machine's description leaves no free memory"),
            Self::Map(range, error) => {
                write!(
                    f,
                    "cannot map {:#x} bytes at {:#x}: {error:?}",
                    range.size, range.base
                )
            }
            Self::Exhausted(what) => write!(f, "out of memory for {what}"),
        }
    }
}

/// Memory and its tables.
pub(crate) struct Memory {
    free: Heap<ORDERS>,
    upper: Tables,
    window: StackWindow,
    pool: Pool,
}

/// The one of the machine; empty until `start` has filled it.
pub(crate) static MEMORY: Lock<Option<Memory>> = Lock::new(None);

/// Bytes of physical memory.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Usage {
    pub(crate) free: usize,
    pub(crate) total: usize,
}

impl Memory {
    /// Builds the lasting tables, goes over to them, and takes all free memory over.
    ///
    /// # Safety
    ///
    /// Called once, on the boot core, with the boot tables in use; `devices` are register blocks.
    pub(crate) unsafe fn start(
        machine: &Machine,
        devices: &[Range],
    ) -> Result<(Self, Regime), MemoryError> {
        // SAFETY: the boot tables' pool value is gone, and this is the next one.
        let mut pool = unsafe { Pool::new() };
        let exhausted = |_| MemoryError::Exhausted("page tables");
        let mut lower = Tables::new(&mut pool).map_err(exhausted)?;
        let upper = Tables::new(&mut pool).map_err(exhausted)?;
        let free_ranges = free_ranges(machine);
        if free_ranges.is_empty() {
            return Err(MemoryError::None);
        }
        let image = image::parts().map(|(start, end, kind)| (between(start, end), kind));
        let wanted = free_ranges.iter().map(|&range| (range, Kind::Data));
        let wanted = wanted.chain(machine.initrd.map(|range| (widen(range), Kind::Constants)));
        let devices = devices.iter().map(|&range| (widen(range), Kind::Device));
        for (range, kind) in wanted.chain(image).chain(devices) {
            lower
                .map(&mut pool, Mapping::identity(range.base, range.size, kind))
                .map_err(|error| MemoryError::Map(range, error))?;
        }
        let regime = Regime::lasting(lower.root(), upper.root());
        // SAFETY: the new tables map the image, all free memory and the devices to where they are,
        // and nothing else is in use: the description is owned by the heap inside the image.
        unsafe { mmu::switch_to(&regime) };
        let mut free = Heap::empty();
        for range in &free_ranges {
            // SAFETY: free, mapped, and nobody else's.
            unsafe { free.add_to_heap(range.base as usize, (range.base + range.size) as usize) }
        }
        // SAFETY: `upper` is new, and this is its only window.
        let window = unsafe { StackWindow::new() };
        Ok((
            Self {
                free,
                upper,
                window,
                pool,
            },
            regime,
        ))
    }

    /// Gives the kernel's heap its share.
    pub(crate) fn start_heap(&mut self) -> Result<(), MemoryError> {
        let share = self.free.stats_total_bytes() as u64 / HEAP_SHARE;
        let size = share.clamp(HEAP_LEAST, HEAP_MOST).next_power_of_two() as usize;
        let memory = self
            .allocate(size)
            .ok_or(MemoryError::Exhausted("the heap"))?;
        // SAFETY: just allocated, never given back; `start_heap` is called once, by boot.
        unsafe { heap::start_main(memory, size) };
        Ok(())
    }

    /// Allocates `size` bytes for ever, a whole number of pages.
    pub(crate) fn allocate(&mut self, size: usize) -> Option<NonNull<u8>> {
        let layout = Layout::from_size_align(size, PAGE as usize)
            .ok()?
            .pad_to_align();
        self.free.alloc(layout).ok()
    }

    /// Makes one more stack.
    pub(crate) fn stack(&mut self) -> Result<Stack, MemoryError> {
        const WHAT: MemoryError = MemoryError::Exhausted("a stack");
        let memory = self.allocate(STACK_SIZE as usize).ok_or(WHAT)?.as_ptr() as u64;
        // SAFETY: just allocated and never given back; `upper` are the tables of the upper half.
        let stack = unsafe { self.window.add(&mut self.upper, &mut self.pool, memory) };
        stack.map_err(|_| WHAT)
    }

    /// How much is free.
    pub(crate) fn usage(&self) -> Usage {
        let total = self.free.stats_total_bytes();
        Usage {
            free: total - self.free.stats_alloc_actual(),
            total,
        }
    }
}

fn between(start: u64, end: u64) -> Range {
    Range {
        base: start,
        size: end - start,
    }
}

/// The smallest range of whole pages around `range`.
fn widen(range: Range) -> Range {
    let start = range.base & !(PAGE - 1);
    between(start, (range.base + range.size).next_multiple_of(PAGE))
}

/// The largest range of whole pages inside, from `LOWEST` on.
fn narrow(range: Range) -> Option<Range> {
    let start = range.base.max(LOWEST).next_multiple_of(PAGE);
    let end = (range.base + range.size) & !(PAGE - 1);
    (start < end).then(|| between(start, end))
}

/// What may be handed out.
fn free_ranges(machine: &Machine) -> Vec<Range> {
    let (start, end) = image::range();
    let taken = [Some(between(start, end)), machine.initrd.map(widen)];
    let mut ranges = machine.usable_memory();
    for taken in taken.into_iter().flatten() {
        ranges = ranges
            .into_iter()
            .flat_map(|range| without(range, taken))
            .collect();
    }
    ranges.into_iter().filter_map(narrow).collect()
}

/// What is left of `range` on both sides of `taken`.
fn without(range: Range, taken: Range) -> impl Iterator<Item = Range> {
    let (range_end, taken_end) = (range.base + range.size, taken.base + taken.size);
    let below = (range.base, range_end.min(taken.base));
    let above = (range.base.max(taken_end), range_end);
    [below, above]
        .into_iter()
        .filter(|(start, end)| start < end)
        .map(|(s, e)| between(s, e))
}
