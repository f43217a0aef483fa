//! What safe code may try on its way out, and many that die among many that work.

use crate::support::{HIGH, NORMAL, until_it_waits};
use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::future::pending;
use core::hint::black_box;
use core::mem;
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use core::time::Duration;
use girder::check::rng;

use girder::{
    Addr, ExitReason, Options, Priority, Request, is_alive, kill, receive, send, sleep, spawn,
    yield_now,
};
use girder_lockfree::mail::envelopes_in_use;
use girder_lockfree::process::spawn_watched;

/// Runs what it holds when it is dropped.
struct OnDrop<F: FnMut()>(F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

/// Kills a process that waits with this in its hands; how it ended.
async fn killed_with<T: 'static>(make: impl FnOnce() -> T + Send + 'static) -> ExitReason {
    let waits = Arc::new(AtomicU64::new(0));
    let told = waits.clone();
    let body = move || async move {
        let _held = make();
        told.store(1, Relaxed);
        drop(told);
        pending::<()>().await;
    };
    let (pid, watch) = spawn_watched(body, HIGH).expect("there is room");
    while waits.load(Relaxed) == 0 {
        yield_now().await;
    }
    until_it_waits(pid).await;
    assert_eq!(kill(pid), Request::Taken);
    watch.await
}

/// It is the dying process itself that spawns and sends, preemptibly: the loop would not survive it.
#[girder::test]
async fn a_destructor_may_spawn_and_send() {
    let own = girder::own_pid();
    let reason = killed_with(move || {
        OnDrop(move || {
            let child = async move { _ = send(own, 2_u32) };
            spawn(child).expect("there is room");
            _ = send(own, 1_u32);
        })
    })
    .await;
    assert_eq!(reason, ExitReason::Killed);
    // Two senders: whose is first is nobody's business.
    assert_eq!(receive::<u32>().await + receive::<u32>().await, 3);
}

/// It has a thousand quanta, and then it is in mid-poll like any spinner.
#[girder::test(limit_ms = 300_000)]
async fn a_destructor_that_never_ends_is_ended() {
    static TURNS: AtomicU64 = AtomicU64::new(0);
    let reason = killed_with(|| {
        OnDrop(|| {
            loop {
                TURNS.fetch_add(1, Relaxed);
            }
        })
    })
    .await;
    assert_eq!(reason, ExitReason::Killed);
    assert!(TURNS.load(Relaxed) > 0, "its destructor never began");
}

/// A destructor that is killed once more goes on: the kill is met already.
#[girder::test]
async fn a_destructor_that_kills_its_own_process_ends_once() {
    static STEPS: AtomicU64 = AtomicU64::new(0);
    STEPS.store(0, Relaxed);
    let reason = killed_with(|| {
        OnDrop(|| {
            STEPS.fetch_add(1, Relaxed);
            kill(girder::own_pid());
            STEPS.fetch_add(1, Relaxed);
        })
    })
    .await;
    assert_eq!((reason, STEPS.load(Relaxed)), (ExitReason::Killed, 2));
}

#[girder::test]
async fn what_a_process_forgets_stays_as_it_is() {
    let shared = Arc::new([7_u64; 8]);
    let (forgotten, kept) = (shared.clone(), shared.clone());
    let reason = killed_with(move || {
        mem::forget(forgotten);
        Box::leak(Box::new(9_u64));
        kept
    })
    .await;
    assert_eq!(reason, ExitReason::Killed);
    // Its own was dropped, the forgotten one never is.
    assert_eq!((Arc::strong_count(&shared), *shared), (2, [7; 8]));
}

/// What one has shared out outlives it, though it made it and died without a destructor.
#[girder::test]
async fn what_a_dead_process_has_shared_out_is_as_it_was() {
    const ROUNDS: u64 = 200;
    let own: Addr<Arc<Vec<u64>>> = Addr::own().expect("a process");
    for round in 0..ROUNDS {
        let body = move || async move {
            let shared = Arc::new((0..64).map(|n| n ^ round).collect::<Vec<_>>());
            _ = own.send(shared.clone());
            panic!("with {} of them", shared.len());
        };
        let (_, watch) = spawn_watched(body, NORMAL).expect("there is room");
        let shared = receive::<Arc<Vec<u64>>>().await;
        assert!(watch.await.is_crash());
        // Whoever comes next in that memory would leave traces.
        let others: Vec<_> = (0..8).map(|n| black_box(alloc::vec![n; 64])).collect();
        assert!(
            shared
                .iter()
                .enumerate()
                .all(|(n, &it)| it == n as u64 ^ round)
        );
        assert_eq!((Arc::strong_count(&shared), others.len()), (2, 8));
    }
}

