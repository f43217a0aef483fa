//! A killed process ends, whatever it was doing: at an await with its destructors, in mid-poll without,
//! but not before it had its chance to reach one.

use crate::support::{
    HIGH, HIGH_HERE, NORMAL, NORMAL_HERE, Rival, preemptions, stands_still, until_it_waits,
};
use alloc::sync::Arc;
use core::future::{pending, poll_fn};
use core::sync::atomic::{AtomicU64, Ordering::Relaxed};
use core::task::Poll;
use girder_aarch64::preemption::PreemptionOff;
use girder_core::sched::ExitReason;
use girder_lockfree::process::{
    Pid, Request, Watch, is_alive, kill, resume, set_level, spawn_watched, suspend, wake, yield_now,
};

/// A victim that notes how far it came.
#[derive(Clone, Default)]
struct Notes {
    steps: Arc<AtomicU64>,
    drops: Arc<AtomicU64>,
}

impl Notes {
    fn step(&self) {
        self.steps.fetch_add(1, Relaxed);
    }

    fn steps(&self) -> u64 {
        self.steps.load(Relaxed)
    }

    fn drops(&self) -> u64 {
        self.drops.load(Relaxed)
    }
}

/// What the victim holds.
struct Held(Notes);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.drops.fetch_add(1, Relaxed);
    }
}

