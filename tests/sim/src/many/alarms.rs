//! Alarms that are called off on another core than their own, and those of the dead.
//!
//! In one scenario there is a crowd of processes, so all cores look around all the time. In the other one, `Alone`, somebody has a
//! core to himself, and nothing else would bring that to look: what others have called off is to be worked off all the same,
//! whether he yields or only computes.
//!
//! Most are set for a time that never comes: so whatever is not taken back is still on a wheel when everything has come to
//! its end, and the judge finds it there.

use super::bound::spawn_on;
use super::programs::{any_priority, executioner, ordinary, point, spawn};
use super::want::need;
use super::world::{hands, with_state};
use girder_core::mail::{receive, receive_timeout, send};
use girder_core::rng::Rng;
use girder_core::sched::{Priority, sleep_until};
use girder_core::time::{Cancelled, Delayed, Sleep, send_after};
use girder_lockfree::process::{CoreMask, Pid, here, own_pid, simulate_counting_alarms, yield_now};
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::task::Poll;
use std::time::Duration;

/// Longer than any message of this scenario is under way.
const LONG: Duration = Duration::from_millis(50);

/// The scenario.
pub(super) fn start(rng: &mut Rng) {
    for _ in 0..4 {
        let (rounds, each) = (rng.below(10), rng.below(80));
        spawn(any_priority(rng), fickle(rounds, each));
    }
    for _ in 0..3 {
        let rounds = 1 + rng.below(4);
        let cancellers = [(); 2].map(|()| spawn(any_priority(rng), canceller(rounds)));
        let longest = 1 + rng.below(60_000);
        spawn(
            ordinary(rng),
            author(cancellers, rounds, longest, rng.next_u64()),
        );
    }
    let doomed: Vec<Pid> = (0..4).map(|_| spawn(ordinary(rng), doomed())).collect();
    let until = 500_000 + rng.below(4_000_000);
    spawn(Priority::Max, async move {
        sleep_until(here::now() + until).await;
        executioner(doomed).await;
    });
}

/// Begins a sleep that never ends.
async fn begin_to_sleep() -> Pin<Box<Sleep>> {
    let mut sleep = Box::pin(sleep_until(u64::MAX - 1));
    poll_fn(|context| {
        assert!(sleep.as_mut().poll(context).is_pending());
        Poll::Ready(())
    })
    .await;
    sleep
}

/// Begins sleeps wherever it is, and thinks better of all of them somewhere.
async fn fickle(rounds: u64, each: u64) {
    for _ in 0..rounds {
        let mut sleeps = Vec::new();
        for number in 0..each {
            sleeps.push((hands().number, begin_to_sleep().await));
            if number % 8 == 0 {
                yield_now().await;
            }
            point().await;
        }
        yield_now().await;
        for (core, sleep) in sleeps {
            note_elsewhere(core);
            drop(sleep);
            point().await;
        }
    }
}

fn note_elsewhere(core: usize) {
    let is_elsewhere = core != hands().number;
    with_state(|state| state.score.elsewhere += u64::from(is_elsewhere));
}

/// Has a message sent to itself, and tells two others, who take it back. It comes, or one of them has got it: never
/// both, and never neither.
async fn author(cancellers: [Pid; 2], rounds: u64, longest: u64, seed: u64) {
    let mut rng = Rng::new(seed);
    let own = own_pid().expect("a process");
    for round in 0..rounds {
        let delay = match rng.below(3) {
            0 => Duration::MAX,
            _ => Duration::from_nanos(rng.below(longest)),
        };
        let name = need(|| send_after(delay, own, round));
        let never_comes = delay == Duration::MAX;
        with_state(|state| state.score.delayed += usize::from(never_comes));
        let core = hands().number;
        for canceller in cancellers {
            point().await;
            need(|| send(canceller, (own, name, core, never_comes)));
        }
        let mut in_time = 0;
        for _ in cancellers {
            in_time += u32::from(receive::<Cancelled>().await == Cancelled::InTime);
            point().await;
        }
        match in_time {
            0 => assert_eq!(receive::<u64>().await, round, "another message"),
            1 => {
                let came = receive_timeout::<u64>(LONG).await;
                assert!(came.is_err(), "it was taken back, and came");
            }
            _ => panic!("both have taken it back"),
        }
    }
}

async fn canceller(rounds: u64) {
    for _ in 0..rounds {
        let (author, name, core, never_comes) = receive::<(Pid, Delayed, usize, bool)>().await;
        point().await;
        let cancelled = name.cancel();
        if cancelled == Cancelled::InTime {
            with_state(|state| state.score.delayed -= usize::from(never_comes));
            note_elsewhere(core);
        }
        point().await;
        need(|| send(author, cancelled));
    }
}

/// Sets alarms on whichever cores it comes to, and then awaits nothing any more, until it is killed: so it dies in mid-poll.
async fn doomed() {
    let mut sleeps = Vec::new();
    for number in 0_u64.. {
        if number < 60 {
            sleeps.push(begin_to_sleep().await);
        }
        if number < 30 {
            yield_now().await;
        }
        point().await;
    }
}

/// Alarms that a core takes back in a turn.
const PER_TURN: u64 = 32;

/// Sleeps, for whoever thinks better of them all, and whether he has.
type Plenty = (Vec<Pin<Box<Sleep>>>, Arc<AtomicBool>);

/// The scenario in which every other core has one process that never waits.
pub(super) fn start_alone(rng: &mut Rng, cores: usize) {
    for core in (0..cores).step_by(2) {
        let other = CoreMask::only((core + 1) % cores);
        let canceller = spawn_on(other, Priority::Normal, async {
            let (sleeps, are_off) = receive::<Plenty>().await;
            drop(sleeps);
            are_off.store(true, Relaxed);
        });
        let (count, yields) = (rng.below(400), rng.below(2) == 0);
        let own = CoreMask::only(core);
        spawn_on(own, Priority::Normal, busy(canceller, count, yields));
    }
}

/// Sets alarms, has another core call them off, and goes on until none is left on its own: a process that yields sees to
/// so many at each turn.
async fn busy(canceller: Pid, count: u64, yields: bool) {
    let mut sleeps = Vec::new();
    for _ in 0..count {
        sleeps.push(begin_to_sleep().await);
    }
    // The loop takes notice of the first one; after that it has no reason to come back.
    yield_now().await;
    let are_off = Arc::new(AtomicBool::new(false));
    let plenty: Plenty = (sleeps, are_off.clone());
    send(canceller, plenty).expect("there is an envelope");
    while !are_off.load(Relaxed) {
        go_round(yields).await;
    }
    let mut rounds = 0;
    while simulate_counting_alarms() > 0 {
        assert!(
            !yields || rounds <= count.div_ceil(PER_TURN),
            "{rounds} turns, and not all is worked off"
        );
        go_round(yields).await;
        rounds += 1;
    }
}

async fn go_round(yields: bool) {
    match yields {
        true => yield_now().await,
        false => point().await,
    }
}
