//! A process that waits in the middle of ordinary code keeps its stack, and the core goes on.

use crate::support::{NORMAL, Rival};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::hint::black_box;
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use girder_core::sched::{ExitReason, sleep_until};
use girder_lockfree::process::here::now;
use girder_lockfree::process::{NoStack, block_on, kill, spawn_watched, yield_now};

/// Long enough that the core sleeps meanwhile.
const NAP_NANOS: u64 = 200_000;

fn nap() -> Result<(), NoStack> {
    block_on(sleep_until(now() + NAP_NANOS))
}

/// What each level of calls holds, over a nap at the bottom, is what it was.
fn sum_over_a_nap(depth: u64) -> u64 {
    let own = black_box([depth, depth * 3, depth ^ 5]);
    let below = if depth == 0 {
        nap().expect("there is a stack");
        0
    } else {
        sum_over_a_nap(depth - 1)
    };
    below + own.iter().sum::<u64>()
}

#[girder::test]
fn a_process_waits_deep_in_ordinary_code() {
    let expected = (0..=40).map(|depth| depth + depth * 3 + (depth ^ 5)).sum();
    for _ in 0..10 {
        let sum: u64 = sum_over_a_nap(40);
        assert_eq!(sum, expected);
    }
}

/// The registers that a call leaves alone, and the rounding: nothing else has to survive.
#[girder::test]
fn registers_survive_blocking() {
    // SAFETY: the rounding is put back below, and only this test computes with it.
    unsafe { core::arch::asm!("msr fpcr, {}", in(reg) 0b11_u64 << 22) }
    let floats: [f64; 8] = core::array::from_fn(|n| black_box(1.0 / (n as f64 + 3.0)));
    let words: [u64; 10] = core::array::from_fn(|n| black_box(n as u64 * 0x9e37_79b9));
    for _ in 0..10 {
        nap().expect("there is a stack");
    }
    let again: [f64; 8] = core::array::from_fn(|n| black_box(1.0 / (n as f64 + 3.0)));
    assert_eq!(floats.map(f64::to_bits), again.map(f64::to_bits));
    for (n, word) in words.into_iter().enumerate() {
        assert_eq!(word, n as u64 * 0x9e37_79b9);
    }
    let control: u64;
    // SAFETY: reads the rounding, and makes it the default again.
    unsafe { core::arch::asm!("mrs {0}, fpcr", "msr fpcr, xzr", out(reg) control) }
    assert_eq!(control, 0b11 << 22, "another rounding");
}

#[girder::test]
fn a_yield_in_ordinary_code_lets_others_run() {
    let done = Arc::new(AtomicBool::new(false));
    let other = done.clone();
    let (_, watch) = spawn_watched(move || async move { other.store(true, Relaxed) }, NORMAL)
        .expect("there is room");
    while !done.load(Relaxed) {
        block_on(yield_now()).expect("there is a stack");
    }
    assert_eq!(block_on(watch), Ok(ExitReason::Returned));
}

/// More than any core keeps stacks for, among ticks; and all over again on the stacks that came back.
#[girder::test]
async fn a_hundred_processes_block_at_once() {
    let rival = Rival::begin().await;
    for _ in 0..3 {
        let sum = Arc::new(AtomicU64::new(0));
        let watches: Vec<_> = (0..100)
            .map(|_| {
                let sum = sum.clone();
                let body = move || async move {
                    sum.fetch_add(sum_over_a_nap(3), Relaxed);
                };
                spawn_watched(body, NORMAL).expect("there is room").1
            })
            .collect();
        for watch in watches {
            assert_eq!(watch.await, ExitReason::Returned);
        }
        let each: u64 = (0..=3).map(|depth| depth + depth * 3 + (depth ^ 5)).sum();
        assert_eq!(sum.load(Relaxed), 100 * each);
    }
    assert!(rival.spins() > 0);
}

#[girder::test]
async fn a_process_is_killed_while_it_blocks() {
    let is_waiting = Arc::new(AtomicBool::new(false));
    let begun = is_waiting.clone();
    let body = move || async move {
        begun.store(true, Relaxed);
        block_on(core::future::pending::<()>()).expect("there is a stack");
    };
    let (pid, watch) = spawn_watched(body, NORMAL).expect("there is room");
    while !is_waiting.load(Relaxed) {
        yield_now().await;
    }
    yield_now().await;
    kill(pid);
    assert_eq!(watch.await, ExitReason::Killed);
}
