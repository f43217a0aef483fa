//! Physical memory, in blocks of 64 KiB times a power of two.
//!
//! `buddy_system_allocator` keeps what is free, one of its heaps for each region of memory, so that no block reaches over
//! the border of two. Beside it each region has a table with a word for each 64 KiB: the word of a used block's first
//! says what it is used for, how large it is and whose. So whoever gives a block back, or asks about one, needs
//! its address alone, and [`Blocks::walk`] can count what there is.
//!
//! What comes back stays here (`spare`): that allocator would look for its buddy in a list of free blocks of that size, which
//! is as long as memory is in pieces, and ten million homes that went back at once took minutes. The table says at once
//! whether the buddy is free.
//!
//! From 64 KiB on, twice as much is much. What would waste a quarter of its block or more comes from `odd`, which is
//! cut out of larger blocks.

mod entry;

use super::class::{Fit, SPAN};
use super::odd::{self, Odds};
use super::spare::{LARGEST_SPARE, Spares};
use super::{KERNEL, true_size};
use buddy_system_allocator::Heap;
use core::alloc::Layout;
use core::cell::Cell;
use core::ops::Range;
use core::ptr::NonNull;
pub use entry::{Entry, Use};

/// Powers of two up to the largest block, which is half a tebibyte.
const ORDERS: usize = 40;
/// Pieces of memory; a machine with more uses the first so many.
pub const REGIONS_MAX: usize = 64;

/// With less than that, a whole megabyte for odd pieces is too much to begin with.
const PLENTY: usize = 16 << 20;

/// Memory from one address to another, its table, and what of it is free.
#[derive(Debug)]
struct Region {
    start: usize,
    end: usize,
    table: NonNull<Cell<Entry>>,
    free: Heap<ORDERS>,
}

impl Region {
    fn entry(&self, address: usize) -> Option<&Cell<Entry>> {
        let is_here = (self.start..self.end).contains(&address);
        // SAFETY: the table has an entry for each block of the region, `add` was promised.
        is_here.then(|| unsafe { self.table.add((address - self.start) / SPAN).as_ref() })
    }
}

/// All memory; whoever uses it has it alone.
#[derive(Debug)]
pub struct Blocks {
    regions: [Option<Region>; REGIONS_MAX],
    odds: Odds,
    spares: Spares,
    count: Count,
}

// SAFETY: it owns its memory and its tables.
unsafe impl Send for Blocks {}

/// Bytes of memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// In all.
    pub total: usize,
    /// Nobody's.
    pub free: usize,
    /// Cut into blocks of one size.
    pub spans: usize,
    /// In blocks of 64 KiB and more.
    pub large: usize,
    /// Cut into odd pieces.
    pub odd: usize,
}

impl Count {
    fn of_use(&mut self, usage: Use) -> &mut usize {
        match usage {
            Use::Span => &mut self.spans,
            Use::Large => &mut self.large,
            Use::Odd => &mut self.odd,
        }
    }
}

/// What a block of this order is to the allocator.
fn layout(order: u32) -> Option<Layout> {
    let size = SPAN
        .checked_shl(order)
        .filter(|&size| size >> order == SPAN)?;
    Layout::from_size_align(size, size).ok()
}

impl Blocks {
    /// No memory.
    pub const fn new() -> Self {
        Self {
            regions: [const { None }; REGIONS_MAX],
            odds: Odds::new(),
            spares: Spares::new(),
            count: Count {
                total: 0,
                free: 0,
                spans: 0,
                large: 0,
                odd: 0,
            },
        }
    }

