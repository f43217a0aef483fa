//! What an arena knows: the lists of free blocks, the room that was never used, what it has given out.
//!
//! It lies at the beginning of the arena's first chunk, so an arena is one pointer, and goes when that goes.
//!
//! A block comes from the list of its class, or else from the room that was never used, or else there is a new chunk,
//! as large as all before it together up to [`CHUNK_MAX`]. Blocks of a class stay of that class until all goes: a service that
//! allocates and frees for ever stays as large as the sum of what each class once needed at a time, and nothing has
//! to be looked for. What has no class has a chunk of its own, which goes back when it is freed.

use super::chunk::{self, Chunk, Chunks, OVERHEAD, Remains};
use super::class::{CLASSES, Class, STEP};
use crate::heap::true_size;
use crate::process::heap::{Refused, note_refusal, room_for_own};
use crate::process::{here, make_room, reduce};
use core::alloc::Layout;
use core::array;
use core::cell::Cell;
use core::hint::cold_path;
use core::ptr::{NonNull, without_provenance_mut};

/// The first chunk.
pub(super) const CHUNK_MIN: usize = 1024;
/// The largest, but for those of one block.
pub(super) const CHUNK_MAX: usize = 64 * 1024;
/// Bytes that a reduction pays for.
const BYTES_A_REDUCTION: u64 = 128;
/// Bytes after which they are paid for.
const PAID_AT_ONCE: u64 = 4096;
const _: () = assert!(PAID_AT_ONCE.is_multiple_of(BYTES_A_REDUCTION));

/// What stands in a block that is free.
struct Free {
    next: Option<NonNull<Free>>,
}

/// The arena.
#[repr(C)]
pub(crate) struct State {
    /// Bytes given out so far, those that came back since included.
    given: Cell<u64>,
    /// When so many are given out, some are to be paid for.
    pay_at: Cell<u64>,
    /// Bytes that came back.
    freed: Cell<u64>,
    free: [Cell<Option<NonNull<Free>>>; CLASSES],
    /// The room that was never used.
    fresh: Cell<NonNull<u8>>,
    fresh_left: Cell<usize>,
    next_chunk: Cell<usize>,
    limit: Cell<usize>,
    chunks: Chunks,
    seed: u64,
}

/// Where the arena's own part of the first chunk ends.
const BEGIN: usize = (OVERHEAD + size_of::<State>()).next_multiple_of(STEP);
const _: () = assert!(BEGIN <= CHUNK_MIN / 2);

impl State {
    /// Makes an arena; `None` if there is no memory.
    pub(super) fn create() -> Option<NonNull<Self>> {
        let layout = chunk::layout(OVERHEAD, CHUNK_MIN - OVERHEAD, STEP)?;
        let (chunks, first) = Chunks::begin(layout)?;
        // SAFETY: the chunk is new, and large enough for what `BEGIN` counts.
        unsafe {
            let state = first.add(1).cast::<Self>();
            state.write(Self {
                given: Cell::new(0),
                pay_at: Cell::new(PAID_AT_ONCE),
                freed: Cell::new(0),
                free: array::from_fn(|_| Cell::new(None)),
                fresh: Cell::new(first.cast::<u8>().add(BEGIN)),
                fresh_left: Cell::new(CHUNK_MIN - BEGIN),
                next_chunk: Cell::new(CHUNK_MIN),
                limit: Cell::new(usize::MAX),
                chunks,
                seed: here::now(),
            });
            Some(state)
        }
    }

    /// Leaves the arena's chunks to be given back.
    ///
    /// # Safety
    ///
    /// Nobody uses it, or a block of it, any more.
    pub(crate) unsafe fn leave(state: NonNull<Self>, remains: &mut Remains) {
        // SAFETY: the caller's promise.
        unsafe { remains.add(state.as_ref().chunks.newest()) }
    }

    /// Bytes in blocks that are in use.
    pub(super) fn live(&self) -> usize {
        (self.given.get() - self.freed.get()) as usize
    }

    /// What was paid for it so far.
    pub(super) fn reductions(&self) -> u64 {
        (self.pay_at.get() - PAID_AT_ONCE) / BYTES_A_REDUCTION
    }

    /// Bytes that it has of the heap.
    pub(super) fn held(&self) -> usize {
        self.chunks.held()
    }

    /// Bytes that it may have of the heap.
    pub(super) fn limit(&self) -> usize {
        self.limit.get()
    }

    pub(super) fn set_limit(&self, bytes: usize) {
        self.limit.set(bytes);
    }

    /// Another number for each arena.
    pub(super) fn seed(&self) -> u64 {
        self.seed
    }

    /// Gives out a block.
    #[inline(always)]
    pub(super) fn allocate(&self, layout: Layout) -> Option<NonNull<[u8]>> {
        if layout.size() == 0 {
            let place = NonNull::new(without_provenance_mut(layout.align()))?;
            return Some(NonNull::slice_from_raw_parts(place, 0));
        }
        let Some(class) = Class::of(layout) else {
            return self.allocate_large(layout);
        };
        let list = self.list(class);
        let block = match list.get() {
            Some(block) => {
                // SAFETY: what is in a list is free, and begins as `free` has left it.
                list.set(unsafe { block.as_ref() }.next);
                block.cast()
            }
            None => self.allocate_fresh(class)?,
        };
        self.count(class.size());
        Some(NonNull::slice_from_raw_parts(block, class.size()))
    }

    /// Takes a block back.
    ///
    /// # Safety
    ///
    /// From `allocate` on this arena, with a layout that fits it; nobody uses it any more.
    #[inline(always)]
    pub(super) unsafe fn free(&self, block: NonNull<u8>, layout: Layout) {
        if layout.size() == 0 {
            return;
        }
        let Some(class) = Class::of(layout) else {
            // SAFETY: the caller's promise.
            return unsafe { self.free_large(block, layout) };
        };
        // SAFETY: the caller's promise.
        unsafe { self.put(class, block) };
        self.count_back(class.size());
    }

