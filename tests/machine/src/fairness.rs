//! One core, shared: who waits for it gets it, and in what order. Counts and orders, no times.

use crate::support::{HIGH_HERE, NORMAL_HERE, disturbances};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicU64, Ordering::Relaxed};
use girder_aarch64::lock::Lock;
use girder_aarch64::preemption::PreemptionOff;
use girder_core::sched::{ExitReason, Priority, sleep_until};
use girder_lockfree::process::here::now;
use girder_lockfree::process::{PINNED, kill, spawn, spawn_watched, yield_now};

/// Four that never await, and one that wants the core every millisecond: it is woken for each of its
/// periods, and all four go on, again and again. However slow the machine, it comes to its end.
#[girder::test(limit_ms = 300_000, pinned = "is about those that share a core")]
async fn four_spinners_and_a_periodic_one_share_a_core() {
    const PERIODS: u64 = 50;
    const PERIOD_NANOS: u64 = 1_000_000;
    const ADVANCES: u32 = 5;
    let counters = [(); 4].map(|()| Arc::new(AtomicU64::new(0)));
    let spinners = counters.each_ref().map(|counter| {
        let counter = counter.clone();
        let spinner = async move {
            loop {
                counter.fetch_add(1, Relaxed);
            }
        };
        spawn(spinner, NORMAL_HERE).expect("there is room")
    });
    let (_, periodic) = spawn_watched(
        move || async move {
            let start = now();
            let mut seen = [0; 4];
            let mut advances = [0; 4];
            let mut period = 0;
            while period < PERIODS || advances.iter().any(|&count| count < ADVANCES) {
                period += 1;
                let at = start + period * PERIOD_NANOS;
                sleep_until(at).await;
                assert!(now() >= at, "woken early");
                for (spinner, counter) in counters.iter().enumerate() {
                    let count = counter.load(Relaxed);
                    advances[spinner] += u32::from(count > seen[spinner]);
                    seen[spinner] = count;
                }
            }
        },
        HIGH_HERE,
    )
    .expect("there is room");
    assert_eq!(periodic.await, ExitReason::Returned);
    for spinner in spinners {
        kill(spinner);
    }
}

/// Whose turn it was, and how many turns had been disturbed on the core by then.
type Turn = (char, u64);

/// Notes whose turn it is, for so many turns, as long as there is room.
async fn take_turns(name: char, turns: usize, order: Arc<Lock<Vec<Turn>>>) {
    for _ in 0..turns {
        let so_far = disturbances();
        let is_noted = {
            let mut order = order.lock();
            let has_room = order.len() < order.capacity();
            if has_room {
                order.push((name, so_far));
            }
            has_room
        };
        if !is_noted {
            return;
        }
        yield_now().await;
    }
}

/// Lets processes of these names and priorities, all born at once, take so many turns each.
async fn order_of(processes: &[(char, Priority)], turns: usize, room: usize) -> Vec<Turn> {
    let order = Arc::new(Lock::new(Vec::with_capacity(room)));
    let mut watches = Vec::with_capacity(processes.len());
    let off = PreemptionOff::new();
    for &(name, priority) in processes {
        let order = order.clone();
        let make = move || take_turns(name, turns, order);
        let (_, watch) = spawn_watched(make, priority.level() | PINNED).expect("there is room");
        watches.push(watch);
    }
    drop(off);
    for watch in watches {
        assert_eq!(watch.await, ExitReason::Returned);
    }
    order.lock().clone()
}

/// A turn that an interrupt has broken into counts twice, and is noted once, and so does one that is put off before it begins
/// because another core has rung. So only turns in which there was neither are looked at, until they are many; and only
/// from a note of the low one on, whose own turn may be the one that is gone on with.
#[girder::test(limit_ms = 300_000, pinned = "is about those that share a core")]
async fn a_low_one_among_normal_ones_runs_once_in_eight() {
    const PROCESSES: [(char, Priority); 4] = [
        ('a', Priority::Normal),
        ('b', Priority::Normal),
        ('l', Priority::Low),
        ('c', Priority::Normal),
    ];
    const CYCLE: usize = 8;
    const CYCLES: usize = 100;
    let mut looked_at = 0;
    while looked_at < CYCLES {
        let order = order_of(&PROCESSES, usize::MAX, 10 * CYCLE).await;
        let quiet = order.chunk_by(|one, next| one.1 == next.1);
        let from_low_on = quiet.filter_map(|turns| {
            let low = turns.iter().position(|&(name, _)| name == 'l')?;
            Some(&turns[low + 1..])
        });
        for turns in from_low_on.flat_map(|turns| turns.windows(CYCLE)) {
            let names: Vec<_> = turns.iter().map(|&(name, _)| name).collect();
            let low = names.iter().filter(|&&name| name == 'l').count();
            assert_eq!(low, 1, "{names:?}");
            let normal: Vec<_> = names.into_iter().filter(|&name| name != 'l').collect();
            for three in normal.windows(3) {
                let mut three = [three[0], three[1], three[2]];
                three.sort_unstable();
                assert_eq!(three, ['a', 'b', 'c'], "not in turns: {order:?}");
            }
            looked_at += 1;
        }
    }
}

#[girder::test(pinned = "is about those that share a core")]
async fn the_more_urgent_go_first() {
    const PROCESSES: [(char, Priority); 3] = [
        ('n', Priority::Normal),
        ('h', Priority::High),
        ('m', Priority::Max),
    ];
    let order = order_of(&PROCESSES, 3, 100).await;
    let names: Vec<_> = order.into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ['m', 'm', 'm', 'h', 'h', 'h', 'n', 'n', 'n']);
}
