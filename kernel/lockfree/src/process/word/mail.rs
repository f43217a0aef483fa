//! The mailbox in the word: what a sender does, and the process that takes.

use super::{
    APART, DEAF, FREE, GATED, GENERATION, HELD, LAST_MESSAGE, MAIL, MAIL_SHIFT, PHASE, Pid,
    RUNNABLE, SUSPEND, StateWord, WAITING, message_of, standing,
};
use crate::atomic::{Ordering, Relaxed};
use crate::order::Site;
use core::hint::cold_path;

/// A process that waits apart, and nothing else.
const APART_ONLY: u64 = WAITING | APART;

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Sent {
    /// There is no such process: the message is still its sender's.
    Nobody,
    /// The process will find it when it looks.
    Left,
    /// It is there, and the process's token is the sender's now: put it into a queue.
    Token,
    /// The process waited for nothing else, and its token is the sender's now: so is its mailbox until
    /// then, and the message goes straight in there, if nothing else is there.
    Handed,
    /// There is a gate: the message is still its sender's, who has to go by that.
    Gated,
}

/// What became of a message that was sent the short way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum AtOnce {
    /// See [`Sent::Left`].
    Left,
    /// See [`Sent::Handed`].
    Handed,
    /// Nothing: it has to go the long way.
    Not,
}

impl StateWord {
    /// Sends a message to a process, if that is ready to be simply run, or simply waits for mail: publishes its number,
    /// and tells `link` which one was sent before it, as its number stands in the word (0: none). It tries once: if the word changes meanwhile, the message
    /// goes the long way, and the short one needs no loop. Nearly always there is no flag, and then the
    /// pid and the number alone make what the word is to be.
    #[inline(always)]
    pub(crate) fn send_at_once(&self, pid: Pid, message: u32, link: impl Fn(u64)) -> AtOnce {
        debug_assert!((1..=LAST_MESSAGE).contains(&message));
        let ordering = Site::Send.ordering();
        let word = self.0.load(Relaxed);
        let plain = pid.generation() | RUNNABLE;
        // Zero but for the mail, if the word is this process's, and nobody wants anything of it.
        let apart = word ^ plain;
        // Each outcome has its own step: nothing is to be found out again after it.
        if apart & !MAIL == 0 {
            // So what is left of it is the mail, as it stands in the word.
            link(apart);
            let left = plain | u64::from(message) << MAIL_SHIFT;
            return match self.swap(word, left, ordering) {
                Ok(_) => AtOnce::Left,
                Err(_) => AtOnce::Not,
            };
        }
        if apart == WAITING {
            return match self.swap(word, plain, ordering) {
                Ok(_) => AtOnce::Handed,
                Err(_) => AtOnce::Not,
            };
        }
        if apart & (GENERATION | GATED | PHASE) != RUNNABLE {
            return AtOnce::Not;
        }
        // Something is wanted of it, or it was broken off in mid-poll. (The weak kind: the compiler would join this
        // step and the first one, and both would take a jump more.)
        cold_path();
        link(word & MAIL);
        let left = word & !MAIL | u64::from(message) << MAIL_SHIFT;
        match self.0.compare_exchange_weak(word, left, ordering, Relaxed) {
            Ok(_) => AtOnce::Left,
            Err(_) => AtOnce::Not,
        }
    }

    /// The same, whatever the process is and does.
    pub(crate) fn send(&self, pid: Pid, message: u32, link: impl Fn(u64)) -> Sent {
        match self.send_at_once(pid, message, &link) {
            AtOnce::Left => Sent::Left,
            AtOnce::Handed => Sent::Handed,
            AtOnce::Not => self.send_at_length(pid, message, 0, link),
        }
    }

    /// The same for whoever has gone by the gate, if there is one.
    pub(crate) fn send_past_gate(&self, pid: Pid, message: u32, link: impl Fn(u64)) -> Sent {
        self.send_at_length(pid, message, GATED, link)
    }

    /// The same without the short way, and not looking at the flags that are passed over.
    fn send_at_length(&self, pid: Pid, message: u32, passed: u64, link: impl Fn(u64)) -> Sent {
        let mut word = self.0.load(Relaxed);
        loop {
            link(word & MAIL);
            let left = word & !MAIL | u64::from(message) << MAIL_SHIFT;
            let apart = (word ^ pid.generation()) & !passed;
            let (next, outcome) = match apart {
                APART_ONLY if passed == 0 => (pid.generation() | RUNNABLE, Sent::Handed),
                _ => Self::send_beside(apart, left),
            };
            if matches!(outcome, Sent::Nobody | Sent::Gated) {
                return outcome;
            }
            match self.swap(word, next, Site::Send.ordering()) {
                Ok(_) => return outcome,
                Err(now) => word = now,
            }
        }
    }

    /// Not the weak kind: what the compiler makes of that has to look at the outcome twice.
    #[inline(always)]
    fn swap(&self, word: u64, next: u64, ordering: Ordering) -> Result<u64, u64> {
        self.0.compare_exchange(word, next, ordering, Relaxed)
    }

    /// What becomes of a message to a process that is not ready to be simply run, or does not simply wait for
    /// mail; `apart` is its word but for the generation. (A level in the word is met later: in the queue the process is where it was.)
    fn send_beside(apart: u64, next: u64) -> (u64, Sent) {
        match apart & PHASE {
            _ if apart & GENERATION != 0 => (next, Sent::Nobody),
            FREE => (next, Sent::Nobody),
            _ if apart & GATED != 0 => (next, Sent::Gated),
            WAITING if apart & DEAF != 0 => (next, Sent::Left),
            WAITING if apart & SUSPEND != 0 => (next & !standing(next) | HELD, Sent::Left),
            WAITING => (next & !standing(next) | RUNNABLE, Sent::Token),
            _ => (next, Sent::Left),
        }
    }

    /// True if there is a message.
    #[inline(always)]
    pub(crate) fn has_mail(&self) -> bool {
        self.0.load(Relaxed) & MAIL != 0
    }

    /// The number of the newest message, or 0, for whoever takes none.
    pub(crate) fn newest(&self) -> u32 {
        message_of(self.0.load(Relaxed))
    }

    /// Takes all messages: the number of the newest, or 0. The token's holder calls it, or the process
    /// itself.
    #[inline(always)]
    pub(crate) fn take(&self) -> u32 {
        message_of(self.0.fetch_and(!MAIL, Site::Take.ordering()))
    }
}
