//! What several tests need.

use alloc::sync::Arc;
use core::alloc::Layout;
use core::hint::black_box;
use core::ptr::null_mut;
use core::sync::atomic::{AtomicU64, Ordering::Relaxed};
use core::time::Duration;
use girder::sleep;
use girder_aarch64::core_block::CoreBlock;
use girder_boot::Resources;
use girder_core::sched::Priority;
use girder_lockfree::process::here::now;
use girder_lockfree::process::{Activity, PINNED, Pid, activity, kill, spawn, yield_now};

pub(crate) const NORMAL: u8 = Priority::Normal.level();
/// For those that are to be on the core of their maker, which is pinned as well.
pub(crate) const NORMAL_HERE: u8 = NORMAL | PINNED;
/// The same.
pub(crate) const HIGH_HERE: u8 = HIGH | PINNED;
pub(crate) const HIGH: u8 = Priority::High.level();

/// A process that never awaits, for as long as this lives: with it, two want the core, and ticks come. It stays on the core
/// of whoever begins it, who is pinned.
pub(crate) struct Rival {
    pid: Pid,
    spins: Arc<AtomicU64>,
}

impl Rival {
    /// Spawns it, and waits until it has begun.
    pub(crate) async fn begin() -> Self {
        /// A test that fails leaves its rival behind, and the next tests should not suffer for long.
        const LIFE_NANOS: u64 = 20_000_000_000;
        let spins = Arc::new(AtomicU64::new(0));
        let counter = spins.clone();
        let end = now() + LIFE_NANOS;
        let spinner = async move {
            while now() < end {
                counter.fetch_add(1, Relaxed);
            }
        };
        let pid = spawn(spinner, NORMAL_HERE).expect("there is room");
        while spins.load(Relaxed) == 0 {
            yield_now().await;
        }
        Self { pid, spins }
    }

    /// How often it has gone round.
    pub(crate) fn spins(&self) -> u64 {
        self.spins.load(Relaxed)
    }
}

impl Drop for Rival {
    fn drop(&mut self) {
        kill(self.pid);
    }
}

/// Goes down until there is no stack.
pub(crate) fn overflow_stack(depth: u64) -> u64 {
    let here = black_box([depth; 32]);
    match black_box(true) {
        true => overflow_stack(depth + 1) + here[0],
        false => here[1],
    }
}

/// What the kernel has given out.
pub(crate) fn resources() -> Resources {
    girder_boot::resources().expect("all cores come to rest")
}

/// The same, once nothing has changed for a while: what has ended on other cores goes back in their turns to come.
pub(crate) async fn settled_resources() -> Resources {
    let mut before = resources();
    loop {
        sleep(Duration::from_millis(2)).await;
        let now = resources();
        if now == before {
            return now;
        }
        before = now;
    }
}

/// Waits until the heap is no fuller than that. What earlier tests have left may go meanwhile, so less is no fault.
pub(crate) async fn until_heap_is(bytes: usize) {
    const LOOKS: usize = 2_000;
    for _ in 0..LOOKS {
        if resources().heap <= bytes {
            return;
        }
        sleep(Duration::from_millis(1)).await;
    }
    panic!("not {bytes} bytes: {:?}", resources());
}

/// Waits until a number does not change for a while; which that is. (Whoever goes on for ever, though it has been told to
/// stand still, hangs this.)
pub(crate) async fn stands_still(number: impl Fn() -> u64) -> u64 {
    loop {
        let before = number();
        sleep(Duration::from_millis(20)).await;
        if number() == before {
            return before;
        }
    }
}

/// Waits until a process that has begun waits for what does not come: on another core that may be some time after it has
/// said so.
pub(crate) async fn until_it_waits(pid: Pid) {
    while activity(pid) != Some(Activity::Waiting) {
        yield_now().await;
    }
}

/// How often this core has been taken from a process in mid-poll.
pub(crate) fn preemptions() -> u64 {
    CoreBlock::with_current(|core| core.counters().preemptions.load(Relaxed))
}

/// How many turns on this core have ended, or been broken into, without having come to their end.
pub(crate) fn disturbances() -> u64 {
    CoreBlock::with_current(|core| {
        let counters = core.counters();
        counters.interrupts.load(Relaxed) + counters.put_off.load(Relaxed)
    })
}

/// How many interrupts this core has taken.
pub(crate) fn interrupts() -> u64 {
    CoreBlock::with_current(|core| core.counters().interrupts.load(Relaxed))
}

/// All memory that one process can get, down to the last 32 bytes, as long as this lives.
pub(crate) struct Hoard {
    /// Each leads to the next.
    blocks: *mut Hoarded,
    bytes: usize,
}

struct Hoarded {
    next: *mut Hoarded,
    layout: Layout,
}

impl Hoard {
    /// The smallest block that can be kept in the list.
    const SMALLEST: usize = 32;

    pub(crate) fn take() -> Self {
        let mut all = Self {
            blocks: null_mut(),
            bytes: 0,
        };
        let mut size = 64 << 20;
        while size >= Self::SMALLEST {
            while all.take_one(size) {}
            size /= 2;
        }
        all
    }

    /// How much it is.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// A block of so many bytes, or null.
    pub(crate) fn block(size: usize) -> *mut u8 {
        let layout = Layout::from_size_align(size, 8).expect("small");
        // A request whose result nobody uses need not be made at all.
        // SAFETY: the size is not zero.
        black_box(unsafe { alloc::alloc::alloc(layout) })
    }

    fn take_one(&mut self, size: usize) -> bool {
        let block = Self::block(size).cast::<Hoarded>();
        if block.is_null() {
            return false;
        }
        let layout = Layout::from_size_align(size, 8).expect("small");
        let next = self.blocks;
        // SAFETY: the block has room for it, and is this value's.
        unsafe { block.write(Hoarded { next, layout }) };
        self.blocks = block;
        self.bytes += size;
        true
    }
}

impl Drop for Hoard {
    fn drop(&mut self) {
        while !self.blocks.is_null() {
            // SAFETY: from `take_one`, with this layout.
            unsafe {
                let Hoarded { next, layout } = self.blocks.read();
                alloc::alloc::dealloc(self.blocks.cast(), layout);
                self.blocks = next;
            }
        }
    }
}
