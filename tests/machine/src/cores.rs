//! Every core that the banner counts is really there and turns its loop.

use girder_boot::cores;

#[girder::test]
fn every_core_stands_in_the_table_once() {
    let mut affinities: alloc::vec::Vec<_> = cores::up().map(|core| core.affinity()).collect();
    let count = affinities.len();
    affinities.sort();
    affinities.dedup();
    assert!(count > 0);
    assert_eq!(affinities.len(), count);
}

#[girder::test]
fn every_core_answers_a_ping() {
    for core in cores::up() {
        cores::ping(core);
    }
}

/// Falling asleep or awake, a core never misses a ping: one that is lost hangs the test.
fn ping_often() {
    const PINGS: usize = 5_000;
    let others = || cores::up().skip(1);
    for round in 0..PINGS.div_ceil(others().count()) {
        for core in others() {
            cores::ping(core);
            // Now and then, let the core fall asleep before the next one.
            if round % 16 == 0 {
                (0..1_000).for_each(|_| core::hint::black_box(()));
            }
        }
    }
}

// Twenty thousand in four parts, for an emulator on a busy host takes its time to wake a core.

#[girder::test(cores = 2, limit_ms = 300_000)]
fn no_ping_is_lost_part_1() {
    ping_often();
}

#[girder::test(cores = 2, limit_ms = 300_000)]
fn no_ping_is_lost_part_2() {
    ping_often();
}

#[girder::test(cores = 2, limit_ms = 300_000)]
fn no_ping_is_lost_part_3() {
    ping_often();
}

#[girder::test(cores = 2, limit_ms = 300_000)]
fn no_ping_is_lost_part_4() {
    ping_often();
}
