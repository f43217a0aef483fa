//! Giving way: to one that does too, and to one that never does.

use super::team::Team;
use super::{NORMAL, NORMAL_HERE, marks, report, start_process};
use alloc::sync::Arc;
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use girder_lockfree::process::{here, yield_now};

/// Two processes on one core yield to each other; per switch.
pub(super) async fn run(name: &'static str, count: u64) {
    let rounds = count.div_ceil(2);
    let end = Arc::new(AtomicU64::new(0));
    let team = Team::new().await;
    marks::begin();
    let start = here::now();
    for _ in 0..2 {
        let (end, place) = (end.clone(), team.place());
        start_process(NORMAL, async move {
            // Counted down: the shortest loop, for it is part of what is measured.
            let mut left = rounds;
            while left > 0 {
                yield_now().await;
                left -= 1;
            }
            end.store(here::now(), Relaxed);
            marks::end();
            drop(place);
        });
    }
    team.wait().await;
    report(name, rounds * 2, end.load(Relaxed) - start);
}

/// A process yields beside one that spins: it is preempted each time; per turn of both.
pub(super) async fn beside_spinner(count: u64) {
    let done = Arc::new(AtomicBool::new(false));
    let spins = Arc::new(AtomicU64::new(0));
    let team = Team::new().await;
    let spinner = {
        let (done, spins, place) = (done.clone(), spins.clone(), team.place());
        async move {
            while !done.load(Relaxed) {
                spins.fetch_add(1, Relaxed);
            }
            drop(place);
        }
    };
    start_process(NORMAL_HERE, spinner);
    marks::begin();
    let start = here::now();
    for _ in 0..count {
        yield_now().await;
    }
    let nanos = here::now() - start;
    marks::end();
    done.store(true, Relaxed);
    team.wait().await;
    report("yield_beside_spinner", count, nanos);
    assert!(spins.load(Relaxed) > 0, "the spinner never ran");
}
