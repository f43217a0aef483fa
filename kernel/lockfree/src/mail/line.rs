//! The line of those who wait for room in a mailbox, in order of arrival.
//!
//! Who stands in it is told apart by an envelope's number: a place in line is an envelope, filled with a [`Waiting`].
//! So the line needs no memory of its own, has no limit of its own, and lends nothing out of anybody's
//! future.
//!
//! # Who touches what
//!
//! All of it is touched by whoever has the lock, for a few steps, with preemption off: [`InLine`] keeps both. Nobody
//! takes another lock meanwhile.
//!
//! Each place has a ticket, and places are served in order, from the front. So whether somebody still stands in
//! line is one comparison with the last ticket that was served, and a look at nothing that could be somebody else's by
//! now: who was served finds that out without touching its envelope, which has gone its way. Tickets go on
//! counting over all processes of a slot.
//!
//! # Orderings
//!
//! Letting go of the lock releases what was written under it; taking it acquires that.

use crate::atomic::{AtomicU32, AtomicU64, Relaxed};
use crate::order::Site;
use crate::process::{Pid, platform};

/// Who waits in a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Waiting {
    /// Who is to be told.
    pub(crate) asker: Pid,
    /// Where it stands in the order of arrival.
    pub(super) ticket: u64,
    /// The envelope that holds its message.
    pub(crate) message: u32,
    /// The places before and behind it; 0 is none.
    before: u32,
    behind: u32,
}

impl Waiting {
    pub(super) fn new(asker: Pid, message: u32) -> Self {
        Self {
            asker,
            ticket: 0,
            message,
            before: 0,
            behind: 0,
        }
    }
}

/// Where the places are.
pub(super) trait Places {
    /// What is in a place of the line.
    fn read(&self, number: u32) -> Waiting;
    /// Puts that in.
    fn write(&self, number: u32, waiting: Waiting);
}

/// The line.
#[derive(Debug)]
pub(super) struct Line {
    lock: AtomicU32,
    first: AtomicU32,
    last: AtomicU32,
    length: AtomicU32,
    /// The last ticket that was given, and the last that was served.
    given: AtomicU64,
    served: AtomicU64,
}

/// The right to use a line; `K` keeps preemption off meanwhile.
pub(super) struct InLine<'a, K> {
    line: &'a Line,
    _kept: K,
}

impl Line {
    pub(super) fn new() -> Self {
        let number = || AtomicU32::new(0);
        Self {
            lock: number(),
            first: number(),
            last: number(),
            length: number(),
            given: AtomicU64::new(0),
            served: AtomicU64::new(0),
        }
    }

    /// Waits for the lock and takes it.
    pub(super) fn lock<K>(&self, _kept: K) -> InLine<'_, K> {
        let ordering = Site::LineTake.ordering();
        while self.lock.compare_exchange(0, 1, ordering, Relaxed).is_err() {
            platform::relax();
        }
        InLine { line: self, _kept }
    }

    /// How many wait, at some moment.
    pub(super) fn length(&self) -> u32 {
        self.length.load(Relaxed)
    }
}

impl<K> InLine<'_, K> {
    pub(super) fn is_empty(&self) -> bool {
        self.line.first.load(Relaxed) == 0
    }

    /// Goes behind all others, and gets a ticket.
    pub(super) fn join(&self, places: &impl Places, number: u32, mut waiting: Waiting) -> u64 {
        let line = self.line;
        let ticket = line.given.load(Relaxed) + 1;
        line.given.store(ticket, Relaxed);
        let last = line.last.load(Relaxed);
        (waiting.ticket, waiting.before, waiting.behind) = (ticket, last, 0);
        places.write(number, waiting);
        self.link(places, last, number);
        line.last.store(number, Relaxed);
        self.count(1);
        ticket
    }

    /// Serves the first.
    pub(super) fn serve(&self, places: &impl Places) -> Option<(u32, Waiting)> {
        let first = self.line.first.load(Relaxed);
        if first == 0 {
            return None;
        }
        let waiting = places.read(first);
        self.unlink(places, waiting);
        self.line.served.store(waiting.ticket, Relaxed);
        Some((first, waiting))
    }

    /// Leaves the line, unless it was served already; what was in the place.
    pub(super) fn leave(&self, places: &impl Places, number: u32, ticket: u64) -> Option<Waiting> {
        if ticket <= self.line.served.load(Relaxed) {
            return None;
        }
        let waiting = places.read(number);
        self.unlink(places, waiting);
        Some(waiting)
    }

    fn unlink(&self, places: &impl Places, waiting: Waiting) {
        let Waiting { before, behind, .. } = waiting;
        self.link(places, before, behind);
        if behind == 0 {
            self.line.last.store(before, Relaxed);
        } else {
            let neighbour = places.read(behind);
            places.write(
                behind,
                Waiting {
                    before,
                    ..neighbour
                },
            );
        }
        self.count(-1);
    }

    /// Makes `behind` the one behind `before`, or the first.
    fn link(&self, places: &impl Places, before: u32, behind: u32) {
        if before == 0 {
            self.line.first.store(behind, Relaxed);
        } else {
            let neighbour = places.read(before);
            places.write(
                before,
                Waiting {
                    behind,
                    ..neighbour
                },
            );
        }
    }

    fn count(&self, change: i32) {
        let length = &self.line.length;
        length.store(length.load(Relaxed).wrapping_add_signed(change), Relaxed);
    }
}

impl<K> Drop for InLine<'_, K> {
    fn drop(&mut self) {
        self.line.lock.store(0, Site::LineGive.ordering());
    }
}

#[cfg(all(test, loom))]
pub(crate) mod stories;
