//! Somebody has all memory, down to the last 32 bytes, and keeps it: the kernel's own go on.

use crate::support::{Hoard, NORMAL, settled_resources};
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt::Write;
use core::hint::black_box;
use core::sync::atomic::{AtomicBool, Ordering::Relaxed};
use girder_core::sched::{ExitReason, Priority};
use girder_lockfree::process::{NoProcess, spawn_watched, yield_now};

const SYSTEM: u8 = Priority::Max.level();

/// What a shell does: words an answer, keeps some blocks of several sizes meanwhile, and looks after a child.
async fn work() {
    for round in 0..100 {
        let blocks: Vec<_> = (0..10)
            .map(|size| black_box(Vec::<u8>::with_capacity(8 << size)))
            .collect();
        let mut answer = String::new();
        write!(answer, "round {round}: {} blocks", blocks.len()).expect("there is memory");
        let child = || async { drop(black_box(Vec::<u8>::with_capacity(100))) };
        let (_, watch) = spawn_watched(child, SYSTEM).expect("there is room");
        assert_eq!(watch.await, ExitReason::Returned);
    }
}

/// A 64th of less than this is no room for each size that is asked for here: then one of the kernel's own may end for want of
/// it, and nobody else.
const ENOUGH: usize = 64 << 20;

#[girder::test(limit_ms = 300_000)]
async fn the_kernels_own_go_on_when_somebody_keeps_all_memory() {
    let suffices = girder_boot::available_memory() >= ENOUGH;
    let before = settled_resources().await;
    let may_begin = Arc::new(AtomicBool::new(false));
    let begin = may_begin.clone();
    let own = move || async move {
        while !begin.load(Relaxed) {
            girder::sleep(core::time::Duration::from_millis(1)).await;
        }
        work().await;
    };
    let (_, watch) = spawn_watched(own, SYSTEM).expect("there is room");
    {
        let _all = Hoard::take();
        may_begin.store(true, Relaxed);
        let reason = watch.await;
        assert!(!suffices || reason == ExitReason::Returned, "{reason}");
        // Its home, and what its end has left.
        let _rest = Hoard::take();
        // Others have nothing of that.
        assert!(Hoard::block(64).is_null());
        // One attempt later there may be room again, for those that were born end at the next tick.
        let refusal = loop {
            if let Err(refusal) = spawn_watched(yield_now, NORMAL) {
                break refusal;
            }
        };
        assert_eq!(refusal, NoProcess);
    }
    let after = settled_resources().await;
    assert!(!suffices || after.abandoned == before.abandoned);
}
