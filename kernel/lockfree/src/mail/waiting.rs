//! Waiting for room in somebody's mailbox.
//!
//! A sender that finds the mailbox full may put its message into the receiver's line, and wait. From then on the message
//! is the kernel's: whoever makes room *passes the place on* to the first in line, by moving its message into the
//! mailbox itself, and tells the sender that it is done. No sender is woken to try again, so there is no herd, no
//! overtaking, and no place that is lost because whoever was given it has been killed before it could use it.
//!
//! ```text
//!   sender                    line                     receiver
//!   full? 1 queue up -------> [message, place] ----2 pass on---> its word
//!     |                          |     |                            |
//!     |  4 leaves the line       |     +--- 3 the receiver ends     |
//!     +<-------------------------+          (its loop tells all)    |
//!     +<--------------------- an answer: delivered, or to nobody <--+
//! ```
//!
//! The place in line is the envelope of a question (`question`), which nobody reads: what has become of the message is
//! answered in it. So telling never wants for memory. What becomes of a sender that gives up?
//!
//! - *Its future is dropped* (a timeout, a `select!`, a kill at an await): it leaves the line and has its
//!   message back, or it was served already, and the answer is late and dropped like any other.
//! - *It is killed in mid-poll*: its message stays in line, and is delivered when its turn comes, or is left unread. The
//!   answer finds nobody, and its envelope goes home. Nobody waits for the dead.
//!
//! # Why no wake-up is lost
//!
//! Whether there is room, and whether somebody waits, is one word (`gate`). A sender sets `QUEUED` in the step that
//! finds the mailbox full; the receiver leaves a place in a step that fails if `QUEUED` is there. Whichever is first, the
//! other sees: room, or somebody to pass it on to. Both do the rest under the lock of the line, and only there is
//! `QUEUED` set or cleared: it is there exactly while somebody stands in line.
//!
//! When the process ends, its loop closes the gate, under the lock: nobody joins any more. All that wait are
//! told by the loop, some at a turn; meanwhile the process keeps its home, so nobody else has the line.

use super::Envelope;
use super::envelope::{Kind, Packing};
use super::gate::{Gate, Standing};
use super::gated::publish;
use super::line::{InLine, Places, Waiting};
use super::look::{Position, header};
use super::post::{Receiver, Sent, try_box};
use super::question::{Question, send_back};
use super::refusal::SendError;
use super::slabs::Slabs;
use crate::process::here::{with_desk, with_own_desk};
use crate::process::{Header, Pid, PreemptionOff, table};
use crate::scarcity::Purpose;
use alloc::boxed::Box;
use core::marker::PhantomData;
use core::task::{Context, Poll};

/// Why a sender that is ready to wait does not.
#[derive(Debug)]
pub enum NoPlace<M> {
    /// There was room now.
    Sent(Sent),
    /// There is nothing to wait for.
    Nowhere(M),
    /// There is no memory to wait with.
    Refused(SendError<M>),
}

/// A place in line; whoever drops it leaves, and drops the message with it if that was not delivered.
#[must_use = "who drops it does not wait any more"]
#[derive(Debug)]
pub struct Place<M: Send + 'static> {
    to: Pid,
    number: u32,
    ticket: u64,
    question: Question<Sent>,
    holds: PhantomData<fn() -> M>,
}

impl Places for Slabs {
    fn read(&self, number: u32) -> Waiting {
        // SAFETY: who has the lock reads places of its line only, and each was filled with that when it joined.
        unsafe { self.at(number).as_ref().empty() }
    }

    fn write(&self, number: u32, waiting: Waiting) {
        // SAFETY: the number of a place of the line, or of one that joins it.
        let place = unsafe { self.at(number).as_ref() };
        place.fill(waiting, Packing::<Waiting>::kind());
    }
}

fn lock(gate: &'static Gate) -> InLine<'static, PreemptionOff> {
    gate.line().lock(PreemptionOff::new())
}

/// 1: puts a message in line for a place in a full mailbox.
pub fn join_line<M: Send + 'static>(to: Receiver, message: M) -> Result<Place<M>, NoPlace<M>> {
    let kind = Packing::<M>::kind();
    if Packing::<M>::IS_INLINE {
        return join(to, message, kind);
    }
    let message = try_box(message, Purpose::Message)
        .map_err(|message| NoPlace::Refused(SendError::NoEnvelope(message)))?;
    join(to, message, kind).map_err(|why| why.map(|message| *message))
}

impl<P> NoPlace<P> {
    fn map<M>(self, unpack: impl FnOnce(P) -> M) -> NoPlace<M> {
        match self {
            Self::Sent(sent) => NoPlace::Sent(sent),
            Self::Nowhere(payload) => NoPlace::Nowhere(unpack(payload)),
            Self::Refused(why) => NoPlace::Refused(why.map(unpack)),
        }
    }
}

