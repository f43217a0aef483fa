//! Births that a death breaks off lose nothing of the kernel's, and neither does whoever has asked to be told of a death.

use crate::support::{NORMAL, settled_resources};
use alloc::vec::Vec;
use girder_lockfree::process::{kill, spawn, spawn_watched, yield_now};

/// Spawners that are killed, each in the middle of something.
const KILLS: usize = 40;

/// Children that each of them has, if it gets so far.
const BIRTHS: usize = 400;

/// They never await, so each is given up where it stands, and that is mostly within a birth.
#[girder::test(limit_ms = 60_000)]
async fn whoever_is_killed_while_it_spawns_leaves_no_home_behind() {
    let before = settled_resources().await;
    for round in 0..KILLS {
        let spawns = move || async move {
            // Not without end: slots are for ever, and the tests behind this one need memory as well.
            for _ in 0..BIRTHS {
                if round % 2 == 0 {
                    _ = spawn(async {}, NORMAL);
                } else {
                    _ = spawn_watched(|| async {}, NORMAL);
                }
            }
            loop {
                core::hint::black_box(());
            }
        };
        let (pid, watch) = spawn_watched(spawns, NORMAL).expect("there is room");
        yield_now().await;
        kill(pid);
        watch.await;
        // Its children end.
        yield_now().await;
    }
    while girder::processes().count() > 100 {
        yield_now().await;
    }
    let after = settled_resources().await;
    assert!(
        after.kernel.blocks <= before.kernel.blocks && after.kernel.bytes <= before.kernel.bytes,
        "{before:?}, then {after:?}"
    );
}

/// Who can't drop its watch any more has abandoned it; the kernel keeps nothing for it. (A table may have grown meanwhile for
/// somebody who ended late, but not each time.)
#[girder::test]
async fn a_watch_that_a_crash_held_is_abandoned() {
    const TIMES: usize = 4;
    let mut kept = Vec::new();
    for _ in 0..TIMES {
        let before = settled_resources().await;
        let (_, watch) = spawn_watched(
            || async {
                let (_, held) = spawn_watched(|| async {}, NORMAL).expect("there is room");
                yield_now().await;
                panic!("while it watches: {}", held.reason().is_some());
            },
            NORMAL,
        )
        .expect("there is room");
        assert!(watch.await.is_crash());
        let after = settled_resources().await;
        assert_eq!(after.abandoned.blocks - before.abandoned.blocks, 1);
        if before.kernel == after.kernel {
            return;
        }
        kept.push((before.kernel, after.kernel));
    }
    panic!("something is kept each time: {kept:?}");
}
