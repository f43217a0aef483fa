//! The kernel's heap keeps its promises, and knows whose each byte is.

use crate::support::{NORMAL, Rival, preemptions, settled_resources};
use alloc::boxed::Box;
use alloc::string::ToString;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::alloc::Layout;
use core::future::pending;
use core::hint::black_box;
use core::sync::atomic::{AtomicBool, Ordering::Relaxed};
use girder::check::rng;
use girder::local::{Arena, with};
use girder::{Addr, Options, Priority, STACK_BYTES, SpawnError, block_on, info, receive, send};
use girder_lockfree::process::{
    ExitReason, Pid, kill, own_pid, spawn, spawn_watched, view, yield_now,
};

#[girder::test]
fn blocks_are_aligned_and_apart() {
    let mut rng = rng();
    let mut blocks = Vec::new();
    for _ in 0..300 {
        let size = 1 + rng.below(3_000) as usize;
        let align = 1 << rng.below(13);
        let layout = Layout::from_size_align(size, align).expect("small");
        // SAFETY: the layout's size is not zero.
        let block = unsafe { alloc::alloc::alloc(layout) };
        assert!(!block.is_null() && block.addr().is_multiple_of(align));
        // SAFETY: the block is `size` bytes long.
        unsafe { block.write_bytes(blocks.len() as u8, size) };
        blocks.push((block, layout));
    }
    for (tag, (block, layout)) in blocks.into_iter().enumerate() {
        // SAFETY: as above; each block is freed once, with its layout.
        unsafe {
            let bytes = core::slice::from_raw_parts(block, layout.size());
            assert!(
                bytes.iter().all(|&byte| byte == tag as u8),
                "block {tag} was overwritten"
            );
            alloc::alloc::dealloc(block, layout);
        }
    }
}

#[girder::test]
fn too_large_a_request_is_an_error() {
    let mut bytes = Vec::<u8>::new();
    // A request whose result nobody uses need not be made at all.
    let bytes = core::hint::black_box(&mut bytes);
    for size in [1 << 40, isize::MAX as usize] {
        assert!(bytes.try_reserve_exact(size).is_err());
    }
    assert!(bytes.try_reserve_exact(1 << 10).is_ok());
}

#[girder::test]
fn what_is_freed_serves_again() {
    // Far more in sum than the heap holds.
    for round in 0..20_000_u64 {
        let block = Box::new([round; 128]);
        assert_eq!(core::hint::black_box(&block)[127], round);
    }
}

/// A large request is met as it was made, or refused: who asks for a GiB, on a machine that may have as much or not.
#[girder::test]
fn alignment_is_honoured_however_large() {
    const GIB: usize = 1 << 30;
    let small = [64, 4 << 10, 64 << 10, 2 << 20].map(|align| (100, align));
    for (size, align) in small.into_iter().chain([(GIB, 8), (GIB, GIB), (8, GIB)]) {
        let layout = Layout::from_size_align(size, align).expect("possible");
        // SAFETY: the layout has a size; what was taken is freed once.
        unsafe {
            let block = black_box(alloc::alloc::alloc(layout));
            if !block.is_null() {
                assert!(block.addr().is_multiple_of(align));
                alloc::alloc::dealloc(block, layout);
            }
        }
    }
}

/// It gets what there is, and then its own end. What it had is abandoned, so nobody else has it again.
#[girder::test(
    limit_ms = 120_000,
    last = "the machine has little memory from then on"
)]
async fn one_that_allocates_for_ever_ends_alone() {
    let (_, watch) = spawn_watched(
        || async {
            let mut all = Vec::new();
            loop {
                // Taking it is what counts, and writing to all of it takes an emulator seconds.
                all.push(black_box(Vec::<u8>::with_capacity(8 << 20)));
            }
        },
        NORMAL,
    )
    .expect("there is room");
    let reason = watch.await;
    assert!(
        reason.to_string().contains("memory allocation of"),
        "{reason}"
    );
}

/// What a crash held is counted to the block, and stays.
#[girder::test]
async fn what_a_crash_held_is_abandoned() {
    let before = settled_resources().await.abandoned;
    let (_, watch) = spawn_watched(
        || async {
            let held = black_box([
                Box::new([1_u8; 100]),
                Box::new([2; 100]),
                Box::new([3; 100]),
            ]);
            panic!("with {} blocks", held.len());
        },
        NORMAL,
    )
    .expect("there is room");
    assert!(watch.await.is_crash());
    let after = settled_resources().await.abandoned;
    assert_eq!(
        (after.blocks - before.blocks, after.bytes - before.bytes),
        (3, 3 * 128)
    );
}

/// What it had shared out is freed by who has it last, and then it is not abandoned any more.
#[girder::test]
async fn what_others_free_of_the_dead_is_taken_off() {
    let before = settled_resources().await.abandoned;
    let own: Addr<Arc<[u64; 8]>> = Addr::own().expect("a process");
    let (_, watch) = spawn_watched(
        move || async move {
            let shared = Arc::new([9; 8]);
            _ = own.send(shared.clone());
            drop(shared);
            panic!("with nothing of its own");
        },
        NORMAL,
    )
    .expect("there is room");
    assert!(watch.await.is_crash());
    let meanwhile = settled_resources().await.abandoned;
    assert_eq!(meanwhile.blocks - before.blocks, 1);
    drop(receive::<Arc<[u64; 8]>>().await);
    assert_eq!(settled_resources().await.abandoned, before);
}

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
                core::hint::spin_loop();
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

#[girder::test]
fn a_limit_without_room_for_a_stack_is_an_error() {
    for bytes in [0, STACK_BYTES - 1] {
        let spawned = Options::new().max_heap(bytes).spawn(async {});
        assert_eq!(spawned, Err(SpawnError::MaxHeap(bytes)));
    }
    assert!(Options::new().max_heap(STACK_BYTES).spawn(async {}).is_ok());
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

/// What a process has of the heap is told.
#[girder::test]
async fn one_is_told_what_another_has() {
    let held = || {
        let account = view(own_pid().expect("a process")).and_then(|view| view.account);
        account.expect("it lives").heap
    };
    let before = held();
    let blocks = black_box([Box::new([0_u8; 64]), Box::new([0_u8; 64])]);
    let after = held();
    assert_eq!(
        (after.blocks - before.blocks, after.bytes - before.bytes),
        (2, 128)
    );
    drop(blocks);
    assert_eq!(held(), before);
}

/// Each is refused when there is no room, and all that were made end.
#[girder::test(
    limit_ms = 300_000,
    last = "where little memory is left it is over soon"
)]
async fn one_that_spawns_for_ever_is_refused() {
    const MUCH: usize = 6 << 10;
    let most = girder_boot::available_memory() / MUCH + 1;
    let mut pids = Vec::with_capacity(most);
    // Each of them takes much, so that it is soon.
    while let Ok(pid) = spawn(
        async {
            let much = black_box([7_u8; MUCH]);
            core::future::pending::<()>().await;
            black_box(much);
        },
        NORMAL,
    ) {
        pids.push(pid);
        assert!(pids.len() < most, "more than there is memory for");
    }
    assert!(pids.len() > 10);
    for pid in pids {
        kill(pid);
        yield_now().await;
    }
}
