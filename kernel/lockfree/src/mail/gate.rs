//! The gate of a mailbox: what a sender may touch of its receiver besides the state word.
//!
//! Only a process that wants something of its senders has one: a limit to its mailbox, from birth on, or an urgent
//! lane, for as long as that is open. A flag in its state word sends them here; to all others a message takes the
//! short way, and nothing of this is looked at.
//!
//! # Where a gate is
//!
//! A sender knows a pid, and the process may end at any moment. So gates lie in memory that never becomes anything
//! else, found by the slot's index: see `gates`. A gate serves one process of its slot after the other, and may
//! serve none for long. Each of its words begins with the generation that it is about, as a pid does, and is changed by
//! compare-and-swap only. Whoever comes with another generation finds nobody, and changes nothing.
//!
//! ```text
//!    63        35 34         27 26 25 24              0
//!   | generation |             | overflow | limit      |   terms: written at birth
//!   | generation | queued, overrun |            count  |   count: of messages
//!   | generation |                               count  |   drops: of messages, as many as there is room for
//! ```
//!
//! # Why the count is exact
//!
//! 1. *A place is taken before the message is published*, in the step that finds it free. So there are never more
//!    messages than places. Of two who race for the last one, one finds the other's count.
//! 2. *Whoever takes a place, publishes*, with preemption off, or finds that the process has ended. Then nobody counts
//!    any more: the next process in the slot begins with a word of its own, of another generation. So nothing has to
//!    be taken back, neither by this sender nor by the reaper for what was left unread.
//! 3. *Whoever takes a message out, leaves the place*, once: the process itself, alive, with preemption off. The
//!    sender's step came before its publishing and that before the taking, so the count is never below zero.
//! 4. *All messages of a counted process are counted, except answers* (and what else is said never to be refused), which
//!    their envelopes tell. A process is counted from birth: its flag and its words are there before its pid is.
//!
//! # Orderings
//!
//! The flag in the state word releases what was written here before, and a sender that has found the flag acquires
//! that: so it finds its receiver's words. For the rest each step is about one word, and what a message carries is
//! released by the step that publishes it. (Those who wait for room stand in a line, which has a lock: see `waiting`. So has
//! the ring of those that the process is tied to, which is here because it is found by the slot as well: see `process::ties`.)

use super::bound::{Bound, Overflow};
use super::line::Line;
use crate::atomic::{AtomicU64, Relaxed};
use crate::process::Pid;
use crate::process::ties::Ring;
use core::fmt;

/// What counts messages, or places, in a word.
const NUMBER: u64 = (1 << 27) - 1;
const OVERFLOW_SHIFT: u32 = 25;
/// What counts what was dropped: more than that is told as that.
const DROPS: u64 = (1 << 35) - 1;
/// Somebody waits for room.
const QUEUED: u64 = 1 << 34;
/// The process is to end, for somebody found no room.
const OVERRUN: u64 = 1 << 33;

/// What a sender finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Entry {
    /// It may publish its message now, and has to.
    Free,
    /// There is no room.
    Full(Overflow),
    /// The process is gone.
    Nobody,
}

/// How much of the room a message may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Share {
    /// What the limit says.
    Ordinary,
    /// Twice as much.
    Urgent,
}

/// Where a sender stands that is ready to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(super) enum Standing {
    /// It has a place in the mailbox, as if by [`Entry::Free`].
    Inside,
    /// It has to join the line.
    InLine,
    /// There is nothing to wait for.
    Nowhere,
}

/// A gate.
#[derive(Debug)]
pub(crate) struct Gate {
    terms: AtomicU64,
    count: AtomicU64,
    /// Messages that were dropped for want of room.
    drops: AtomicU64,
    /// Who waits for room.
    line: Line,
    /// The key of the urgent lane that is open, or 0; and how many there ever were.
    lane: AtomicU64,
    lanes: AtomicU64,
    /// To whom the process is tied; nothing that a sender looks at.
    ring: Ring,
}

