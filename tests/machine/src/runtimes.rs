//! A limit on the time that a process has a core for: who has had more ends, whatever it does with it, and nobody else does.

use crate::support::Rival;
use alloc::sync::Arc;
use core::hint::black_box;
use core::sync::atomic::{AtomicBool, Ordering::Relaxed};
use core::time::Duration;
use girder::{
    ExitReason, Options, Priority, Watch, block_on, info, resume, set_affinity, sleep, suspend,
    yield_now,
};
use girder_lockfree::process::{CoreMask, Pid, cores, hibernate, kill, own_core};

/// Long enough for some ticks, and short.
const LIMIT: Duration = Duration::from_millis(10);

fn limited<F: Future<Output = ()> + 'static>(
    make: impl FnOnce() -> F + Send + 'static,
) -> (Pid, Watch) {
    Options::new()
        .max_runtime(LIMIT)
        .spawn_watched(make)
        .expect("there is room")
}

async fn spins_for_ever() {
    loop {
        black_box(());
    }
}

/// Alone on its core, so nobody else's tick finds it.
#[girder::test]
async fn one_that_never_awaits_is_ended() {
    let (_, watch) = limited(spins_for_ever);
    assert_eq!(watch.await, ExitReason::RuntimeLimit);
}

#[girder::test]
async fn one_that_does_nothing_but_yield_is_ended() {
    let (_, watch) = limited(|| async {
        loop {
            yield_now().await;
        }
    });
    assert_eq!(watch.await, ExitReason::RuntimeLimit);
}

/// No tick finds it: it works for a moment, and waits.
#[girder::test]
async fn one_that_works_a_little_at_a_time_is_ended() {
    let (_, watch) = limited(|| async {
        loop {
            for _ in 0..1_000 {
                black_box(());
            }
            sleep(Duration::from_micros(10)).await;
        }
    });
    assert_eq!(watch.await, ExitReason::RuntimeLimit);
}

#[girder::test]
async fn one_that_blocks_in_ordinary_code_between_its_work_is_ended() {
    let (_, watch) = limited(|| async {
        loop {
            for _ in 0..1_000 {
                black_box(());
            }
            block_on(sleep(Duration::from_micros(10))).expect("there is a stack");
        }
    });
    assert_eq!(watch.await, ExitReason::RuntimeLimit);
}

/// At an await its destructors run, as those of one that was killed do. Where an interrupt finds it between two of them it may
/// not come to the next one in time, and is given up: so it is tried until one has been ended at an await.
#[girder::test]
async fn who_is_ended_at_an_await_drops_what_it_has() {
    struct Witness(Arc<AtomicBool>);
    impl Drop for Witness {
        fn drop(&mut self) {
            self.0.store(true, Relaxed);
        }
    }
    let has_dropped = Arc::new(AtomicBool::new(false));
    while !has_dropped.load(Relaxed) {
        let witness = Witness(has_dropped.clone());
        let (_, watch) = limited(move || async move {
            let _witness = witness;
            loop {
                yield_now().await;
            }
        });
        assert_eq!(watch.await, ExitReason::RuntimeLimit);
    }
}

/// The time that others have the core is theirs, and what it waits nobody's.
#[girder::test(alone = "a rival has its core")]
async fn what_it_waits_is_not_its_time() {
    const LIMIT: Duration = Duration::from_millis(400);
    const WAIT: Duration = Duration::from_millis(300);
    let rival = Rival::begin().await;
    let here = CoreMask::only(own_core());
    let options = Options::new().max_runtime(LIMIT).affinity(here);
    let (_, watch) = options
        .spawn_watched(|| async {
            sleep(WAIT).await;
            block_on(sleep(WAIT)).expect("there is a stack");
            for _ in 0..100 {
                yield_now().await;
            }
        })
        .expect("there is room");
    assert_eq!(watch.await, ExitReason::Returned);
    drop(rival);
}

/// It is broken off at each quantum, and goes on where it was.
#[girder::test(alone = "a rival has its core")]
async fn one_among_others_is_ended_and_they_are_not() {
    let rival = Rival::begin().await;
    let here = CoreMask::only(own_core());
    let options = Options::new().max_runtime(LIMIT).affinity(here);
    let (_, watch) = options
        .spawn_watched(spins_for_ever)
        .expect("there is room");
    assert_eq!(watch.await, ExitReason::RuntimeLimit);
    let spins = rival.spins();
    while rival.spins() == spins {
        yield_now().await;
    }
}

/// Wherever it goes on, the core ticks.
#[girder::test]
async fn one_that_is_sent_about_and_held_up_is_ended() {
    let options = Options::new().max_runtime(10 * LIMIT);
    let (pid, mut watch) = options
        .spawn_watched(spins_for_ever)
        .expect("there is room");
    let mut core = 0;
    // Until it is gone.
    while info(pid).is_some() {
        core = (core + 1) % cores();
        let _ = set_affinity(pid, &CoreMask::only(core));
        sleep(Duration::from_millis(2)).await;
        suspend(pid);
        sleep(Duration::from_millis(1)).await;
        resume(pid);
    }
    assert_eq!((&mut watch).await, ExitReason::RuntimeLimit);
}

/// It is the process that has the limit, and not what it happens to be made of.
#[girder::test]
async fn one_that_hibernates_keeps_its_limit() {
    let (_, watch) = limited(|| async {
        yield_now().await;
        hibernate((), |()| async {
            loop {
                yield_now().await;
            }
        })
        .await
    });
    assert_eq!(watch.await, ExitReason::RuntimeLimit);
}

/// Who has told it to end makes no difference to what comes back.
#[girder::test]
async fn who_is_killed_when_its_time_is_over_ends_once() {
    for _ in 0..20 {
        let options = Options::new().max_runtime(Duration::from_millis(2));
        let (pid, watch) = options
            .spawn_watched(spins_for_ever)
            .expect("there is room");
        let killers = [(); 2].map(|()| {
            let killer = Options::new().priority(Priority::High);
            let (_, watch) = killer
                .spawn_watched(move || async move {
                    sleep(Duration::from_millis(2)).await;
                    kill(pid);
                })
                .expect("there is room");
            watch
        });
        let reason = watch.await;
        assert!(
            matches!(reason, ExitReason::RuntimeLimit | ExitReason::Killed),
            "{reason}"
        );
        for killer in killers {
            assert_eq!(killer.await, ExitReason::Returned);
        }
    }
}

/// What is told of it is what counts.
#[girder::test]
async fn what_it_has_used_and_may_use_is_told() {
    const LONG: Duration = Duration::from_secs(3_600);
    let options = Options::new().max_runtime(LONG);
    let pid = options
        .spawn_with(|| async {
            let mut sum = 0_u64;
            loop {
                sum = black_box(sum + 1);
                yield_now().await;
            }
        })
        .expect("there is room");
    let seen = || info(pid).and_then(|info| info.account).expect("it lives");
    while seen().run_time < Duration::from_millis(1) {
        sleep(Duration::from_millis(1)).await;
    }
    assert_eq!(seen().max_runtime, Some(LONG));
    kill(pid);
}
