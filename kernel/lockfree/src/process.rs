//! Processes: linear continuations that exactly one place owns.
//!
//! A process is a future with a header before it and a slot beside it. The right to run it is a
//! [`Token`], which can't be copied and which running consumes. Everybody else knows a [`Pid`],
//! which can be asked for things (wake, suspend, resume, kill) at any time and from anywhere,
//! and which never comes to mean somebody else.

mod header;
pub mod here;
mod platform;
mod pool;
mod queue;
mod table;
mod token;
mod waker;
mod word;

pub use header::{Intent, Kind, Local};
pub use queue::Queue;
pub use table::{NoProcess, Request, Table, is_alive, kill, resume, suspend, wake};
pub use token::{Finished, Polled, Start, Token};
pub use word::Pid;

use core::pin::Pin;
use core::task::{Context, Poll};

/// Makes a process of a future that may go to any core, and leaves it on this core's desk.
pub fn spawn<F: Future<Output = ()> + Send + 'static>(
    future: F,
    level: u8,
) -> Result<Pid, NoProcess> {
    leave_on_desk(table::create(future, level)?)
}

/// Makes a process of a future that `make` builds when the process first runs. Only `make` has to be
/// `Send`: a process moves whole, so what it makes for itself may hold what threads can't share.
pub fn spawn_with<F, M>(make: M, level: u8) -> Result<Pid, NoProcess>
where
    F: Future<Output = ()> + 'static,
    M: FnOnce() -> F + Send + 'static,
{
    leave_on_desk(table::create(async move { make().await }, level)?)
}

fn leave_on_desk(token: Token) -> Result<Pid, NoProcess> {
    let pid = token.pid();
    here::with_desk(|desk| desk.newborn.push_back(token));
    Ok(pid)
}

/// Lets the others on this core run first; the first await of this future comes back at once.
pub fn yield_now() -> YieldNow {
    YieldNow { has_yielded: false }
}

/// See [`yield_now`].
#[must_use = "yields when awaited"]
#[derive(Debug)]
pub struct YieldNow {
    has_yielded: bool,
}

impl Future for YieldNow {
    type Output = ();

    #[inline(always)]
    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        if self.has_yielded {
            return Poll::Ready(());
        }
        self.has_yielded = true;
        here::intend(Intent::Yield);
        Poll::Pending
    }
}

#[cfg(all(test, not(loom)))]
mod tests;
