//! Processes that hibernate again and again, while messages come and some are killed.

use super::{Body, Shared, any_priority, paid, point, send_honestly, sleep_until, spawn};
use crate::world::{lacks, with_state};
use girder_core::mail::{Addr, Sent, try_receive};
use girder_core::rng::Rng;
use girder_core::sched::Priority;
use girder_lockfree::arena::{Arena, with_sync};
use girder_lockfree::process::{self, Pid, here, hibernate, own_pid, yield_now};
use std::boxed::Box;
use std::pin::Pin;

struct Number(u64);

/// What a life hands to the next one.
struct State {
    pid: Pid,
    lives: u64,
    is_first: bool,
    received: u64,
    rng: Rng,
    score: Shared,
}

// SAFETY: a simulation runs on one thread.
unsafe impl Send for State {}

/// Spawns some, one that sends to them all and one that kills some.
pub(super) fn start(rng: &mut Rng, score: &Shared) {
    with_state(|state| state.has_mail = true);
    let mut sleepers = Vec::new();
    for _ in 0..6 {
        let (own, of) = (Rng::new(rng.next_u64()), score.clone());
        let lives = 1 + rng.below(6);
        sleepers.extend(spawn(any_priority(rng), score, async move {
            let pid = own_pid().expect("a process");
            let state = State {
                pid,
                lives,
                is_first: true,
                received: 0,
                rng: own,
                score: of,
            };
            live(state).await;
        }));
    }
    spawn(any_priority(rng), score, sends(sleepers.clone()));
    let rng = Rng::new(rng.next_u64());
    spawn(Priority::High, score, kills(rng, sleepers));
}

/// A life, and the next one; the last one ends.
fn live(mut state: State) -> Pin<Box<dyn Future<Output = ()>>> {
    Box::pin(async move {
        assert_eq!(own_pid(), Some(state.pid), "woke up as somebody else");
        for _ in 0..state.rng.below(4) {
            point().await;
            if let Some(Number(number)) = try_receive() {
                assert!(number >= state.received, "messages out of order");
                state.received = number;
            }
            yield_now().await;
        }
        if state.rng.below(2) == 0 {
            with_sync(fill);
        }
        point().await;
        state.lives -= 1;
        if state.lives == 0 {
            // The first life's end is counted by who has spawned it.
            state.score.borrow_mut().finished += usize::from(!state.is_first);
            return;
        }
        state.score.borrow_mut().successors += 1;
        state.is_first = false;
        let score = state.score.clone();
        let next = Body {
            body: Some(state),
            score,
        };
        sleep(next).await;
    })
}

/// Fills what will not be there any more in the next life, if there is memory.
fn fill(arena: Arena<'_>) {
    const LENGTH: usize = 20_000;
    let mut filler = arena.vec();
    if filler.try_reserve_exact(LENGTH).is_ok() {
        filler.resize(LENGTH, 8_u8);
        filler.leak();
    }
}

/// Hibernates; for want of memory it ends.
async fn sleep(next: Body<Option<State>>) {
    hibernate(next, |mut next| {
        let (state, score) = (next.body.take(), next.score.clone());
        // What it was handed over in is what it lives in.
        std::mem::forget(next);
        let body = async move {
            point().await;
            live(state.expect("handed over")).await;
        };
        Body { body, score }
    })
    .await
}

async fn sends(to: Vec<Pid>) {
    for number in 1..40 {
        for &pid in &to {
            // Some are gone by now.
            let sent = send_honestly(|| Addr::of(pid).send(Number(number)));
            assert!(sent.is_ok_and(|sent| sent != Sent::Dropped) || lacks() > 0);
        }
        point().await;
        yield_now().await;
    }
}

async fn kills(mut rng: Rng, victims: Vec<Pid>) {
    for _ in 0..3 {
        paid(sleep_until(here::now() + rng.below(200_000))).await;
        let index = rng.below(1 + victims.len() as u64) as usize;
        if let Some(&victim) = victims.get(index)
            && process::kill(victim) == process::Request::Taken
        {
            with_state(|state| state.laws.kill(victim));
        }
        point().await;
    }
}
