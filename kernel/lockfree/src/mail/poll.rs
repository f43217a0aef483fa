//! One poll of somebody who waits for mail.
//!
//! A look; and if there is nothing, the wish to be told of mail, which `park` heeds: the send itself wakes
//! the process. Who has nothing left to spend lets others run first.
//!
//! A combinator with wakers of its own, inside a process, is not told by a send. Whoever finds itself in one has
//! it look again at once, which costs turns and loses nothing.

use super::look::{Look, Position, header, receive, receive_as};
use crate::process::{Header, give_way, is_own_waker};
use core::task::{Context, Poll, Waker};

/// Polls for the first message of this type.
#[inline(always)]
pub fn poll_receive<M: Send + 'static>(context: &Context<'_>, position: &mut Position) -> Poll<M> {
    // Nearly always it is the very waker that the process is polled with.
    let Some(header) = Header::polled_with(context.waker()) else {
        return poll_look(context, || receive(position));
    };
    if header.local.left() < 0 {
        return later(context);
    }
    conclude(header, context, receive_as(header, position))
}

/// Polls for what `look` looks for.
#[inline(never)]
pub fn poll_look<R>(context: &Context<'_>, look: impl FnOnce() -> Look<R>) -> Poll<R> {
    let header = header();
    if header.local.left() < 0 {
        return later(context);
    }
    let found = conclude(header, context, look());
    if found.is_pending() {
        ask_again(context.waker());
    }
    found
}

#[inline(always)]
fn conclude<R>(header: &'static Header, context: &Context<'_>, look: Look<R>) -> Poll<R> {
    match look {
        Look::Found(found) => {
            header.local.spend_little(1);
            Poll::Ready(found)
        }
        Look::Nothing => {
            header.local.intend_to_listen();
            Poll::Pending
        }
        Look::Later => later(context),
    }
}

#[cold]
#[inline(never)]
pub(super) fn later<R>(context: &Context<'_>) -> Poll<R> {
    give_way();
    ask_again(context.waker());
    Poll::Pending
}

/// Somebody else's waker has to be called, or it would never be told.
#[cold]
#[inline(never)]
fn ask_again(waker: &Waker) {
    if !is_own_waker(waker) {
        waker.wake_by_ref();
    }
}