impl Gate {
    pub(super) fn new() -> Self {
        Self {
            terms: AtomicU64::new(0),
            count: AtomicU64::new(0),
            drops: AtomicU64::new(0),
            line: Line::new(),
            lane: AtomicU64::new(0),
            lanes: AtomicU64::new(0),
            ring: Ring::new(),
        }
    }

    /// To whom the process is tied.
    pub(crate) fn ring(&self) -> &Ring {
        &self.ring
    }

    /// Who waits for room.
    pub(super) fn line(&self) -> &Line {
        &self.line
    }

    /// Serves this process from now on, which nobody knows yet.
    pub(crate) fn open(&self, pid: Pid, bound: Option<Bound>) {
        let terms = bound.map_or(0, |bound| {
            (bound.overflow() as u64) << OVERFLOW_SHIFT | u64::from(bound.limit())
        });
        self.terms.store(pid.generation() | terms, Relaxed);
        self.count.store(pid.generation(), Relaxed);
        self.drops.store(pid.generation(), Relaxed);
        self.lane.store(0, Relaxed);
    }

    /// Opens an urgent lane, and says by which key it will be known, which no other lane of this gate has.
    pub(super) fn open_lane(&self) -> u64 {
        let key = self.lanes.fetch_add(1, Relaxed) + 1;
        self.lane.store(key, Relaxed);
        key
    }

    /// Closes the lane of this key, if it is open.
    pub(super) fn close_lane(&self, key: u64) {
        let _ = self.lane.compare_exchange(key, 0, Relaxed, Relaxed);
    }

    /// True if the lane of this key is open.
    pub(super) fn is_lane(&self, key: u64) -> bool {
        self.lane.load(Relaxed) == key
    }

    /// True if a lane is open.
    pub(super) fn has_lane(&self) -> bool {
        self.lane.load(Relaxed) != 0
    }

    /// Serves this process no more, which has ended. True if somebody waits for room, and has to be told.
    pub(crate) fn close<K>(&self, pid: Pid, kept: K) -> bool {
        let line = self.line.lock(kept);
        self.change(&self.count, pid, |_| 0);
        !line.is_empty()
    }

    /// Takes a place for a message, if there is one.
    pub(crate) fn enter(&self, pid: Pid, share: Share) -> Entry {
        let terms = self.terms.load(Relaxed);
        if !pid.owns(terms) {
            return Entry::Nobody;
        }
        let Some(bound) = bound_of(terms) else {
            return Entry::Free;
        };
        let room = match share {
            Share::Ordinary => u64::from(bound.limit()),
            Share::Urgent => 2 * u64::from(bound.limit()),
        };
        let mut word = self.count.load(Relaxed);
        loop {
            if !pid.owns(word) {
                return Entry::Nobody;
            }
            // Who comes now does not overtake those who wait, unless it is urgent.
            let is_behind = share == Share::Ordinary && word & QUEUED != 0;
            if word & NUMBER >= room || is_behind {
                return Entry::Full(bound.overflow());
            }
            match self
                .count
                .compare_exchange_weak(word, word + 1, Relaxed, Relaxed)
            {
                Ok(_) => return Entry::Free,
                Err(now) => word = now,
            }
        }
    }

    /// Leaves the place of a message that was taken out; the process itself does. False if somebody waits for it: then
    /// it has to be passed on.
    #[must_use]
    pub(crate) fn leave(&self) -> bool {
        let room = self.terms.load(Relaxed) & u64::from(Bound::MOST);
        // While urgent ones have more than there is room for, there is no place to be passed on.
        let is_owed = |word| word & QUEUED != 0 && word & NUMBER <= room;
        let step = |word| (!is_owed(word)).then_some(word - 1);
        let left = self.count.fetch_update(Relaxed, Relaxed, step);
        debug_assert!(left.is_err() || left.is_ok_and(|it| it & NUMBER > 0));
        left.is_ok()
    }

    /// Leaves it, for nobody waits any more; with the lock of the line.
    pub(super) fn leave_at_once(&self) {
        self.count.fetch_sub(1, Relaxed);
    }

