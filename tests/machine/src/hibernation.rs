//! A process that hibernates is the same one, and nothing of what it was made of is left.

use crate::support::{HIGH, NORMAL, NORMAL_HERE, preemptions, settled_resources, until_heap_is};
use alloc::boxed::Box;
use alloc::sync::Arc;
use core::future::{pending, poll_fn};
use core::pin::{Pin, pin};
use core::sync::atomic::{AtomicU64, Ordering::Relaxed};
use core::task::Poll;
use girder::local::with;
use girder::{Addr, ExitReason, block_on, hibernate, kill, own_pid, receive, yield_now};
use girder_lockfree::process::{Pid, set_level, spawn_watched};

struct Number(u64);

/// Counts how often one like it was dropped.
struct Counted(Arc<AtomicU64>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, Relaxed);
    }
}

/// Each life keeps much, in its future, on the heap and in its arena, and hands over a sum.
fn live(lives: u64, sum: u64, told: Addr<Number>) -> Pin<Box<dyn Future<Output = ()>>> {
    Box::pin(async move {
        let mut much = [1_u8; 3_000];
        let held = alloc::vec![2_u8; 5_000];
        let sum = with(async |arena| {
            let mut numbers = arena.vec();
            numbers.extend(0..2_000_u64);
            let Number(number) = receive().await;
            much[0] = numbers[7] as u8;
            sum + number
        })
        .await;
        core::hint::black_box((&much, &held));
        if lives == 0 {
            told.send(Number(sum)).expect("there is memory");
            return;
        }
        let next = (lives - 1, sum, told);
        hibernate(next, |(lives, sum, told)| async move {
            live(lives, sum, told).await
        })
        .await;
    })
}

#[girder::test(limit_ms = 120_000)]
async fn who_hibernates_keeps_its_pid_and_its_mail_and_nothing_else() {
    const LIVES: u64 = 200;
    let run = async || {
        let told = Addr::of(own_pid());
        let (pid, watch) =
            spawn_watched(move || live(LIVES, 0, told), NORMAL).expect("there is room");
        for number in 0..=LIVES {
            Addr::of(pid).send(Number(number)).expect("there is memory");
        }
        let Number(sum) = receive().await;
        assert_eq!(sum, LIVES * (LIVES + 1) / 2);
        assert_eq!(watch.await, ExitReason::Returned);
    };
    run().await;
    run().await;
    let before = settled_resources().await.heap;
    for _ in 0..3 {
        run().await;
    }
    until_heap_is(before).await;
}

#[girder::test]
async fn asleep_it_takes_little_and_what_it_had_is_dropped() {
    let drops = Arc::new(AtomicU64::new(0));
    let counted = Counted(drops.clone());
    let make = move || async move {
        let _counted = counted;
        let much = [1_u8; 20_000];
        yield_now().await;
        core::hint::black_box(&much);
        with(async |arena| arena.copy(&[3_u8; 50_000]).len()).await;
        hibernate((), |()| async { _ = receive::<Number>().await }).await;
    };
    let before = settled_resources().await.heap;
    let (pid, watch) = spawn_watched(make, NORMAL).expect("there is room");
    while drops.load(Relaxed) == 0 {
        yield_now().await;
    }
    until_heap_is(before + 2_000).await;
    Addr::of(pid).send(Number(1)).expect("there is memory");
    assert_eq!(watch.await, ExitReason::Returned);
}

/// Wherever it is killed, what it had and what it was to have is dropped once: unless a tick broke it off on the way, for
/// who dies in mid-poll drops nothing.
#[girder::test(pinned = "another core would be in the middle of it")]
async fn a_kill_drops_the_old_and_the_new_once() {
    for yields in 0..4 {
        loop {
            let before = preemptions();
            let drops = Arc::new(AtomicU64::new(0));
            let (old, new) = (Counted(drops.clone()), Counted(drops.clone()));
            let make = move || async move {
                let _old = old;
                hibernate(new, |new| async move {
                    let _new = new;
                    pending::<()>().await;
                })
                .await;
            };
            let (pid, watch) = spawn_watched(make, NORMAL_HERE).expect("there is room");
            for _ in 0..yields {
                yield_now().await;
            }
            kill(pid);
            let reason = watch.await;
            if preemptions() == before {
                assert_eq!((reason, drops.load(Relaxed)), (ExitReason::Killed, 2));
                assert_eq!(Arc::strong_count(&drops), 1, "after {yields} yields");
                break;
            }
            // Whoever was broken off, it may be any of them.
            assert_eq!(reason, ExitReason::Killed);
            assert!(drops.load(Relaxed) <= 2);
        }
    }
}

/// What is awaited beside something that is ready comes to nothing.
#[girder::test]
async fn a_hibernation_that_is_dropped_does_not_happen() {
    let drops = Arc::new(AtomicU64::new(0));
    let counted = Counted(drops.clone());
    let (_, watch) = spawn_watched(
        || async move {
            {
                let mut asleep = pin!(hibernate(counted, |_| async { panic!("it happened") }));
                poll_fn(|context| {
                    assert!(asleep.as_mut().poll(context).is_pending());
                    Poll::Ready(())
                })
                .await;
            }
            yield_now().await;
        },
        NORMAL,
    )
    .expect("there is room");
    assert_eq!(watch.await, ExitReason::Returned);
    assert_eq!((drops.load(Relaxed), Arc::strong_count(&drops)), (1, 1));
}

#[girder::test]
async fn a_destructor_that_panics_on_the_way_ends_the_process_alone() {
    struct Panics;

    impl Drop for Panics {
        fn drop(&mut self) {
            panic!("in a destructor");
        }
    }

    let crash = async || {
        let make = || async {
            let _panics = Panics;
            hibernate([0_u8; 900], |much| async move { _ = much }).await;
        };
        let (_, watch) = spawn_watched(make, HIGH).expect("there is room");
        assert!(watch.await.is_crash());
    };
    crash().await;
    let before = settled_resources().await.heap;
    crash().await;
    until_heap_is(before).await;
}

#[girder::test]
async fn in_the_middle_of_ordinary_code_nobody_hibernates() {
    let make = || async {
        _ = block_on(hibernate((), |()| async {}));
    };
    let (_, watch) = spawn_watched(make, NORMAL).expect("there is room");
    let reason = alloc::format!("{}", watch.await);
    assert!(reason.contains("hibernates at an await"), "{reason}");
}

/// It may be suspended and moved to another level meanwhile, like anybody.
#[girder::test]
async fn who_hibernates_can_be_asked_for_things() {
    let make = || async {
        hibernate(own_pid(), |pid| async move {
            assert_eq!(own_pid(), pid);
            _ = receive::<Number>().await;
        })
        .await;
    };
    let (pid, watch): (Pid, _) = spawn_watched(make, HIGH).expect("there is room");
    girder::suspend(pid);
    set_level(pid, NORMAL);
    yield_now().await;
    girder::resume(pid);
    Addr::of(pid).send(Number(0)).expect("there is memory");
    assert_eq!(watch.await, ExitReason::Returned);
}
