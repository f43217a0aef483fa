//! Monitors: each end is told once, as it was, to each who asked; and whoever is killed while it asks leaves no tie behind.

use crate::support::{NORMAL, overflow_stack, until_it_waits};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::future::pending;
use core::hint::black_box;
use core::pin::Pin;
use core::sync::atomic::{AtomicU64, Ordering::Relaxed};
use girder::{
    Down, ExitReason, Pid, demonitor, demonitor_and_flush, kill, monitor, own_pid, receive, send,
    try_receive,
};
use girder_aarch64::cpu;
use girder_lockfree::process::{is_alive, spawn, spawn_watched, ties_in_use, yield_now};

/// Waits until there are no ties, which nobody else has here: the loops of other cores work them off. One that is given back
/// twice makes less than none, and hangs this.
async fn until_no_ties() {
    while ties_in_use() != 0 {
        yield_now().await;
    }
}

type Life = Pin<alloc::boxed::Box<dyn Future<Output = ()> + Send>>;

/// How one ends that lives like this, once it is told to.
async fn end_of(life: impl Future<Output = ()> + Send + 'static) -> ExitReason {
    let body: Life = alloc::boxed::Box::pin(async move {
        let () = receive().await;
        life.await;
    });
    let pid = spawn(body, NORMAL).expect("there is room");
    let reference = monitor(pid).expect("there is memory");
    send(pid, ()).expect("there is an envelope");
    let down: Down = receive().await;
    assert_eq!((down.reference, down.pid), (reference, pid));
    down.reason
}

#[girder::test]
async fn each_way_to_end_is_told_as_it_was() {
    until_no_ties().await;
    assert_eq!(end_of(async {}).await, ExitReason::Returned);
    let killed = end_of(async {
        kill(own_pid());
        pending().await
    });
    assert_eq!(killed.await, ExitReason::Killed);
    let reason = end_of(async { panic!("number {}", black_box(7)) }).await;
    let ExitReason::Panicked(words) = reason else {
        panic!("{reason}")
    };
    assert!(words.as_str().contains("number 7"));
    let reason = end_of(async { girder::exit("enough") }).await;
    assert!(matches!(reason, ExitReason::Exited(words) if words.as_str() == "enough"));
    let reason = end_of(async { _ = black_box(overflow_stack(0)) }).await;
    assert!(matches!(reason, ExitReason::Overflowed(_)), "{reason}");
    let reason = end_of(async {
        // SAFETY: none: that is what is tested.
        unsafe { black_box(16 as *const u64).read_volatile() };
    })
    .await;
    assert!(matches!(reason, ExitReason::Faulted(_)), "{reason}");
    until_no_ties().await;
}

/// It never awaits, so it is given up where it stands.
#[girder::test]
async fn who_is_killed_in_mid_poll_is_told_of() {
    let spins = async {
        loop {
            cpu::relax();
        }
    };
    let pid = spawn(spins, NORMAL).expect("there is room");
    monitor(pid).expect("there is memory");
    kill(pid);
    let down: Down = receive().await;
    assert_eq!(down.reason, ExitReason::Killed);
}

#[girder::test]
async fn who_is_gone_is_told_of_at_once() {
    let (pid, watch) = spawn_watched(|| async {}, NORMAL).expect("there is room");
    watch.await;
    let reference = monitor(pid).expect("there is memory");
    let down: Down = try_receive().expect("at once");
    assert_eq!(down.reference, reference);
    assert_eq!(down.reason, ExitReason::NoProcess);
}

/// Numbers that one sends before it returns.
const NUMBERS: u32 = 200;

/// On several cores, and wherever the sender goes meanwhile.
#[girder::test]
async fn what_was_sent_before_an_end_comes_before_it_is_told() {
    for _ in 0..20 {
        let own = own_pid();
        let body = async move {
            for number in 0..NUMBERS {
                send(own, number).expect("there is an envelope");
                if number % 32 == 0 {
                    yield_now().await;
                }
            }
        };
        let pid = spawn(body, NORMAL).expect("there is room");
        monitor(pid).expect("there is memory");
        let _: Down = receive().await;
        for expected in 0..NUMBERS {
            assert_eq!(try_receive::<u32>(), Some(expected), "overtaken");
        }
    }
}

/// Watchers of one process.
const WATCHERS: u64 = 1_000;

#[girder::test(limit_ms = 120_000)]
async fn all_who_watch_one_are_told_once() {
    until_no_ties().await;
    let victim = spawn(pending::<()>(), NORMAL).expect("there is room");
    let told = Arc::new(AtomicU64::new(0));
    let mut watchers = Vec::new();
    for _ in 0..WATCHERS {
        let told = told.clone();
        let body = async move {
            monitor(victim).expect("there is memory");
            let down: Down = receive().await;
            assert_eq!((down.pid, down.reason), (victim, ExitReason::Killed));
            told.fetch_add(1, Relaxed);
        };
        watchers.push(spawn(body, NORMAL).expect("there is room"));
    }
    for &watcher in &watchers {
        until_it_waits(watcher).await;
    }
    assert_eq!(u64::from(ties_in_use()), WATCHERS);
    kill(victim);
    while told.load(Relaxed) < WATCHERS {
        yield_now().await;
    }
    until_no_ties().await;
}

/// Rings of processes that die one by one, in any order and on any core, while others think better of it.
#[girder::test(limit_ms = 120_000)]
async fn rings_that_die_at_once_leave_no_tie() {
    until_no_ties().await;
    for round in 0..40 {
        let mut ring: Vec<Pid> = Vec::new();
        for number in 0..32_u32 {
            let body = async move {
                let others: Vec<Pid> = receive().await;
                loop {
                    let mut kept = Vec::new();
                    for &other in &others {
                        kept.push(monitor(other).expect("there is memory"));
                    }
                    for &reference in kept.iter().skip(number as usize % 3).step_by(3) {
                        demonitor(reference);
                    }
                    yield_now().await;
                    for reference in kept {
                        demonitor_and_flush(reference);
                    }
                    assert_eq!(try_receive::<Down>(), None, "not flushed");
                }
            };
            ring.push(spawn(body, NORMAL).expect("there is room"));
        }
        for &pid in &ring {
            send(pid, ring.clone()).expect("there is an envelope");
        }
        (0..round % 4).for_each(|_| cpu::relax());
        yield_now().await;
        for &pid in &ring {
            kill(pid);
        }
        // Until it has ended, one that runs may still tie itself to others.
        while ring.iter().any(|&pid| is_alive(pid)) {
            yield_now().await;
        }
        until_no_ties().await;
    }
}

/// They never await, so each is given up where it stands, which is mostly within a monitor's beginning or end.
#[girder::test(limit_ms = 60_000)]
async fn whoever_is_killed_while_it_monitors_leaves_no_tie() {
    until_no_ties().await;
    let victim = spawn(pending::<()>(), NORMAL).expect("there is room");
    for round in 0..40 {
        let spins = move || async move {
            loop {
                let kept = monitor(victim).expect("there is memory");
                if round % 2 == 0 {
                    demonitor(kept);
                }
                if ties_in_use() > 1_000 {
                    pending::<()>().await;
                }
            }
        };
        let (pid, watch) = spawn_watched(spins, NORMAL).expect("there is room");
        yield_now().await;
        kill(pid);
        watch.await;
    }
    until_no_ties().await;
    kill(victim);
}
