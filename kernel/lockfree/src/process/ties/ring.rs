//! The ties of one process.

use super::pool::Ties;
use super::tie::{Knot, Side, Standing};
use crate::atomic::{AtomicU32, Relaxed};
use crate::cell::UnsafeCell;
use crate::order::Site;
use crate::process::word::{Handover, StateWord};
use crate::process::{ExitReason, Pid, platform};
use core::ptr::NonNull;

/// Room for what a process says when it ends.
pub(super) type Words = NonNull<ExitReason>;

/// A ring; it serves one process of its slot after the other.
#[derive(Debug)]
pub(crate) struct Ring {
    lock: AtomicU32,
    /// Whom it serves, or 0.
    owner: UnsafeCell<u64>,
    /// It has crashed, so there is nobody to be tied to any more.
    has_crashed: UnsafeCell<bool>,
    /// An exit signal comes to it as a message.
    traps: UnsafeCell<bool>,
    /// An exit signal has ended it; its reason is where its words would be.
    is_doomed: UnsafeCell<bool>,
    first: UnsafeCell<Knot>,
    /// The root of its links: see `tree`.
    pub(super) links: UnsafeCell<Knot>,
    /// Whoever watches the process, or is linked to it, has left this.
    words: UnsafeCell<Option<Words>>,
}

// SAFETY: the cells are used by whoever has the lock.
unsafe impl Sync for Ring {}
// SAFETY: as above.
unsafe impl Send for Ring {}

/// The right to use a ring; `K` keeps preemption off meanwhile.
pub(super) struct InRing<'a, K> {
    pub(super) ring: &'a Ring,
    _kept: K,
}

/// What becomes of an exit signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(super) enum Verdict {
    /// Nothing: there is nobody, or it ends already, or it need not care.
    Nothing,
    /// It is to be told by a message.
    Message,
    /// It ends: the reason is to be left where its words would be, and the transition seen through.
    Ends(Handover),
}

impl Ring {
    pub(crate) fn new() -> Self {
        Self {
            lock: AtomicU32::new(0),
            owner: UnsafeCell::new(0),
            has_crashed: UnsafeCell::new(false),
            traps: UnsafeCell::new(false),
            is_doomed: UnsafeCell::new(false),
            links: UnsafeCell::new(Knot::NONE),
            first: UnsafeCell::new(Knot::NONE),
            words: UnsafeCell::new(None),
        }
    }

    /// Waits for the lock and takes it.
    pub(super) fn lock<K>(&self, _kept: K) -> InRing<'_, K> {
        let ordering = Site::RingTake.ordering();
        while self.lock.compare_exchange(0, 1, ordering, Relaxed).is_err() {
            platform::relax();
        }
        InRing { ring: self, _kept }
    }
}

pub(super) fn read<T: Copy>(cell: &UnsafeCell<T>) -> T {
    // SAFETY: whoever calls this has the lock that the cell belongs to.
    cell.with(|place| unsafe { *place })
}

pub(super) fn write<T>(cell: &UnsafeCell<T>, value: T) {
    // SAFETY: as above.
    cell.with_mut(|place| unsafe { *place = value });
}

