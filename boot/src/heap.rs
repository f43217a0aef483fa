//! The kernel's heap: a small one inside the image until memory is known, a larger one after.

use core::alloc::{GlobalAlloc, Layout};
use core::cell::UnsafeCell;
use core::mem::MaybeUninit;
use core::ptr::{NonNull, null_mut};
use girder_aarch64::lock::Lock;
use linked_list_allocator::Heap;

/// Enough for the description of 512 cores.
const EARLY_SIZE: usize = 512 * 1024;

struct EarlyMemory(UnsafeCell<MaybeUninit<[u8; EARLY_SIZE]>>);

// SAFETY: given to the early heap once, which guards it.
unsafe impl Sync for EarlyMemory {}

#[unsafe(link_section = ".noinit")]
static EARLY_MEMORY: EarlyMemory = EarlyMemory(UnsafeCell::new(MaybeUninit::uninit()));

struct Heaps {
    early: Heap,
    main: Heap,
}

struct KernelHeap(Lock<Heaps>);

#[global_allocator]
static HEAP: KernelHeap = KernelHeap(Lock::new(Heaps {
    early: Heap::empty(),
    main: Heap::empty(),
}));

/// Bytes of the heap.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Usage {
    pub(crate) used: usize,
    pub(crate) size: usize,
}

/// Makes allocation work, before memory is known.
///
/// # Safety
///
/// Called once.
pub(crate) unsafe fn start_early() {
    let memory = EARLY_MEMORY.0.get().cast::<u8>();
    // SAFETY: the memory is the heap's alone from now on, because this is called once.
    unsafe { HEAP.0.lock().early.init(memory, EARLY_SIZE) }
}

/// Gives the heap its lasting memory.
///
/// # Safety
///
/// The memory is mapped, nobody else's, for ever; called once.
pub(crate) unsafe fn start_main(memory: NonNull<u8>, size: usize) {
    // SAFETY: the caller's promise.
    unsafe { HEAP.0.lock().main.init(memory.as_ptr(), size) }
}

/// How full the heaps are.
pub(crate) fn usage() -> Usage {
    let heaps = HEAP.0.lock();
    Usage {
        used: heaps.early.used() + heaps.main.used(),
        size: heaps.early.size() + heaps.main.size(),
    }
}

impl Heaps {
    fn allocate(&mut self, layout: Layout) -> *mut u8 {
        let found = self.main.allocate_first_fit(layout);
        let found = found.or_else(|()| self.early.allocate_first_fit(layout));
        found.map_or(null_mut(), NonNull::as_ptr)
    }

    fn owner(&mut self, block: *mut u8) -> &mut Heap {
        let early = self.early.bottom()..self.early.top();
        if early.contains(&block) {
            &mut self.early
        } else {
            &mut self.main
        }
    }
}

// SAFETY: both heaps hand out disjoint blocks that fit the layout, under a lock that no handler
// takes and whose holder is not preempted.
unsafe impl GlobalAlloc for KernelHeap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        self.0.lock().allocate(layout)
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        let Some(memory) = NonNull::new(block) else {
            return;
        };
        // SAFETY: the caller got `block` from `alloc` with this layout, so from its owner.
        unsafe { self.0.lock().owner(block).deallocate(memory, layout) }
    }
}
