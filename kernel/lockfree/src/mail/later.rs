//! Messages that are sent at a time: they wait on the wheel of the core where they were set.
//!
//! The envelope is filled when the message is set, and the alarm has its number; so nothing can fail when it
//! is due, and the loop that rings the alarm only does what a send does. Nobody's code runs there: what finds
//! its receiver gone, or its mailbox full, is counted as a send counts it, as a dead letter or as dropped, and left to the reaper.
//!
//! Whoever set it may end meanwhile, as in Erlang: the message is sent all the same. Taking it back is for
//! whoever has its name, on any core, once, and says there and then whether it was in time: one step on the envelope's word
//! decides between its time and whoever takes it back (`question::word::delay`). So nobody waits for the other core's answer, as
//! Erlang's `cancel_timer` does, or has it come as a message. What is left on the other core's wheel is an alarm with an empty
//! envelope, which that core takes back when it comes to the note.

use super::Envelope;
use super::envelope::{Kind, Message, Packing};
use super::gate::{Entry, Share};
use super::gated::put_in;
use super::post::try_box;
use super::question::{Emptied, Ended, Number};
use super::refusal::SendError;
use crate::process::here::{Desk, Here, Stay, with_desk};
use crate::process::word::Sent;
use crate::process::{
    Due, Header, Pid, Slot, Token, call_off_elsewhere, local, make_room_for_alarms, set_due,
};
use crate::scarcity::Purpose;
use crate::wheel::Timer;

/// The name of a message that is to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Later {
    timer: Timer,
    envelope: u32,
    number: Number,
}

/// What is missing.
enum Missing {
    Envelope,
    Room,
}

/// Sends a message when the clock has reached `at` nanoseconds; at once if it has already. It comes back if there is
/// no memory to carry it in, or to note when it is due.
pub fn send_at<M: Send + 'static>(at: u64, to: Pid, message: M) -> Result<Later, SendError<M>> {
    let kind = Packing::<M>::kind();
    if Packing::<M>::IS_INLINE {
        return set(at, to, message, kind).map_err(SendError::NoEnvelope);
    }
    let message = try_box(message, Purpose::Message).map_err(SendError::NoEnvelope)?;
    set(at, to, message, kind).map_err(|message| SendError::NoEnvelope(*message))
}

fn set<P>(at: u64, to: Pid, payload: P, kind: &'static Kind) -> Result<Later, P> {
    local().spend_little(1);
    let mut payload = payload;
    loop {
        let (back, missing) = match attempt(at, to, payload, kind) {
            Ok(later) => return Ok(later),
            Err(failure) => failure,
        };
        payload = back;
        // Somebody else on this core may take what is made here: then it is made again.
        let is_made = match missing {
            Missing::Envelope => with_desk(|here, desk| desk.pool.fill(here.table().slabs(), here)),
            Missing::Room => make_room_for_alarms(),
        };
        if !is_made {
            with_desk(|_, desk| desk.pool.traffic.refused += 1);
            return Err(payload);
        }
    }
}

fn attempt<P>(at: u64, to: Pid, payload: P, kind: &'static Kind) -> Result<Later, (P, Missing)> {
    let local = local();
    let mut stay = Stay::new(local);
    let here = stay.here();
    // SAFETY: what is done with it is push and pop, also by the wheel, which calls nobody.
    let desk = unsafe { stay.desk_of(here) };
    let Some(envelope) = desk.pool.take() else {
        return Err((payload, Missing::Envelope));
    };
    envelope.fill(payload, kind);
    envelope.set_addressee(to);
    if let Some(timer) = set_due(here, desk, local, at, Due::message(envelope.number())) {
        return Ok(Later {
            timer,
            envelope: envelope.number(),
            number: envelope.question.begin_delay(),
        });
    }
    // SAFETY: it was just filled with this.
    let payload = unsafe { envelope.empty() };
    desk.pool.give(here, envelope);
    Err((payload, Missing::Room))
}

/// Takes a message back that was to be sent. False if that is too late: it was sent, or taken back before.
pub fn take_back_message(later: Later) -> bool {
    let taken = with_desk(|here, desk| match desk.wheel().take_back(later.timer) {
        Some(due) => desk.take_off_wheel(here, due.number()?),
        None => take_elsewhere(here, desk, later),
    });
    taken.is_some()
}

