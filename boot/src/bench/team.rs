//! Processes that somebody waits for.
//!
//! Whoever waits does not run meanwhile, so it takes no part in what they measure.

use alloc::sync::Arc;
use core::future::poll_fn;
use core::sync::atomic::{AtomicU64, Ordering};
use core::task::{Poll, Waker};

/// The processes that run now, and who waits for them.
pub(super) struct Team {
    shared: Arc<Shared>,
}

struct Shared {
    members: AtomicU64,
    leader: Waker,
}

/// A member's place in its team; giving up the last one tells the leader. A member owns it directly: a future
/// round the member's own would be polled along with it, and measured.
pub(super) struct Place(Arc<Shared>);

impl Team {
    /// Makes a team of nobody, led by the running process.
    pub(super) async fn new() -> Self {
        let leader = poll_fn(|context| Poll::Ready(context.waker().clone())).await;
        let members = AtomicU64::new(0);
        Self {
            shared: Arc::new(Shared { members, leader }),
        }
    }

    /// A place in the team, for a process to own until it is done.
    pub(super) fn place(&self) -> Place {
        self.shared.members.fetch_add(1, Ordering::Relaxed);
        Place(self.shared.clone())
    }

    /// Waits until all members are gone.
    pub(super) async fn wait(self) {
        // Acquire: pairs with the release of each member, whose work is done then.
        poll_fn(|_| match self.shared.members.load(Ordering::Acquire) {
            0 => Poll::Ready(()),
            _ => Poll::Pending,
        })
        .await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // First this: the leader may look at any moment from the wake on.
        if self.0.members.fetch_sub(1, Ordering::Release) == 1 {
            self.0.leader.wake_by_ref();
        }
    }
}
