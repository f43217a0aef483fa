//! The right to answer, wherever it goes.

use super::super::Envelope;
use super::super::envelope::{Kind, Packing};
use super::super::post::{Sent, try_box};
use super::word::{Finish, Number};
use super::{NOTHING, send_back, send_nothing};
use crate::process::here::{Stay, with_own_desk};
use crate::process::{Pid, own_record};
use crate::scarcity::Purpose;
use core::marker::PhantomData;
use core::mem::ManuallyDrop;
use core::ptr::NonNull;

/// The right to answer a question, once.
///
/// It may be passed on: whoever has it answers. Dropping it says that there is no answer. When the process
/// that took the question out of its mailbox ends, that says so too, wherever this is; an answer after that is too
/// late.
#[must_use = "whoever drops it says that there is no answer"]
#[derive(Debug)]
pub struct ReplyTo<R: Send + 'static> {
    /// The question's; none if nobody waits for an answer.
    envelope: Option<NonNull<Envelope>>,
    number: Number,
    takes: PhantomData<fn(R)>,
}

// SAFETY: what it does to the envelope of its question is decided by an atomic word.
unsafe impl<R: Send + 'static> Send for ReplyTo<R> {}
// SAFETY: nothing can be done by a reference to it.
unsafe impl<R: Send + 'static> Sync for ReplyTo<R> {}

impl<R: Send + 'static> ReplyTo<R> {
    #[inline(always)]
    pub(super) fn new(envelope: &'static Envelope, number: Number) -> Self {
        Self {
            envelope: Some(NonNull::from(envelope)),
            number,
            takes: PhantomData,
        }
    }

    /// For a question that nobody waits for the answer to.
    pub fn to_nobody() -> Self {
        Self {
            envelope: None,
            number: Number::NONE,
            takes: PhantomData,
        }
    }

    #[inline(always)]
    fn envelope(&self) -> Option<&'static Envelope> {
        // SAFETY: envelopes live for ever.
        self.envelope.map(|envelope| unsafe { envelope.as_ref() })
    }

    /// Answers. If nobody waits for it any more, the answer is dropped here and now, and counted as late.
    ///
    /// The answer comes back if it is large and there is no memory to send it in, or if the question has not been
    /// received yet; then whoever asked learns that there is none.
    #[inline(always)]
    pub fn reply(self, value: R) -> Result<Sent, R> {
        let this = ManuallyDrop::new(self);
        let Some(envelope) = this.envelope() else {
            return Ok(Sent::ToNobody);
        };
        if Packing::<R>::IS_INLINE {
            return answer(envelope, this.number, value, Packing::<R>::answer());
        }
        match try_box(value, Purpose::Answer) {
            Ok(value) => {
                answer(envelope, this.number, value, Packing::<R>::answer()).map_err(|value| *value)
            }
            Err(value) => {
                decline(envelope, this.number);
                Err(value)
            }
        }
    }
}

impl<R: Send + 'static> Drop for ReplyTo<R> {
    fn drop(&mut self) {
        if let Some(envelope) = self.envelope() {
            decline(envelope, self.number);
        }
    }
}

#[inline(always)]
fn answer<P>(
    envelope: &'static Envelope,
    number: Number,
    payload: P,
    kind: &'static Kind,
) -> Result<Sent, P> {
    let local = own_record();
    let mut stay = Stay::for_pay(local, 1);
    if !envelope.question.close(number) {
        match envelope.question.finish(number) {
            Finish::Closed => {}
            Finish::Renounced => return Err(payload),
            Finish::TooLate => return Ok(too_late(stay, payload)),
        }
    }
    // SAFETY: nobody else uses a closed question's envelope, and nothing was put into the room since.
    let asker = Pid::from_number(unsafe { envelope.asker().read() });
    envelope.fill(payload, kind);
    let here = stay.here();
    // SAFETY: what is done with it is push and pop.
    let desk = unsafe { stay.desk_of(here) };
    if send_back(here, local, desk, asker, envelope) {
        Ok(Sent::Delivered)
    } else {
        Ok(take_back(stay, envelope))
    }
}

/// Whoever asked is gone: the answer is dropped with preemption on again.
#[cold]
#[inline(never)]
fn take_back(mut stay: Stay, envelope: &'static Envelope) -> Sent {
    let here = stay.here();
    // SAFETY: as in `answer`, which does not use its own any more.
    let desk = unsafe { stay.desk_of(here) };
    let message = envelope.take_message();
    desk.pool.give(here, envelope);
    desk.pool.traffic.dead_letters += 1;
    drop(stay);
    drop(message);
    Sent::ToNobody
}

/// The question is not open any more: the answer is dropped with preemption on again.
#[cold]
#[inline(never)]
fn too_late<P>(stay: Stay, payload: P) -> Sent {
    drop(stay);
    with_own_desk(|_, _, desk| desk.pool.traffic.late_answers += 1);
    drop(payload);
    Sent::ToNobody
}

/// Says that there is no answer, if nobody has said anything yet.
#[cold]
#[inline(never)]
fn decline(envelope: &'static Envelope, number: Number) {
    with_own_desk(|here, local, desk| {
        if envelope.question.finish(number) == Finish::Closed {
            send_nothing(here, local, desk, envelope, &NOTHING);
        }
    });
}
