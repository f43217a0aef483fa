//! What a process is asked by its pid: by others, by itself, and when it is gone.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::future::pending;
use core::sync::atomic::{AtomicU64, Ordering::Relaxed};
use girder::{
    Activity, ExitReason, Options, Pid, Priority, Request, SpawnError, block_on, exit, info,
    is_alive, kill, own_pid, processes, register, resume, send, set_priority, spawn, spawn_watched,
    suspend, yield_now,
};
use girder_lockfree::process::is_kernels_own;

/// Nobody else wants the core, so no tick would take it from the process.
#[girder::test]
async fn one_that_kills_itself_and_goes_on_is_ended() {
    let make = || async {
        assert_eq!(kill(own_pid()), Request::Taken);
        loop {
            core::hint::black_box(());
        }
    };
    let (_, watch) = spawn_watched(make).expect("there is room");
    assert_eq!(watch.await, ExitReason::Killed);
}

/// It has two quanta for that. They are the clock's: a machine that stands still for as long may eat them up
/// once, but not time after time.
#[girder::test(limit_ms = 300_000)]
async fn one_that_kills_itself_and_awaits_drops_what_it_holds() {
    const TRIALS: u64 = 50;
    for trial in 0.. {
        assert!(trial < TRIALS, "never given the time to reach its await");
        let held = Arc::new(());
        let own = held.clone();
        let make = move || async move {
            kill(own_pid());
            pending::<()>().await;
            drop(own);
        };
        let (_, watch) = spawn_watched(make).expect("there is room");
        assert_eq!(watch.await, ExitReason::Killed);
        if Arc::strong_count(&held) == 1 {
            break;
        }
    }
}

/// In the middle of ordinary code: it does not come back from the call before it is resumed.
#[girder::test]
async fn one_that_suspends_itself_stops_at_once() {
    let steps = Arc::new(AtomicU64::new(0));
    let own = steps.clone();
    let make = move || async move {
        own.store(1, Relaxed);
        assert_eq!(suspend(own_pid()), Request::Taken);
        own.store(2, Relaxed);
    };
    let (pid, watch) = spawn_watched(make).expect("there is room");
    while info(pid).map(|info| info.activity) != Some(Activity::Suspended) {
        yield_now().await;
    }
    for _ in 0..5 {
        yield_now().await;
    }
    assert_eq!(steps.load(Relaxed), 1, "run while it was suspended");
    assert_eq!(suspend(pid), Request::Ignored);
    assert_eq!(resume(pid), Request::Taken);
    assert_eq!(
        (watch.await, steps.load(Relaxed)),
        (ExitReason::Returned, 2)
    );
}

#[girder::test]
async fn one_that_moves_itself_is_moved_at_once() {
    let make = || async {
        let own = || {
            info(own_pid())
                .and_then(|info| info.account)
                .expect("one core")
        };
        for priority in [Priority::High, Priority::Low, Priority::Normal] {
            assert_eq!(set_priority(own_pid(), priority), Request::Taken);
            assert_eq!(own().priority, priority);
        }
    };
    let (_, watch) = spawn_watched(make).expect("there is room");
    assert_eq!(watch.await, ExitReason::Returned);
}

#[girder::test]
async fn who_is_gone_is_asked_in_vain() {
    let (pid, watch) = spawn_watched(|| async {}).expect("there is room");
    assert_eq!(watch.await, ExitReason::Returned);
    // Its slot may serve again, and still nothing reaches the new one.
    let next = spawn(pending()).expect("there is room");
    assert_eq!(
        [kill(pid), suspend(pid), resume(pid)],
        [Request::Ignored; 3]
    );
    assert_eq!(set_priority(pid, Priority::High), Request::Ignored);
    assert!(!is_alive(pid) && info(pid).is_none());
    assert_eq!(register("ghost", pid), Err(girder::NameError::NoProcess));
    assert!(processes().all(|other| other != pid));
    let still = info(next).map(|info| info.activity);
    assert!(
        matches!(still, Some(Activity::Ready | Activity::Waiting)),
        "{still:?}"
    );
    kill(next);
}

/// Whoever looks after the tests is one of them, and so is the reaper that drops what this test leaves unread.
#[girder::test]
async fn the_kernels_own_are_nobodys_to_ask() {
    let (victim, watch) = spawn_watched(pending).expect("there is room");
    for number in 0..100_u32 {
        send(victim, number).expect("there is memory");
    }
    assert_eq!(kill(victim), Request::Taken);
    assert_eq!(watch.await, ExitReason::Killed);
    let own: Vec<Pid> = processes().filter(|&pid| is_kernels_own(pid)).collect();
    assert!(!own.is_empty(), "nobody looks after the tests");
    for pid in own {
        let answers = [kill(pid), suspend(pid), resume(pid)];
        assert_eq!(answers, [Request::Refused; 3], "{pid}");
        assert_eq!(set_priority(pid, Priority::Low), Request::Refused);
    }
    assert!(!is_kernels_own(own_pid()));
}

#[girder::test]
async fn the_systems_priority_is_no_applications() {
    let options = Options::new().priority(Priority::Max);
    assert_eq!(options.spawn(pending()), Err(SpawnError::Priority));
    assert_eq!(set_priority(own_pid(), Priority::Max), Request::Refused);
}

#[girder::test]
async fn an_exit_is_told_in_its_words() {
    let make = || async {
        let volts = 7;
        exit(format_args!("{volts} V is too much"))
    };
    let (_, watch) = spawn_watched(make).expect("there is room");
    let reason = watch.await;
    assert_eq!(alloc::format!("{reason}"), "exited: 7 V is too much");
}

#[girder::test]
async fn an_exit_whose_words_panic_is_an_exit() {
    struct Bad;

    impl core::fmt::Display for Bad {
        fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
            f.write_str("so far")?;
            panic!("no more words")
        }
    }

    let (_, watch) = spawn_watched(|| async { exit(Bad) }).expect("there is room");
    let reason = watch.await;
    assert!(reason.is_crash(), "{reason}");
}

#[girder::test]
async fn each_is_seen_doing_what_it_does() {
    let seen = |pid| info(pid).expect("alive");
    let waiting = spawn(pending()).expect("there is room");
    let make = || async { block_on(pending()).expect("there is a stack") };
    let blocked = Options::new()
        .priority(Priority::High)
        .spawn_with(make)
        .expect("room");
    while [waiting, blocked].map(|pid| seen(pid).activity) != [Activity::Waiting; 2] {
        yield_now().await;
    }
    assert_eq!(seen(own_pid()).activity, Activity::Running);
    let account = |pid| seen(pid).account.expect("one core");
    assert!(account(blocked).has_stack && !account(waiting).has_stack);
    assert_eq!(
        [waiting, blocked].map(|pid| account(pid).priority),
        [Priority::Normal, Priority::High]
    );
    for pid in [waiting, blocked, own_pid()] {
        assert_eq!(processes().filter(|&other| other == pid).count(), 1);
    }
    for pid in [waiting, blocked] {
        kill(pid);
    }
}
