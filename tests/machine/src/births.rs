//! Births that a death breaks off lose nothing of the kernel's.

use crate::support::NORMAL;
use girder_boot::resources;
use girder_lockfree::process::{kill, spawn, spawn_watched, yield_now};

/// Spawners that are killed, each in the middle of something.
const KILLS: usize = 40;

/// They never await, so each is given up where it stands, and that is mostly within a birth.
#[girder::test(limit_ms = 60_000)]
async fn whoever_is_killed_while_it_spawns_leaves_no_home_behind() {
    let before = resources();
    for _ in 0..KILLS {
        let spawns = || async {
            loop {
                // Without room for one more it goes on trying.
                _ = spawn(async {}, NORMAL);
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
    let after = resources();
    assert_eq!(before.kernel, after.kernel);
}