    /// Takes a place, or notes that somebody waits for one; with the lock of the line.
    pub(super) fn queue_up(&self, pid: Pid) -> Standing {
        let terms = self.terms.load(Relaxed);
        let bound = bound_of(terms).filter(|bound| bound.overflow() == Overflow::Refuse);
        let Some(bound) = bound.filter(|_| pid.owns(terms)) else {
            return Standing::Nowhere;
        };
        let room = u64::from(bound.limit());
        let is_full = |word| word & NUMBER >= room || word & QUEUED != 0;
        let step = |word| {
            let next = if is_full(word) {
                word | QUEUED
            } else {
                word + 1
            };
            pid.owns(word).then_some(next)
        };
        match self.count.fetch_update(Relaxed, Relaxed, step) {
            Ok(before) if is_full(before) => Standing::InLine,
            Ok(_) => Standing::Inside,
            Err(_) => Standing::Nowhere,
        }
    }

    /// Notes that nobody waits any more, with the lock of the line.
    pub(super) fn end_queue(&self, pid: Pid) {
        self.change(&self.count, pid, |word| word & !QUEUED);
    }

    /// Counts a message that was dropped; one too many for the count changes nothing, least of all whose count it is.
    pub(crate) fn count_drop(&self, pid: Pid) {
        let step = |word| word + u64::from(word & DROPS != DROPS);
        self.change(&self.drops, pid, step);
    }

    /// Notes that the process has to end because there was no room.
    pub(crate) fn note_overrun(&self, pid: Pid) {
        self.change(&self.count, pid, |word| word | OVERRUN);
    }

    /// True if the process has to end for that.
    pub(crate) fn is_overrun(&self, pid: Pid) -> bool {
        let word = self.count.load(Relaxed);
        pid.owns(word) && word & OVERRUN != 0
    }

    /// The limit of this process, if it has one, and what was counted.
    pub(crate) fn report(&self, pid: Pid) -> Option<GateReport> {
        let terms = self.terms.load(Relaxed);
        let number = |word: &AtomicU64, mask| {
            let word = word.load(Relaxed);
            (word & mask) * u64::from(pid.owns(word))
        };
        pid.owns(terms).then(|| GateReport {
            bound: bound_of(terms),
            count: number(&self.count, NUMBER),
            drops: number(&self.drops, DROPS),
            waiting: self.line.length(),
            has_lane: self.has_lane(),
        })
    }

    /// Changes a word, if it is about this process.
    fn change(&self, place: &AtomicU64, pid: Pid, step: impl Fn(u64) -> u64) {
        let step = |word| pid.owns(word).then(|| step(word));
        let _ = place.fetch_update(Relaxed, Relaxed, step);
    }
}

/// What a gate has to tell about its process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GateReport {
    /// The limit of its mailbox, if it has one.
    pub bound: Option<Bound>,
    /// Messages that are counted now; 0 without a limit.
    pub count: u64,
    /// Messages that were dropped for want of room.
    pub drops: u64,
    /// Senders that wait for room.
    pub waiting: u32,
    /// True if an urgent lane is open.
    pub has_lane: bool,
}

impl fmt::Display for GateReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            bound,
            count,
            drops,
            waiting,
            has_lane,
        } = self;
        match bound {
            Some(bound) => write!(
                f,
                "{count} of {} messages (beyond: {}), {waiting} wait for room, {drops} dropped",
                bound.limit(),
                bound.overflow()
            )?,
            None => f.write_str("no limit")?,
        }
        f.write_str(if *has_lane { ", urgent lane open" } else { "" })
    }
}

fn bound_of(terms: u64) -> Option<Bound> {
    let overflow = match terms >> OVERFLOW_SHIFT & 0b11 {
        0 => Overflow::Refuse,
        1 => Overflow::Drop,
        _ => Overflow::End,
    };
    let limit = terms & u64::from(Bound::MOST);
    Bound::new(limit as u32, overflow).ok()
}

#[cfg(all(test, loom))]
pub(crate) mod stories;

#[cfg(all(test, not(loom)))]
mod tests;
