//! Physical memory, in blocks of 64 KiB times a power of two.
//!
//! A buddy allocator: a block is split in halves until it fits, and two free halves become one again.
//! Each region of memory has a table with a word for each 64 KiB. The word of a block's first says what the
//! block is, so whether its buddy is free is one look, and free blocks are linked both ways: taking and giving take as
//! many steps as there are orders, whatever has happened before. (`buddy_system_allocator` was here before. It
//! looks for the buddy in the list of all free blocks of its size, which for a million processes that
//! end are ten thousand, under the lock.)
//!
//! The table is also what there is to count: see [`Blocks::count`].

use super::class::SPAN;
use core::cell::Cell;
use core::ops::Range;
use core::ptr::NonNull;

/// The largest block is half a tebibyte.
const ORDERS: usize = 24;
/// Pieces of memory; a machine with more uses the first so many.
pub const REGIONS_MAX: usize = 64;

/// What a block is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Use {
    /// Cut into blocks of one size.
    Span = 2,
    /// Whole, by one owner.
    Large = 3,
}

/// The word of 64 KiB: 0 in the middle of a block, and in a block's first what it is. `use 2 | order 5 | owner 25`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry(u32);

const USE_SHIFT: u32 = 30;
const ORDER_SHIFT: u32 = 25;
const OWNER: u32 = (1 << ORDER_SHIFT) - 1;
const FREE: u32 = 1;

impl Entry {
    /// In the middle of a block.
    pub const INSIDE: Self = Self(0);

    const fn new(kind: u32, order: u32, owner: u32) -> Self {
        Self(kind << USE_SHIFT | order << ORDER_SHIFT | owner & OWNER)
    }

    const fn kind(self) -> u32 {
        self.0 >> USE_SHIFT
    }

    const fn order(self) -> u32 {
        self.0 >> ORDER_SHIFT & 31
    }
}

/// Memory from one address to another, and its table.
#[derive(Clone, Copy, Debug)]
struct Region {
    start: usize,
    end: usize,
    table: NonNull<Cell<Entry>>,
}

impl Region {
    fn entry(&self, address: usize) -> Option<&Cell<Entry>> {
        let is_here = (self.start..self.end).contains(&address);
        // SAFETY: the table has an entry for each block of the region, `add` was promised.
        is_here.then(|| unsafe { self.table.add((address - self.start) / SPAN).as_ref() })
    }
}

/// A free block, linked to others of its order.
struct Free {
    next: Cell<Option<NonNull<Free>>>,
    before: Cell<Option<NonNull<Free>>>,
}

/// All memory; whoever uses it has it alone.
#[derive(Debug)]
pub struct Blocks {
    regions: [Option<Region>; REGIONS_MAX],
    free: [Option<NonNull<Free>>; ORDERS],
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
}

impl Count {
    fn of_use(&mut self, usage: Use) -> &mut usize {
        match usage {
            Use::Span => &mut self.spans,
            Use::Large => &mut self.large,
        }
    }
}

