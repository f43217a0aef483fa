//! Whoever asks: the question goes, and its envelope comes back.

use super::super::Envelope;
use super::super::envelope::{Kind, Packing};
use super::super::gated::post_at_length;
use super::super::look::{Look, Position, header, search};
use super::super::mailbox::EMPTIED_MOST;
use super::super::poll::{later, poll_look};
use super::super::post::{Sent, take_back, try_box};
use super::super::refusal::SendError;
use super::super::slabs::fill_pool;
use super::super::special::{FILTERS, LANE};
use super::reply::ReplyTo;
use super::word::Number;
use super::{NOT_NOTED, NOTHING, wake_with};
use crate::process::here::{Stay, with_desk};
use crate::process::word::AtOnce;
use crate::process::{Header, Pid, Slot, own_record};
use crate::scarcity::Purpose;
use alloc::boxed::Box;
use core::marker::PhantomData;
use core::ptr::NonNull;
use core::task::{Context, Poll};

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotAsked {
    /// It would have to answer itself while it waits for the answer.
    Oneself,
    /// There is no memory to carry the question in, or to note it in.
    NoEnvelope,
    /// The mailbox of whoever was asked has no room.
    Full,
    /// Nobody answers.
    NoAnswer,
}

/// A question that was asked. Whoever drops it does not want to know any more.
#[derive(Debug)]
pub struct Question<R> {
    /// None when the answer is there.
    envelope: Option<NonNull<Envelope>>,
    number: Number,
    asker: Pid,
    position: Position,
    gives: PhantomData<fn() -> R>,
}

// SAFETY: what it does to the envelope is decided by an atomic word, but for taking the answer out of the asker's
// mailbox, which only the asker does.
unsafe impl<R> Send for Question<R> {}

/// Asks a process what `make` makes of the right to answer.
#[inline(always)]
pub fn ask<Q, R>(to: Pid, make: impl FnOnce(ReplyTo<R>) -> Q) -> Result<Question<R>, NotAsked>
where
    Q: Send + 'static,
    R: Send + 'static,
{
    let header = header();
    let asker = header.pid();
    if to == asker {
        return Err(NotAsked::Oneself);
    }
    // What is in the mailbox now can't be the answer.
    let position = Position::at_the_end_of(header);
    let (envelope, number) = begin(header).ok_or(NotAsked::NoEnvelope)?;
    let question = make(ReplyTo::new(envelope, number));
    if Packing::<Q>::IS_QUESTION_INLINE {
        put(header, to, envelope, question, Packing::<Q>::question())?;
    } else {
        let Ok(question) = box_up(header, envelope, question) else {
            return Err(NotAsked::NoEnvelope);
        };
        put(header, to, envelope, question, Packing::<Q>::question())?;
    }
    Ok(Question {
        envelope: Some(NonNull::from(envelope)),
        number,
        asker,
        position,
        gives: PhantomData,
    })
}

/// Takes an envelope for a question. While that is being made, by somebody's code, it is one of the process's
/// duties.
#[inline(always)]
fn begin(header: &'static Header) -> Option<(&'static Envelope, Number)> {
    let mut stay = Stay::on_full_stack(&header.local);
    let here = stay.here();
    // SAFETY: what is done with it is push and pop.
    let desk = unsafe { stay.desk_of(here) };
    let own = header.local.mailbox.take_emptied();
    let Some(envelope) = own.or_else(|| desk.pool.take()) else {
        drop(stay);
        return begin_slowly(header);
    };
    let number = envelope.question.ask();
    header.local.mailbox.duties.push(envelope);
    Some((envelope, number))
}

/// The pool is empty.
#[cold]
#[inline(never)]
fn begin_slowly(header: &'static Header) -> Option<(&'static Envelope, Number)> {
    if fill_pool() { begin(header) } else { None }
}

/// Boxes a large question; without memory for that it is dropped.
#[cold]
#[inline(never)]
fn box_up<Q>(
    header: &'static Header,
    envelope: &'static Envelope,
    question: Q,
) -> Result<Box<Q>, ()> {
    try_box(question, Purpose::Question).map_err(|question| {
        with_desk(|here, desk| {
            header.local.mailbox.duties.pop(envelope);
            envelope.question.shut();
            desk.pool.give(here, envelope);
        });
        drop(question);
    })
}

#[inline(always)]
fn put<P>(
    header: &'static Header,
    to: Pid,
    envelope: &'static Envelope,
    payload: P,
    kind: &'static Kind,
) -> Result<(), NotAsked> {
    let local = &header.local;
    let mut stay = Stay::for_pay(local, 1);
    header.local.mailbox.duties.pop(envelope);
    envelope.fill(payload, kind);
    envelope.set_asker(header.pid());
    let here = stay.here();
    let Some(slot) = here.table().slot(to.index()) else {
        return Err(nobody_there::<P>(stay, envelope));
    };
    let link = move |before| envelope.set_link_before(before);
    match slot.word.send_at_once(to, envelope.number(), link) {
        AtOnce::Left => {}
        // SAFETY: what is done with the desk is a push, and the send has just handed the process over.
        AtOnce::Handed => unsafe {
            wake_with(here, local, stay.desk_of(here), slot, envelope);
        },
        AtOnce::Not => return put_at_length::<P>(stay, (to, slot), envelope),
    }
    Ok(())
}

