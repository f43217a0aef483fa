//! The heap: blocks taken and freed by one process.

use super::{NORMAL, marks, report, report_as};
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::hint::black_box;
use girder_core::mail::receive;
use girder_lockfree::process::{here, kill, own_pid, processes, slots, spawn, yield_now};

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

/// Who waits for this waits for ever.
struct Word;

/// Processes that are made before they run.
const CROWD: u64 = 500;

/// Bytes that a process may take that waits, all told: from ten thousand processes on, for there is no less than a span of
/// homes and a piece of the table.
const BUDGET: u64 = 256;

/// What is measured apart: the first so many, and the last.
const SOME: u64 = 10_000;

/// Processes that wait for mail, and what each of them takes of memory, all counted: home, slot and tables. Besides
/// what the first and the last of them take to be made and to come to wait, and what each takes to be killed.
pub(super) async fn idle(count: u64) {
    girder_lockfree::process::trim();
    let others: Vec<_> = processes().collect();
    let (free, before) = (crate::free_memory(), slots().0);
    let ends = SOME.min(count);
    let first = gather(ends).await;
    let last = if count > ends {
        gather(count.saturating_sub(2 * ends)).await;
        gather(ends).await
    } else {
        first
    };
    // Of the table each takes a slot, whether that was there before or not.
    let (after, slot) = slots();
    let is_new = (after - before) as usize;
    let taken = free - crate::free_memory() + count as usize * slot - is_new * slot;
    assert!(
        count < 10_000 || taken as u64 <= BUDGET * count,
        "{taken} bytes for {count} processes are beyond the budget of {BUDGET} each"
    );
    report_as("idle_memory", count, taken as u64, "bytes");
    report("idle_spawn_first", ends, first);
    report("idle_spawn_last", ends, last);
    let nanos = disperse(&others).await;
    report("idle_end", count, nanos);
    girder_lockfree::process::trim();
}

/// Makes processes that wait; how long that took.
async fn gather(count: u64) -> u64 {
    let start = here::now();
    for number in 0..count {
        let body = async {
            let Word = receive().await;
        };
        spawn(body, NORMAL).expect("there is memory");
        if number % CROWD == CROWD - 1 {
            yield_now().await;
        }
    }
    yield_now().await;
    here::now() - start
}

/// Ends all but those who were there before; how long that took.
async fn disperse(others: &[girder_lockfree::process::Pid]) -> u64 {
    let start = here::now();
    let own = own_pid();
    let mut count = 0;
    for pid in processes() {
        if own != Some(pid) && !others.contains(&pid) {
            kill(pid);
            count += 1;
            if count % CROWD == 0 {
                yield_now().await;
            }
        }
    }
    yield_now().await;
    here::now() - start
}
