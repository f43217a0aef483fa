//! The memory below an arena: chunks from the heap, in one list, so that whoever ends the process finds all of it.
//!
//! # Why nothing is lost when a process is killed in here
//!
//! A process may be broken off between any two instructions and never go on. What the ledger relies on is the list
//! alone: that each chunk is in it, and that its links are whole. So a chunk is taken from the heap and put into the
//! list, or taken out and given back, with preemption off, in a few steps that cannot fault. Everything else
//! in an arena may be in whatever state it was broken off in, for nobody looks at it any more.
//!
//! # Who touches the list
//!
//! The process while it runs, and its core's loop when it has ended, which comes after: no atomics. Where the chunks
//! come from stands at one place, [`obtain`] and [`give_back`]. To the heap they are the kernel's, which gives them back
//! whatever happens; what they really take there is what the arena holds, and counts for the limit of its process.

use crate::heap::true_size;
use crate::process::heap::note_arena;
use crate::process::platform::{PreemptionOff, new_chunk, old_chunk};
use crate::scarcity::{Purpose, may_take};
use core::alloc::Layout;
use core::cell::Cell;
use core::ptr::NonNull;

/// What stands at the beginning of each chunk.
#[derive(Debug)]
#[repr(C, align(16))]
pub(super) struct Chunk {
    /// The one that was added before it.
    older: Cell<Option<NonNull<Chunk>>>,
    /// The one that was added after it. (Among what the dead have left: the newest chunk of another arena.)
    newer: Cell<Option<NonNull<Chunk>>>,
    layout: Layout,
}

/// Bytes that a chunk begins with.
pub(super) const OVERHEAD: usize = size_of::<Chunk>();

/// The chunks of an arena.
#[derive(Debug)]
pub(super) struct Chunks {
    newest: Cell<Option<NonNull<Chunk>>>,
    held: Cell<usize>,
}

/// Memory for a chunk.
///
/// # Safety
///
/// The size is not zero.
unsafe fn obtain(layout: Layout) -> Option<NonNull<Chunk>> {
    if !may_take(Purpose::Chunk) {
        return None;
    }
    // SAFETY: the caller's promise.
    let place = unsafe { new_chunk(layout) }?.cast();
    let (older, newer) = (Cell::new(None), Cell::new(None));
    // SAFETY: the layouts of chunks have room for this and are aligned for it, see `layout`.
    unsafe {
        place.write(Chunk {
            older,
            newer,
            layout,
        })
    };
    Some(place)
}

/// Gives a chunk's memory back.
///
/// # Safety
///
/// From `obtain`, in no list, and nobody uses it.
unsafe fn give_back(chunk: NonNull<Chunk>) {
    // SAFETY: the caller's promise.
    unsafe {
        let layout = chunk.as_ref().layout;
        old_chunk(chunk.cast(), layout);
    }
}

/// What a chunk for so many bytes behind `offset` is, if there can be such.
pub(super) fn layout(offset: usize, size: usize, align: usize) -> Option<Layout> {
    debug_assert!(offset >= OVERHEAD);
    Layout::from_size_align(offset.checked_add(size)?, align.max(align_of::<Chunk>())).ok()
}

impl Chunks {
    /// A first chunk of this layout, and the list that has it.
    pub(super) fn begin(layout: Layout) -> Option<(Self, NonNull<Chunk>)> {
        // SAFETY: a chunk's layout has room for a `Chunk`.
        let chunk = unsafe { obtain(layout) }?;
        note_arena(true_size(layout) as isize);
        let newest = Cell::new(Some(chunk));
        let held = Cell::new(true_size(layout));
        Some((Self { newest, held }, chunk))
    }

    /// Bytes that all chunks take.
    pub(super) fn held(&self) -> usize {
        self.held.get()
    }

    /// Adds a chunk.
    pub(super) fn add(&self, layout: Layout) -> Option<NonNull<Chunk>> {
        let _stays = PreemptionOff::new();
        // SAFETY: as in `begin`.
        let chunk = unsafe { obtain(layout) }?;
        let older = self.newest.replace(Some(chunk));
        // SAFETY: the chunks in the list are this arena's, and live.
        unsafe {
            chunk.as_ref().older.set(older);
            if let Some(older) = older {
                older.as_ref().newer.set(Some(chunk));
            }
        }
        self.held.set(self.held.get() + true_size(layout));
        note_arena(true_size(layout) as isize);
        Some(chunk)
    }

    /// Gives a chunk back.
    ///
    /// # Safety
    ///
    /// It is in this list, and nobody uses it any more.
    pub(super) unsafe fn remove(&self, chunk: NonNull<Chunk>) {
        let _stays = PreemptionOff::new();
        // SAFETY: the caller's promise; its neighbours are in the list as well.
        unsafe {
            let Chunk {
                older,
                newer,
                layout,
            } = chunk.as_ref();
            match newer.get() {
                Some(newer) => newer.as_ref().older.set(older.get()),
                None => self.newest.set(older.get()),
            }
            if let Some(older) = older.get() {
                older.as_ref().newer.set(newer.get());
            }
            self.held.set(self.held.get() - true_size(*layout));
            note_arena(-(true_size(*layout) as isize));
            give_back(chunk);
        }
    }

    /// The newest, which leads to all others.
    pub(super) fn newest(&self) -> Option<NonNull<Chunk>> {
        self.newest.get()
    }
}

/// Arenas of processes that have ended, until the last chunk is back.
#[derive(Debug)]
pub(crate) struct Remains {
    /// The newest chunk of one of them; its `newer` is that of the next.
    first: Option<NonNull<Chunk>>,
}

// SAFETY: it owns its chunks, and nothing in them is of a thread's own.
unsafe impl Send for Remains {}

impl Remains {
    pub(crate) const fn new() -> Self {
        Self { first: None }
    }

    pub(crate) fn is_nothing(&self) -> bool {
        self.first.is_none()
    }

    /// Adds an arena.
    ///
    /// # Safety
    ///
    /// Nobody uses the arena with these chunks any more.
    pub(super) unsafe fn add(&mut self, newest: Option<NonNull<Chunk>>) {
        let Some(newest) = newest else { return };
        // SAFETY: the caller's promise.
        unsafe { newest.as_ref() }
            .newer
            .set(self.first.replace(newest));
    }

    /// Adds others: those of one arena, or to nothing.
    pub(crate) fn take_in(&mut self, others: Self) {
        if self.is_nothing() {
            self.first = others.first;
            return;
        }
        let Some(first) = others.first else { return };
        let mut last = first;
        let next = |it: NonNull<Chunk>| {
            // SAFETY: as in `give_back`.
            unsafe { it.as_ref() }.newer.get()
        };
        while let Some(next) = next(last) {
            last = next;
        }
        // SAFETY: as in `give_back`.
        unsafe { last.as_ref() }
            .newer
            .set(self.first.replace(first));
    }

    /// Gives back so many chunks at most. True if none is left.
    pub(crate) fn give_back(&mut self, number: usize) -> bool {
        for _ in 0..number {
            let Some(chunk) = self.first else { break };
            // SAFETY: `add` was promised that they are this list's alone.
            unsafe {
                let Chunk { older, newer, .. } = chunk.as_ref();
                self.first = match older.get() {
                    Some(older) => {
                        older.as_ref().newer.set(newer.get());
                        Some(older)
                    }
                    None => newer.get(),
                };
                give_back(chunk);
            }
        }
        self.is_nothing()
    }
}
