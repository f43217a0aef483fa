//! A process that waits in the middle of ordinary code keeps its stack, and the core goes on.

use crate::support::{HIGH, NORMAL, Rival, until_it_waits};
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

extern "C" fn nap_as_c() {
    nap().expect("there is a stack");
}

/// Fills the registers that a call leaves alone, takes a nap, and returns what is not as it was: the
/// union of all differences' bits.
fn damage_of_a_nap(seed: u64) -> u64 {
    let damage: u64;
    // SAFETY: calls a function as the calling convention wants it, and names what it changes.
    unsafe {
        core::arch::asm!(
            ".irp n, 20,21,22,23,24,25,26,27",
            "add x\\n, x28, #\\n",
            ".endr",
            ".irp n, 8,9,10,11,12,13,14,15",
            "add x9, x28, #(\\n * 3)",
            "fmov d\\n, x9",
            ".endr",
            "bl {nap}",
            "mov x10, xzr",
            ".irp n, 20,21,22,23,24,25,26,27",
            "add x9, x28, #\\n",
            "eor x9, x9, x\\n",
            "orr x10, x10, x9",
            ".endr",
            ".irp n, 8,9,10,11,12,13,14,15",
            "add x9, x28, #(\\n * 3)",
            "fmov x11, d\\n",
            "eor x9, x9, x11",
            "orr x10, x10, x9",
            ".endr",
            nap = sym nap_as_c,
            in("x28") seed,
            lateout("x10") damage,
            out("x20") _, out("x21") _, out("x22") _, out("x23") _, out("x24") _, out("x25") _,
            out("x26") _, out("x27") _, out("d8") _, out("d9") _, out("d10") _, out("d11") _,
            out("d12") _, out("d13") _, out("d14") _, out("d15") _,
            clobber_abi("C"),
        );
    }
    damage
}

/// Several at once, so that each finds the registers of another when it is back.
#[girder::test]
async fn registers_survive_blocking() {
    let watches = [1, 2, 3].map(|process: u64| {
        let body = move || async move {
            for round in 0..10 {
                let seed = (process << 8 | round).wrapping_mul(0x9e37_79b9_7f4a_7c15);
                assert_eq!(damage_of_a_nap(seed), 0, "process {process}, round {round}");
            }
        };
        spawn_watched(body, NORMAL).expect("there is room").1
    });
    for watch in watches {
        assert_eq!(watch.await, ExitReason::Returned);
    }
}

#[girder::test]
fn the_rounding_survives_blocking() {
    const TOWARDS_ZERO: u64 = 0b11 << 22;
    let control: u64;
    // SAFETY: changes how this test's floating point rounds.
    unsafe { core::arch::asm!("msr fpcr, {}", in(reg) TOWARDS_ZERO) }
    nap().expect("there is a stack");
    // SAFETY: reads the rounding, and makes it the default again.
    unsafe { core::arch::asm!("mrs {0}, fpcr", "msr fpcr, xzr", out(reg) control) }
    assert_eq!(control, TOWARDS_ZERO);
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

/// More than a core begins with stacks for.
const MANY: u64 = 24;

/// Among ticks; and all over again on the stacks that came back.
#[girder::test]
async fn many_processes_block_at_once() {
    let rival = Rival::begin().await;
    for _ in 0..3 {
        let sum = Arc::new(AtomicU64::new(0));
        let watches: Vec<_> = (0..MANY)
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
        assert_eq!(sum.load(Relaxed), MANY * each);
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
    let (pid, watch) = spawn_watched(body, HIGH).expect("there is room");
    while !is_waiting.load(Relaxed) {
        yield_now().await;
    }
    until_it_waits(pid).await;
    kill(pid);
    assert_eq!(watch.await, ExitReason::Killed);
}
