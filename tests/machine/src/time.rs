//! The clock only goes forward, and deadlines are never early.

use core::sync::atomic::Ordering::Relaxed;
use girder_aarch64::core_block::CoreBlock;
use girder_aarch64::timer;

#[girder::test]
fn the_counter_never_goes_back() {
    let mut last = timer::now();
    for _ in 0..10_000 {
        let now = timer::now();
        assert!(now >= last);
        last = now;
    }
}

fn deadlines() -> u64 {
    CoreBlock::with_current(|core| core.counters().deadlines.load(Relaxed))
}

#[girder::test]
fn a_deadline_is_never_early() {
    for ticks in [1_000, 10_000, 30_000] {
        let before = deadlines();
        let deadline = timer::now() + ticks;
        timer::set_deadline(deadline);
        loop {
            // In this order: an interrupt between the two is none before its time.
            let has_fired = deadlines() != before;
            let now = timer::now();
            assert!(
                !has_fired || now >= deadline,
                "{} ticks early",
                deadline - now
            );
            if has_fired {
                break;
            }
        }
    }
}

#[girder::test]
fn a_deadline_in_the_past_fires_at_once() {
    let before = deadlines();
    timer::set_deadline(timer::now().saturating_sub(1));
    while deadlines() == before {
        core::hint::spin_loop();
    }
}
