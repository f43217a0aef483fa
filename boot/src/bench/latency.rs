//! How late a sleeper of high priority wakes, whatever others do.

use super::team::Team;
use super::{HIGH, NORMAL, report, start_process};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::hint::black_box;
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use girder_core::sched::sleep_until;
use girder_lockfree::process::{here, spawn_watched};

const SPINNERS: u64 = 8;
/// Nanoseconds of each sleep.
const SLEEP: u64 = 1_000_000;
/// Most sleeps: each leaves a word.
const SLEEPS: u64 = 100_000;

/// Beside processes that never give way.
pub(super) async fn run(count: u64) {
    lateness("preempt_latency", count, SPINNERS, spins).await;
}

/// Beside one that makes others all the time: of those that return, and then of those that crash.
pub(super) async fn crashes(count: u64) {
    lateness("calm_latency", count, 1, |is_over| bears(is_over, || {})).await;
    let crash = || panic!("in the sleeper's neighbourhood");
    lateness("crash_latency", count, 1, move |is_over| {
        bears(is_over, crash)
    })
    .await;
}

async fn spins(is_over: Arc<AtomicBool>) {
    while !is_over.load(Relaxed) {
        black_box(());
    }
}

async fn bears(is_over: Arc<AtomicBool>, life: fn()) {
    while !is_over.load(Relaxed) {
        let child = move || async move { life() };
        let (_, watch) = spawn_watched(child, NORMAL).expect("there is room");
        watch.await;
    }
}

/// Sleeps again and again; how late each time, of all times the half, the 99th of a hundred, the worst.
async fn lateness<F>(
    name: &str,
    count: u64,
    neighbours: u64,
    neighbour: impl Fn(Arc<AtomicBool>) -> F,
) where
    F: Future<Output = ()> + Send + 'static,
{
    let is_over = Arc::new(AtomicBool::new(false));
    let results: Arc<[AtomicU64; 3]> = Arc::default();
    let team = Team::new().await;
    for _ in 0..neighbours {
        let (neighbour, place) = (neighbour(is_over.clone()), team.place());
        start_process(NORMAL, async move {
            neighbour.await;
            drop(place);
        });
    }
    let (words, place) = (results.clone(), team.place());
    start_process(HIGH, async move {
        let lateness = sleeps(count.min(SLEEPS)).await;
        for (word, late) in words.iter().zip(lateness) {
            word.store(late, Relaxed);
        }
        is_over.store(true, Relaxed);
        drop(place);
    });
    team.wait().await;
    for (share, late) in ["p50", "p99", "max"].iter().zip(results.iter()) {
        report(format_args!("{name}_{share}"), 1, late.load(Relaxed));
    }
}

async fn sleeps(count: u64) -> [u64; 3] {
    let mut lateness = Vec::new();
    for _ in 0..count {
        let at = here::now() + SLEEP;
        sleep_until(at).await;
        lateness.push(here::now() - at);
    }
    lateness.sort_unstable();
    // The smallest lateness that so many of a thousand do not exceed.
    [500, 990, 1000].map(|share| {
        let rank = (lateness.len() * share).div_ceil(1000);
        lateness[rank.max(1) - 1]
    })
}
