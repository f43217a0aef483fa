//! Processes that wait for several things at a time.
//!
//! `join!` and `select!` hand the process's own waker down; a set of futures gives each of them a
//! waker of its own, and polls only those whose waker was used. So a future that was polled with one
//! waker and then with another has to use the latter: some of these move a sleep that has begun.

use super::{Shared, any_priority, interruptible, paid, point, sleep_until, spawn};
use crate::world::with_state;
use futures::future::{Either, select};
use futures::stream::{FuturesUnordered, StreamExt};
use futures::{join, select_biased};
use girder_core::rng::Rng;
use girder_core::sched::Sleep;
use girder_lockfree::process::{here, yield_now};
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

/// Keys that a reader waits for.
const KEYS: u32 = 5;

/// Spawns some of each.
pub(super) fn all(rng: &mut Rng, score: &Shared) {
    for _ in 0..2 {
        spawn(any_priority(rng), score, joins(times(rng)));
        spawn(any_priority(rng), score, selects(times(rng)));
        spawn(any_priority(rng), score, gathers(times(rng)));
        spawn(any_priority(rng), score, moves(times(rng)));
    }
    spawn(any_priority(rng), score, shares(rng.below(5)));
    let patience = 1 + rng.below(400_000);
    if spawn(any_priority(rng), score, reads(patience)).is_some() {
        with_state(|state| state.keys.0 = KEYS);
    }
}

fn times(rng: &mut Rng) -> [u64; 4] {
    [(); 4].map(|()| rng.below(2_000_000))
}

async fn sleep_for(nanos: u64) -> u64 {
    let at = here::now() + nanos;
    paid(sleep_until(at)).await;
    assert!(here::now() >= at, "woken early");
    at
}

/// Sleeps four times at once.
async fn joins([a, b, c, d]: [u64; 4]) {
    for _ in 0..2 {
        let all = async { join!(sleep_for(a), sleep_for(b), sleep_for(c), sleep_for(d)) };
        let (a, b, c, d) = interruptible(all).await;
        let last = a.max(b).max(c).max(d);
        assert!(here::now() >= last, "one of them is not over");
        point().await;
    }
}

/// Takes what comes first, twice, and lets go of the rest.
async fn selects([a, b, c, d]: [u64; 4]) {
    for (one, other) in [(a, b), (c, d)] {
        let begun = here::now();
        let first = async {
            select_biased! {
                _ = pin!(futures::FutureExt::fuse(sleep_for(one))) => one,
                _ = pin!(futures::FutureExt::fuse(sleep_for(other))) => other,
            }
        };
        let nanos = interruptible(first).await;
        assert!(here::now() >= begun + nanos, "woken early");
        point().await;
    }
}

/// Sleeps in a set, and sends one more after each that is over.
async fn gathers(times: [u64; 4]) {
    let mut set: FuturesUnordered<_> = times.into_iter().map(sleep_for).collect();
    let mut more = times.into_iter();
    let mut rung = 0;
    while let Some(at) = interruptible(set.next()).await {
        assert!(here::now() >= at, "woken early");
        rung += 1;
        point().await;
        set.extend(more.next().map(sleep_for));
    }
    assert_eq!(rung, 2 * times.len(), "a sleep was lost");
}

/// Gives way from within a set, which polls only those that it was told of.
async fn shares(turns: u64) {
    let mut set: FuturesUnordered<_> = (0..3)
        .map(|_| async move {
            for _ in 0..turns {
                yield_now().await;
            }
        })
        .collect();
    while set.next().await.is_some() {
        point().await;
    }
}

/// Begins two sleeps, and when one is over puts the other into a set, with another waker.
async fn moves([a, b, c, _]: [u64; 4]) {
    let at = |nanos| sleep_until(here::now() + nanos);
    let (begun, first) = (here::now(), paid(select(at(a), at(b))));
    let rest: Sleep = match interruptible(first).await {
        Either::Left((_, rest)) | Either::Right((_, rest)) => rest,
    };
    point().await;
    let mut set: FuturesUnordered<Sleep> = [rest, at(c)].into_iter().collect();
    while !set.is_empty() {
        interruptible(paid(set.next())).await;
        point().await;
    }
    assert!(here::now() >= begun + a.max(b), "woken early");
}

/// Reads keys, with a limit on its patience for each.
async fn reads(patience: u64) {
    let mut read = 0;
    while read < KEYS {
        let key_or_not = async {
            select_biased! {
                () = pin!(futures::FutureExt::fuse(key())) => 1,
                _ = pin!(futures::FutureExt::fuse(sleep_for(patience))) => 0,
            }
        };
        read += interruptible(key_or_not).await;
        point().await;
    }
}

/// Waits until a key has been typed, and takes it.
async fn key() {
    poll_fn(|context| {
        with_state(|state| {
            if state.keys.1 > 0 {
                state.keys.1 -= 1;
                return Poll::Ready(());
            }
            state.reader = Some(context.waker().clone());
            Poll::Pending
        })
    })
    .await;
}