fn victim<F>(level: u8, body: impl FnOnce(Notes) -> F + Send + 'static) -> (Pid, Watch, Notes)
where
    F: Future<Output = ()> + Send + 'static,
{
    let notes = Notes::default();
    let own = notes.clone();
    let make = move || async move {
        let held = Held(own);
        body(held.0.clone()).await;
        drop(held);
    };
    let (pid, watch) = spawn_watched(make, level).expect("there is room");
    (pid, watch, notes)
}

/// One that surely stands at its await.
async fn parked<F>(body: impl FnOnce(Notes) -> F + Send + 'static) -> (Pid, Watch, Notes)
where
    F: Future<Output = ()> + Send + 'static,
{
    parked_with(HIGH, body).await
}

/// The same, with another level to begin with.
async fn parked_with<F>(
    level: u8,
    body: impl FnOnce(Notes) -> F + Send + 'static,
) -> (Pid, Watch, Notes)
where
    F: Future<Output = ()> + Send + 'static,
{
    let parked = under_way(victim(level, body)).await;
    until_it_waits(parked.0).await;
    set_level(parked.0, NORMAL);
    parked
}

async fn killed((pid, watch, notes): (Pid, Watch, Notes)) -> (ExitReason, Notes) {
    assert_eq!(kill(pid), Request::Taken);
    let reason = watch.await;
    assert!(!is_alive(pid));
    assert_eq!(kill(pid), Request::Ignored);
    (reason, notes)
}

async fn spin(notes: Notes) {
    loop {
        notes.step();
    }
}

#[girder::test(pinned = "another core would run it meanwhile")]
async fn one_that_was_never_run_drops_what_it_holds() {
    let held = Held(Notes::default());
    let notes = held.0.clone();
    let make = move || async move { drop(held) };
    let off = PreemptionOff::new();
    let (pid, watch) = spawn_watched(make, NORMAL_HERE).expect("there is room");
    kill(pid);
    drop(off);
    assert_eq!((watch.await, notes.drops()), (ExitReason::Killed, 1));
}

/// A step for each time that it is looked at.
async fn wait_for_ever(notes: Notes) {
    poll_fn(|_| {
        notes.step();
        Poll::Pending
    })
    .await
}

#[girder::test]
async fn one_that_waits_drops_what_it_holds() {
    let waiting = parked(wait_for_ever).await;
    let (reason, notes) = killed(waiting).await;
    assert_eq!((reason, notes.drops()), (ExitReason::Killed, 1));
}

/// Waits until it has begun.
async fn under_way(victim: (Pid, Watch, Notes)) -> (Pid, Watch, Notes) {
    while victim.2.steps() == 0 {
        yield_now().await;
    }
    victim
}

#[girder::test(pinned = "another core would run it meanwhile")]
async fn one_that_is_ready_drops_what_it_holds() {
    let (pid, watch, notes) = parked_with(HIGH_HERE, wait_for_ever).await;
    let off = PreemptionOff::new();
    wake(pid);
    kill(pid);
    drop(off);
    assert_eq!((watch.await, notes.drops()), (ExitReason::Killed, 1));
    assert_eq!(notes.steps(), 1, "polled when it had to die");
}

#[girder::test]
async fn one_that_is_suspended_drops_what_it_holds() {
    let suspended = parked(wait_for_ever).await;
    assert_eq!(suspend(suspended.0), Request::Taken);
    wake(suspended.0);
    for _ in 0..5 {
        yield_now().await;
    }
    assert_eq!(suspended.2.steps(), 1, "run while it was suspended");
    let (reason, notes) = killed(suspended).await;
    assert_eq!((reason, notes.drops()), (ExitReason::Killed, 1));
}

/// Nobody else wants the core meanwhile, so the ticks that end it come for its sake.
#[girder::test]
async fn a_spinner_is_given_up_where_it_stands() {
    let spinner = under_way(victim(NORMAL, spin)).await;
    let (reason, notes) = killed(spinner).await;
    assert_eq!((reason, notes.drops()), (ExitReason::Killed, 0));
}

#[girder::test]
async fn a_suspended_spinner_is_given_up_where_it_stands() {
    let spinner = under_way(victim(NORMAL, spin)).await;
    suspend(spinner.0);
    stands_still(|| spinner.2.steps()).await;
    let (reason, notes) = killed(spinner).await;
    assert_eq!((reason, notes.drops()), (ExitReason::Killed, 0));
}

#[girder::test]
async fn one_that_was_suspended_goes_on_when_it_is_resumed() {
    let spinner = under_way(victim(NORMAL, spin)).await;
    suspend(spinner.0);
    let steps = stands_still(|| spinner.2.steps()).await;
    assert_eq!(resume(spinner.0), Request::Taken);
    while spinner.2.steps() == steps {
        yield_now().await;
    }
    killed(spinner).await;
}

/// It is broken off in mid-poll, killed, and the next thing that it would do is await. Its two quanta are
/// the clock's: a machine that stands still for as long may eat them up once, but not time after time.
#[girder::test(limit_ms = 300_000)]
async fn one_that_reaches_an_await_in_time_drops_what_it_holds() {
    const TRIALS: u64 = 50;
    for trial in 0.. {
        assert!(trial < TRIALS, "never given the time to reach its await");
        let is_over = Arc::new(AtomicU64::new(0));
        let told = is_over.clone();
        let late = under_way(victim(NORMAL, move |notes| async move {
            while told.load(Relaxed) == 0 {
                notes.step();
            }
            pending().await
        }))
        .await;
        is_over.store(1, Relaxed);
        let (reason, notes) = killed(late).await;
        assert_eq!(reason, ExitReason::Killed);
        if notes.drops() == 1 {
            break;
        }
    }
}

/// More ticks than there are in the two quanta that it would have to reach an await.
#[girder::test(pinned = "looks at the counts of its core")]
async fn a_destructor_may_take_its_time() {
    struct Slow(Notes);

    impl Drop for Slow {
        fn drop(&mut self) {
            /// Half of them are the rival's.
            const PREEMPTIONS: u64 = 20;
            let end = preemptions() + PREEMPTIONS;
            loop {
                self.0.step();
                if preemptions() >= end {
                    break;
                }
            }
        }
    }

    let _rival = Rival::begin().await;
    let waiting = parked_with(HIGH_HERE, |notes| async move {
        notes.step();
        let _slow = Slow(notes);
        pending().await
    })
    .await;
    let (reason, notes) = killed(waiting).await;
    assert_eq!((reason, notes.drops()), (ExitReason::Killed, 1));
    assert!(notes.steps() > 1);
}

#[girder::test]
async fn a_watcher_that_leaves_does_not_keep_anybody() {
    let (pid, watch, notes) = parked(wait_for_ever).await;
    drop(watch);
    kill(pid);
    while is_alive(pid) {
        yield_now().await;
    }
    assert_eq!(notes.drops(), 1);
}

/// The one that is watched is more urgent than whoever watches, and the other way round.
#[girder::test]
async fn an_end_is_told_whatever_the_priorities() {
    for level in [HIGH, girder_core::sched::Priority::Low.level()] {
        let (_, watch) = spawn_watched(|| async { yield_now().await }, level).expect("room");
        assert_eq!(watch.await, ExitReason::Returned);
    }
}
