//! Children that say themselves when they are started, and supervisors, which are when all of theirs are.

use super::{stop, supervisor, until_gone};
use alloc::sync::Arc;
use core::future::pending;
use core::sync::atomic::{AtomicU32, Ordering::Relaxed};
use core::time::Duration;
use girder::supervisor::{
    Child, Ready, Refusal, Restart, Strategy, Supervisor, SupervisorAddr, WishError,
};
use girder::{Down, ExitReason, Pid, kill, own_pid, receive, send, sleep, spawn_monitor};

/// From one that has begun, and waits for the word to say that it is started.
struct Began(Pid);
/// That word.
struct Go;

/// One that tells that it has begun, and is started when it is told to be.
fn slow(told: Pid) -> Child {
    Child::announced("slow", move |ready: Ready| async move {
        send(told, Began(own_pid())).expect("there is an envelope");
        let Go = receive().await;
        ready.announce().expect("there is an envelope");
        pending().await
    })
}

/// One that counts how often it has begun.
fn counts(starts: &Arc<AtomicU32>) -> Child {
    let starts = starts.clone();
    Child::new("counts", move || {
        starts.fetch_add(1, Relaxed);
        pending()
    })
}

async fn began() -> Pid {
    receive::<Began>().await.0
}

fn go(to: Pid) {
    send(to, Go).expect("there is an envelope");
}

async fn until_it_is(starts: &AtomicU32, number: u32) {
    while starts.load(Relaxed) != number {
        sleep(Duration::from_millis(1)).await;
    }
}

/// Long enough for whoever does not wait.
async fn a_while() {
    sleep(Duration::from_millis(20)).await;
}

/// Asked once all is settled.
async fn active(of: SupervisorAddr) -> usize {
    of.count_children().await.expect("it is there").active
}

/// When it begins, and when both begin again.
#[girder::test(limit_ms = 60_000)]
async fn who_comes_after_one_that_says_when_it_is_started_waits() {
    let starts = Arc::new(AtomicU32::new(0));
    let family = supervisor(Strategy::RestForOne)
        .child(slow(own_pid()))
        .child(counts(&starts));
    let family = family.spawn().expect("there is room");
    for round in 0..3 {
        let first = began().await;
        a_while().await;
        assert_eq!(starts.load(Relaxed), round, "it did not wait");
        go(first);
        until_it_is(&starts, round + 1).await;
        assert_eq!(active(family).await, 2);
        kill(first);
    }
    go(began().await);
    until_it_is(&starts, 4).await;
    stop(family).await;
}

/// One that ends before is no child; neither is one that takes too long.
#[girder::test(limit_ms = 60_000)]
async fn one_that_ends_before_it_is_started_could_not_be() {
    for strategy in [Strategy::OneForOne, Strategy::SimpleOneForOne] {
        let family = supervisor(strategy).spawn().expect("there is room");
        let returns = Child::announced("returns", |_| async {});
        let panics = Child::announced("panics", |_| async { panic!("as it is to") });
        let late = Child::announced("late", |ready: Ready| async move {
            let _never_said = ready;
            pending().await
        });
        for child in [returns, panics, late.start_within(Duration::from_millis(5))] {
            let refused = family.start_child(child.restart(Restart::Temporary)).await;
            assert_eq!(refused, Err(WishError::NotReady));
        }
        assert_eq!(family.count_children().await.map(|all| all.children), Ok(0));
        let slow = slow(own_pid());
        let wish = async move { assert!(family.start_child(slow).await.is_ok()) };
        girder::spawn(wish).expect("there is room");
        go(began().await);
        assert_eq!(active(family).await, 1);
        stop(family).await;
    }
}

/// The supervisor tries no second time, and says so by its own end.
#[girder::test]
async fn a_supervisor_whose_first_child_can_not_be_started_ends() {
    let fails = Child::announced("fails", |_| async {});
    let starts = Arc::new(AtomicU32::new(0));
    let family = supervisor(Strategy::OneForOne)
        .child(fails)
        .child(counts(&starts));
    spawn_monitor(move || family.run()).expect("there is room");
    let Down { reason, .. } = receive().await;
    assert!(matches!(reason, ExitReason::Exited(_)), "{reason}");
    assert_eq!(starts.load(Relaxed), 0);
}

/// Whoever is to end does not wait for a start, and who wished for it is told.
#[girder::test(limit_ms = 60_000)]
async fn one_that_ends_waits_for_no_start() {
    let family = supervisor(Strategy::OneForOne).child(slow(own_pid()));
    let family = family.spawn().expect("there is room");
    let child = began().await;
    family.stop().expect("there is an envelope");
    until_gone(family.pid()).await;
    assert!(!girder::is_alive(child));

    let family = supervisor(Strategy::OneForOne)
        .spawn()
        .expect("there is room");
    let own = own_pid();
    let wish = async move {
        let wished = family.start_child(slow(own)).await.map(drop);
        send(own, wished).expect("there is an envelope");
    };
    girder::spawn(wish).expect("there is room");
    began().await;
    family.stop().expect("there is an envelope");
    let wished = receive::<Result<(), WishError>>().await;
    assert_eq!(wished, Err(WishError::Refused(Refusal::Busy)));
    until_gone(family.pid()).await;
}

/// Whoever comes after a supervisor has all that is below that one.
#[girder::test(limit_ms = 60_000)]
async fn a_supervisor_is_started_when_its_children_are() {
    let starts = Arc::new(AtomicU32::new(0));
    let told = own_pid();
    let below = move || {
        Supervisor::new(Strategy::OneForAll)
            .child(slow(told))
            .child(slow(told))
    };
    let family = supervisor(Strategy::OneForOne)
        .child(Child::supervisor("below", below))
        .child(counts(&starts));
    let family = family.spawn().expect("there is room");
    for _ in 0..2 {
        let next = began().await;
        a_while().await;
        assert_eq!(starts.load(Relaxed), 0, "it did not wait");
        go(next);
    }
    until_it_is(&starts, 1).await;
    stop(family).await;
}
