//! A sum in parts, each by a process of its own, and the parts put together as they come in.
#![no_std]
#![no_main]

extern crate alloc;

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ops::RangeInclusive;
use core::sync::atomic::{AtomicU64, Ordering::Relaxed};
use girder::{ExitReason, NoProcess, println, spawn_watched};

const LAST: u64 = 10_000_000;
const PARTS: u64 = 8;

#[girder::main]
async fn main() -> Result<(), NoProcess> {
    let sum = Arc::new(AtomicU64::new(0));
    let mut parts = Vec::new();
    for part in 0..PARTS {
        let sum = sum.clone();
        let (_, watch) = spawn_watched(move || async move {
            sum.fetch_add(add_up(range_of(part)), Relaxed);
        })?;
        parts.push(watch);
    }
    // They compute all at once, each until its millisecond is over.
    let mut done = 0;
    for part in parts {
        done += u64::from(part.await == ExitReason::Returned);
    }
    println!(
        "{done} of {PARTS} parts: 1 + ... + {LAST} = {}",
        sum.load(Relaxed)
    );
    Ok(())
}

fn range_of(part: u64) -> RangeInclusive<u64> {
    let bound = |part| LAST * part / PARTS;
    bound(part) + 1..=bound(part + 1)
}

/// One by one: the formula would leave nothing to do.
fn add_up(numbers: RangeInclusive<u64>) -> u64 {
    numbers.map(core::hint::black_box).sum()
}