impl<K> InRing<'_, K> {
    /// True if it serves this process, and that has not crashed.
    pub(super) fn serves(&self, pid: Pid) -> bool {
        read(&self.ring.owner) == pid.get() && !read(&self.ring.has_crashed)
    }

    /// Serves this process, which lives.
    pub(super) fn serve(&self, pid: Pid) {
        if read(&self.ring.owner) != pid.get() {
            debug_assert!(self.is_empty(), "the ties of the dead");
            write(&self.ring.owner, pid.get());
            write(&self.ring.has_crashed, false);
            write(&self.ring.traps, false);
            write(&self.ring.is_doomed, false);
        }
    }

    /// True if there is no room for this process's words.
    pub(super) fn wants_words(&self, pid: Pid) -> bool {
        !self.serves(pid) || read(&self.ring.words).is_none()
    }

    /// Leaves room for them, if there is none.
    pub(super) fn leave_words(&self, words: &mut Option<Words>) {
        if read(&self.ring.words).is_none() {
            write(&self.ring.words, words.take());
        }
    }

    /// The process has crashed: says where to leave its words, if somebody wants to know them.
    pub(super) fn crash(&self, pid: Pid) -> Option<Words> {
        if read(&self.ring.owner) != pid.get() {
            return None;
        }
        write(&self.ring.has_crashed, true);
        read(&self.ring.words)
    }

    /// Serves this process no more, which has ended. True if there is something in the ring.
    pub(super) fn close(&self, pid: Pid) -> bool {
        if read(&self.ring.owner) != pid.get() {
            return false;
        }
        write(&self.ring.owner, 0);
        !self.is_empty() || read(&self.ring.words).is_some()
    }

    fn is_empty(&self) -> bool {
        read(&self.ring.first) == Knot::NONE && read(&self.ring.links) == Knot::NONE
    }

    /// Says whether exit signals come as messages from now on; how it was. The process itself says so.
    pub(super) fn set_traps(&self, traps: bool) -> bool {
        let before = read(&self.ring.traps);
        write(&self.ring.traps, traps);
        before
    }

    /// True if a signal would come to this process as a message.
    pub(super) fn traps(&self, pid: Pid) -> bool {
        self.serves(pid) && read(&self.ring.traps)
    }

    /// An exit signal has come for this process, of whom `word` is.
    pub(super) fn judge(&self, word: &StateWord, pid: Pid, is_normal: bool) -> Verdict {
        if !self.serves(pid) {
            return Verdict::Nothing;
        }
        if read(&self.ring.traps) {
            return Verdict::Message;
        }
        if is_normal {
            return Verdict::Nothing;
        }
        match word.kill(pid) {
            // It is gone, or somebody else was first.
            Handover::Nothing => Verdict::Nothing,
            handover => {
                write(&self.ring.is_doomed, true);
                Verdict::Ends(handover)
            }
        }
    }

    /// Where the reason stands for which this process ends, if that is an exit signal's.
    pub(super) fn doom(&self, pid: Pid) -> Option<Words> {
        let is_doomed = read(&self.ring.owner) == pid.get() && read(&self.ring.is_doomed);
        is_doomed.then(|| read(&self.ring.words)).flatten()
    }

    /// The room for the words of one that has ended.
    pub(super) fn words(&self) -> Option<Words> {
        read(&self.ring.words)
    }

    /// The same, out of the ring.
    pub(super) fn take_words(&self) -> Option<Words> {
        let words = read(&self.ring.words);
        write(&self.ring.words, None);
        words
    }

    /// Takes a tie's side in.
    pub(super) fn insert(&self, ties: &Ties, knot: Knot) {
        let Some(side) = ties.side(knot) else { return };
        let behind = read(&self.ring.first);
        write(&side.before, Knot::NONE);
        write(&side.behind, behind);
        write(&side.standing, Standing::InRing);
        if let Some(neighbour) = ties.side(behind) {
            write(&neighbour.before, knot);
        }
        write(&self.ring.first, knot);
    }

    /// Takes a side out, if it is in.
    pub(super) fn remove(&self, ties: &Ties, knot: Knot) {
        let Some(side) = ties.side(knot) else { return };
        match read(&side.standing) {
            Standing::Nowhere => {}
            Standing::InRing => self.join_neighbours(ties, side),
            Standing::InTree => self.remove_link(ties, knot),
        }
    }

    /// Takes any out, if there is one.
    pub(super) fn pop(&self, ties: &Ties) -> Option<Knot> {
        let first = read(&self.ring.first);
        let Some(side) = ties.side(first) else {
            return self.pop_link(ties);
        };
        self.join_neighbours(ties, side);
        Some(first)
    }

    fn join_neighbours(&self, ties: &Ties, side: &Side) {
        let (before, behind) = (read(&side.before), read(&side.behind));
        match ties.side(before) {
            Some(neighbour) => write(&neighbour.behind, behind),
            None => write(&self.ring.first, behind),
        }
        if let Some(neighbour) = ties.side(behind) {
            write(&neighbour.before, before);
        }
        write(&side.standing, Standing::Nowhere);
    }
}

impl<K> Drop for InRing<'_, K> {
    fn drop(&mut self) {
        self.ring.lock.store(0, Site::RingGive.ordering());
    }
}
