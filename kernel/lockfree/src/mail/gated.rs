//! The long way of a message, to a process that does not simply run or wait for mail: by its gate, if it has one.
//!
//! `post` comes here with the envelope filled and preemption off, so that whoever has found a place publishes. What
//! is not sent is out of its envelope again before somebody's code can run. (All that is rare is here, the
//! sleepers and the dead as well, so that the short way has nothing to keep for it.)

use super::Envelope;
use super::bound::Overflow;
use super::envelope::Class;
use super::gate::{Entry, Gate, GateReport, Share};
use super::post::{Sent, take_back};
use super::refusal::SendError;
use super::special::COUNTED;
use crate::process::here::Stay;
use crate::process::{Header, Pid, Slot, is_alive, kill, local, table, word};

/// Sends what is in the envelope.
#[cold]
#[inline(never)]
pub(super) fn post_at_length<P>(
    stay: Stay,
    (pid, slot): (Pid, &'static Slot),
    envelope: &'static Envelope,
) -> Result<Sent, SendError<P>> {
    let link = move |before| envelope.set_link_before(before);
    match slot.word.send(pid, envelope.number(), link) {
        word::Sent::Gated => post_by_gate::<P>(stay, (pid, slot), envelope),
        sent => Ok(conclude::<P>(stay, slot, envelope, sent)),
    }
}

/// Sends what is in the envelope by the gate.
fn post_by_gate<P>(
    stay: Stay,
    (pid, slot): (Pid, &'static Slot),
    envelope: &'static Envelope,
) -> Result<Sent, SendError<P>> {
    slot.word.see_gate();
    let gate = stay.here().table().gates().of(pid);
    let entry = match gate {
        None => Entry::Nobody,
        Some(_) if envelope.is_answer() => Entry::Free,
        Some(gate) => gate.enter(pid, share_of(envelope)),
    };
    match (entry, gate) {
        (Entry::Free, _) => Ok(publish_in::<P>(stay, pid, slot, envelope)),
        (Entry::Full(overflow), Some(gate)) => refuse::<P>(stay, pid, gate, envelope, overflow),
        (Entry::Nobody | Entry::Full(_), _) => Ok(take_back::<P>(stay, envelope)),
    }
}

fn share_of(envelope: &Envelope) -> Share {
    match envelope.class() {
        Class::Urgent => Share::Urgent,
        _ => Share::Ordinary,
    }
}

/// Publishes a message that has a place.
pub(super) fn publish<P>(pid: Pid, slot: &'static Slot, envelope: &'static Envelope) -> Sent {
    publish_in::<P>(Stay::new(local()), pid, slot, envelope)
}

fn publish_in<P>(stay: Stay, pid: Pid, slot: &'static Slot, envelope: &'static Envelope) -> Sent {
    let link = move |before| envelope.set_link_before(before);
    let sent = slot.word.send_past_gate(pid, envelope.number(), link);
    conclude::<P>(stay, slot, envelope, sent)
}

/// Does what has to be done after a message was sent.
fn conclude<P>(
    mut stay: Stay,
    slot: &'static Slot,
    envelope: &'static Envelope,
    sent: word::Sent,
) -> Sent {
    match sent {
        word::Sent::Left => return Sent::Delivered,
        word::Sent::Nobody | word::Sent::Gated => return take_back::<P>(stay, envelope),
        word::Sent::Token | word::Sent::Handed => {}
    }
    let here = stay.here();
    // SAFETY: the send has just handed it over.
    let token = unsafe { slot.token() };
    if sent == word::Sent::Handed {
        put_in(token.header(), envelope);
    }
    // SAFETY: what is done with it is a push.
    unsafe { stay.desk_of(here) }.leave_woken(here, local(), token);
    Sent::Delivered
}

/// Puts a message into a mailbox, as the holder of the process's token. One that waits apart may have others there, and then
/// this one is left in the word after all: the process runs no more before it is queued, so it shows no gate meanwhile.
pub(super) fn put_in(header: &Header, envelope: &'static Envelope) {
    if !header.local.mailbox.has_envelopes() {
        return match header.local.is_special() {
            true => header.local.put_sealed(envelope),
            false => header.local.put(envelope),
        };
    }
    let link = move |before| envelope.set_link_before(before);
    let left = header.slot.word.send(header.pid(), envelope.number(), link);
    debug_assert_eq!(left, word::Sent::Left, "a token that is not ours");
}

/// There is no room.
fn refuse<P>(
    mut stay: Stay,
    pid: Pid,
    gate: &'static Gate,
    envelope: &'static Envelope,
    overflow: Overflow,
) -> Result<Sent, SendError<P>> {
    let here = stay.here();
    // SAFETY: `post` has filled it, and nobody else has seen it.
    let payload = unsafe { envelope.empty::<P>() };
    // SAFETY: what is done with it is a push, and counting.
    let desk = unsafe { stay.desk_of(here) };
    desk.pool.give(here, envelope);
    let sent = match overflow {
        Overflow::Refuse => return Err(SendError::Full(payload)),
        Overflow::Drop => {
            gate.count_drop(pid);
            desk.pool.traffic.dropped += 1;
            Sent::Dropped
        }
        Overflow::End => {
            desk.pool.traffic.dead_letters += 1;
            // Preemption is off, so nobody is killed between these two.
            gate.note_overrun(pid);
            let _ = kill(pid);
            Sent::ToNobody
        }
    };
    drop(stay);
    drop(payload);
    Ok(sent)
}

/// A message has left the running process's mailbox. True if this process counts them, and somebody waits for the place.
#[inline(always)]
#[must_use]
pub(super) fn note_taken(header: &Header, is_uncounted: bool) -> bool {
    header.local.has_special(COUNTED) && !leave(header, is_uncounted)
}

#[cold]
#[inline(never)]
fn leave(header: &Header, is_uncounted: bool) -> bool {
    #[cfg(not(target_os = "none"))]
    if crate::process::forgets_places() {
        return true;
    }
    let gate = table().gates().of(header.pid());
    is_uncounted || gate.is_none_or(Gate::leave)
}

/// What the gate of a process has to tell, if it lives and has one.
pub fn gate_report(pid: Pid) -> Option<GateReport> {
    let gate = table().gates().of(pid)?;
    gate.report(pid).filter(|_| is_alive(pid))
}

/// True if this process was killed because its mailbox had no room.
pub(crate) fn was_overrun(header: &Header) -> bool {
    if !header.local.has_special(COUNTED) {
        return false;
    }
    let gate = table().gates().of(header.pid());
    gate.is_some_and(|gate| gate.is_overrun(header.pid()))
}
