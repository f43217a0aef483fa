//! The heap: blocks taken and freed by one process.

use super::{marks, report};
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::hint::black_box;
use girder_lockfree::process::here;

/// Blocks that are taken before they are freed.
const BATCH: usize = 1_000;

/// What is taken: 64 bytes.
type Block = [u64; 8];

/// A block is taken and freed at once; per pair.
pub(super) async fn local(count: u64) {
    pairs(BATCH as u64);
    marks::begin();
    let start = here::now();
    pairs(count);
    let nanos = here::now() - start;
    marks::end();
    report("alloc_local", count, nanos);
}

fn pairs(count: u64) {
    for _ in 0..count {
        drop(black_box(Box::<Block>::new_uninit()));
    }
}

/// Many are taken, and freed in another order; per pair.
pub(super) async fn batch(count: u64) {
    let mut blocks = Vec::with_capacity(BATCH);
    let batches = count.div_ceil(BATCH as u64);
    round(&mut blocks);
    marks::begin();
    let start = here::now();
    for _ in 0..batches {
        round(&mut blocks);
    }
    let nanos = here::now() - start;
    marks::end();
    report("alloc_free_64", batches * BATCH as u64, nanos);
}

#[inline(always)]
fn round(blocks: &mut Vec<Option<Box<core::mem::MaybeUninit<Block>>>>) {
    /// Has no divisor in common with the number of blocks.
    const STRIDE: usize = 617;
    blocks.extend((0..BATCH).map(|_| Some(Box::new_uninit())));
    let mut index = 0;
    for _ in 0..BATCH {
        drop(blocks[index].take());
        index += STRIDE;
        if index >= BATCH {
            index -= BATCH;
        }
    }
    blocks.clear();
}
