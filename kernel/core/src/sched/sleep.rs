//! Sleeping until a time: an alarm on the desk, and a look at the clock on each poll.

use core::pin::Pin;
use core::task::{Context, Poll};
use girder_lockfree::process::here::{now, with_desk};

/// Waits until the clock has reached `at` nanoseconds; never less, whatever wakes the process.
pub fn sleep_until(at: u64) -> Sleep {
    Sleep { at, is_set: false }
}

/// See [`sleep_until`].
#[must_use = "sleeps when awaited"]
#[derive(Debug)]
pub struct Sleep {
    at: u64,
    is_set: bool,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if now() >= self.at {
            return Poll::Ready(());
        }
        if !self.is_set {
            self.is_set = true;
            with_desk(|desk| desk.alarms.push((self.at, context.waker().clone())));
        }
        Poll::Pending
    }
}
