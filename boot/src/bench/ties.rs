//! Ties: who is told of whose end, and who ends with whom.

use super::{NORMAL, marks, report, start_process};
use alloc::vec::Vec;
use core::future::pending;
use girder_core::mail::{receive, send};
use girder_lockfree::process::{
    Down, Pid, here, is_alive, kill, own_pid, spawn, spawn_link, spawn_monitor, ties_in_use,
    yield_now,
};

/// Processes that are made before they run.
const BATCH: u64 = 100;

/// What it takes to make a process alone, and to make one that is tied to its maker: the call, and nothing of its life. Three lines.
pub(super) async fn births(count: u64) {
    timed("spawn_alone", count, || start_process(NORMAL, async {})).await;
    timed("spawn_link", count, || {
        spawn_link(|| async {}, NORMAL, None, None).expect("there is room");
    })
    .await;
    timed("spawn_monitor", count, || {
        spawn_monitor(|| async {}, NORMAL, None, None).expect("there is room");
    })
    .await;
}

async fn timed(name: &str, count: u64, make: impl Fn()) {
    let batches = count.div_ceil(BATCH);
    let mut nanos = 0;
    // The first batch takes its memory from the machine, the others from this one.
    for batch in 0..=batches {
        let start = here::now();
        (0..BATCH).for_each(|_| make());
        if batch > 0 {
            nanos += here::now() - start;
        }
        yield_now().await;
        // What monitors have told would pile up.
        while girder_core::mail::try_receive::<Down>().is_some() {}
    }
    report(name, batches * BATCH, nanos);
}

/// A process that is made, ends at once, and is told of; per process.
pub(super) async fn down(count: u64) -> u64 {
    for _ in 0..count {
        let (_, reference) = spawn_monitor(|| async {}, NORMAL, None, None).expect("there is room");
        // On several cores there may be some before it of those that a benchmark has made earlier.
        while receive::<Down>().await.reference != reference {}
    }
    count
}

/// One is killed to whom so many are linked, who all wait, until the last of them has ended; for each of them. Each is looked
/// at, which is some ten instructions of it: one that a tick has broken off on its way to its wait drops nothing that could
/// tell of its end.
pub(super) async fn storm(count: u64) {
    ends_with_all(count).await;
    marks::begin();
    let nanos = ends_with_all(count).await;
    marks::end();
    report("link_storm", count, nanos);
}

async fn ends_with_all(count: u64) -> u64 {
    let own = own_pid().expect("a benchmark is a process");
    let mut members = Vec::with_capacity(count as usize);
    let hub = spawn(
        async move {
            members
                .extend((0..count).map(|_| {
                    spawn_link(pending::<()>, NORMAL, None, None).expect("there is room")
                }));
            send(own, members).expect("there is memory");
            pending().await
        },
        NORMAL,
    )
    .expect("there is room");
    let members: Vec<Pid> = receive().await;
    // All who were made before have had a turn then.
    for _ in 0..4 {
        yield_now().await;
    }
    let start = here::now();
    kill(hub);
    for &member in &members {
        while is_alive(member) {
            yield_now().await;
        }
    }
    let nanos = here::now() - start;
    while ties_in_use() != 0 {
        yield_now().await;
    }
    nanos
}
