//! Sending to a mailbox that may be full, and waiting for room.

use core::future::poll_fn;
use core::mem::replace;
use girder_lockfree::mail::{self, NoPlace, Receiver, SendError, Sent, join_line};
use girder_lockfree::process::{Pid, own_pid};

/// As [`send`](fn@super::send), but if the mailbox of the receiver is full and the receiver wants to refuse what is too
/// much, waits until there is room. Those who wait are served in order of arrival, and nobody who comes later
/// overtakes them. When the receiver ends, the message has come [to nobody](Sent::ToNobody).
///
/// Whoever gives up, by a [`timeout`](crate::time::timeout) or by dropping this, has its message dropped if it is
/// not delivered yet.
///
/// A process that waits for room in its own mailbox would wait for ever: its message comes back. Two that wait for each
/// other's do: let one of them give up.
pub async fn send_wait<M: Send + 'static>(to: Pid, message: M) -> Result<Sent, SendError<M>> {
    wait(Receiver::of(to), message).await
}

pub(super) async fn wait<M: Send + 'static>(
    to: Receiver,
    message: M,
) -> Result<Sent, SendError<M>> {
    let message = match mail::send(to, message) {
        Err(SendError::Full(message)) => message,
        sent => return sent,
    };
    if own_pid() == Some(to.pid()) {
        return Err(SendError::Full(message));
    }
    let mut joined = join_line(to, message);
    let why = match &mut joined {
        // It stays where it is: to move it twice would cost as much as to send.
        Ok(place) => return Ok(poll_fn(|context| place.poll(context)).await),
        Err(why) => replace(why, NoPlace::Sent(Sent::ToNobody)),
    };
    match why {
        NoPlace::Sent(sent) => Ok(sent),
        NoPlace::Nowhere(message) => mail::send(to, message),
        NoPlace::Refused(why) => Err(why),
    }
}
