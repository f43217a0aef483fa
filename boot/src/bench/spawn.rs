//! Processes that end at once: spawned, run, and gone with their slot and memory; per process.

use super::{NORMAL, marks, report, start_process};
use girder_lockfree::process::{here, yield_now};

/// Processes alive at a time: what their memory takes stays in the core's cache.
const BATCH: u64 = 100;

/// One at a time, so a yield of whoever spawns is part of each.
pub(super) async fn one(count: u64) {
    births(1).await;
    marks::begin();
    let start = here::now();
    for _ in 0..count {
        births(1).await;
    }
    let nanos = here::now() - start;
    marks::end();
    report("spawn_end", count, nanos);
}

/// Many at a time.
pub(super) async fn batch(count: u64) {
    let batches = count.div_ceil(BATCH);
    // The first batch takes its slots and its memory from the machine, the others from this one.
    births(BATCH).await;
    marks::begin();
    let start = here::now();
    for _ in 0..batches {
        births(BATCH).await;
    }
    let nanos = here::now() - start;
    marks::end();
    report("spawn_end_batch", batches * BATCH, nanos);
}

/// Spawns, and gives way once: all of them end before it comes back.
#[inline(always)]
async fn births(number: u64) {
    for _ in 0..number {
        start_process(NORMAL, async {});
    }
    yield_now().await;
}
