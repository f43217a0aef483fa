//! How late a sleeper of high priority wakes beside processes that never give way.

use super::team::Team;
use super::{HIGH, NORMAL, report, start_process};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::hint::black_box;
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use girder_core::sched::sleep_until;
use girder_lockfree::process::here;

const SPINNERS: u64 = 8;
/// Nanoseconds of each sleep.
const SLEEP: u64 = 1_000_000;
/// Most sleeps: each leaves a word.
const SLEEPS: u64 = 100_000;

/// Sleeps again and again; how late each time, of all times the half, the 99th of a hundred, the worst.
pub(super) async fn run(count: u64) {
    let is_over = Arc::new(AtomicBool::new(false));
    let results: Arc<[AtomicU64; 3]> = Arc::default();
    let team = Team::new().await;
    for _ in 0..SPINNERS {
        let (is_over, place) = (is_over.clone(), team.place());
        start_process(NORMAL, async move {
            while !is_over.load(Relaxed) {
                black_box(());
            }
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
    for (name, late) in ["p50", "p99", "max"].iter().zip(results.iter()) {
        report(
            format_args!("preempt_latency_{name}"),
            1,
            late.load(Relaxed),
        );
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