/// The same, as the message is packed.
fn join<P, M: Send + 'static>(
    to: Receiver,
    payload: P,
    kind: &'static Kind,
) -> Result<Place<M>, NoPlace<P>> {
    let header = header();
    let (table, pid) = (table(), to.pid());
    let (Some(gate), Some(slot)) = (table.gates().of(pid), table.slot(pid.index())) else {
        return Err(NoPlace::Nowhere(payload));
    };
    // What is in the mailbox now can't be the answer.
    let position = Position::at_the_end_of(header);
    // As long as the envelopes are in hand.
    let _off = PreemptionOff::new();
    let Some([message, place]) = take_two() else {
        return Err(NoPlace::Refused(SendError::NoEnvelope(payload)));
    };
    let line = lock(gate);
    match gate.queue_up(pid) {
        Standing::InLine => {
            message.fill(payload, kind);
            let question = Question::of_place(header, place, position);
            let waiting = Waiting::new(header.pid(), message.number());
            let ticket = line.join(table.slabs(), place.number(), waiting);
            Ok(Place {
                to: pid,
                number: place.number(),
                ticket,
                question,
                holds: PhantomData,
            })
        }
        Standing::Inside => {
            drop(line);
            message.fill(payload, kind);
            give(&[place]);
            Err(NoPlace::Sent(publish::<P>(pid, slot, message)))
        }
        Standing::Nowhere => {
            drop(line);
            give(&[message, place]);
            Err(NoPlace::Nowhere(payload))
        }
    }
}

fn take_two() -> Option<[&'static Envelope; 2]> {
    with_desk(|here, desk| {
        let mut one = || {
            if let Some(envelope) = desk.pool.take() {
                return Some(envelope);
            }
            desk.pool.fill(here.table().slabs(), here);
            desk.pool.take()
        };
        let taken = (one(), one());
        if let (Some(first), Some(second)) = taken {
            return Some([first, second]);
        }
        if let (Some(first), None) = taken {
            desk.pool.give(here, first);
        }
        desk.pool.traffic.refused += 1;
        None
    })
}

fn give(envelopes: &[&'static Envelope]) {
    with_desk(|here, desk| {
        for &envelope in envelopes {
            desk.pool.give(here, envelope);
        }
    });
}

/// 2: passes the place of a message that the running process has received on to the first in line.
#[cold]
#[inline(never)]
pub(super) fn pass_on(header: &Header) {
    let (table, pid) = (table(), header.pid());
    let Some(gate) = table.gates().of(pid) else {
        return;
    };
    let _off = PreemptionOff::new();
    let line = lock(gate);
    let Some((number, waiting)) = line.serve(table.slabs()) else {
        // All have left meanwhile.
        return gate.leave_at_once();
    };
    close(number, table.slabs());
    if line.is_empty() {
        gate.end_queue(pid);
    }
    drop(line);
    // SAFETY: the line had it, and has it no more.
    let message = unsafe { table.slabs().at(waiting.message).as_ref() };
    let link = |before| message.set_link_before(before);
    // It runs, so this is simply left.
    let _ = header.slot.word.send_past_gate(pid, waiting.message, link);
    tell(number, waiting.asker, Sent::Delivered);
}

/// Closes the question of a place that was served, under the lock: who gives up later finds that an answer is on its way.
fn close(number: u32, slabs: &Slabs) {
    // SAFETY: the line had it.
    unsafe { slabs.at(number).as_ref() }.question.shut();
}

/// Tells whoever was served; the place is the envelope of that.
fn tell(number: u32, asker: Pid, sent: Sent) {
    // SAFETY: as in `close`, and it has it no more.
    let envelope = unsafe { table().slabs().at(number).as_ref() };
    envelope.fill(sent, Packing::<Sent>::answer());
    with_own_desk(|here, local, desk| {
        if !send_back(here, local, desk, asker, envelope) {
            desk.pool.give(here, envelope);
        }
    });
}

/// 3: tells the first who waits for a process that has ended; its message is one of those that were left unread. False
/// if nobody waits any more. For a core's loop.
pub(crate) fn tell_next_of(header: &Header) -> bool {
    let table = table();
    let Some(gate) = table.gates().of(header.pid()) else {
        return false;
    };
    let line = lock(gate);
    let Some((number, waiting)) = line.serve(table.slabs()) else {
        return false;
    };
    close(number, table.slabs());
    drop(line);
    // SAFETY: as in `pass_on`.
    let message = unsafe { table.slabs().at(waiting.message).as_ref() };
    header.local.mailbox.put_back(message);
    tell(number, waiting.asker, Sent::ToNobody);
    true
}

impl<M: Send + 'static> Place<M> {
    /// Polls for what has become of the message. Only the process that has sent it may.
    pub fn poll(&mut self, context: &Context<'_>) -> Poll<Sent> {
        self.question
            .poll(context)
            .map(|answer| answer.expect("who is served is told how"))
    }

    /// 4: leaves the line; the message, unless it has gone its way.
    fn leave(&mut self) -> Option<M> {
        if Packing::<M>::IS_INLINE {
            // SAFETY: `join_line` has put it in like that.
            unsafe { self.leave_with::<M>() }
        } else {
            // SAFETY: as above.
            unsafe { self.leave_with::<Box<M>>() }.map(|message| *message)
        }
    }

    /// # Safety
    ///
    /// The message is in its envelope as a `P`.
    unsafe fn leave_with<P>(&mut self) -> Option<P> {
        let table = table();
        let gate = table.gates().of(self.to)?;
        let _off = PreemptionOff::new();
        let line = lock(gate);
        let waiting = line.leave(table.slabs(), self.number, self.ticket)?;
        if line.is_empty() {
            gate.end_queue(self.to);
        }
        drop(line);
        self.question.take_back();
        // SAFETY: the line had them, and has them no more.
        let [message, place] =
            [waiting.message, self.number].map(|it| unsafe { table.slabs().at(it).as_ref() });
        // SAFETY: the caller's promise.
        let payload = unsafe { message.empty() };
        give(&[message, place]);
        Some(payload)
    }
}

impl<M: Send + 'static> Drop for Place<M> {
    fn drop(&mut self) {
        drop(self.leave());
    }
}
