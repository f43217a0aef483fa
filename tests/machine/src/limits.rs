//! A limit on what a process has: who goes beyond it ends or does without, and nobody else notices.

use crate::support::{Rival, preemptions};
use alloc::boxed::Box;
use alloc::string::ToString;
use alloc::vec::Vec;
use core::future::pending;
use core::hint::black_box;
use core::sync::atomic::{AtomicBool, Ordering::Relaxed};
use girder::local::{Arena, with};
use girder::{Addr, Options, Priority, STACK_BYTES, SpawnError, block_on, info, receive, send};
use girder_lockfree::process::{ExitReason, Pid, kill, own_pid, view, yield_now};

#[girder::test]
async fn a_limit_ends_who_goes_beyond_it() {
    /// All that is abandoned in the end.
    const LIMIT: usize = 128 << 10;
    let (_, watch) = Options::new()
        .max_heap(LIMIT)
        .spawn_watched(|| async {
            drop(black_box(alloc::vec![1_u8; LIMIT / 2]));
            drop(black_box(alloc::vec![2_u8; LIMIT / 2]));
            let mut refused = Vec::<u8>::new();
            assert!(
                black_box(&mut refused)
                    .try_reserve_exact(LIMIT + 1)
                    .is_err()
            );
            let mut all = Vec::new();
            loop {
                all.push(black_box(Box::new([0_u64; 100])));
            }
        })
        .expect("there is room");
    let reason = watch.await;
    assert!(reason.to_string().starts_with("heap_limit: "), "{reason}");
}

/// Told once, before anything is refused.
#[girder::test]
async fn three_quarters_of_a_limit_are_told_once() {
    const LIMIT: usize = 256 << 10;
    let before = girder_boot::memory_alarms();
    let (_, watch) = Options::new()
        .max_heap(LIMIT)
        .spawn_watched(move || async move {
            let half = black_box(alloc::vec![1_u8; LIMIT / 2]);
            assert_eq!(girder_boot::memory_alarms(), before);
            for _ in 0..10 {
                let mut more = Vec::<u8>::new();
                assert!(black_box(&mut more).try_reserve_exact(LIMIT / 4).is_ok());
                assert_eq!(girder_boot::memory_alarms(), before + 1);
            }
            drop(half);
        })
        .expect("there is room");
    assert_eq!(watch.await, ExitReason::Returned);
}

/// Those that the process has taken in and not read.
#[girder::test]
async fn unread_messages_count_for_the_limit() {
    const LIMIT: usize = 128 << 10;
    let (_, watch) = Options::new()
        .max_heap(LIMIT)
        .spawn_watched(|| async {
            let own = own_pid().expect("a process");
            let may_have = |bytes| {
                let mut block = Vec::<u8>::new();
                black_box(&mut block).try_reserve_exact(bytes).is_ok()
            };
            assert!(may_have(64 << 10));
            for number in 0..1_000_u32 {
                send(own, number).expect("there is memory");
            }
            for number in 0..1_000 {
                assert_eq!(receive::<u32>().await, number);
                // What is left of the limit is room for some 500.
                match may_have(64 << 10) {
                    true => assert!(number > 450),
                    false => assert!(number < 550),
                }
            }
        })
        .expect("there is room");
    assert_eq!(watch.await, ExitReason::Returned);
}

/// KiB that the running process may have besides what it has, in blocks that are small on any machine.
fn room_in_kib() -> usize {
    let mut blocks = Vec::with_capacity(256);
    while blocks.len() < blocks.capacity() {
        let mut block = Vec::<u8>::new();
        if black_box(&mut block).try_reserve_exact(1000).is_err() {
            break;
        }
        blocks.push(block);
    }
    blocks.len()
}

/// It is set aside: whether an interrupt has broken the process off, or it has blocked, what it may have is the same.
#[girder::test(alone = "one core's preemptions are looked at")]
async fn a_stack_that_is_kept_refuses_nothing() {
    const LIMIT: usize = STACK_BYTES + (64 << 10);
    let rival = Rival::begin().await;
    let (_, watch) = Options::new()
        .max_heap(LIMIT)
        .spawn_watched(|| async {
            let room = room_in_kib();
            assert!((48..64).contains(&room), "{room} KiB");
            let before = preemptions();
            while preemptions() == before {
                black_box(());
            }
            assert_eq!(room_in_kib(), room, "after it was broken off");
            block_on(yield_now()).expect("there is a stack");
            assert_eq!(room_in_kib(), room, "after it has blocked");
            yield_now().await;
            assert_eq!(room_in_kib(), room, "without a stack");
        })
        .expect("there is room");
    assert_eq!(watch.await, ExitReason::Returned);
    drop(rival);
}