    /// Adds memory, and returns how much of it will not be used: what is no whole 64 KiB, and what its table
    /// takes, unless that has a place of its own.
    ///
    /// # Safety
    ///
    /// The memory is mapped and nobody else's, for ever; so is the table, which has an entry for each whole
    /// 64 KiB of it.
    pub unsafe fn add(&mut self, memory: Range<usize>, table: Option<NonNull<Entry>>) -> usize {
        let size = memory.end.saturating_sub(memory.start);
        let mut start = memory.start.next_multiple_of(SPAN);
        let end = memory.end & !(SPAN - 1);
        let place = self.regions.iter_mut().find(|it| it.is_none());
        let (Some(place), true) = (place, start < end) else {
            return size;
        };
        let table = table.map_or(start as *mut Cell<Entry>, |it| it.cast().as_ptr());
        if table as usize == start {
            let entries = (end - start) / SPAN;
            start += (entries * size_of::<Entry>()).next_multiple_of(SPAN);
        }
        let Some(table) = NonNull::new(table).filter(|_| start < end) else {
            return size;
        };
        for index in 0..(end - start) / SPAN {
            // SAFETY: the caller's promise, or the memory itself.
            unsafe { table.add(index).write(Cell::new(Entry::NOTHING)) };
        }
        let mut free = Heap::empty();
        // SAFETY: the caller's promise; the table's place is left out.
        unsafe { free.add_to_heap(start, end) };
        *place = Some(Region {
            start,
            end,
            table,
            free,
        });
        self.count.total += end - start;
        self.count.free += end - start;
        size - (end - start)
    }

    /// Takes a block: 64 KiB times two to the power of `order`, and aligned to as much.
    pub fn take(&mut self, order: u32, usage: Use, owner: u32) -> Option<NonNull<u8>> {
        let layout = layout(order)?;
        let block = match self.take_spare(order) {
            Some(block) => block,
            None => {
                let mut regions = self.regions.iter_mut().map_while(Option::as_mut);
                regions.find_map(|region| region.free.alloc(layout).ok())?
            }
        };
        self.entry(block.as_ptr() as usize)?
            .set(Entry::new(usage, order, owner));
        self.count.free -= layout.size();
        *self.count.of_use(usage) += layout.size();
        Some(block)
    }

    /// Takes a block of those that came back, or a part of one.
    fn take_spare(&mut self, order: u32) -> Option<NonNull<u8>> {
        let (block, mut larger) = self.spares.take(order)?;
        let address = block.as_ptr() as usize;
        self.mark(address, Entry::NOTHING);
        while larger > order {
            larger -= 1;
            // SAFETY: the upper half of the block.
            let upper = unsafe { block.add(SPAN << larger) };
            self.mark(upper.as_ptr() as usize, Entry::spare(larger));
            // SAFETY: of memory that nobody uses.
            unsafe { self.spares.put(upper, larger) };
        }
        Some(block)
    }

    /// Keeps a block that came back, with its buddy if that is free as well, and so on.
    ///
    /// # Safety
    ///
    /// It is memory of ours that nobody uses.
    unsafe fn put_spare(&mut self, block: NonNull<u8>, mut order: u32) {
        let mut address = block.as_ptr() as usize;
        while order < LARGEST_SPARE {
            let buddy = address ^ (SPAN << order);
            let found = self.entry(buddy).map(Cell::get);
            let (Some(place), true) = (
                NonNull::new(buddy as *mut u8),
                found == Some(Entry::spare(order)),
            ) else {
                break;
            };
            self.mark(buddy, Entry::NOTHING);
            // SAFETY: the table says that it is in that list.
            unsafe { self.spares.remove(place, order) };
            address = address.min(buddy);
            order += 1;
        }
        self.mark(address, Entry::spare(order));
        if let Some(block) = NonNull::new(address as *mut u8) {
            // SAFETY: the caller's promise, and the same of each buddy.
            unsafe { self.spares.put(block, order) };
        }
    }

    fn mark(&self, address: usize, entry: Entry) {
        if let Some(place) = self.entry(address) {
            place.set(entry);
        }
    }

    /// Takes so much for an owner: a piece of a larger block if that is better, or a block.
    pub(super) fn take_large(&mut self, fit: Fit, owner: u32) -> Option<NonNull<u8>> {
        let Fit::Odd(pages) = fit else {
            return self.take(fit.order()?, Use::Large, owner);
        };
        let whole = fit.order()?;
        if let Some(piece) = self.odds.take(pages, owner) {
            return Some(piece);
        }
        if self.count.free < PLENTY
            && let Some(block) = self.take(whole, Use::Large, owner)
        {
            return Some(block);
        }
        if let Some(memory) = self.take(odd::ORDER, Use::Odd, KERNEL) {
            // SAFETY: just taken.
            unsafe { self.odds.add(memory) };
            return self.odds.take(pages, owner);
        }
        self.take(whole, Use::Large, owner)
    }

