//! The urgent lane: messages that pass all others, because their receiver wants that.
//!
//! A process that may have much to read still wants to hear some things at once: that it should stop, or drain, or say how it
//! is. Kills, suspensions and looks from outside don't come by mail at all. For the rest the process opens
//! a *lane* and gives its address to whom it trusts. What is sent there comes before all that is sent otherwise, in order
//! among itself.
//!
//! # How it passes
//!
//! It travels like any other message, in the same word, so it finds its receiver alive and keeps its sender's order by
//! the same step. Its envelope says that it is urgent. When the process takes in what has come, which it does before it
//! looks for anything, it moves the urgent ones to the front of its queue, behind those that are there already. So a
//! receive that finds one has looked at nothing else. Each message that comes is looked at once for this, and the
//! urgent ones that are not read yet are counted off once for each time that more come.
//!
//! A receive that was looking further back begins anew when an urgent one has come.
//!
//! # Who decides
//!
//! The sender, by the gate (`gate`): the address has the lane's key, and the message is urgent if that lane is open now. A
//! lane that was closed is never opened again, so what still comes by its address is ordinary. A process with an open
//! lane is gated for as long: no sender hands a message straight into its queue, past the look for urgent ones.
//!
//! Where a mailbox has a limit, urgent messages may fill twice as many places: so a full mailbox can be reached, and
//! nothing is without a bound.
//!
//! # Orderings
//!
//! A sender that finds the word gated has to find the gate open, or it would take the process for gone: the step that shows
//! the flag releases what was written in the gate, and the look of the sender acquires it. All else is one word.

use super::envelope::{Class, Packing};
use super::gate::Gate;
use super::look::{header, take_in, turn_all};
use super::mailbox::Mailbox;
use super::post::{Receiver, Sent, pack};
use super::refusal::SendError;
use super::special::{COUNTED, LANE};
use super::{Envelope, Pool};
use crate::process::here::{Here, with_desk};
use crate::process::{Header, Pid, PreemptionOff, own_pid, table};
use core::fmt;
use core::ptr::NonNull;

/// An urgent lane of a process's own; whoever drops it closes it.
#[must_use = "it closes when it is dropped"]
#[derive(Debug)]
pub struct Lane {
    pid: Pid,
    key: u64,
}

/// Where urgent messages are sent to.
#[derive(Clone, Copy, Debug)]
pub struct LaneAddress {
    to: Receiver,
    key: u64,
}

/// Why there is no lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LaneError {
    /// The process has one that is open.
    IsOpen,
    /// There is no memory for it.
    NoMemory,
}

impl fmt::Display for LaneError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::IsOpen => "the process has an urgent lane that is open",
            Self::NoMemory => "no memory for an urgent lane",
        })
    }
}

impl core::error::Error for LaneError {}

/// Opens an urgent lane of the running process.
pub fn open_lane() -> Result<Lane, LaneError> {
    let header = header();
    let pid = header.pid();
    let gate = table().gates().of_or_new(pid).ok_or(LaneError::NoMemory)?;
    // All that is there came before.
    take_in(header);
    tidy(header, gate);
    if header.local.has_special(LANE) {
        return Err(LaneError::IsOpen);
    }
    let _off = PreemptionOff::new();
    if !header.local.has_special(COUNTED) {
        gate.open(pid, None);
    }
    let key = gate.open_lane();
    header.local.set_special(LANE);
    header.slot.word.show_gate();
    Ok(Lane { pid, key })
}

impl Lane {
    /// Where to send what is urgent.
    pub fn address(&self) -> LaneAddress {
        LaneAddress {
            to: Receiver::of(self.pid),
            key: self.key,
        }
    }
}

impl Drop for Lane {
    /// Closes it; whoever it is, for the process may have given it away.
    fn drop(&mut self) {
        let is_own = own_pid() == Some(self.pid);
        if is_own {
            take_in(header());
        }
        let Some(gate) = table().gates().of(self.pid) else {
            return;
        };
        gate.close_lane(self.key);
        if is_own {
            tidy(header(), gate);
        }
    }
}

/// Forgets a lane that was closed.
fn tidy(header: &Header, gate: &Gate) {
    if header.local.has_special(LANE) && !gate.has_lane() {
        let _off = PreemptionOff::new();
        header.local.clear_special(LANE);
        if !header.local.has_special(COUNTED) {
            header.slot.word.hide_gate();
        }
    }
}

impl LaneAddress {
    /// Whose lane it is.
    pub fn pid(self) -> Pid {
        self.to.pid()
    }

    /// Sends a message by the lane, or like any other if that is closed.
    pub fn send<M: Send + 'static>(self, message: M) -> Result<Sent, SendError<M>> {
        let gate = table().gates().of(self.pid());
        let is_open = gate.is_some_and(|gate| gate.is_lane(self.key));
        let kind = if is_open {
            Packing::<M>::urgent()
        } else {
            Packing::<M>::kind()
        };
        pack(self.to, message, kind)
    }
}

/// Takes everything in that has come, and moves what is urgent to the front.
#[cold]
#[inline(never)]
pub(super) fn take_in_by_lane(header: &'static Header) {
    let slabs = table().slabs();
    let before = header.local.mailbox.last(slabs);
    turn_all(header);
    let gate = table().gates().of(header.pid());
    let Some(gate) = gate.filter(|_| header.local.mailbox.last(slabs) != before) else {
        return;
    };
    if gate.has_lane() {
        pass_urgent(header, before);
    } else {
        tidy(header, gate);
    }
}

/// Moves the urgent ones among those behind `passed`, all of which have just been taken in.
fn pass_urgent(header: &'static Header, mut passed: Option<NonNull<Envelope>>) {
    let mailbox = &header.local.mailbox;
    let mut front = None;
    while let Some(envelope) = mailbox.after(passed) {
        let this = Some(NonNull::from(envelope));
        if envelope.class() != Class::Urgent {
            passed = this;
            continue;
        }
        let place = front.unwrap_or_else(|| last_urgent(mailbox, passed));
        if place == passed {
            // It is there already.
            passed = this;
        } else {
            with_desk(|here, desk| {
                mailbox.unlink(passed, envelope, &mut desk.pool, here);
                mailbox.insert(place, envelope, &mut desk.pool, here);
            });
            header.note_change();
        }
        front = Some(this);
    }
}

/// The last of the urgent ones at the front, as far as `end`.
fn last_urgent(mailbox: &Mailbox, end: Option<NonNull<Envelope>>) -> Option<NonNull<Envelope>> {
    let mut last = None;
    while last != end {
        let next = mailbox.after(last);
        match next.filter(|next| next.class() == Class::Urgent) {
            Some(next) => last = Some(NonNull::from(next)),
            None => break,
        }
    }
    last
}

impl Mailbox {
    /// Puts one that was just taken out in again, behind `place` or before all others that are unread; it was not the
    /// only one.
    fn insert(
        &self,
        place: Option<NonNull<Envelope>>,
        envelope: &'static Envelope,
        pool: &mut Pool,
        here: &'static Here,
    ) {
        let Some(place) = place else {
            // With nothing before the first unread one, that is the head of the list.
            self.give_emptied(pool, here);
            return self.put_back(envelope);
        };
        // SAFETY: in the list, so it is this process's. It is not the last: that is behind it.
        let place = unsafe { place.as_ref() };
        envelope.set_next(place.next());
        place.set_next(Some(NonNull::from(envelope)));
    }
}
