//! Messages that are sent at a time: they wait on the wheel of the core where they were set.
//!
//! The envelope is filled when the message is set, and the alarm has its number; so nothing can fail when it
//! is due, and the loop that rings the alarm only does what a send does. Nobody's code runs there: what finds
//! its receiver gone, or its mailbox full, is left to the reaper.
//!
//! Whoever set it may end meanwhile, as in Erlang: the message is sent all the same. Taking it back is for
//! whoever has its name, on that core, once, and says whether it was in time.

use super::Envelope;
use super::envelope::{Kind, Packing};
use super::gate::{Entry, Share};
use super::gated::put_in;
use super::post::try_box;
use super::refusal::SendError;
use crate::process::here::{Desk, Here, Stay, with_desk};
use crate::process::word::Sent;
use crate::process::{Due, Header, Pid, Slot, Token, local, make_room_for_alarms, set_due};
use crate::scarcity::Purpose;
use crate::wheel::Timer;

/// What is missing.
enum Missing {
    Envelope,
    Room,
}

/// Sends a message when the clock has reached `at` nanoseconds; at once if it has already. It comes back if there is
/// no memory to carry it in, or to note when it is due.
pub fn send_at<M: Send + 'static>(at: u64, to: Pid, message: M) -> Result<Timer, SendError<M>> {
    let kind = Packing::<M>::kind();
    if Packing::<M>::IS_INLINE {
        return set(at, to, message, kind).map_err(SendError::NoEnvelope);
    }
    let message = try_box(message, Purpose::Message).map_err(SendError::NoEnvelope)?;
    set(at, to, message, kind).map_err(|message| SendError::NoEnvelope(*message))
}

fn set<P>(at: u64, to: Pid, payload: P, kind: &'static Kind) -> Result<Timer, P> {
    local().spend_little(1);
    let mut payload = payload;
    loop {
        let (back, missing) = match attempt(at, to, payload, kind) {
            Ok(timer) => return Ok(timer),
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

fn attempt<P>(at: u64, to: Pid, payload: P, kind: &'static Kind) -> Result<Timer, (P, Missing)> {
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
        return Ok(timer);
    }
    // SAFETY: it was just filled with this.
    let payload = unsafe { envelope.empty() };
    desk.pool.give(here, envelope);
    Err((payload, Missing::Room))
}

/// Takes a message back that was to be sent. False if that is too late: it was sent, or taken back before.
pub fn take_back_message(timer: Timer) -> bool {
    let taken = with_desk(|here, desk| {
        let number = desk.take_back_due(timer)?.number()?;
        let slabs = here.table().slabs();
        // SAFETY: the wheel had it, and has it no more.
        let envelope = unsafe { slabs.at(number).as_ref() };
        let message = envelope.take_message();
        desk.pool.give(here, envelope);
        Some(message)
    });
    taken.is_some()
}

/// What became of a message that was due.
pub(crate) enum Delivery {
    /// It is there.
    Delivered,
    /// It is there, and whoever waited for it is to be queued.
    Woken(Token),
    /// It is to be dropped.
    Unread(&'static Envelope),
}

/// Sends a message that is due; a core's loop does. (Cold, so that alarms that wake somebody pay nothing for it.)
#[cold]
#[inline(never)]
pub(crate) fn deliver(here: &'static Here, number: u32) -> Delivery {
    // SAFETY: the wheel had it, and has it no more.
    let envelope = unsafe { here.table().slabs().at(number).as_ref() };
    let to = envelope.addressee();
    let Some(slot) = here.table().slot(to.index()) else {
        return Delivery::Unread(envelope);
    };
    let link = move |before| envelope.set_before(before);
    let mut sent = slot.word.send(to, number, link);
    if sent == Sent::Gated && has_entered(here, slot, to) {
        sent = slot.word.send_past_gate(to, number, link);
    }
    match sent {
        Sent::Left => Delivery::Delivered,
        Sent::Nobody | Sent::Gated => Delivery::Unread(envelope),
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

/// True if a place was found in a mailbox that has a limit. Otherwise it was counted as dropped, whatever else the
/// limit says: nobody is there to be told.
fn has_entered(here: &'static Here, slot: &Slot, to: Pid) -> bool {
    slot.word.see_gate();
    let Some(gate) = here.table().gates().of(to) else {
        return false;
    };
    match gate.enter(to, Share::Ordinary) {
        Entry::Free => true,
        Entry::Nobody => false,
        Entry::Full(_) => {
            gate.count_drop(to);
            false
        }
    }
}

impl Desk {
    /// Takes back what was to be due.
    fn take_back_due(&mut self, timer: Timer) -> Option<Due> {
        self.wheel().take_back(timer)
    }
}
