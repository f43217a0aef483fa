//! Timers: set, taken back, and slept by.
//!
//! The shapes are those of the peers' benchmarks of the same names. A timer is an alarm; the benchmarks whose names
//! begin with `sleep` have a future in its place, which is polled once and dropped, and reads the clock besides.

use super::team::Team;
use super::{NORMAL, marks, report, start_process};
use alloc::vec::Vec;
use core::future::poll_fn;
use core::pin::Pin;
use core::task::{Context, Poll};
use core::time::Duration;
use girder_core::time::{Alarm, Instant, Sleep, sleep_until};
use girder_lockfree::process::here;

/// Timers that are to be taken back are set for so long at least.
const FAR: Duration = Duration::from_secs(60);
/// Nanoseconds between the deadlines of two of them.
const APART: u64 = 1_000;
/// How long each of the sleepers sleeps.
const NAP: Duration = Duration::from_millis(1);
const NAPS: u64 = 3;

/// Sets timers, then takes them back, the newest first.
pub(super) async fn insert_and_remove(count: u64) {
    let set = |at| Alarm::set(at).expect("there is memory");
    let [inserted, removed] = two_rounds(count, set);
    report("timers_insert", count, inserted);
    report("timers_remove", count, removed);
    let [inserted, removed] = poll_fn(|context| {
        let begin = |at| begin(at, context);
        Poll::Ready(two_rounds(count, begin))
    })
    .await;
    report("sleeps_insert", count, inserted);
    report("sleeps_remove", count, removed);
}

/// What it takes to make so many, and to drop them. The first round brings the memory.
fn two_rounds<T>(count: u64, mut make: impl FnMut(Instant) -> T) -> [u64; 2] {
    round(count, &mut make);
    round(count, &mut make)
}

fn round<T>(count: u64, make: &mut impl FnMut(Instant) -> T) -> [u64; 2] {
    let mut timers = Vec::with_capacity(count as usize);
    marks::begin();
    let start = here::now();
    timers.extend(deadlines(count).map(make));
    let middle = here::now();
    while let Some(newest) = timers.pop() {
        drop(newest);
    }
    let end = here::now();
    marks::end();
    [middle - start, end - middle]
}

fn deadlines(count: u64) -> impl Iterator<Item = Instant> {
    let first = (Instant::now() + FAR).nanos();
    (0..count).map(move |number| Instant::from_nanos(first + number * APART))
}

/// Sets a timer and takes it back at once.
pub(super) async fn cancel(count: u64) {
    marks::begin();
    let start = here::now();
    for at in deadlines(count) {
        drop(Alarm::set(at));
    }
    let end = here::now();
    marks::end();
    report("timers_cancel", count, end - start);
    let start = here::now();
    poll_fn(|context| {
        for at in deadlines(count) {
            drop(begin(at, context));
        }
        Poll::Ready(())
    })
    .await;
    report("sleeps_cancel", count, here::now() - start);
}

/// A sleep that was polled once.
#[inline(always)]
fn begin(at: Instant, context: &mut Context<'_>) -> Sleep {
    let mut sleep = sleep_until(at);
    let poll = Pin::new(&mut sleep).poll(context);
    assert!(poll.is_pending(), "it is far off");
    sleep
}

/// Processes that sleep again and again; per sleep, with what it takes to make them and to end them.
pub(super) async fn sleep_wake(count: u64) {
    // The first round brings the memory.
    nap(count).await;
    marks::begin();
    let nanos = nap(count).await;
    marks::end();
    report("sleep_wake", count * NAPS, nanos);
}

async fn nap(count: u64) -> u64 {
    let team = Team::new().await;
    let start = here::now();
    for _ in 0..count {
        let place = team.place();
        let sleeper = async move {
            for _ in 0..NAPS {
                girder_core::time::sleep(NAP).await;
            }
            drop(place);
        };
        start_process(NORMAL, sleeper);
    }
    team.wait().await;
    here::now() - start
}

/// Processes that sleep until one deadline; from then on, per process woken and ended. All have to be
/// there before, so on a machine that takes longer to make them the deadline is further off.
pub(super) async fn wake(count: u64) {
    let mut distance = Duration::from_secs(1);
    loop {
        let at = Instant::now() + distance;
        let team = sleepers(count, at).await;
        let is_early = Instant::now() < at;
        team.wait().await;
        if is_early {
            return report("timers_wake", count, here::now() - at.nanos());
        }
        distance *= 2;
    }
}

/// So many processes that sleep until then.
async fn sleepers(count: u64, at: Instant) -> Team {
    let team = Team::new().await;
    for _ in 0..count {
        let place = team.place();
        let sleeper = async move {
            sleep_until(at).await;
            drop(place);
        };
        start_process(NORMAL, sleeper);
    }
    team
}