    #[inline(always)]
    fn list(&self, class: Class) -> &Cell<Option<NonNull<Free>>> {
        debug_assert!(class.index() < CLASSES);
        // SAFETY: a class's index is below their number.
        unsafe { self.free.get_unchecked(class.index()) }
    }

    /// Puts a block into its list.
    ///
    /// # Safety
    ///
    /// A block of this class and this arena, which nobody uses.
    #[inline(always)]
    unsafe fn put(&self, class: Class, block: NonNull<u8>) {
        let (block, list) = (block.cast::<Free>(), self.list(class));
        // SAFETY: the caller's promise; the smallest block has room for it.
        unsafe { block.write(Free { next: list.get() }) };
        list.set(Some(block));
    }

    #[inline(always)]
    fn count(&self, size: usize) {
        let given = self.given.get() + size as u64;
        self.given.set(given);
        if given >= self.pay_at.get() {
            cold_path();
            self.pay();
        }
    }

    #[inline(always)]
    fn count_back(&self, size: usize) {
        self.freed.set(self.freed.get() + size as u64);
    }

    #[cold]
    #[inline(never)]
    fn pay(&self) {
        let price = self.given.get() / BYTES_A_REDUCTION - self.reductions();
        self.pay_at
            .set((self.reductions() + price) * BYTES_A_REDUCTION + PAID_AT_ONCE);
        reduce(u32::try_from(price).unwrap_or(u32::MAX));
    }

    #[cold]
    #[inline(never)]
    fn allocate_fresh(&self, class: Class) -> Option<NonNull<u8>> {
        let size = class.size();
        if self.fresh_left.get() < size {
            self.grow(size)?;
        }
        let block = self.fresh.get();
        // SAFETY: so much is left.
        self.fresh.set(unsafe { block.add(size) });
        self.fresh_left.set(self.fresh_left.get() - size);
        Some(block)
    }

    /// Begins a new chunk, with room for a block of this size at least. What the last one has left goes into the lists.
    fn grow(&self, size: usize) -> Option<()> {
        let least = size + OVERHEAD;
        let room = self.room(least);
        let wanted = self.next_chunk.get().max(least);
        // Less may do, where memory is in pieces or the limit is near.
        let try_both = || self.add(wanted, room).or_else(|| self.add(least, room));
        let found = try_both().or_else(|| {
            let is_short = least <= room && make_room();
            if is_short { try_both() } else { None }
        });
        let (chunk, total) = found.or_else(|| refuse(least <= room))?;
        self.use_rest();
        // SAFETY: the chunk is longer than its overhead.
        self.fresh.set(unsafe { chunk.cast().add(OVERHEAD) });
        self.fresh_left.set(total - OVERHEAD);
        self.next_chunk
            .set((self.next_chunk.get() * 2).min(CHUNK_MAX));
        Some(())
    }

    /// What it may grow by, if it has to by `least`: its own limit says, and that of its process.
    fn room(&self, least: usize) -> usize {
        let own = self.limit.get().saturating_sub(self.held());
        let of_process = room_for_own();
        if of_process < least && least <= own {
            note_refusal(Refused::ByLimit);
        }
        own.min(of_process)
    }

    /// Adds a chunk of this size, or a little more if that is what it takes anyway.
    fn add(&self, total: usize, room: usize) -> Option<(NonNull<Chunk>, usize)> {
        let of_size = |total: usize| chunk::layout(OVERHEAD, total - OVERHEAD, STEP);
        let total = true_size(of_size(total)?);
        let layout = of_size(total).filter(|_| total <= room)?;
        Some((self.chunks.add(layout)?, total))
    }

    fn use_rest(&self) {
        while let Some(class) = Class::at_most(self.fresh_left.get()) {
            let block = self.fresh.get();
            // SAFETY: so much is left, and nobody has used it.
            unsafe {
                self.fresh.set(block.add(class.size()));
                self.put(class, block);
            }
            self.fresh_left.set(self.fresh_left.get() - class.size());
        }
    }

    #[cold]
    #[inline(never)]
    fn allocate_large(&self, layout: Layout) -> Option<NonNull<[u8]>> {
        let offset = large_offset(layout);
        let whole = chunk::layout(offset, layout.size(), layout.align())?;
        if true_size(whole) > self.room(true_size(whole)) {
            return None;
        }
        let chunk = self.chunks.add(whole);
        let chunk = chunk.or_else(|| make_room().then(|| self.chunks.add(whole))?);
        let chunk = chunk.or_else(|| refuse(true))?;
        self.count(layout.size());
        // SAFETY: the chunk is as long as this and what comes behind it.
        let block = unsafe { chunk.cast::<u8>().add(offset) };
        Some(NonNull::slice_from_raw_parts(block, layout.size()))
    }

    #[cold]
    #[inline(never)]
    unsafe fn free_large(&self, block: NonNull<u8>, layout: Layout) {
        // SAFETY: the caller's promise: it stands so far behind its chunk's beginning.
        unsafe { self.chunks.remove(block.sub(large_offset(layout)).cast()) };
        self.count_back(layout.size());
    }
}

/// Nothing; and if there was room for it, it is memory that is wanting.
fn refuse<T>(has_room: bool) -> Option<T> {
    if has_room {
        note_refusal(Refused::ForWantOfMemory);
    }
    None
}

/// Where in its chunk a block of its own stands: aligned as the chunk is.
fn large_offset(layout: Layout) -> usize {
    layout.align().max(OVERHEAD)
}
