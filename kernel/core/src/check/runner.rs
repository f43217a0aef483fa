//! Runs a harness's tests, each as a process of its own.
//!
//! Whoever runs them is a process too, and a more urgent one, so that a time limit is never waited for
//! behind the test whose limit it is. A test that is over its time is killed, like any other
//! process; the next one begins when it is gone.

use super::harness::{Harness, Job, Step};
use super::judge::{Ending, judge};
use super::protocol::Tally;
use super::test::{Expect, Test};
use crate::sched::{ExitReason, Priority, sleep_until};
use core::fmt::Write;
use core::future::poll_fn;
use core::pin::{Pin, pin};
use core::task::Poll;
use girder_lockfree::process::here::now;
use girder_lockfree::process::{PINNED, Watch, Words, kill, spawn_watched};

const NANOS_PER_MILLI: u64 = 1_000_000;

/// What is wrong with the kernel after a test.
#[derive(Clone, Debug)]
pub enum Disorder {
    /// What it has counted is not there.
    Counts(Words),
    /// Something is left that should be back.
    Leak(Words),
}

/// Runs all tests; `before_each` is told the seed of the next one, and `after_each`, which is told of the one that has ended, says
/// what is in disorder.
pub async fn run(
    harness: &mut Harness<'_>,
    out: &mut dyn Write,
    before_each: impl Fn(u64),
    mut after_each: impl AsyncFnMut(&Test) -> Option<Disorder>,
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
        let disorder = after_each(job.test).await;
        let ending = match &disorder {
            Some(Disorder::Counts(words)) => Ending::Disorder(words.as_str()),
            Some(Disorder::Leak(words)) if has_ended_well(job.test, ending) => {
                Ending::Leaked(words.as_str())
            }
            _ => ending,
        };
        harness.ended(ending, out);
    }
}

/// True if a test ended as it should, whatever it has left: who did not has that said of it.
fn has_ended_well(test: &Test, ending: Ending<'_>) -> bool {
    let expected = match test.expect {
        Expect::Leak(_) => Expect::Success,
        expected => expected,
    };
    judge(expected, ending).is_ok()
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
        // The latter two come by exit signals.
        ExitReason::Killed | ExitReason::NoProcess | ExitReason::Shutdown => Ending::Killed,
        ExitReason::MailboxLimit => Ending::Limited("ended by a limit: mailbox_limit"),
        ExitReason::RuntimeLimit => Ending::Limited("ended by a limit: runtime_limit"),
        ExitReason::StackLimit => Ending::Limited("ended by a limit: stack_limit"),
        // Whoever ends before its time says so like one that panics.
        ExitReason::Exited(words) | ExitReason::Panicked(words) => Ending::Panicked(words.as_str()),
        ExitReason::Overflowed(words) | ExitReason::Faulted(words) => {
            Ending::Faulted(words.as_str())
        }
    }
}

#[cfg(test)]
mod tests;
