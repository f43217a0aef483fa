//! Processes that hibernate again and again, while messages come and some are killed.

use super::{Body, Shared, any_priority, paid, point, sleep_until, spawn};
use crate::world::with_state;
use girder_core::mail::{Addr, try_receive};
use girder_core::rng::Rng;
use girder_core::sched::Priority;
use girder_lockfree::arena::with_sync;
use girder_lockfree::process::{self, Pid, here, hibernate, own_pid, yield_now};
use std::boxed::Box;
use std::future::poll_fn;
use std::pin::{Pin, pin};

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
            with_state(|state| state.has_enough = true);
            with_sync(|arena| arena.copy(&[7_u8; 20_000]).leak().fill(8));
            with_state(|state| state.has_enough = false);
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

/// Hibernates. For want of memory it would end, and on a host that would be the simulator's end.
async fn sleep(next: Body<Option<State>>) {
    let mut asleep = pin!(hibernate(next, |mut next| async move {
        point().await;
        let state = next.body.take().expect("handed over");
        live(state).await;
    }));
    poll_fn(|context| {
        with_state(|state| state.has_enough = true);
        let poll = asleep.as_mut().poll(context);
        with_state(|state| state.has_enough = false);
        poll
    })
    .await
}

async fn sends(to: Vec<Pid>) {
    for number in 1..40 {
        for &pid in &to {
            // Some are gone by now.
            _ = Addr::of(pid).send(Number(number));
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
