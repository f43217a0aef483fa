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
//! urgent ones that are not read yet are counted off once for each time that more come. Both are paid for, as looks for
//! anything else are. Whoever has nothing left to spend lets others run meanwhile, and goes on from where it was: until that
//! [walk](Walk) is at its end nobody takes anything out of the list.
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
use super::look::{LOOKS, TakenIn, header, take_all_in, turn_all};
use super::mailbox::Mailbox;
use super::post::{Receiver, Sent, pack};
use super::refusal::SendError;
use super::special::{COUNTED, LANE};
use super::{Envelope, Pool};
use crate::process::here::{Here, with_desk};
use crate::process::{Header, Pid, PreemptionOff, own_pid, reduce, table};
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
    take_all_in(header);
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
            take_all_in(header());
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
        // Who has ordinary messages only need not look at the rest.
        let _ = Walk::take(header);
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

/// Takes everything in that has come, and moves what is urgent to the front. While that is broken off nothing more is taken in:
/// whoever sends faster than this looks would keep it from ever coming to its end, and what is at the front from being received.
#[cold]
#[inline(never)]
pub(super) fn take_in_by_lane(header: &'static Header) -> TakenIn {
    let slabs = table().slabs();
    let last = || header.local.mailbox.last(slabs);
    let kept = Walk::take(header).filter(|walk| last() != walk.passed);
    let taken_in = match kept {
        Some(_) => TakenIn::Before,
        None => TakenIn::All,
    };
    let mut walk = kept.unwrap_or_else(|| {
        let walk = Walk::behind(last());
        turn_all(header);
        walk
    });
    let gate = table().gates().of(header.pid());
    let Some(gate) = gate.filter(|_| last() != walk.passed) else {
        return taken_in;
    };
    if !gate.has_lane() {
        tidy(header, gate);
    } else if !walk.go_on(header) {
        return TakenIn::NotYet;
    }
    taken_in
}

/// The way through what has been taken in, past each message once, on which the urgent ones are moved. While it is broken off
/// the process takes nothing out of the list, and nobody else does, so both ends of it stay where they are.
struct Walk {
    /// The last one that was looked at.
    passed: Option<NonNull<Envelope>>,
    /// One of the urgent ones at the front, the last as far as is known.
    front: Option<NonNull<Envelope>>,
    looks: u32,
}

impl Walk {
    /// It begins behind this one.
    fn behind(passed: Option<NonNull<Envelope>>) -> Self {
        Self {
            passed,
            front: None,
            looks: 0,
        }
    }

    /// Looks at the rest. False if the process has nothing left to spend: then it is kept, to be gone on with.
    fn go_on(&mut self, header: &'static Header) -> bool {
        let mailbox = &header.local.mailbox;
        while let Some(envelope) = mailbox.after(self.passed) {
            if envelope.class() != Class::Urgent {
                self.passed = Some(NonNull::from(envelope));
            } else if self.has_found_front(header) {
                self.bring_forward(header, envelope);
            } else {
                return false;
            }
            if self.has_to_stop(header) {
                return false;
            }
        }
        true
    }

    /// Looks for the last of the urgent ones at the front, as far as this has come. False as above.
    fn has_found_front(&mut self, header: &Header) -> bool {
        while self.front != self.passed {
            let next = header.local.mailbox.after(self.front);
            let Some(next) = next.filter(|next| next.class() == Class::Urgent) else {
                break;
            };
            self.front = Some(NonNull::from(next));
            if self.has_to_stop(header) {
                return false;
            }
        }
        true
    }

    /// Moves the next one, which is urgent, behind those at the front.
    fn bring_forward(&mut self, header: &'static Header, envelope: &'static Envelope) {
        let mailbox = &header.local.mailbox;
        let this = Some(NonNull::from(envelope));
        if self.front == self.passed {
            // It is there already.
            self.passed = this;
        } else {
            with_desk(|here, desk| {
                mailbox.unlink(self.passed, envelope, &mut desk.pool, here);
                mailbox.insert(self.front, envelope, &mut desk.pool, here);
            });
            header.note_change();
        }
        self.front = this;
    }

    /// Counts a look. True if others are to run first, and this is kept meanwhile; without memory for that it goes on.
    fn has_to_stop(&mut self, header: &Header) -> bool {
        self.looks += 1;
        if !self.looks.is_multiple_of(LOOKS) {
            return false;
        }
        reduce(1);
        header.local.left() < 0 && self.keep(header)
    }

    fn keep(&self, header: &Header) -> bool {
        let Some(cold) = header.cold_or_new() else {
            return false;
        };
        // SAFETY: in the list, so it is this process's.
        let number = |envelope: NonNull<Envelope>| unsafe { envelope.as_ref() }.number();
        let numbers = [self.passed, self.front].map(|it| it.map_or(0, number));
        cold.mail_walk.set(numbers);
        numbers[0] != 0
    }

    /// The one that was broken off, if there is one.
    fn take(header: &Header) -> Option<Self> {
        let [passed, front] = header.cold()?.mail_walk.take();
        let slabs = table().slabs();
        // SAFETY: nothing was taken out of the list since they were found in it.
        let find = |number| (number != 0).then(|| unsafe { slabs.at(number) });
        let passed = find(passed)?;
        Some(Self {
            front: find(front),
            ..Self::behind(Some(passed))
        })
    }
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
            // The first one is to have a seal; in how long a run, does not matter: see `take_in`.
            envelope.seal(0);
            return self.put_back(envelope);
        };
        // SAFETY: in the list, so it is this process's. It is not the last: that is behind it.
        let place = unsafe { place.as_ref() };
        envelope.set_next(place.next());
        place.set_next(Some(NonNull::from(envelope)));
    }
}
