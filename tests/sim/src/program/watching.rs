//! Processes that wait for the end of others, who return, or are killed wherever they stand.

use super::honest::honest;
use super::{Shared, any_priority, interruptible, paid, point, sleep_until, spawn, spawn_watched};
use crate::world::with_state;
use girder_core::mail::{receive, try_receive};
use girder_core::rng::Rng;
use girder_core::sched::{ExitReason, Priority};
use girder_lockfree::process::inspect::standing;
use girder_lockfree::process::{
    self, Down, Exit, Pid, Watch, demonitor, demonitor_and_flush, here, own_pid, yield_now,
};

/// Spawns the watched, one that watches each, and one that kills some of them.
pub(super) fn start(rng: &mut Rng, score: &Shared) {
    with_state(|state| state.has_mail = true);
    let mut victims = Vec::new();
    for _ in 0..12 {
        let priority = any_priority(rng);
        let work = 1 + rng.below(150);
        let awaits_each = [1, 4, 1_000][rng.below(3) as usize];
        let Some((pid, watch)) = spawn_watched(priority, score, works(work, awaits_each)) else {
            continue;
        };
        victims.push(pid);
        let patience = (rng.below(4) == 0).then(|| rng.below(40));
        spawn(any_priority(rng), score, watches(pid, watch, patience));
        let patience = (rng.below(3) == 0).then(|| rng.below(40));
        spawn(any_priority(rng), score, monitors(pid, patience));
        let patience = (rng.below(3) == 0).then(|| rng.below(40));
        spawn(any_priority(rng), score, traps(pid, patience));
    }
    let rng = Rng::new(rng.next_u64());
    spawn(Priority::High, score, kills(rng, victims));
}

/// Computes, and comes to an await once in so many steps.
async fn works(steps: u64, awaits_each: u64) {
    for step in 1..=steps {
        point().await;
        if step.is_multiple_of(awaits_each) {
            yield_now().await;
        }
    }
}

/// Waits to be told, or leaves before.
async fn watches(pid: Pid, watch: Watch, patience: Option<u64>) {
    if let Some(rounds) = patience {
        for _ in 0..rounds {
            point().await;
            yield_now().await;
        }
        drop(watch);
        return;
    }
    with_state(|state| state.watching.insert(pid));
    let reason = interruptible(paid(watch)).await;
    assert_eq!(standing(pid), None, "told of an end before it");
    let was_killed = with_state(|state| state.laws.is_killed(pid));
    match reason {
        ExitReason::Killed => assert!(was_killed, "{pid:?} was said to be killed"),
        // One that was killed on its last steps may have come to its end.
        ExitReason::Returned => {}
        other => panic!("{pid:?} is said to have crashed: {other}"),
    }
    with_state(|state| state.watching.remove(&pid));
}

/// The same by a message; whoever leaves before is told nothing any more.
async fn monitors(pid: Pid, patience: Option<u64>) {
    // Twice: two ties of the same two.
    let is_gone = standing(pid).is_none();
    let Ok(cut) = honest(|| process::monitor(pid), Result::is_err) else {
        return;
    };
    point().await;
    let Ok(reference) = honest(|| process::monitor(pid), Result::is_err) else {
        return;
    };
    if demonitor(cut) {
        assert!(!is_gone, "a tie to nobody");
    } else {
        demonitor_and_flush(cut);
    }
    point().await;
    if let Some(rounds) = patience {
        for _ in 0..rounds {
            point().await;
            yield_now().await;
        }
        demonitor_and_flush(reference);
        assert_eq!(try_receive::<Down>(), None, "not flushed");
        return;
    }
    let own = own_pid().expect("a process");
    with_state(|state| state.watching.insert(own));
    let down = interruptible(receive::<Down>()).await;
    assert_eq!((down.reference, down.pid), (reference, pid));
    assert_eq!(standing(pid), None, "told of an end before it");
    let was_killed = with_state(|state| state.laws.is_killed(pid));
    match down.reason {
        ExitReason::Killed => assert!(was_killed, "{pid:?} was said to be killed"),
        ExitReason::Returned | ExitReason::NoProcess => {}
        other => panic!("{pid:?} is said to have crashed: {other}"),
    }
    assert_eq!(try_receive::<Down>(), None, "told twice");
    with_state(|state| state.watching.remove(&own));
}

/// The same by a link, and trapping exits. Who leaves before returns, which is nothing to whoever is linked to it.
async fn traps(pid: Pid, patience: Option<u64>) {
    if honest(|| process::trap_exit(true), Result::is_err).is_err() {
        return;
    }
    if honest(|| process::link(pid), Result::is_err).is_err() {
        return;
    }
    point().await;
    // Linked still, it is told once; told already, once more.
    let told = try_receive::<Exit>();
    if honest(|| process::link(pid), Result::is_err).is_err() {
        return;
    }
    if let Some(first) = told {
        assert_eq!((first.pid, standing(pid)), (pid, None));
        let second = try_receive::<Exit>().expect("told at once");
        assert_eq!((second.pid, second.reason), (pid, ExitReason::NoProcess));
        assert_eq!(try_receive::<Exit>(), None, "told three times");
        return;
    }
    point().await;
    if let Some(rounds) = patience {
        for _ in 0..rounds {
            point().await;
            yield_now().await;
        }
        let is_cut = process::unlink(pid);
        point().await;
        let told = try_receive::<Exit>();
        assert_eq!(told.is_some(), !is_cut, "cut and told, or neither");
        return;
    }
    let own = own_pid().expect("a process");
    with_state(|state| state.watching.insert(own));
    let exit = interruptible(receive::<Exit>()).await;
    assert_eq!(exit.pid, pid);
    assert_eq!(standing(pid), None, "told of an end before it");
    let was_killed = with_state(|state| state.laws.is_killed(pid));
    match exit.reason {
        ExitReason::Killed => assert!(was_killed, "{pid:?} was said to be killed"),
        ExitReason::Returned | ExitReason::NoProcess => {}
        other => panic!("{pid:?} is said to have crashed: {other}"),
    }
    assert_eq!(try_receive::<Exit>(), None, "told twice");
    with_state(|state| state.watching.remove(&own));
}

async fn kills(mut rng: Rng, victims: Vec<Pid>) {
    for _ in 0..8 {
        paid(sleep_until(here::now() + rng.below(2_000_000))).await;
        let index = rng.below(1 + victims.len() as u64) as usize;
        if let Some(&victim) = victims.get(index)
            && process::kill(victim) == process::Request::Taken
        {
            with_state(|state| state.laws.kill(victim));
        }
        point().await;
    }
}
