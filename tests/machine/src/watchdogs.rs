//! A core that does not schedule any more is told of by its neighbour, once; one that sleeps, or is busy, is not.

use alloc::sync::Arc;
use core::hint::black_box;
use core::sync::atomic::{AtomicBool, Ordering::Relaxed};
use core::time::Duration;
use girder::{CoreMask, Options, own_core, sleep, yield_now};
use girder_aarch64::preemption::PreemptionOff;
use girder_boot::{MISSED_MAX, PERIOD, is_guarded, stalls};

/// Another core than the own one.
fn another() -> usize {
    (own_core() + 1) % girder::cores()
}

/// So often is looked whether a core is told of: on a busy host a guard's period may be a long one.
const LOOKS: u32 = 20 * MISSED_MAX;

#[girder::test(
    schedulers = 2,
    limit_ms = 300_000,
    long = "it takes seconds, of which a guard needs five"
)]
async fn a_process_that_keeps_preemption_off_is_told_of_once() {
    let core = another();
    let before = stalls(core as u32);
    let is_over = Arc::new(AtomicBool::new(false));
    let is_told = is_over.clone();
    let stuck = async move {
        let _kept = PreemptionOff::new();
        while !is_told.load(Relaxed) {
            black_box(());
        }
    };
    let (_, watch) = Options::new()
        .affinity(CoreMask::only(core))
        .spawn_watched(move || stuck)
        .expect("there is room");
    // Where it can't be stopped as well.
    let others = (0..girder::cores()).filter(|&other| other != core);
    let others = others.fold(CoreMask::none(), CoreMask::with);
    let own = girder::own_pid();
    girder::set_affinity(own, &others).expect("there are others");
    let mut looks = 0;
    while stalls(core as u32) == before {
        assert!(looks < LOOKS, "nobody has told of core {core}");
        looks += 1;
        sleep(PERIOD).await;
    }
    // It is not told again.
    for _ in 0..2 * MISSED_MAX {
        sleep(PERIOD / 2).await;
    }
    assert_eq!(stalls(core as u32), before + 1);
    is_over.store(true, Relaxed);
    watch.await;
}

/// One who spins has its core for itself, and the loop has its turn when it is asked.
#[girder::test(
    schedulers = 2,
    limit_ms = 300_000,
    long = "it takes seconds, of which a guard needs five"
)]
async fn a_core_that_is_busy_for_long_is_well() {
    let core = another();
    assert!(is_guarded(core as u32));
    let before = stalls(core as u32);
    let (pid, watch) = Options::new()
        .affinity(CoreMask::only(core))
        .spawn_watched(|| async {
            loop {
                black_box(());
            }
        })
        .expect("there is room");
    for _ in 0..MISSED_MAX + 2 {
        sleep(PERIOD).await;
    }
    girder::kill(pid);
    watch.await;
    // A host that is busy may have kept it from going on for as long; then it was told once.
    assert!(stalls(core as u32) <= before + 1);
    yield_now().await;
    sleep(Duration::from_millis(1)).await;
}