/// It is on another core's wheel, if it is on any.
#[cold]
fn take_elsewhere(here: &'static Here, desk: &mut Desk, later: Later) -> Option<Message> {
    // SAFETY: it has had this number, and one whose word was ever used lives for ever.
    let envelope = unsafe { here.table().slabs().at(later.envelope).as_ref() };
    if !envelope.question.claim(later.number) {
        return None;
    }
    let message = envelope.take_message();
    match envelope.question.empty(later.number) {
        Emptied::OnWheel => call_off_elsewhere(here, later.timer),
        Emptied::Mine => desk.pool.give(here, envelope),
    }
    Some(message)
}

impl Desk {
    /// The wheel of this core has the alarm no more: the message, unless another core has taken that.
    fn take_off_wheel(&mut self, here: &'static Here, number: u32) -> Option<Message> {
        // SAFETY: the wheel had it.
        let envelope = unsafe { here.table().slabs().at(number).as_ref() };
        let message = match envelope.question.end_delay() {
            Ended::Message => Some(envelope.take_message()),
            Ended::Envelope => None,
            Ended::Nothing => return None,
        };
        self.pool.give(here, envelope);
        message
    }

    /// The same for one that another core has called off, and which that has emptied.
    pub(crate) fn give_back_called_off(&mut self, here: &'static Here, number: u32) {
        let message = self.take_off_wheel(here, number);
        debug_assert!(message.is_none(), "called off, and not taken");
        // Nobody's destructor runs in the loop.
        core::mem::forget(message);
    }
}

/// What became of a message that was due.
pub(crate) enum Delivery {
    /// It is there, or nothing is to be done.
    Delivered,
    /// It is there, and whoever waited for it is to be queued.
    Woken(Token),
    /// Nobody is there to have it, or there is no room; it is to be counted, and dropped.
    Undelivered(&'static Envelope, Fate),
    /// It was taken back on another core, and its envelope is to be given back.
    Emptied(&'static Envelope),
}

/// As what a message counts that was not delivered.
#[derive(Clone, Copy)]
pub(crate) enum Fate {
    /// It found nobody.
    DeadLetter,
    /// It found no room.
    Dropped,
}

/// Sends a message that is due; a core's loop does. (Cold, so that alarms that wake somebody pay nothing for it.)
#[cold]
#[inline(never)]
pub(crate) fn deliver(here: &'static Here, number: u32) -> Delivery {
    // SAFETY: the wheel had it, and has it no more.
    let envelope = unsafe { here.table().slabs().at(number).as_ref() };
    match envelope.question.end_delay() {
        Ended::Message => {}
        Ended::Envelope => return Delivery::Emptied(envelope),
        Ended::Nothing => return Delivery::Delivered,
    }
    let to = envelope.addressee();
    let nobody = Delivery::Undelivered(envelope, Fate::DeadLetter);
    let Some(slot) = here.table().slot(to.index()) else {
        return nobody;
    };
    let link = move |before| envelope.set_link_before(before);
    let mut sent = slot.word.send(to, number, link);
    if sent == Sent::Gated {
        match enter(here, slot, to) {
            Entry::Free => sent = slot.word.send_past_gate(to, number, link),
            Entry::Nobody => return nobody,
            Entry::Full(_) => return Delivery::Undelivered(envelope, Fate::Dropped),
        }
    }
    match sent {
        Sent::Left => Delivery::Delivered,
        Sent::Nobody | Sent::Gated => nobody,
        Sent::Token | Sent::Handed => {
            // SAFETY: the send has just handed it over.
            let token = unsafe { slot.token() };
            let header: &Header = token.header();
            if sent == Sent::Handed {
                put_in(header, envelope);
            }
            Delivery::Woken(token)
        }
    }
}

/// Looks for a place in a mailbox with a gate. If there is none that is counted as dropped, whatever else the limit says: nobody
/// is there to be told.
fn enter(here: &'static Here, slot: &Slot, to: Pid) -> Entry {
    slot.word.see_gate();
    let Some(gate) = here.table().gates().of(to) else {
        return Entry::Nobody;
    };
    let entry = gate.enter(to, Share::Ordinary);
    if matches!(entry, Entry::Full(_)) {
        gate.count_drop(to);
    }
    entry
}