impl Blocks {
    /// No memory.
    pub const fn new() -> Self {
        Self {
            regions: [None; REGIONS_MAX],
            free: [None; ORDERS],
            count: Count {
                total: 0,
                free: 0,
                spans: 0,
                large: 0,
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
            unsafe { table.add(index).write(Cell::new(Entry::INSIDE)) };
        }
        *place = Some(Region { start, end, table });
        self.count.total += end - start;
        self.fill(start, end);
        size - (end - start)
    }

    /// Frees new memory, in pieces as large as may be.
    fn fill(&mut self, mut start: usize, end: usize) {
        while start < end {
            let aligned = start.trailing_zeros();
            let fits = (end - start).ilog2();
            let order = (aligned.min(fits) - SPAN.trailing_zeros()).min(ORDERS as u32 - 1);
            // SAFETY: memory of this region that is in no list yet.
            unsafe { self.release(start, order) };
            start += SPAN << order;
        }
    }

    /// Takes a block: 64 KiB times two to the power of `order`, and aligned to as much.
    pub fn take(&mut self, order: u32, usage: Use, owner: u32) -> Option<NonNull<u8>> {
        let all = self.free.get(order as usize..)?;
        let mut found = order as usize + all.iter().position(Option::is_some)?;
        let block = self.free[found]?;
        let address = block.as_ptr() as usize;
        // SAFETY: it is the first of that list.
        unsafe { self.unlink(block, found) };
        self.count.free -= SPAN << found;
        while found > order as usize {
            found -= 1;
            // SAFETY: the upper half of what has just been taken.
            unsafe { self.link(address + (SPAN << found), found as u32) };
        }
        *self.count.of_use(usage) += SPAN << order;
        let entry = Entry::new(usage as u32, order, owner);
        self.entry(address)?.set(entry);
        Some(block.cast())
    }

    /// Gives a block back.
    ///
    /// # Safety
    ///
    /// It was taken and not given back since, and nobody uses it any more.
    pub unsafe fn give(&mut self, block: NonNull<u8>) {
        let address = block.as_ptr() as usize;
        let entry = self.entry(address).map_or(Entry::INSIDE, Cell::get);
        let usage = match entry.kind() {
            kind if kind == Use::Span as u32 => Use::Span,
            kind if kind == Use::Large as u32 => Use::Large,
            _ => unreachable!("{address:#x} is no block"),
        };
        *self.count.of_use(usage) -= SPAN << entry.order();
        // SAFETY: the caller's promise.
        unsafe { self.release(address, entry.order()) };
    }

    /// Frees a block: joins it with its buddy as long as that is free.
    ///
    /// # Safety
    ///
    /// It is of a region, and nobody's, and in no list.
    unsafe fn release(&mut self, mut address: usize, mut order: u32) {
        while (order as usize) < ORDERS - 1 {
            let buddy = address ^ (SPAN << order);
            let region = self.region(address);
            let Some(entry) = region.and_then(|region| region.entry(buddy)) else {
                break;
            };
            if entry.get() != Entry::new(FREE, order, 0) {
                break;
            }
            entry.set(Entry::INSIDE);
            self.count.free -= SPAN << order;
            // SAFETY: its entry says that it is in the list of this order.
            unsafe { self.unlink(NonNull::new_unchecked(buddy as *mut Free), order as usize) };
            if let Some(entry) = self.entry(address) {
                entry.set(Entry::INSIDE);
            }
            address = address.min(buddy);
            order += 1;
        }
        // SAFETY: nobody's, and in no list.
        unsafe { self.link(address, order) };
    }

    /// Puts a free block into the list of its order.
    ///
    /// # Safety
    ///
    /// As for `release`.
    unsafe fn link(&mut self, address: usize, order: u32) {
        let list = &mut self.free[order as usize];
        let block = NonNull::new(address as *mut Free);
        // SAFETY: the memory is mapped and nobody's; who is in the list is free.
        unsafe {
            if let Some(block) = block {
                let (next, before) = (Cell::new(*list), Cell::new(None));
                block.write(Free { next, before });
            }
            if let Some(next) = *list {
                next.as_ref().before.set(block);
            }
        }
        *list = block;
        self.count.free += SPAN << order;
        if let Some(entry) = self.entry(address) {
            entry.set(Entry::new(FREE, order, 0));
        }
    }

    /// Takes a block out of its list.
    ///
    /// # Safety
    ///
    /// It is in the list of this order.
    unsafe fn unlink(&mut self, block: NonNull<Free>, order: usize) {
        // SAFETY: the caller's promise; who is in a list is free, and links to free ones.
        unsafe {
            let Free { next, before } = block.as_ref();
            if let Some(next) = next.get() {
                next.as_ref().before.set(before.get());
            }
            match before.get() {
                Some(before) => before.as_ref().next.set(next.get()),
                None => self.free[order] = next.get(),
            }
        }
    }

    fn region(&self, address: usize) -> Option<&Region> {
        let mut regions = self.regions.iter().map_while(Option::as_ref);
        regions.find(|region| (region.start..region.end).contains(&address))
    }

    fn entry(&self, address: usize) -> Option<&Cell<Entry>> {
        self.region(address)?.entry(address)
    }

    /// Who owns a large block.
    pub fn owner(&self, block: NonNull<u8>) -> Option<u32> {
        let entry = self.entry(block.as_ptr() as usize)?.get();
        (entry.kind() == Use::Large as u32).then_some(entry.0 & OWNER)
    }

    /// Makes a large block somebody else's.
    pub fn set_owner(&mut self, block: NonNull<u8>, owner: u32) {
        if let Some(entry) = self.entry(block.as_ptr() as usize) {
            let Entry(word) = entry.get();
            entry.set(Entry(word & !OWNER | owner & OWNER));
        }
    }

    /// Bytes, as they were counted on the way.
    pub fn count(&self) -> Count {
        self.count
    }

    /// Bytes, as the tables have them: for whoever checks the count.
    pub fn walk(&self) -> Count {
        let mut count = Count::default();
        for region in self.regions.iter().map_while(Option::as_ref) {
            let mut address = region.start;
            while let Some(entry) = region.entry(address).map(Cell::get) {
                let size = SPAN << entry.order();
                count.total += size;
                match entry.kind() {
                    FREE => count.free += size,
                    kind if kind == Use::Span as u32 => count.spans += size,
                    kind if kind == Use::Large as u32 => count.large += size,
                    _ => unreachable!("{address:#x} is inside of no block"),
                }
                address += size;
            }
        }
        count
    }
}

impl Default for Blocks {
    fn default() -> Self {
        Self::new()
    }
}
