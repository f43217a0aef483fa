//! Paying for many messages at once.
//!
//! A receive pays for its message and counts it out. Done for each by itself that is a third of what receiving one of a
//! flood takes, together with the question whether anything is out of the ordinary. So it is done for a *run*, up to a slice
//! of them at a time; who then takes one of the run looks at nothing but the message.
//!
//! How does a receive see where the run ends? It compares the kind of what it finds anyway. So the first envelope of each run
//! that is not paid for has a *seal*, a mark at its kind, which makes it like no kind at all: the comparison fails, and the
//! long way pays, counts and takes the seal off. Its `extra` says how many there are until the next seal.
//!
//! ```text
//!   cursor --> unread --> unread --> unread --> sealed, 64 --> unread --> ... --> sealed, 3 --> unread --> unread
//!              |<----- paid for ------>|
//! ```
//!
//! Where do the seals come from? Turning a stack round goes in slices, and seals the first of each.
//! What is handed straight to one that waits for it has none, and is not paid for: an await that has to wait gives the
//! core up, and pays nothing.
//!
//! # What holds always
//!
//! - *The first unread envelope has a seal, or is of a run that is paid for and counted out.* What is counted, `held`, is the
//!   rest; who asks how many wait adds those of the run.
//! - *While anything is special, the first has a seal*: [`Local::set_special`] gives back what was paid for the rest of the
//!   run, and whoever takes the first one then seals the next. So what is special needs no question.
//! - *While a process has nothing left to spend, it has no run*: who spends the last of it gives the run up, too.
//!
//! Whoever takes one out of the middle may do so within any run, and nobody knows where that began. From then on the
//! numbers beside the seals are not to be trusted (`IRREGULAR`), until all is read: a new run is counted by walking along it.
//!
//! The process itself does all this, or the holder of its token. Being given up between two steps loses nothing: the list is
//! whole after each, and who drops what is left asks nobody for payment.

use super::super::special::IRREGULAR;
use super::super::{Envelope, look};
use super::turn::SLICE;
use super::{EMPTIED_MOST, Mailbox};
use crate::process::here::with_desk;
use crate::process::{Header, Local};

/// Messages of a run at most: a slice and the anchor.
const LONGEST: u32 = SLICE + 1;

/// Stands beside what nobody has paid for, for it was handed over. (It may stand beside another one that was once used for
/// that; then one reduction too few comes back, and never one too many.)
pub(super) const FREE: u32 = 0;

#[cold]
#[inline(never)]
fn give_emptied(mailbox: &Mailbox) {
    with_desk(|here, desk| mailbox.give_emptied(&mut desk.pool, here));
}

impl Local {
    /// Begins with a run, if nothing is special: pays for it, counts it out, and takes the seal off. What has come is
    /// taken in first, if nothing else is there.
    pub(in crate::mail) fn begin_run(&self, header: &'static Header) -> bool {
        debug_assert!(!self.is_special(), "each message is to be looked at");
        if self.mailbox.first().is_none() {
            self.clear_special(IRREGULAR);
            look::turn_all(header);
        }
        let sealed = self.mailbox.first().filter(|first| first.is_sealed());
        // (Who has nothing left may owe one, which is searched for: then all that was emptied goes back with it.)
        let (Some(first), left @ 1..) = (sealed, self.left()) else {
            return false;
        };
        if left > EMPTIED_MOST {
            give_emptied(&self.mailbox);
        }
        let run = self.measure(first, left.unsigned_abs().min(LONGEST));
        self.spend_little(run);
        self.set_held(self.held() - run);
        first.unseal();
        true
    }

    /// How many there are in the run that begins with this one, or so many of them, with a seal behind.
    fn measure(&self, first: &'static Envelope, most: u32) -> u32 {
        let is_regular = !self.has_special(IRREGULAR);
        let all = first.extra();
        if is_regular && all <= most {
            return all;
        }
        let (mut run, mut last) = (1, first);
        while let Some(next) = last.following() {
            if run == most {
                // If it is irregular the number does not matter.
                next.seal(all.wrapping_sub(most));
                break;
            }
            next.unseal();
            (run, last) = (run + 1, next);
        }
        run
    }

    /// Gives back what was paid for the rest of a run, if there is one: it is sealed again.
    #[inline(always)]
    pub(crate) fn end_run(&self) {
        if let Some(first) = self.mailbox.first().filter(|first| !first.is_sealed()) {
            self.end_run_at(first);
        }
    }

    #[inline(never)]
    fn end_run_at(&self, first: &'static Envelope) {
        let (rest, is_free) = (self.mailbox.in_run(), first.extra() == FREE);
        first.seal(rest);
        self.set_held(self.held() + rest);
        self.earn(rest - u32::from(is_free));
    }

    /// Messages that wait.
    pub(crate) fn waiting(&self) -> u32 {
        self.held() + self.mailbox.in_run()
    }

    /// Counts the first one out, which is sealed: the next one has the seal of the rest, if that was not all.
    #[inline(always)]
    pub(in crate::mail) fn break_seal(&self, first: &'static Envelope) {
        debug_assert!(first.is_sealed(), "a message that was paid for already");
        self.set_held(self.held() - 1);
        first.unseal();
        if let Some(next) = first.following().filter(|next| !next.is_sealed()) {
            next.seal(first.extra().wrapping_sub(1));
        }
    }

    /// Counts one out that is behind the first: where its run began is not known.
    pub(in crate::mail) fn break_run(&self, envelope: &'static Envelope) {
        self.become_irregular();
        self.set_held(self.held() - 1);
        envelope.unseal();
    }

    /// The numbers beside the seals are not to be trusted from now on, and the first is sealed.
    pub(in crate::mail) fn become_irregular(&self) {
        self.set_special(IRREGULAR);
        if let Some(first) = self.mailbox.first().filter(|first| !first.is_sealed()) {
            first.seal(0);
        }
    }
}

impl Mailbox {
    /// Messages that are paid for and unread.
    fn in_run(&self) -> u32 {
        let (mut run, mut next) = (0, self.first());
        while let Some(envelope) = next.filter(|next| !next.is_sealed()) {
            run += 1;
            next = envelope.following();
        }
        run
    }
}
