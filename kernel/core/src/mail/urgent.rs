//! Messages that pass all others, because their receiver wants that.

use core::fmt;
use core::marker::PhantomData;
use girder_lockfree::mail::{Lane, LaneAddress, LaneError, SendError, Sent, open_lane};
use girder_lockfree::process::Pid;

/// Opens an urgent lane of the running process.
///
/// What is sent by an [`UrgentAddr`] of it is received before all that is
/// sent otherwise, however much of that there is, in order among itself. There is one at a time. It closes when the
/// [`Lane`] is dropped; what still comes by it then is like any other message.
///
/// Where the mailbox has a limit, urgent messages may fill as many places again. A receive with a filter that has
/// skipped messages already may be asked about them again when an urgent one has come.
///
/// ```no_run
/// use girder_core::mail::{Addr, UrgentAddr, receive, urgent_lane};
///
/// struct Stop;
///
/// # async fn example(supervisor: Addr<UrgentAddr<Stop>>) {
/// let lane = urgent_lane().expect("this process has opened no other");
/// // However much work is queued, this comes first.
/// let _ = supervisor.send(UrgentAddr::of(&lane));
/// let Stop = receive().await;
/// # }
/// ```
pub fn urgent_lane() -> Result<Lane, LaneError> {
    open_lane()
}

/// The urgent lane of a process, as somebody that messages of one type are sent to.
pub struct UrgentAddr<M> {
    to: LaneAddress,
    takes: PhantomData<fn(M)>,
}

impl<M: Send + 'static> UrgentAddr<M> {
    /// An address of this lane, to be given to others.
    pub fn of(lane: &Lane) -> Self {
        let (to, takes) = (lane.address(), PhantomData);
        Self { to, takes }
    }

    /// Whose address it is.
    pub fn pid(self) -> Pid {
        self.to.pid()
    }

    /// Sends a message there, as [`send`](fn@super::send) does.
    pub fn send(self, message: M) -> Result<Sent, SendError<M>> {
        self.to.send(message)
    }
}

impl<M> Clone for UrgentAddr<M> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<M> Copy for UrgentAddr<M> {}

impl<M> fmt::Debug for UrgentAddr<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("UrgentAddr").field(&self.to.pid()).finish()
    }
}
