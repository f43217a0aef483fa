//! A process's own memory, which goes back whole when the process ends, however it ends.
//!
//! A process that dies in mid-poll runs no destructor, and what it owned on the heap is lost, for safe code may have
//! lent it to others. What it owned in its arena can't have been lent to anybody, so that goes back. Why nobody
//! else can have a reference into it, `kernel/core/doc/arenas.md` argues at length; in short:
//!
//! 1. An [`Arena`] and whatever is allocated in it carry a lifetime `'p` that [`with`] lets its caller choose nothing
//!    about: the caller's code has to work for every `'p`. So nothing that is `'static`, and nothing that was there
//!    before, can hold them: no static, no message, no process.
//! 2. The future that [`with`] makes has them inside, and is `'static` by its type all the same. But it is never `Send`, for it
//!    keeps an `Arena`, and what is not `Send` stays in its process. (A process moves whole.)
//! 3. The memory goes back when the process has ended, or hibernates: its future is dropped, or is given up, and none of
//!    its code runs again but what it has passed on as `Send`.
//!
//! ```text
//!   arena.rs   the handle, and the process's way to it
//!   state      free lists, room that was never used, counters; one pointer leads to it
//!   class      sizes of blocks
//!   chunk      memory from the heap, in a list that is whole at any instruction
//!   containers what others have made for any memory, with ours
//!   text       strings
//! ```
//!
//! One process touches its arena, on one core at a time, and its core's loop after its end. So nothing in here is atomic,
//! and a process that is broken off in the middle of an allocation takes that along: it goes on with it, or
//! never, and then nobody asks what state it was in (`chunk` says what has to be true even then).

mod chunk;
mod class;
mod containers;
mod state;
#[cfg(all(test, not(loom)))]
mod tests;
mod text;

pub(crate) use chunk::Remains;
pub use containers::{Box, HashMap, HashSet, Hashing, Vec};
pub(crate) use state::State;
pub use text::String;

use crate::process::own_arena::arena_of_own;
use crate::scarcity::end_process;
use allocator_api2::alloc::{AllocError, Allocator};
use class::Class;
use core::alloc::Layout;
use core::fmt;
use core::marker::PhantomData;
use core::ptr::NonNull;

/// The running process's own memory, for as long as `'p`. It is a pointer, to be copied as one likes.
///
/// It stays in its process:
///
/// ```compile_fail,E0277
/// # use girder_lockfree::arena::Arena;
/// fn is_send<T: Send>(_: T) {}
/// fn pass_on(arena: Arena<'_>) {
///     is_send(arena);
/// }
/// ```
#[derive(Clone, Copy)]
pub struct Arena<'p> {
    state: NonNull<State>,
    process: PhantomData<&'p ()>,
}

/// How full an arena is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// Bytes in blocks that are in use.
    pub live: usize,
    /// Bytes that the arena has of the machine's heap.
    pub held: usize,
    /// What `held` may grow to.
    pub limit: usize,
    /// What its process has paid for it.
    pub reductions: u64,
}

/// Runs `work` with the running process's arena. See `girder::local`.
///
/// For want of memory for the arena's first chunk, the process ends.
///
/// # Panics
///
/// Outside of processes.
pub async fn with<R>(work: impl AsyncFnOnce(Arena<'_>) -> R) -> R {
    let process = ();
    let arena = of_process(&process);
    let result = work(arena).await;
    arena.stays();
    result
}

/// The same for code that does not await.
///
/// # Panics
///
/// As [`with`].
pub fn with_sync<R>(work: impl FnOnce(Arena<'_>) -> R) -> R {
    let process = ();
    work(of_process(&process))
}

/// The running process's arena. Not to be given to anybody who could choose how long the borrow is.
fn of_process(_: &()) -> Arena<'_> {
    let Some(state) = arena_of_own(State::create) else {
        end_process(Layout::new::<[u8; state::CHUNK_MIN]>())
    };
    Arena {
        state,
        process: PhantomData,
    }
}

impl Arena<'_> {
    #[inline(always)]
    fn state(&self) -> &State {
        // SAFETY: the arena lives as long as its process runs, and this runs in it: see the top.
        unsafe { self.state.as_ref() }
    }

    /// Keeps a future that calls this at its end from being `Send`: it has the arena until then. What it awaits might be
    /// `Send` and have references into the arena, for those to what can be shared are.
    fn stays(self) {}

    /// How full it is.
    pub fn usage(self) -> Usage {
        let state = self.state();
        Usage {
            live: state.live(),
            held: state.held(),
            limit: state.limit(),
            reductions: state.reductions(),
        }
    }

    /// Says how many bytes it may have of the machine's heap; what would make it larger fails from now on. What is there
    /// stays.
    pub fn set_limit(self, bytes: usize) {
        self.state().set_limit(bytes);
    }
}

// SAFETY: blocks are apart, fit their layouts, and live until they are freed or the process ends; `'p` is over by then,
// and all copies of the handle with it.
unsafe impl Allocator for Arena<'_> {
    #[inline(always)]
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        self.state().allocate(layout).ok_or(AllocError)
    }

    #[inline(always)]
    unsafe fn deallocate(&self, block: NonNull<u8>, layout: Layout) {
        // SAFETY: the caller's promise.
        unsafe { self.state().free(block, layout) }
    }

    unsafe fn grow(
        &self,
        block: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        // SAFETY: the caller's promise.
        unsafe { self.resize(block, old, new) }
    }

    unsafe fn shrink(
        &self,
        block: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        // SAFETY: the caller's promise.
        unsafe { self.resize(block, old, new) }
    }
}

impl Arena<'_> {
    /// Makes a block larger or smaller: where it is, if it is of the right class already.
    ///
    /// # Safety
    ///
    /// As for `Allocator::grow` or `shrink`.
    unsafe fn resize(
        self,
        block: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        if old.size() > 0
            && new.size() > 0
            && let (Some(before), Some(after)) = (Class::of(old), Class::of(new))
            && before == after
        {
            return Ok(NonNull::slice_from_raw_parts(block, after.size()));
        }
        let place = self.allocate(new)?;
        // SAFETY: the caller's promise: both are as long as the shorter of the layouts, and apart, for one is new.
        unsafe {
            let length = old.size().min(new.size());
            place.cast::<u8>().copy_from_nonoverlapping(block, length);
            self.deallocate(block, old);
        }
        Ok(place)
    }
}

impl fmt::Debug for Arena<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Arena").field(&self.usage()).finish()
    }
}
