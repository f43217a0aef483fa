//! The clock only goes forward, and nobody is woken early.

use girder_aarch64::timer;
use girder_core::sched::sleep_until;
use girder_lockfree::process::here::now;

#[girder::test]
fn the_counter_never_goes_back() {
    let mut last = timer::now();
    for _ in 0..10_000 {
        let now = timer::now();
        assert!(now >= last);
        last = now;
    }
}

#[girder::test]
async fn a_sleeper_is_never_woken_early() {
    for nanos in [20_000, 200_000, 1_000_000] {
        let at = now() + nanos;
        sleep_until(at).await;
        let early = at.saturating_sub(now());
        assert_eq!(early, 0, "{early} ns early");
    }
}

/// By the time that the timer is set, the deadline is over.
#[girder::test]
async fn a_deadline_in_the_past_fires_at_once() {
    for _ in 0..100 {
        sleep_until(now() + 1).await;
    }
    sleep_until(now().saturating_sub(1)).await;
}
