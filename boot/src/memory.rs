//! Physical memory and the lasting tables.
//!
//! Free memory is what the description gives, less what it reserves, less the image and an initial
//! RAM disk, less the lowest 512 KiB, where firmware of small boards keeps its own (hardware facts
//! of the Raspberry Pi). What is reserved is not even mapped: a cacheable mapping would let a core
//! read it ahead.

use crate::pool::Pool;
use crate::{heap, image};
use alloc::vec::Vec;
use core::ptr::NonNull;
use girder_aarch64::lock::Lock;
use girder_aarch64::mmu::{self, Regime};
use girder_aarch64::page_table::{Kind, MapError, Mapping, PAGE, Tables};
use girder_aarch64::stack::{STACK_SIZE, Stack, StackWindow};
use girder_describe::{Machine, Range};
use girder_lockfree::heap::Count;

/// Nothing is allocated below this address.
const LOWEST: u64 = 512 * 1024;
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
    upper: Tables,
    window: StackWindow,
    pool: Pool,
    /// Half a block of memory, for the next stack.
    half: Option<u64>,
}

/// The one of the machine; empty until `start` has filled it.
pub(crate) static MEMORY: Lock<Option<Memory>> = Lock::new(None);

/// Where pages that are nobody's memory are reached: their addresses, in the upper part of the
/// upper half. The lowest page of memory may be among them, and must not be mapped to itself.
const ALIASES: u64 = 0xffff_8000_0000_0000;

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
        let initrd = initrd(machine);
        let free_ranges = free_ranges(machine, initrd);
        if free_ranges.is_empty() {
            return Err(MemoryError::None);
        }
        let image = image::parts().map(|(start, end, kind)| (between(start, end), kind));
        let wanted = free_ranges.iter().map(|&range| (range, Kind::Data));
        let wanted = wanted.chain(initrd.map(|range| (range, Kind::Constants)));
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
        for range in &free_ranges {
            // SAFETY: free, mapped, and nobody else's.
            let lost = unsafe { heap::add(range.base as usize..range.end() as usize) };
            log::debug!(
                "{lost:#x} bytes of memory at {:#x} are of no use",
                range.base
            );
        }
        // SAFETY: `upper` is new, and this is its only window.
        let window = unsafe { StackWindow::new() };
        Ok((
            Self {
                upper,
                window,
                pool,
                half: None,
            },
            regime,
        ))
    }

    /// Allocates `size` bytes for ever, aligned to as much, or to 64 KiB if it is more.
    pub(crate) fn allocate(&mut self, size: usize) -> Option<NonNull<u8>> {
        heap::allocate_for_ever(size)
    }

    /// Makes one more stack.
    pub(crate) fn stack(&mut self) -> Result<Stack, MemoryError> {
        const WHAT: MemoryError = MemoryError::Exhausted("a stack");
        let memory = self.half_block().ok_or(WHAT)?;
        // SAFETY: just allocated and never given back; `upper` are the tables of the upper half.
        let stack = unsafe { self.window.add(&mut self.upper, &mut self.pool, memory) };
        stack.map_err(|_| {
            self.half = Some(memory);
            WHAT
        })
    }

    /// The address of memory for a stack: half a block.
    fn half_block(&mut self) -> Option<u64> {
        if let Some(half) = self.half.take() {
            return Some(half);
        }
        let block = self.allocate(2 * STACK_SIZE as usize)?.as_ptr() as u64;
        self.half = Some(block + STACK_SIZE);
        Some(block)
    }

    /// Maps the page around a physical address that is not in our memory, as memory; returns where
    /// the address is now.
    pub(crate) fn alias(&mut self, physical: u64) -> Result<u64, MemoryError> {
        let range = Range {
            base: physical & !(PAGE - 1),
            size: PAGE,
        };
        if physical >= mmu::physical_end().min(!ALIASES) {
            return Err(MemoryError::Map(range, MapError::BadRange));
        }
        let mapping = Mapping {
            virt: ALIASES | range.base,
            phys: range.base,
            size: range.size,
            kind: Kind::Data,
        };
        match self.upper.map(&mut self.pool, mapping) {
            Ok(()) | Err(MapError::Occupied(_)) => {}
            Err(error) => return Err(MemoryError::Map(range, error)),
        }
        mmu::publish_entries();
        Ok(ALIASES | physical)
    }

    /// How much is free.
    pub(crate) fn usage(&self) -> Usage {
        let Count { free, total, .. } = heap::count();
        Usage { free, total }
    }
}

/// True if `address` is in memory that is the firmware's, told or not.
pub(crate) fn is_firmwares(machine: &Machine, address: u64) -> bool {
    let is_in = |range: &Range| (range.base..range.end()).contains(&address);
    let is_low = address < LOWEST && machine.memory.iter().any(is_in);
    is_low || machine.reserved.iter().any(is_in)
}

fn between(start: u64, end: u64) -> Range {
    Range {
        base: start,
        size: end - start,
    }
}

/// The smallest range of whole pages around `range`; what would not fit in 64 bits is cut.
fn widen(range: Range) -> Range {
    let start = range.base & !(PAGE - 1);
    let last_page = !(PAGE - 1);
    let end = range.end().checked_next_multiple_of(PAGE);
    between(start, end.unwrap_or(last_page))
}

/// The largest range of whole pages inside, from `LOWEST` on.
fn narrow(range: Range) -> Option<Range> {
    let start = range.base.max(LOWEST).checked_next_multiple_of(PAGE)?;
    let end = range.end() & !(PAGE - 1);
    (start < end).then(|| between(start, end))
}

/// The part of `range` that a core's addresses reach.
fn reachable(range: Range) -> Option<Range> {
    let end = range.end().min(mmu::physical_end());
    if end != range.end() {
        log::warn!(
            "memory from {:#x} to {:#x} is beyond this core's addresses, and left alone",
            range.base.max(end),
            range.end()
        );
    }
    (range.base < end).then(|| between(range.base, end))
}

/// The initial RAM disk, if it lies in memory, and clear of the image.
fn initrd(machine: &Machine) -> Option<Range> {
    let range = machine.initrd?;
    let (start, end) = image::range();
    let is_in = |outer: &Range| outer.base <= range.base && range.end() <= outer.end();
    let is_clear = range.end() <= start || end <= range.base;
    let is_good = is_clear && machine.memory.iter().any(is_in);
    if !is_good {
        let (base, size) = (range.base, range.size);
        log::warn!("the initial RAM disk can't be at {base:#x}, {size:#x} bytes: ignored");
    }
    Some(widen(range)).filter(|_| is_good)
}

/// What may be handed out.
fn free_ranges(machine: &Machine, initrd: Option<Range>) -> Vec<Range> {
    let (start, end) = image::range();
    let taken = [Some(between(start, end)), initrd];
    let usable = machine.usable_memory().into_iter();
    let mut ranges: Vec<_> = usable.filter_map(reachable).collect();
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
    let (range_end, taken_end) = (range.end(), taken.end());
    let below = (range.base, range_end.min(taken.base));
    let above = (range.base.max(taken_end), range_end);
    [below, above]
        .into_iter()
        .filter(|(start, end)| start < end)
        .map(|(s, e)| between(s, e))
}
