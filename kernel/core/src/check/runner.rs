//! Runs a harness's tests, each as a process of its own.
//!
//! Whoever runs them is a process too, and a more urgent one, so that a time limit is never waited for
//! behind the test whose limit it is. A test that is over its time is killed, like any other
//! process; the next one begins when it is gone.

use super::harness::{Harness, Job, Step};
use super::judge::Ending;
use super::protocol::Tally;
use crate::sched::{ExitReason, Priority, sleep_until};
use core::fmt::Write;
use core::future::poll_fn;
use core::pin::{Pin, pin};
use core::task::Poll;
use girder_lockfree::process::here::now;
use girder_lockfree::process::{PINNED, Watch, Words, kill, spawn_watched};

const NANOS_PER_MILLI: u64 = 1_000_000;

/// Runs all tests; `before_each` is told the seed of the next one, and `after_each` says what is in disorder.
pub async fn run(
    harness: &mut Harness<'_>,
    out: &mut dyn Write,
    before_each: impl Fn(u64),
    after_each: impl Fn() -> Option<Words>,
) -> Tally {
    loop {
        let job = match harness.next(out) {
            Step::Run(job) => job,
            Step::Done(tally) => return tally,
        };
        before_each(job.seed);
        let ended = run_one(job).await;
        let ending = match &ended {
            Ok(reason) => ending(reason),
            Err(ending) => *ending,
        };
        let disorder = after_each();
        let ending = match &disorder {
            None => ending,
            Some(words) => Ending::Disorder(words.as_str()),
        };
        harness.ended(ending, out);
    }
}

/// How the test's process ended in time, else what became of it.
async fn run_one(Job { test, limit_ms, .. }: Job<'_>) -> Result<ExitReason, Ending<'static>> {
    let body = test.body;
    let deadline = now() + u64::from(limit_ms) * NANOS_PER_MILLI;
    let level = match test.pinned {
        Some(_) => Priority::Normal.level() | PINNED,
        None => Priority::Normal.level(),
    };
    let (pid, mut watch) = spawn_watched(move || body.run(), level).map_err(|_| Ending::NotRun)?;
    if let Some(reason) = before(deadline, &mut watch).await {
        return Ok(reason);
    }
    kill(pid);
    watch.await;
    Err(Ending::TimedOut { limit_ms })
}

/// How the watched process ended, if it was before the deadline.
async fn before(deadline: u64, watch: &mut Watch) -> Option<ExitReason> {
    let mut sleep = pin!(sleep_until(deadline));
    poll_fn(|context| match Pin::new(&mut *watch).poll(context) {
        Poll::Ready(reason) => Poll::Ready(Some(reason)),
        Poll::Pending => sleep.as_mut().poll(context).map(|()| None),
    })
    .await
}

fn ending(reason: &ExitReason) -> Ending<'_> {
    match reason {
        ExitReason::Returned => Ending::Returned,
        ExitReason::Killed | ExitReason::MailboxLimit | ExitReason::StackLimit => Ending::Killed,
        // Whoever ends before its time says so like one that panics.
        ExitReason::Exited(words) | ExitReason::Panicked(words) => Ending::Panicked(words.as_str()),
        ExitReason::Overflowed(words) | ExitReason::Faulted(words) => {
            Ending::Faulted(words.as_str())
        }
    }
}

#[cfg(test)]
mod tests;