/// Not the short way. What is not sent is dropped here, and its right to be answered with it.
#[cold]
#[inline(never)]
fn put_at_length<P>(
    stay: Stay,
    to: (Pid, &'static Slot),
    envelope: &'static Envelope,
) -> Result<(), NotAsked> {
    match post_at_length::<P>(stay, to, envelope) {
        Ok(Sent::Delivered) => Ok(()),
        Ok(Sent::ToNobody | Sent::Dropped) => Err(NotAsked::NoAnswer),
        Err(SendError::NoEnvelope(_)) => Err(NotAsked::NoEnvelope),
        Err(SendError::Full(_)) => Err(NotAsked::Full),
    }
}

/// There never was such a process.
#[cold]
#[inline(never)]
fn nobody_there<P>(stay: Stay, envelope: &'static Envelope) -> NotAsked {
    take_back::<P>(stay, envelope);
    NotAsked::NoAnswer
}

impl<R> Question<R> {
    /// A question that nobody reads, whose envelope is the caller's and waits for its answer somewhere else.
    pub(in crate::mail) fn of_place(
        header: &Header,
        envelope: &'static Envelope,
        position: Position,
    ) -> Self {
        Self {
            envelope: Some(NonNull::from(envelope)),
            number: envelope.question.ask(),
            asker: header.pid(),
            position,
            gives: PhantomData,
        }
    }

    /// Wants its envelope no more, which is the caller's again.
    pub(in crate::mail) fn take_back(&mut self) {
        if let Some(envelope) = self.envelope.take() {
            // SAFETY: envelopes live for ever.
            unsafe { envelope.as_ref() }.question.shut();
        }
    }
}

impl<R: Send + 'static> Question<R> {
    /// Polls for the answer. Only the process that has asked may.
    #[inline(always)]
    pub fn poll(&mut self, context: &Context<'_>) -> Poll<Result<R, NotAsked>> {
        let Some(header) = Header::polled_with(own_record(), context.waker()) else {
            return self.poll_beside(context);
        };
        if header.local.left() < 0 {
            return later(context);
        }
        match self.look(header) {
            Look::Found(answer) => {
                header.local.spend_little(1);
                Poll::Ready(answer)
            }
            Look::Nothing => {
                header.local.intend_to_listen();
                Poll::Pending
            }
            Look::Later => later(context),
        }
    }

    /// Inside a combinator with wakers of its own.
    #[cold]
    #[inline(never)]
    fn poll_beside(&mut self, context: &Context<'_>) -> Poll<Result<R, NotAsked>> {
        poll_look(context, || self.look(header()))
    }

    #[inline(always)]
    fn look(&mut self, header: &'static Header) -> Look<Result<R, NotAsked>> {
        assert!(header.pid() == self.asker, "only who has asked is answered");
        let envelope = self.envelope.expect("polled after the answer");
        let Header { local, slot, .. } = header;
        assert!(!local.has_special(FILTERS), "a filter can't receive");
        let first = local.mailbox.first();
        if first.is_none() && !slot.word.has_mail() {
            return Look::Nothing;
        }
        // Somebody with a lane may be on a walk through the list, which the search heeds; and who has much to spend gives its
        // emptied envelopes back there.
        let is_it = |first: &Envelope| {
            NonNull::from(first) == envelope
                && local.left() <= EMPTIED_MOST
                && !(first.is_sealed() && local.has_special(LANE))
        };
        if let Some(first) = first.filter(|first| is_it(first)) {
            header.note_change();
            if first.is_sealed() {
                local.break_seal(first);
            }
            // SAFETY: it is the envelope of this question, and has come back.
            return Look::Found(unsafe { self.open(first, |first| local.mailbox.pass(first)) });
        }
        self.look_behind(header, envelope)
    }

    /// Looks through what has come since the question was asked.
    #[inline(never)]
    fn look_behind(
        &mut self,
        header: &'static Header,
        wanted: NonNull<Envelope>,
    ) -> Look<Result<R, NotAsked>> {
        let mut position = core::mem::take(&mut self.position);
        let is_it = |envelope: &Envelope| NonNull::from(envelope) == wanted;
        // SAFETY: as above; the search sees to the envelope.
        let look = search(header, &mut position, is_it, |found| unsafe {
            self.open(found, |_| ())
        });
        self.position = position;
        look
    }

    /// Takes the answer out.
    ///
    /// # Safety
    ///
    /// It is the envelope of this question, and has come back: so there is an `R` in it, or nothing.
    #[inline(always)]
    unsafe fn open(
        &mut self,
        envelope: &'static Envelope,
        give: impl FnOnce(&'static Envelope),
    ) -> Result<R, NotAsked> {
        self.envelope = None;
        if envelope.is_of(&NOTHING) || envelope.is_of(&NOT_NOTED) {
            let is_noted = envelope.is_of(&NOTHING);
            give(envelope);
            return Err(if is_noted {
                NotAsked::NoAnswer
            } else {
                NotAsked::NoEnvelope
            });
        }
        // SAFETY: the caller's promise.
        unsafe {
            if Packing::<R>::IS_INLINE {
                let answer = envelope.empty::<R>();
                give(envelope);
                Ok(answer)
            } else {
                let answer = envelope.empty::<Box<R>>();
                give(envelope);
                Ok(*answer)
            }
        }
    }
}

impl<R> Drop for Question<R> {
    #[inline(always)]
    fn drop(&mut self) {
        if let Some(envelope) = self.envelope.take() {
            // SAFETY: envelopes live for ever.
            give_up(unsafe { envelope.as_ref() }, self.number);
        }
    }
}

#[cold]
#[inline(never)]
fn give_up(envelope: &'static Envelope, number: Number) {
    with_desk(|here, desk| {
        if envelope.question.give_up(number) {
            desk.pool.give(here, envelope);
        }
    });
}