/// The number that others are told is the one that is limited: with all that it may have, and a stack, it is not beyond.
#[girder::test]
async fn what_is_told_of_a_process_is_the_sum_of_its_parts_and_within_its_limit() {
    const LIMIT: usize = STACK_BYTES + (64 << 10);
    /// It has all that it may have: before, it has a stack as well whenever it is broken off.
    static IS_FULL: AtomicBool = AtomicBool::new(false);
    IS_FULL.store(false, Relaxed);
    let body = || {
        with(async |arena: Arena<'_>| {
            let of_arena = arena.boxed([7_u64; 100]);
            let mut blocks = Vec::with_capacity(200);
            loop {
                let mut block = Vec::<u8>::new();
                if black_box(&mut block).try_reserve_exact(600).is_err() {
                    break;
                }
                blocks.push(block);
            }
            IS_FULL.store(true, Relaxed);
            block_on(pending::<()>()).expect("there is a stack");
            drop(black_box((of_arena, blocks)));
        })
    };
    let options = Options::new().max_heap(LIMIT).priority(Priority::High);
    let pid = options.spawn_with(body).expect("there is room");
    let seen = || info(pid).and_then(|info| info.account).expect("it lives");
    let usage = loop {
        let is_full = IS_FULL.load(Relaxed);
        match seen() {
            usage if is_full && usage.has_stack => break usage,
            _ => yield_now().await,
        }
    };
    let mail = usage.messages as usize * 64;
    let sum = usage.home + usage.heap.bytes + usage.arena + mail + STACK_BYTES;
    assert_eq!((usage.memory, usage.max_heap), (sum, Some(LIMIT)));
    assert!(
        usage.heap.blocks > 50 && usage.arena > 800 && usage.home > 128,
        "{usage:?}"
    );
    assert!((LIMIT - 1024..=LIMIT).contains(&usage.memory), "{usage:?}");
    kill(pid);
}

/// The home that it is born in counts as well: nobody is over his limit from the first moment on.
#[girder::test]
async fn a_limit_without_room_for_the_process_and_a_stack_is_an_error() {
    // Of which several copies fit onto a stack.
    let large = [7_u8; 2_000];
    let try_with = |bytes| {
        let options = Options::new().name("tight").max_heap(bytes);
        let spawned = options.spawn_watched(move || async move {
            let large = black_box(large);
            yield_now().await;
            let account = own_pid().and_then(view).and_then(|view| view.account);
            let account = account.expect("it lives");
            assert!(account.home > large.len());
            assert_eq!(account.home + STACK_BYTES, bytes);
        });
        match spawned {
            Err(SpawnError::MaxHeap { bytes: most, least }) if most == bytes => Err(least),
            spawned => Ok(spawned.expect("there is room").1),
        }
    };
    let least = try_with(0).expect_err("no room");
    assert!(least > STACK_BYTES + large.len());
    assert_eq!(try_with(least - 1).err(), Some(least));
    let watch = try_with(least).expect("its name is free, and it fits");
    assert_eq!(watch.await, ExitReason::Returned);
    let spawned = Options::new().max_heap(STACK_BYTES).spawn(async {});
    assert!(matches!(spawned, Err(SpawnError::MaxHeap { .. })));
}

/// Who was refused a block and has done without dies of something else.
#[girder::test]
async fn only_who_dies_of_its_limit_is_said_to() {
    const LIMIT: usize = 64 << 10;
    let refused = || {
        let mut block = Vec::<u8>::new();
        assert!(black_box(&mut block).try_reserve_exact(LIMIT).is_err());
    };
    let (_, watch) = Options::new()
        .max_heap(LIMIT)
        .spawn_watched(move || async move {
            refused();
            panic!("for another reason")
        })
        .expect("there is room");
    let reason = watch.await.to_string();
    assert!(!reason.contains("heap_limit"), "{reason}");
    let (_, watch) = Options::new()
        .max_heap(LIMIT)
        .spawn_watched(move || async move {
            refused();
            drop(black_box(Vec::<u8>::with_capacity(LIMIT)));
        })
        .expect("there is room");
    let reason = watch.await.to_string();
    assert!(reason.starts_with("heap_limit: "), "{reason}");
}

/// What another process has freed of one's own counts no more.
#[girder::test]
async fn what_others_free_may_be_taken_again() {
    const LIMIT: usize = 64 << 10;
    let own: Addr<(Pid, Box<[u8; 1000]>)> = Addr::own().expect("a process");
    let (_, mut watch) = Options::new()
        .max_heap(LIMIT)
        .spawn_watched(move || async move {
            let sender = own_pid().expect("a process");
            for _ in 0..10 * LIMIT / 1000 {
                _ = own.send((sender, Box::new([1; 1000])));
                // Until it is freed.
                let () = receive().await;
            }
        })
        .expect("there is room");
    for _ in 0..10 * LIMIT / 1000 {
        let (sender, block) = receive::<(Pid, Box<[u8; 1000]>)>().await;
        drop(block);
        send(sender, ()).expect("there is memory");
    }
    assert_eq!((&mut watch).await, ExitReason::Returned);
}
