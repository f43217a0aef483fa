//! A process's arena goes back whole, however the process ends.

use crate::support::{
    HIGH, NORMAL, NORMAL_HERE, Rival, preemptions, settled_resources, until_heap_is, until_it_waits,
};
use alloc::sync::Arc;
use core::future::pending;
use core::hint::black_box;
use core::sync::atomic::{AtomicU64, Ordering::Relaxed};
use girder::check::rng;
use girder::local::{self, Arena, Box, with};
use girder::{ExitReason, Options, STACK_BYTES, Watch, hibernate, kill, yield_now};
use girder_lockfree::process::{Pid, own_pid, set_level, spawn_watched, view};

/// Makes a process of this level that has an arena.
fn start<W>(level: u8, work: W) -> (Pid, Watch)
where
    W: AsyncFnOnce(Arena<'_>) + Send + 'static,
{
    spawn_watched(move || with(work), level).expect("there is room")
}

/// Sessions as a service may keep them.
async fn serve(arena: Arena<'_>) {
    let mut sessions = arena.map();
    for number in 0..40_u32 {
        let name = arena.format(format_args!("session {number}"));
        let mut history = arena.vec();
        history.extend(0..number);
        sessions.insert(name, arena.boxed(history));
        sessions.retain(|name, history| name.len() % 3 != 0 || history.len() % 2 == 0);
    }
    yield_now().await;
    let odd = sessions
        .values()
        .filter(|history| history.len() % 2 == 1)
        .count();
    panic!("{} sessions, {odd} of them odd", sessions.len());
}

async fn serve_and_die(times: usize) {
    for _ in 0..times {
        let (_, watch) = local::spawn_watched(serve).expect("there is room");
        let reason = watch.await;
        assert!(reason.is_crash(), "{reason}");
    }
}

#[girder::test(limit_ms = 300_000)]
async fn a_service_that_panics_thousands_of_times_loses_nothing() {
    serve_and_die(20).await;
    let before = settled_resources().await;
    serve_and_die(3_000).await;
    until_heap_is(before.heap).await;
}

#[girder::test]
async fn a_service_killed_in_mid_poll_loses_nothing() {
    static ROUNDS: AtomicU64 = AtomicU64::new(0);
    let killed = async || {
        ROUNDS.store(0, Relaxed);
        let (pid, watch) = start(NORMAL, async |arena: Arena<'_>| {
            let mut kept = arena.vec();
            loop {
                kept.push(arena.boxed(kept.len()));
                kept.truncate(5_000);
                ROUNDS.fetch_add(1, Relaxed);
            }
        });
        while ROUNDS.load(Relaxed) < 10 {
            yield_now().await;
        }
        kill(pid);
        assert_eq!(watch.await, ExitReason::Killed);
    };
    killed().await;
    let before = settled_resources().await;
    for _ in 0..20 {
        killed().await;
    }
    until_heap_is(before.heap).await;
}

/// Anywhere: in the middle of taking a chunk, of giving a large block back, of a free list.
#[girder::test(limit_ms = 300_000, pinned = "has a rival on its core")]
async fn a_kill_at_any_moment_finds_the_whole_arena() {
    let _rival = Rival::begin().await;
    let mut rng = rng();
    let mut before = settled_resources().await;
    for trial in 0..150 {
        let (pid, watch) = start(NORMAL_HERE, churn);
        let turns = rng.below(4);
        for _ in 0..turns {
            yield_now().await;
        }
        kill(pid);
        assert_eq!(watch.await, ExitReason::Killed);
        if trial == 10 {
            before = settled_resources().await;
        } else if trial > 10 {
            until_heap_is(before.heap).await;
        }
    }
}

/// Blocks of all sizes, most of them in chunks of their own, unless that would be much of the machine's memory.
async fn churn(arena: Arena<'_>) {
    const BLOCKS: usize = 12;
    let most = (girder_boot::available_memory() / (16 * BLOCKS)).clamp(100, 40_000);
    let mut blocks = arena.vec();
    for round in 0_usize.. {
        let mut block = arena.vec::<u8>();
        block.extend_from_slice(&[round as u8; 64]);
        block.reserve_exact(round * 977 % most);
        blocks.push(block);
        if blocks.len() > BLOCKS {
            let gone = blocks.swap_remove(round % BLOCKS);
            assert!(gone.iter().all(|&byte| byte == gone[0]));
        }
    }
}

#[girder::test(pinned = "looks at the counts of its core")]
async fn one_that_is_preempted_in_an_allocation_goes_on_with_it() {
    let (_, watch) = start(NORMAL_HERE, async |arena: Arena<'_>| {
        let _rival = Rival::begin().await;
        let end = preemptions() + 20;
        let mut round = 0_u64;
        let mut words = arena.map();
        while preemptions() < end {
            round += 1;
            words.insert(round % 100, arena.format(format_args!("{round}")));
            if let Some(word) = words.remove(&(round * 7 % 100)) {
                let number: u64 = word.parse().expect("a number");
                assert_eq!(number % 100, round * 7 % 100);
            }
        }
        drop(words);
        assert_eq!(arena.usage().live, 0);
    });
    assert_eq!(watch.await, ExitReason::Returned);
}

