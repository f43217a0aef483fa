//! Everything at once, while others kill, suspend, resume, move and wake at random.

use super::{Shared, actors, any_priority, nest, paid, point, sleep_until, spawn};
use crate::world::with_state;
use girder_core::rng::Rng;
use girder_core::sched::{Priority, set_priority};
use girder_lockfree::process::inspect::{Standing, standing};
use girder_lockfree::process::{self, Pid, Request, here, yield_now};

/// Spawns a bit of everything, and two that make trouble for it.
pub(super) fn all(rng: &mut Rng, score: &Shared) {
    actors::yielders_and_spinners(rng, score);
    (0..6).for_each(|_| actors::sleeper(rng, score));
    (0..2).for_each(|_| actors::pair(rng, score));
    nest::all(rng, score);
    let victims = score.borrow().bodies.iter().copied().collect::<Vec<_>>();
    if victims.is_empty() {
        return;
    }
    for _ in 0..2 {
        let (rng, victims) = (Rng::new(rng.next_u64()), victims.clone());
        spawn(Priority::High, score, troublemaker(rng, victims));
    }
}

async fn troublemaker(mut rng: Rng, victims: Vec<Pid>) {
    for _ in 0..20 {
        let victim = victims[rng.below(victims.len() as u64) as usize];
        match rng.below(8) {
            0 => kill(victim),
            1 | 2 => {
                suspend(victim);
                point().await;
                yield_now().await;
                process::resume(victim);
                with_state(|state| state.laws.resume(victim));
            }
            3 => move_to(victim, any_priority(&mut rng)),
            _ => process::wake(victim),
        }
        point().await;
        // Mostly the victims are to get somewhere before there is more trouble for them.
        match rng.below(3) {
            0 => yield_now().await,
            _ => paid(sleep_until(here::now() + rng.below(300_000))).await,
        }
    }
}

fn is_killed(victim: Pid) -> bool {
    with_state(|state| state.laws.is_killed(victim))
}

pub(super) fn kill(victim: Pid) {
    let can_be = standing(victim).is_some() && !is_killed(victim);
    let is_taken = process::kill(victim) == Request::Taken;
    assert_eq!(is_taken, can_be, "a kill of {victim:?}");
    if is_taken {
        with_state(|state| state.laws.kill(victim));
    }
}

fn suspend(victim: Pid) {
    let is_suspended = with_state(|state| state.laws.is_suspended(victim));
    let can_be = standing(victim).is_some() && !is_killed(victim) && !is_suspended;
    let is_taken = process::suspend(victim) == Request::Taken;
    assert_eq!(is_taken, can_be, "a suspension of {victim:?}");
    if is_taken {
        with_state(|state| state.laws.suspend(victim));
    }
}

fn move_to(victim: Pid, priority: Priority) {
    let stood = standing(victim);
    let is_taken = set_priority(victim, priority) == Request::Taken;
    assert_eq!(is_taken, stood.is_some(), "a move of {victim:?}");
    let waits = stood != Some(Standing::Runnable);
    with_state(|state| state.laws.set_priority(victim, priority, waits));
}