    /// Gives back what `take_large` has given out for this; returns who owned it.
    ///
    /// # Safety
    ///
    /// It was not given back since, and nobody uses it any more.
    pub(super) unsafe fn give_large(&mut self, block: NonNull<u8>, fit: Fit) -> u32 {
        let is_block = self.usage(block.as_ptr() as usize).is_some();
        let (false, Fit::Odd(pages)) = (is_block, fit) else {
            // SAFETY: the caller's promise.
            return unsafe { self.give(block) };
        };
        // SAFETY: the caller's promise: no block begins here, so it is a piece.
        let (owner, empty) = unsafe { self.odds.give(block, pages) };
        if let Some(memory) = empty {
            // SAFETY: no piece of it is used, and `odds` has let it go.
            unsafe { self.give(memory) };
        }
        owner
    }

    /// Gives a block back; returns who owned it.
    ///
    /// # Safety
    ///
    /// It was taken and not given back since, and nobody uses it any more.
    pub unsafe fn give(&mut self, block: NonNull<u8>) -> u32 {
        let address = block.as_ptr() as usize;
        let taken = self.entry(address).and_then(|place| {
            let entry = place.replace(Entry::NOTHING);
            Some((entry, entry.usage()?, layout(entry.order())?.size()))
        });
        let Some((entry, usage, size)) = taken else {
            unreachable!("{address:#x} is no block")
        };
        // SAFETY: the caller's promise; the table said that it is a block of this order.
        unsafe { self.put_spare(block, entry.order()) };
        *self.count.of_use(usage) -= size;
        self.count.free += size;
        entry.owner()
    }

    /// Gives back what is kept for the next odd piece.
    pub fn trim(&mut self) {
        if let Some(memory) = self.odds.trim() {
            // SAFETY: `odds` has let it go, and it was empty.
            unsafe { self.give(memory) };
        }
    }

    fn usage(&self, address: usize) -> Option<Use> {
        let is_first = address.is_multiple_of(SPAN);
        self.entry(address).filter(|_| is_first)?.get().usage()
    }

    fn entry(&self, address: usize) -> Option<&Cell<Entry>> {
        let mut regions = self.regions.iter().map_while(Option::as_ref);
        regions.find_map(|region| region.entry(address))
    }

    /// Bytes of what was given out for such a layout: an odd piece, or a block.
    pub(super) fn size(&self, block: NonNull<u8>, layout: Layout) -> usize {
        match Fit::of(layout) {
            Fit::Odd(_) if self.usage(block.as_ptr() as usize).is_none() => true_size(layout),
            fit => fit.order().map_or(0, |order| SPAN << order),
        }
    }

    /// Who owns a large block, or an odd piece.
    pub fn owner(&self, block: NonNull<u8>) -> Option<u32> {
        let address = block.as_ptr() as usize;
        if self.usage(address).is_none() {
            return self.odds.owner(block);
        }
        let entry = self.entry(address)?.get();
        (entry.usage() == Some(Use::Large)).then_some(entry.owner())
    }

    /// Tells of each large block and each odd piece: its owner and its bytes.
    pub fn walk_owned(&self, mut f: impl FnMut(u32, usize)) {
        self.odds.walk(&mut f);
        for region in self.regions.iter().map_while(Option::as_ref) {
            let mut address = region.start;
            while let Some(entry) = region.entry(address).map(Cell::get) {
                if entry.usage() == Some(Use::Large) {
                    f(entry.owner(), SPAN << entry.order());
                }
                address += SPAN << entry.order();
            }
        }
    }

    /// Bytes, as they were counted on the way.
    pub fn count(&self) -> Count {
        self.count
    }

    /// Bytes, as the tables have them: for whoever checks the count.
    pub fn walk(&self) -> Count {
        let (mut count, mut total) = (Count::default(), 0);
        for region in self.regions.iter().map_while(Option::as_ref) {
            let mut address = region.start;
            while let Some(entry) = region.entry(address).map(Cell::get) {
                let (size, count) = match entry.usage() {
                    Some(usage) => (SPAN << entry.order(), count.of_use(usage)),
                    None => (SPAN, &mut count.free),
                };
                *count += size;
                total += size;
                address += size;
            }
        }
        count.total = total;
        count
    }
}

impl Default for Blocks {
    fn default() -> Self {
        Self::new()
    }
}
