//! The kernel's heap keeps its promises, and knows whose each byte is.

use crate::support::{NORMAL, settled_resources};
use alloc::boxed::Box;
use alloc::string::ToString;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::alloc::Layout;
use core::hint::black_box;
use girder::check::rng;
use girder::{Addr, receive};
use girder_lockfree::process::{kill, own_pid, spawn, spawn_watched, view, yield_now};

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