/// A worker's report: which one it is.
struct Done(usize);

/// Some of everything that a process may be broken off in: it waits, is woken, computes, sends and yields.
async fn work(index: usize, boss: Addr<Done>, is_over: &AtomicBool) {
    let own: Addr<u64> = Addr::own().expect("a process");
    let mut round = 0;
    while !is_over.load(Relaxed) {
        round += 1;
        match (index + round) % 4 {
            0 => yield_now().await,
            1 => sleep(Duration::from_micros(100)).await,
            2 => _ = black_box((0..5_000_u64).fold(0, |sum, n| sum ^ black_box(n))),
            _ => {
                _ = own.send(round as u64);
                assert_eq!(receive::<u64>().await, round as u64);
            }
        }
    }
    _ = boss.send(Done(index));
}

/// Lets so many work, and kills some of them at whatever they do; how many were met alive.
async fn kill_among(workers: usize, victims: usize) -> usize {
    static IS_OVER: AtomicBool = AtomicBool::new(false);
    IS_OVER.store(false, Relaxed);
    let boss: Addr<Done> = Addr::own().expect("a process");
    let normal = Options::new().priority(Priority::Normal);
    let spawn = |index| {
        normal
            .spawn(work(index, boss, &IS_OVER))
            .expect("there is room")
    };
    let pids: Vec<_> = (0..workers).map(spawn).collect();
    let mut rng = rng();
    let mut is_killed = alloc::vec![false; workers];
    // The more there are, the longer a turn of all takes.
    let in_a_row = workers as u64 / 250;
    for _ in 0..victims {
        let victim = rng.below(workers as u64) as usize;
        is_killed[victim] |= kill(pids[victim]) == Request::Taken;
        if rng.below(in_a_row.max(1)) == 0 {
            yield_now().await;
        }
    }
    IS_OVER.store(true, Relaxed);
    while pids.iter().any(|&pid| is_alive(pid)) {
        yield_now().await;
    }
    let mut reports = alloc::vec![0; workers];
    while let Some(Done(index)) = girder::try_receive() {
        reports[index] += 1;
    }
    for (index, (&reports, &is_killed)) in reports.iter().zip(&is_killed).enumerate() {
        assert!(
            reports == 1 || is_killed && reports == 0,
            "{reports} of {index}"
        );
    }
    is_killed.into_iter().filter(|&it| it).count()
}

#[girder::test(limit_ms = 300_000)]
async fn a_thousand_that_are_killed_among_ten_thousand_harm_nobody_else() {
    some_are_killed_among(10_000).await;
}

#[girder::test(schedulers = 8, limit_ms = 900_000, long = "it takes minutes")]
async fn ten_thousand_that_are_killed_among_a_hundred_thousand_harm_nobody_else() {
    some_are_killed_among(100_000).await;
}

/// Of so many, if there is memory for them, each tenth is killed.
async fn some_are_killed_among(wanted: usize) {
    /// Homes, messages, timers, and the stacks of those that are broken off.
    const BYTES_EACH: usize = 8_000;
    let workers = (girder_boot::available_memory() / BYTES_EACH).min(wanted);
    let victims = workers / 10;
    // As many as there will ever be, so that all pools are as large as they get.
    kill_among(workers, 0).await;
    let before = (
        crate::support::resources().heap,
        envelopes_in_use().expect("all cores come to rest"),
    );
    let killed = kill_among(workers, victims).await;
    assert!(killed > victims / 2, "{killed} of {victims} were met alive");
    // Not physical memory: how many stacks were in use at once is the clock's affair. And the last ones to
    // be killed are dead at once, but only the reaper's turns make room of what they had.
    let used = || {
        (
            crate::support::resources().heap,
            envelopes_in_use().expect("all cores come to rest"),
        )
    };
    for _ in 0..1_000 {
        let after = used();
        if after.0 <= before.0 && after.1 <= before.1 {
            return;
        }
        sleep(Duration::from_millis(1)).await;
    }
    panic!("{before:?}, then {:?}", used());
}
