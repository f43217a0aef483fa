//! Receiving: a look into the mailbox at each poll, and a wish to be told of mail.
//!
//! The process is told by the send itself, so nothing of a waiting receive is known outside its
//! future, and dropping it undoes nothing. Who looks at many messages without finding the one it wants, or has
//! nothing left to spend, lets others run and goes on from where it was.

use crate::time::{Elapsed, timeout};
use core::marker::PhantomData;
use core::pin::Pin;
use core::task::{Context, Poll};
use core::time::Duration;
use girder_lockfree::mail::{self, Look, Message, Position};
use girder_lockfree::process::reduce;

/// Waits for a message of this type and gives the first.
#[inline(always)]
pub fn receive<M: Send + 'static>() -> Receive<M> {
    Receive {
        position: Position::default(),
        gives: PhantomData,
    }
}

/// Waits for a message of this type that `filter` wants and gives the first; the others stay where they
/// are, in order. The filter is asked once about each message. It may send, but not receive.
pub fn receive_where<M, F>(filter: F) -> ReceiveWhere<M, F>
where
    M: Send + 'static,
    F: FnMut(&M) -> bool + Unpin,
{
    ReceiveWhere {
        position: Position::default(),
        filter,
        gives: PhantomData,
    }
}

/// Waits for a message and gives the first, whatever it is.
pub fn receive_any() -> ReceiveAny {
    ReceiveAny {
        position: Position::default(),
    }
}

/// The first message of this type, if there is one.
pub fn try_receive<M: Send + 'static>() -> Option<M> {
    let mut position = Position::default();
    loop {
        match mail::receive(&mut position) {
            Look::Found(message) => {
                reduce(1);
                return Some(message);
            }
            Look::Nothing => return None,
            // There is no await here; a tick takes the core if it has to.
            Look::Later => {}
        }
    }
}

/// Waits so long for a message of this type at most. What is there already is given even if there is no
/// time at all. ([`timeout`] does the same for any other wait.)
pub fn receive_timeout<M: Send + 'static>(
    limit: Duration,
) -> impl Future<Output = Result<M, Elapsed>> {
    timeout(limit, receive())
}

/// See [`receive`].
#[must_use = "receives when awaited"]
#[derive(Debug)]
pub struct Receive<M> {
    position: Position,
    gives: PhantomData<fn() -> M>,
}

impl<M: Send + 'static> Future for Receive<M> {
    type Output = M;

    #[inline(always)]
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<M> {
        mail::poll_receive(context, &mut self.position)
    }
}

/// See [`receive_where`].
#[must_use = "receives when awaited"]
#[derive(Debug)]
pub struct ReceiveWhere<M, F> {
    position: Position,
    filter: F,
    gives: PhantomData<fn() -> M>,
}

impl<M: Send + 'static, F: FnMut(&M) -> bool + Unpin> Future for ReceiveWhere<M, F> {
    type Output = M;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<M> {
        let Self {
            position, filter, ..
        } = &mut *self;
        mail::poll_look(context, || mail::receive_where(position, filter))
    }
}

/// See [`receive_any`].
#[must_use = "receives when awaited"]
#[derive(Debug)]
pub struct ReceiveAny {
    position: Position,
}

impl Future for ReceiveAny {
    type Output = Message;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Message> {
        mail::poll_look(context, || mail::receive_any(&mut self.position))
    }
}
