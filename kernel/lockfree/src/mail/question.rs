//! Questions: messages that somebody waits for the answer to, and is told if there will be none.
//!
//! A question travels in an envelope of a kind of its own. When the process that is asked takes it out of its
//! mailbox, the envelope does not go back to a pool: it stays *open*, in no list, until it is decided who has it.
//! There are three who may want it, and whoever closes the question's word, one compare-and-swap, has it:
//!
//! - whoever has the [`ReplyTo`], wherever that has gone meanwhile: the answer travels back in it, so
//!   answering needs no memory (but a large answer's box);
//! - the end of the process that took the question in: the same, with nothing in it;
//! - whoever asked and does not want to know any more: it goes back to a pool.
//!
//! ```text
//!             1 ask             2 open             3 close
//!    pool ----------> asked -----------> open ------------------> closed ---> the asker's mailbox, or a pool
//!                       |                                           |
//!                       |  4 renounce                               |  5 give up, with the answer under way
//!                       +------------> renounced                    |
//!                       |                  |  5 give up             v
//!                       +------------------+------------------> given up
//! ```
//!
//! The word (`word`) has the number of the question as well, which no other question in this envelope has: a
//! `ReplyTo` that comes late finds another number, or the question closed. Nothing else is ever written
//! where the word is, and envelopes stay envelopes: so a late one may always look.
//!
//! *Renounced* is a question whose `ReplyTo` was dropped before it was read, by whoever kept it out of the
//! question; whoever reads it answers that there is none.
//!
//! # How the end of a process finds its open questions
//!
//! They are noted in its *ledger* (`ledger`): an envelope that the process keeps from its first question on,
//! with more behind it if more than one question is open. A note says which envelope, and which number; so it may
//! outlive the question, and nobody has to find it when that is closed on another core. A few old notes are
//! looked at with each new one. When the process ends, however that is, its ledger is left to the reaper
//! like mail that was not read: a note at a time.
//!
//! Ledger and questions in the making are found by one word of the mailbox (`duties`), which is looked at together
//! with another one when a process ends. So they cost other processes nothing.

mod ask;
mod duties;
mod ledger;
mod reply;
mod take;
mod word;

pub use ask::{NotAsked, Question, ask};
pub(crate) use duties::Duties;
pub(crate) use ledger::bury;
pub(super) use ledger::opened;
pub use reply::ReplyTo;
pub(super) use take::take_first_question;
pub(crate) use word::QuestionWord;
pub(super) use word::{Emptied, Ended, Number};

use super::Envelope;
use super::envelope::{Class, Kind};
use crate::process::here::{Desk, Here};
use crate::process::word::{AtOnce, Sent};
use crate::process::{Local, Pid, Slot};

/// There is no answer.
static NOTHING: Kind = Kind::empty::<Nothing>(Class::Answer);
struct Nothing;
/// There was no memory to note the question in.
static NOT_NOTED: Kind = Kind::empty::<NotNoted>(Class::Answer);
struct NotNoted;

impl Envelope {
    /// Says who asks the question in it.
    #[inline(always)]
    fn set_asker(&self, pid: Pid) {
        // SAFETY: of a question's room this part is kept free, and the envelope is the caller's own.
        unsafe { self.asker().write(pid.get()) }
    }

    /// True if it brings an answer that nobody waits for any more.
    #[inline(always)]
    pub(super) fn is_late_answer(&self) -> bool {
        self.class() == Class::Answer && self.question.is_given_up()
    }

    /// Says that it brings no answer, for this reason.
    fn fill_with_nothing(&self, why: &'static Kind) {
        self.set_kind(why);
    }
}

/// Sends an envelope with an answer to whoever asked. False if that is gone: then it is the caller's again.
///
/// The caller has closed the question that was in it.
#[inline(always)]
pub(super) fn send_back(
    here: &'static Here,
    local: &Local,
    desk: &mut Desk,
    asker: Pid,
    envelope: &'static Envelope,
) -> bool {
    // SAFETY: who asked was there.
    let slot = unsafe { here.table().slot_of(asker) };
    hand_over(here, local, desk, asker, slot, envelope)
}

/// Sends an envelope with an answer. False if the process is gone: then it is the caller's again.
#[inline(always)]
fn hand_over(
    here: &'static Here,
    local: &Local,
    desk: &mut Desk,
    to: Pid,
    slot: &'static Slot,
    envelope: &'static Envelope,
) -> bool {
    let link = move |before| envelope.set_link_before(before);
    match slot.word.send_at_once(to, envelope.number(), link) {
        AtOnce::Left => {}
        // SAFETY: just now.
        AtOnce::Handed => unsafe { wake_with(here, local, desk, slot, envelope) },
        AtOnce::Not => return hand_over_at_length(here, local, desk, to, slot, envelope),
    }
    true
}

/// The same without the short way. Answers are never refused, so they go past the gate.
#[cold]
#[inline(never)]
fn hand_over_at_length(
    here: &'static Here,
    local: &Local,
    desk: &mut Desk,
    to: Pid,
    slot: &'static Slot,
    envelope: &'static Envelope,
) -> bool {
    let link = move |before| envelope.set_link_before(before);
    let sent = slot.word.send_past_gate(to, envelope.number(), link);
    match sent {
        Sent::Left => {}
        Sent::Nobody | Sent::Gated => return false,
        // SAFETY: just now.
        Sent::Handed => unsafe { wake_with(here, local, desk, slot, envelope) },
        // SAFETY: the send has just handed it over.
        Sent::Token => desk.leave_woken(here, local, unsafe { slot.token() }),
    }
    true
}

/// Puts a message into the mailbox of its receiver, and wakes that.
///
/// # Safety
///
/// The send of the message has handed the process of this slot over.
#[inline(always)]
unsafe fn wake_with(
    here: &'static Here,
    local: &Local,
    desk: &mut Desk,
    slot: &'static Slot,
    envelope: &'static Envelope,
) {
    // SAFETY: the caller's promise.
    let token = unsafe { slot.token() };
    token.header().local.put(envelope);
    desk.leave_handed(here, local, token);
}

/// Tells whoever asked that there is no answer, by the envelope of the question, which the caller has closed.
#[cold]
#[inline(never)]
fn send_nothing(
    here: &'static Here,
    local: &Local,
    desk: &mut Desk,
    envelope: &'static Envelope,
    why: &'static Kind,
) {
    // SAFETY: nobody else uses a closed question's envelope, and nothing was put into the room since.
    let asker = Pid::from_number(unsafe { envelope.asker().read() });
    envelope.fill_with_nothing(why);
    if !send_back(here, local, desk, asker, envelope) {
        desk.pool.give(here, envelope);
    }
}

#[cfg(all(test, loom))]
pub(crate) mod stories;
