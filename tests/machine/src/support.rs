//! What several tests need.

use alloc::sync::Arc;
use core::sync::atomic::{AtomicU64, Ordering::Relaxed};
use girder_aarch64::core_block::CoreBlock;
use girder_core::sched::Priority;
use girder_lockfree::process::here::now;
use girder_lockfree::process::{Pid, kill, spawn, yield_now};

pub(crate) const NORMAL: u8 = Priority::Normal.level();
pub(crate) const HIGH: u8 = Priority::High.level();

/// A process that never awaits, for as long as this lives: with it, two want the core, and ticks come.
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
        let pid = spawn(spinner, NORMAL).expect("there is room");
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

/// How often this core has been taken from a process in mid-poll.
pub(crate) fn preemptions() -> u64 {
    CoreBlock::with_current(|core| core.counters().preemptions.load(Relaxed))
}

/// How many interrupts this core has taken.
pub(crate) fn interrupts() -> u64 {
    CoreBlock::with_current(|core| core.counters().interrupts.load(Relaxed))
}
