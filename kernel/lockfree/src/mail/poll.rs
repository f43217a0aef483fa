//! One poll of somebody who waits for mail.
//!
//! A look; and if there is nothing, the wish to be told of mail, which `park` heeds: the send itself wakes
//! the process. Who has nothing left to spend lets others run first.
//!
//! A combinator with wakers of its own, inside a process, is not told by a send. Whoever finds itself in one has
//! it look again at once, which costs turns and loses nothing.

use super::look::{Look, Position, header, open, receive};
use super::question::take_first_question;
use crate::process::{Header, ask_again, give_way, local};
use core::task::{Context, Poll};

/// Polls for the first message of this type. Nearly always nothing is special, and it is the first message of all,
/// or there is none.
#[inline(always)]
pub fn poll_receive<M: Send + 'static>(context: &Context<'_>, position: &mut Position) -> Poll<M> {
    let local = local();
    if let Some(first) = local.mailbox.first() {
        if !local.is_special() && first.holds_exactly::<M>() && local.take_one() {
            // SAFETY: it holds that.
            let message = unsafe { open(first) };
            local.mailbox.pass(first);
            return Poll::Ready(message.unpack());
        }
    } else if let Some(header) = Header::polled_with(local, context.waker()) {
        // Only who has found nothing minds whose waker it is; and then nothing is peculiar about nothing.
        if !header.slot.word.has_mail() {
            local.intend_to_listen();
            return Poll::Pending;
        }
    }
    poll_at_length(context, position)
}

#[inline(never)]
fn poll_at_length<M: Send + 'static>(context: &Context<'_>, position: &mut Position) -> Poll<M> {
    if let Some(question) = take_first_question(context) {
        return Poll::Ready(question);
    }
    poll_look(context, || receive(position))
}

/// Polls for what `look` looks for.
#[inline(never)]
pub fn poll_look<R>(context: &Context<'_>, look: impl FnOnce() -> Look<R>) -> Poll<R> {
    let local = &header().local;
    if local.left() < 0 {
        return later(context);
    }
    match look() {
        Look::Found(found) => {
            local.spend_little(1);
            Poll::Ready(found)
        }
        Look::Nothing => {
            local.intend_to_listen();
            ask_again(context.waker());
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