/// At an await its destructors run first, and what they use is still there.
#[girder::test]
async fn a_kill_at_an_await_drops_what_is_in_the_arena() {
    struct Counted<'p>(Box<'p, u64>, Arc<AtomicU64>);

    impl Drop for Counted<'_> {
        fn drop(&mut self) {
            self.1.fetch_add(*self.0, Relaxed);
        }
    }

    let sum = Arc::new(AtomicU64::new(0));
    let counter = sum.clone();
    let (pid, watch) = start(HIGH, async move |arena: Arena<'_>| {
        let mut counted = arena.vec();
        counted.extend((1..=4).map(|it| Counted(arena.boxed(it), counter.clone())));
        pending().await
    });
    until_it_waits(pid).await;
    set_level(pid, NORMAL);
    kill(pid);
    assert_eq!((watch.await, sum.load(Relaxed)), (ExitReason::Killed, 10));
    assert_eq!(Arc::strong_count(&sum), 1);
}

/// An error to who asks for one, the end of its process to who does not.
#[girder::test]
async fn the_limit_of_an_arena_is_its_process_s_affair() {
    const LIMIT: usize = 100_000;
    let (_, watch) = start(NORMAL, async |arena: Arena<'_>| {
        arena.set_limit(LIMIT);
        let mut words = arena.vec::<u64>();
        assert!(words.try_reserve(LIMIT).is_err());
        assert!(words.try_reserve(LIMIT / 16).is_ok());
        assert!(arena.usage().held <= LIMIT);
    });
    assert_eq!(watch.await, ExitReason::Returned);
    let before = settled_resources().await;
    let (_, watch) = start(NORMAL, async |arena: Arena<'_>| {
        arena.set_limit(LIMIT);
        let mut words = arena.vec();
        loop {
            words.push(arena.boxed(0));
        }
    });
    let reason = watch.await;
    assert!(reason.is_crash(), "{reason}");
    assert!(
        alloc::format!("{reason}").contains("memory allocation of"),
        "{reason}"
    );
    until_heap_is(before.heap).await;
}

/// One limit for the heap and the arena together; what the arena has given back counts no more.
#[girder::test]
async fn an_arena_counts_for_the_limit_of_its_process() {
    const LIMIT: usize = 128 << 10;
    let (_, watch) = Options::new()
        .max_heap(LIMIT)
        .spawn_watched(|| {
            with(async |arena: Arena<'_>| {
                let mut own = arena.vec::<u8>();
                let mut heap = alloc::vec::Vec::<u8>::new();
                assert!(own.try_reserve_exact(LIMIT + 1).is_err());
                own.try_reserve_exact(80 << 10).expect("there is room");
                assert!(black_box(&mut heap).try_reserve_exact(50 << 10).is_err());
                drop(own);
                black_box(&mut heap)
                    .try_reserve_exact(50 << 10)
                    .expect("there is room again");
                let mut own = arena.vec::<u8>();
                assert!(own.try_reserve_exact(80 << 10).is_err());
                let account = view(own_pid().expect("a process")).and_then(|view| view.account);
                assert_eq!(account.expect("one core").arena, arena.usage().held);
            })
        })
        .expect("there is room");
    assert_eq!(watch.await, ExitReason::Returned);
    let before = settled_resources().await;
    let (_, watch) = Options::new()
        .max_heap(LIMIT)
        .spawn_watched(|| {
            with(async |arena: Arena<'_>| {
                let mut words = arena.vec();
                loop {
                    words.push(arena.boxed(0));
                }
            })
        })
        .expect("there is room");
    let ExitReason::Panicked(words) = watch.await else {
        panic!("it did not panic");
    };
    assert!(words.as_str().starts_with("heap_limit: "));
    until_heap_is(before.heap).await;
}

/// Who hibernates begins with no arena, for its limit too. (Where memory is short a block of 80 KiB is one of 128.)
#[girder::test]
async fn what_an_arena_had_counts_no_more_after_hibernation() {
    const LIMIT: usize = STACK_BYTES + (160 << 10);
    let (_, watch) = Options::new()
        .max_heap(LIMIT)
        .spawn_watched(|| {
            with(async |arena: Arena<'_>| {
                let mut own = arena.vec::<u8>();
                own.try_reserve_exact(80 << 10).expect("there is room");
                hibernate((), |()| async {
                    let mut heap = alloc::vec::Vec::<u8>::new();
                    black_box(&mut heap)
                        .try_reserve_exact(80 << 10)
                        .expect("there is room again");
                })
                .await
            })
        })
        .expect("there is room");
    assert_eq!(watch.await, ExitReason::Returned);
}

#[girder::test]
async fn what_the_machine_has_not_is_an_error() {
    let (_, watch) = start(NORMAL, async |arena: Arena<'_>| {
        let mut bytes = arena.vec::<u8>();
        for size in [1 << 30, 1 << 46] {
            assert!(bytes.try_reserve_exact(size).is_err(), "{size}");
        }
        assert!(bytes.try_reserve_exact(100_000).is_ok());
    });
    assert_eq!(watch.await, ExitReason::Returned);
}

/// Far more chunks than go back in one turn.
#[girder::test]
async fn an_arena_of_many_chunks_goes_back_in_slices() {
    const CHUNKS: usize = 300;
    let before = settled_resources().await;
    let (_, watch) = start(NORMAL, async |arena: Arena<'_>| {
        let mut blocks = arena.vec();
        for _ in 0..CHUNKS {
            blocks.push(arena.boxed([0_u64; 1_100]));
        }
        assert!(arena.usage().held > CHUNKS * 8_800);
        panic!("with all of it in hand");
    });
    assert!(watch.await.is_crash());
    until_heap_is(before.heap).await;
}
