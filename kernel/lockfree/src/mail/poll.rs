//! One poll of somebody who waits for mail.
//!
//! A look; and if there is nothing, the wish to be told of mail, which `park` heeds: the send itself wakes
//! the process. Who has nothing left to spend lets others run first.
//!
//! A combinator with wakers of its own, inside a process, is not told by a send. Whoever finds itself in one has
//! it look again at once, which costs turns and loses nothing.

use super::Envelope;
use super::envelope::{Packing, is_passed_in_registers};
use super::look::{Look, Position, header, receive};
use super::question::take_first_question;
use crate::process::{Header, Local, ask_again, give_way, own_record};
use alloc::boxed::Box;
use core::mem::MaybeUninit;
use core::task::{Context, Poll};

/// Polls for the first message of this type. Nearly always that is the first message of all, which has been paid for, or
/// there is none.
#[inline(always)]
pub fn poll_receive<M: Send + 'static>(context: &Context<'_>, position: &mut Position) -> Poll<M> {
    let local = own_record();
    if let Some(first) = local.mailbox.first() {
        if first.holds_exactly::<M>() {
            // SAFETY: it holds that.
            return found(unsafe { take_first(local, first) });
        }
    } else if let Some(header) = Header::polled_with(local, context.waker()) {
        // Only who has found nothing minds whose waker it is; and then nothing is peculiar about nothing.
        if !header.slot.word.has_mail() {
            local.intend_to_listen();
            return Poll::Pending;
        }
    }
    if is_passed_in_registers::<Poll<M>>() {
        return poll_at_length(context, position);
    }
    // Returned, it would be written to where the short way has its own, which could not stay in registers then. (What is
    // returned is the poll: around a message of two words it may be three.)
    let mut place = MaybeUninit::uninit();
    if !poll_apart(context, position, &mut place) {
        return Poll::Pending;
    }
    // SAFETY: it says that it has written there.
    found(unsafe { place.assume_init() })
}

/// Takes the first message, which is of a run that is paid for.
///
/// # Safety
///
/// An ordinary message of this type is in it.
#[inline(always)]
unsafe fn take_first<M: Send + 'static>(local: &Local, first: &'static Envelope) -> M {
    if Packing::<M>::IS_INLINE {
        // SAFETY: the caller's promise.
        let message = unsafe { first.empty::<M>() };
        local.mailbox.pass(first);
        message
    } else {
        // SAFETY: the caller's promise.
        let message = unsafe { first.empty::<Box<M>>() };
        local.mailbox.pass(first);
        *message
    }
}

/// This message. The compiler does not know that no message looks like the poll that has none, where that is told from
/// it by what can't be in a message; so it is said.
#[inline(always)]
fn found<M>(message: M) -> Poll<M> {
    let found = Poll::Ready(message);
    // SAFETY: it has just been made so.
    unsafe { core::hint::assert_unchecked(found.is_ready()) };
    found
}

#[inline(never)]
fn poll_at_length<M: Send + 'static>(context: &Context<'_>, position: &mut Position) -> Poll<M> {
    if let Some(message) = take_ordinary(context) {
        return Poll::Ready(message);
    }
    poll_look(context, || receive(position))
}

/// Takes the first, if nothing is special: a question, or the first message of a run that is begun with that.
#[inline(always)]
fn take_ordinary<M: Send + 'static>(context: &Context<'_>) -> Option<M> {
    let header = header();
    let local = &header.local;
    if local.is_special() {
        return None;
    }
    let question = take_first_question(context);
    if question.is_some() || !local.begin_run(header) {
        return question;
    }
    let first = local.mailbox.first()?;
    if first.holds::<M>() {
        // SAFETY: it holds that.
        return Some(unsafe { take_first(local, first) });
    }
    take_first_question(context)
}

/// The same for a large message. True if there is one: then it is at `place`.
#[inline(never)]
fn poll_apart<M: Send + 'static>(
    context: &Context<'_>,
    position: &mut Position,
    place: &mut MaybeUninit<M>,
) -> bool {
    if let Some(message) = take_ordinary(context) {
        place.write(message);
        return true;
    }
    match poll_look(context, || receive(position)) {
        Poll::Ready(message) => {
            place.write(message);
            true
        }
        Poll::Pending => false,
    }
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
