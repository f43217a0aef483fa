//! Programs that live by the clock: timeouts that are met and missed, intervals, alarms that are taken back.

use super::{Shared, any_priority, honest, interruptible, paid, point, spawn};
use girder_core::rng::Rng;
use girder_core::time::{Alarm, Instant, Missed, NoAlarm, interval, sleep, timeout};
use girder_lockfree::process::here;
use std::time::Duration;

/// Starts some of each.
pub(super) fn start(rng: &mut Rng, score: &Shared) {
    for _ in 0..5 {
        racer(rng, score);
        ticker(rng, score);
        waverer(rng, score);
    }
}

/// Any length, often the same as somebody else's, sometimes none, sometimes far beyond the first levels.
fn any_length(rng: &mut Rng) -> Duration {
    let micros = match rng.below(4) {
        0 => 0,
        1 => 1_000,
        2 => rng.below(3_000),
        _ => rng.below(100_000_000),
    };
    Duration::from_micros(micros)
}

/// Waits for a sleep with a limit; whichever is the shorter decides, and neither is early.
fn racer(rng: &mut Rng, score: &Shared) {
    let (limit, length) = (any_length(rng), any_length(rng));
    spawn(any_priority(rng), score, async move {
        let start = Instant::now();
        let outcome = interruptible(paid(timeout(limit, sleep(length)))).await;
        let passed = start.elapsed();
        point().await;
        match outcome {
            Ok(()) => assert!(passed >= length, "woken early"),
            Err(_) => assert!(passed >= limit, "given up early"),
        }
    });
}

/// Counts ticks; each is due at a multiple of the period.
fn ticker(rng: &mut Rng, score: &Shared) {
    let period = Duration::from_micros(1 + rng.below(2_000));
    let missed = if rng.below(2) == 0 {
        Missed::Skip
    } else {
        Missed::CatchUp
    };
    spawn(any_priority(rng), score, async move {
        let start = Instant::now();
        let mut interval = interval(period).missed(missed);
        for number in 1..=8_u128 {
            let due = paid(interval.tick()).await;
            assert!(Instant::now() >= due, "ticked early");
            let periods = (due - start).as_nanos() / period.as_nanos();
            let drift = (due - start).as_nanos() % period.as_nanos();
            assert!(drift < 50_000, "drifts: {drift} ns");
            assert!(periods >= number, "ticked twice");
            point().await;
        }
    });
}

/// Sets alarms and thinks better of it: what was taken back rings for nobody, and nothing of it is left.
fn waverer(rng: &mut Rng, score: &Shared) {
    let lengths: Vec<_> = (0..6).map(|_| any_length(rng)).collect();
    spawn(any_priority(rng), score, async move {
        for length in lengths {
            let alarm = honest(
                || Alarm::set(Instant::now() + length),
                |alarm| matches!(alarm, Err(NoAlarm::NoMemory)),
            );
            point().await;
            drop(alarm);
            let before = here::now();
            interruptible(paid(sleep(Duration::from_micros(3)))).await;
            assert!(here::now() >= before + 3_000, "woken early");
        }
    });
}
