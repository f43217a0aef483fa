//! Processes that somebody waits for.
//!
//! Whoever waits does not run meanwhile, so it takes no part in what they measure.

use alloc::sync::Arc;
use core::future::poll_fn;
use core::task::{Poll, Waker};

/// The processes that run now, and who waits for them.
pub(super) struct Team {
    leader: Arc<Waker>,
}

/// A member's place in its team; giving it up tells the leader. A member owns it directly: a future round the
/// member's own would be polled along with it, and measured.
pub(super) struct Place(Arc<Waker>);

impl Team {
    /// Makes a team of nobody, led by the running process.
    pub(super) async fn new() -> Self {
        let waker = poll_fn(|context| Poll::Ready(context.waker().clone())).await;
        Self {
            leader: Arc::new(waker),
        }
    }

    /// A place in the team, for a process to own until it is done.
    pub(super) fn place(&self) -> Place {
        Place(self.leader.clone())
    }

    /// Waits until all members are gone.
    pub(super) async fn wait(self) {
        poll_fn(|_| match Arc::strong_count(&self.leader) {
            1 => Poll::Ready(()),
            _ => Poll::Pending,
        })
        .await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // The leader looks when it runs, which is not before this process gives way.
        self.0.wake_by_ref();
    }
}
