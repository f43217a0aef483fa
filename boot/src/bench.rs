//! Benchmarks: processes that measure processes, printed as the contract words it.
//!
//! Under `-icount shift=0` one instruction is one nanosecond, so the figures are instructions.

use crate::console::println;
use crate::power_down;
use alloc::sync::Arc;
use core::future::poll_fn;
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use core::task::Poll;
use girder_core::check::ExitStatus;
use girder_core::config::BenchChoice;
use girder_core::sched::Priority;
use girder_lockfree::process::{here, spawn, yield_now};

const NORMAL: u8 = Priority::Normal.level();
/// The suite runs among what it measures.
pub(crate) const LEVEL: u8 = NORMAL;

/// Runs the benchmarks which `choice` selects, then powers off.
pub(crate) async fn run(choice: BenchChoice<'static>) {
    let mut ran = 0;
    for (name, count) in [
        ("yield", 1_000_000),
        ("spawn_end", 100_000),
        ("preempt", 100),
    ] {
        if !name.contains(choice.filter) {
            continue;
        }
        let count = choice.count.unwrap_or(count);
        match name {
            "yield" => yields(count).await,
            "spawn_end" => spawn_ends(count).await,
            _ => preemptions(count).await,
        }
        ran += 1;
    }
    let status = if ran > 0 {
        ExitStatus::AllPassed
    } else {
        ExitStatus::NothingToRun
    };
    power_down(status)
}

fn report(name: &str, ops: u64, nanos: u64) {
    let ops = ops.max(1);
    let hundredths = nanos * 100 / ops;
    println!(
        "{name} {ops} ops, {nanos} ns, {}.{:02} ns/op",
        hundredths / 100,
        hundredths % 100
    );
}

/// Two processes on one core yield to each other; per switch. Whoever asked sleeps meanwhile.
async fn yields(count: u64) {
    let rounds = count / 2;
    let suite = poll_fn(|context| Poll::Ready(context.waker().clone())).await;
    let end = Arc::new(AtomicU64::new(0));
    let yielder = || {
        let (suite, end) = (suite.clone(), end.clone());
        async move {
            for _ in 0..rounds {
                yield_now().await;
            }
            end.store(here::now(), Relaxed);
            drop(end);
            suite.wake();
        }
    };
    let start = here::now();
    for _ in 0..2 {
        spawn(yielder(), NORMAL).expect("there is room");
    }
    // The last to finish holds no clone any more.
    poll_fn(|_| match Arc::strong_count(&end) {
        1 => Poll::Ready(()),
        _ => Poll::Pending,
    })
    .await;
    report("yield", rounds * 2, end.load(Relaxed) - start);
}

/// A process that ends at once, spawned, run and gone; per process.
async fn spawn_ends(count: u64) {
    let start = here::now();
    for _ in 0..count {
        spawn(async {}, NORMAL).expect("there is room");
        yield_now().await;
    }
    report("spawn_end", count, here::now() - start);
}

/// A spinner beside two that yield: it is preempted, and they get their turns.
async fn preemptions(count: u64) {
    let done = Arc::new(AtomicU32::new(0));
    let spins = Arc::new(AtomicU64::new(0));
    let spinner = {
        let (done, spins) = (done.clone(), spins.clone());
        async move {
            while done.load(Relaxed) == 0 {
                spins.fetch_add(1, Relaxed);
            }
        }
    };
    spawn(spinner, NORMAL).expect("there is room");
    let start = here::now();
    for _ in 0..count {
        yield_now().await;
    }
    done.store(1, Relaxed);
    report("yield_beside_spinner", count, here::now() - start);
    assert!(spins.load(Relaxed) > 0, "the spinner never ran");
}
