//! Processes that do one thing each.

use super::{Shared, any_priority, interruptible, paid, point, sleep_until, spawn};
use futures::channel::mpsc;
use futures::stream::StreamExt;
use girder_core::rng::Rng;
use girder_core::sched::Priority;
use girder_lockfree::process::{here, yield_now};

pub(super) fn yielders_and_spinners(rng: &mut Rng, score: &Shared) {
    for _ in 0..6 {
        let (priority, rounds) = (any_priority(rng), rng.below(30));
        spawn(priority, score, async move {
            for _ in 0..rounds {
                point().await;
                yield_now().await;
                point().await;
            }
        });
    }
    for _ in 0..2 {
        spawn(Priority::Normal, score, async {
            for _ in 0..200 {
                point().await;
            }
        });
    }
}

pub(super) fn pair(rng: &mut Rng, score: &Shared) {
    let rounds = rng.below(20) as u32;
    let (there, mut there_end) = mpsc::unbounded::<u32>();
    let (back, mut back_end) = mpsc::unbounded::<u32>();
    spawn(any_priority(rng), score, async move {
        for ball in 0..rounds {
            // In trouble the other side may be dead: then the game is over.
            if there.unbounded_send(ball).is_err() {
                return;
            }
            point().await;
            let Some(returned) = interruptible(back_end.next()).await else {
                return;
            };
            assert_eq!(returned, ball, "a ball was lost or doubled");
        }
    });
    spawn(any_priority(rng), score, async move {
        while let Some(ball) = interruptible(there_end.next()).await {
            point().await;
            // The first player leaves after its last ball is back.
            let _ = back.unbounded_send(ball);
        }
    });
}

pub(super) fn sleeper(rng: &mut Rng, score: &Shared) {
    let nanos = rng.below(5_000_000);
    spawn(any_priority(rng), score, async move {
        for _ in 0..3 {
            let at = here::now() + nanos;
            point().await;
            interruptible(paid(sleep_until(at))).await;
            assert!(here::now() >= at, "woken early");
            point().await;
        }
    });
}

pub(super) fn one_of_a_crowd(score: &Shared) {
    const AT: u64 = 50_000_000;
    spawn(Priority::Normal, score, async {
        paid(sleep_until(AT)).await;
        assert!(here::now() >= AT, "woken early");
    });
}

/// Larger than any block that is kept for the next process.
const LARGE: usize = 2_000;

pub(super) fn tree(depth: u32, score: Shared, priority: Priority) {
    let inner = score.clone();
    let ballast = [1_u8; LARGE];
    spawn(priority, &score, async move {
        for _ in 0..3 {
            point().await;
            assert_eq!(
                ballast.iter().map(|&it| usize::from(it)).sum::<usize>(),
                LARGE
            );
            if depth > 0 {
                tree(depth - 1, inner.clone(), priority);
            }
            yield_now().await;
        }
    });
}
