//! Whom a message is for.

use core::fmt;
use core::hash::{Hash, Hasher};
use core::marker::PhantomData;
use girder_lockfree::mail::{self, Receiver, SendError, Sent};
use girder_lockfree::process::Pid;

/// Sends a message to a process, oneself included. That the process is gone is no error: what could be done
/// about it could come too late anyway. What happens if its mailbox is full, its limit says: see
/// [`Bound`](girder_lockfree::mail::Bound).
#[inline(always)]
pub fn send<M: Send + 'static>(to: Pid, message: M) -> Result<Sent, SendError<M>> {
    mail::send(Receiver::of(to), message)
}

/// A process, as somebody that messages of one type are sent to.
///
/// It says nothing about what the process receives: a message of a type that it never asks for stays
/// unread. It has looked up already where the process lives, so sending by it is the shortest way.
pub struct Addr<M> {
    to: Receiver,
    takes: PhantomData<fn(M)>,
}

impl<M: Send + 'static> Addr<M> {
    /// The address of a process.
    pub fn of(pid: Pid) -> Self {
        Self::to(Receiver::of(pid))
    }

    /// The running process's own address, to be given to others.
    pub fn own() -> Option<Self> {
        Receiver::own().map(Self::to)
    }

    #[inline(always)]
    fn to(to: Receiver) -> Self {
        let takes = PhantomData;
        Self { to, takes }
    }

    /// Whose address it is.
    pub fn pid(self) -> Pid {
        self.to.pid()
    }

    /// Sends a message there: see [`send`](fn@send).
    #[inline(always)]
    pub fn send(self, message: M) -> Result<Sent, SendError<M>> {
        mail::send(self.to, message)
    }

    /// Sends a message there, and waits for room if there is none: see [`send_wait`](super::send_wait).
    pub async fn send_wait(self, message: M) -> Result<Sent, SendError<M>> {
        super::waiting::wait(self.to, message).await
    }
}

impl<M> Clone for Addr<M> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<M> Copy for Addr<M> {}

impl<M> PartialEq for Addr<M> {
    fn eq(&self, other: &Self) -> bool {
        self.to.pid() == other.to.pid()
    }
}

impl<M> Eq for Addr<M> {}

impl<M> Hash for Addr<M> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.to.pid().hash(state);
    }
}

impl<M> fmt::Debug for Addr<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Addr").field(&self.to.pid()).finish()
    }
}
