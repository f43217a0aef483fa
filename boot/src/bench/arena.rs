//! Arenas: a block and its return, and services that crash with one.

use super::{NORMAL, marks, report};
use core::hint::black_box;
use girder_lockfree::arena::{Arena, Box, with, with_sync};
use girder_lockfree::process::{here, reduce, spawn_watched};

/// 64 bytes, got and given back.
pub(super) async fn blocks(count: u64) {
    with_sync(|arena| {
        take_and_return(arena, 1_000);
        marks::begin();
        let start = here::now();
        take_and_return(arena, count);
        let nanos = here::now() - start;
        marks::end();
        report("arena_alloc", count, nanos);
    });
}

#[inline(never)]
fn take_and_return(arena: Arena<'_>, count: u64) {
    for _ in 0..count {
        let mut block = Box::<[u64; 8]>::new_uninit_in(arena);
        black_box(block.as_mut_ptr());
    }
}

/// Services that keep something in their arena and panic; nothing of it may be lost.
pub(super) async fn crashes(count: u64) {
    crash(10).await;
    let heap = || {
        crate::resources()
            .map(|it| it.heap)
            .expect("all come to rest")
    };
    let before = heap();
    marks::begin();
    let start = here::now();
    crash(count).await;
    let nanos = here::now() - start;
    marks::end();
    assert_eq!(heap(), before, "bytes of the heap are lost");
    if let Some(disorder) = crate::audit() {
        panic!("{disorder}");
    }
    report("arena_crash", count, nanos);
}

async fn crash(count: u64) {
    for _ in 0..count {
        let (_, watch) = spawn_watched(|| with(service), NORMAL).expect("there is room");
        let reason = watch.await;
        assert!(reason.is_crash(), "{reason}");
        reduce(1);
    }
}

async fn service(arena: Arena<'_>) {
    let mut names = arena.map();
    for number in 0..20_u64 {
        names.insert(number, arena.string("somebody or other"));
    }
    panic!("that is all");
}
