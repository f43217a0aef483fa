//! A deque that its owner fills and empties at the bottom, and others steal from at the top.
//!
//! Chase and Lev's, in the form for weak memory models of Lê, Pop, Cohen and Zappa Nardelli (PPoPP 2013), with fewer
//! orderings: each that is left has a story that fails without it. What is in it are pointers, a word each, so
//! whoever reads a slot too early or too late reads a whole one, and finds out by the step that takes it.
//!
//! ```text
//!    top ->  [ oldest | . | . | newest ]  <- bottom
//!    pop_top: any core                     push_bottom, pop_bottom: the owner
//! ```
//!
//! `top` and `bottom` only count; an index is a number modulo the capacity. `top` never goes down. `bottom` does for
//! a moment, when the owner takes: then what it points at is not for thieves any more.
//!
//! # Who gets what
//!
//! Each step that raises `top` takes exactly one pointer, for it is a compare-and-swap from the number that the
//! slot was read under. A thief always takes that way. The owner takes the newest without it, unless that is the
//! last one:
//!
//! 1. The owner lowers `bottom` to `b`, then reads `top`. A thief reads `top` as `t`, then `bottom`. With a full
//!    fence between the two in both, at least one of them sees what the other wrote. So if the owner sees `top < b`,
//!    a thief that wants `b` must have read its `top = b` after a swap that the owner did not see, so its fence is the
//!    later one, and it sees the lowered `bottom`: nothing there for it.
//! 2. If the owner sees `top = b`, it wants the last one, and swaps `top` like a thief: one of them succeeds.
//! 3. If it sees `top > b`, thieves have taken all, and `bottom` goes back up.
//!
//! # Orderings
//!
//! *Publish* and *Lower* release what the owner has put in, for both are stores to `bottom` that a thief may read;
//! *Seen* acquires it. *Taken* keeps a thief's reading of the slot before the step by which the owner, through
//! *Room*, learns that it may write there again. The two fences are the argument above. All else is relaxed: the
//! owner's swap tells nobody anything, and putting `bottom` back offers nothing.
//!
//! # Capacity
//!
//! Fixed, and a parameter: 4 in a model, 256 on a machine. A full deque gives back what it was to take, and the
//! owner keeps that in a queue of its own: nothing is ever dropped.

use crate::atomic::{AtomicPtr, AtomicU64, Relaxed, fence};
use crate::order::Site;
use core::array;
use core::fmt;
use core::ptr::{NonNull, null_mut};

/// The deque.
pub struct Deque<T, const CAPACITY: usize> {
    /// Thieves change it, and the owner when it takes the last one. Apart from what the owner alone changes.
    top: Apart<AtomicU64>,
    bottom: Apart<AtomicU64>,
    /// Somebody is the owner.
    is_owned: AtomicU64,
    slots: [AtomicPtr<T>; CAPACITY],
}

/// On a cache line that nobody else writes; 128 bytes, for there are cores that fetch two lines at once, and
/// some whose lines are that long.
#[repr(align(128))]
struct Apart<A>(A);

/// The right to use the bottom; there is one.
#[derive(Debug)]
pub struct Owner<'a, T, const CAPACITY: usize>(&'a Deque<T, CAPACITY>);

/// What trying to steal came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Steal<T> {
    /// This is the thief's now.
    Taken(T),
    /// There was nothing.
    Empty,
    /// Somebody else was faster; there may be more.
    Lost,
}

impl<T, const CAPACITY: usize> Deque<T, CAPACITY> {
    /// Numbers begin here, so that `bottom` can go one down.
    const FIRST: u64 = 1;

    /// Creates an empty one.
    pub fn new() -> Self {
        const {
            assert!(
                CAPACITY.is_power_of_two(),
                "an index is a few bits of a number"
            )
        };
        Self {
            top: Apart(AtomicU64::new(Self::FIRST)),
            bottom: Apart(AtomicU64::new(Self::FIRST)),
            is_owned: AtomicU64::new(0),
            slots: array::from_fn(|_| AtomicPtr::new(null_mut())),
        }
    }

    /// Makes whoever asks first the owner, for ever.
    pub fn own(&self) -> Option<Owner<'_, T, CAPACITY>> {
        // Relaxed: nothing was put in before there was an owner.
        let was_owned = self.is_owned.swap(1, Relaxed) != 0;
        (!was_owned).then_some(Owner(self))
    }

    fn slot(&self, number: u64) -> &AtomicPtr<T> {
        &self.slots[number as usize % CAPACITY]
    }

    /// Takes the oldest one.
    pub fn pop_top(&self) -> Steal<NonNull<T>> {
        let top = self.top.0.load(Relaxed);
        fence(Site::DequeThief.ordering());
        let bottom = self.bottom.0.load(Site::DequeSeen.ordering());
        if top >= bottom {
            return Steal::Empty;
        }
        let found = NonNull::new(self.slot(top).load(Relaxed));
        let taken = Site::DequeTaken.ordering();
        match (self.raise_top(top, taken), found) {
            (true, Some(found)) => Steal::Taken(found),
            (true, None) => unreachable!("slots below the bottom are full"),
            (false, _) => Steal::Lost,
        }
    }

    fn raise_top(&self, top: u64, ordering: crate::atomic::Ordering) -> bool {
        let swapped = self.top.0.compare_exchange(top, top + 1, ordering, Relaxed);
        swapped.is_ok()
    }

    /// How many there are, about: others come and go meanwhile.
    pub fn len_roughly(&self) -> usize {
        let top = self.top.0.load(Relaxed);
        self.bottom.0.load(Relaxed).saturating_sub(top) as usize
    }
}

impl<T, const CAPACITY: usize> Default for Deque<T, CAPACITY> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T, const CAPACITY: usize> fmt::Debug for Deque<T, CAPACITY> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deque")
            .field("len", &self.len_roughly())
            .finish_non_exhaustive()
    }
}

impl<T, const CAPACITY: usize> Owner<'_, T, CAPACITY> {
    /// The deque.
    #[inline(always)]
    pub fn deque(&self) -> &Deque<T, CAPACITY> {
        self.0
    }

    /// Puts one in, the newest. It comes back if there is no room.
    pub fn push_bottom(&mut self, pointer: NonNull<T>) -> Result<(), NonNull<T>> {
        let deque = self.0;
        let bottom = deque.bottom.0.load(Relaxed);
        let top = deque.top.0.load(Site::DequeRoom.ordering());
        if bottom - top >= CAPACITY as u64 {
            return Err(pointer);
        }
        deque.slot(bottom).store(pointer.as_ptr(), Relaxed);
        let publish = Site::DequePublish.ordering();
        deque.bottom.0.store(bottom + 1, publish);
        Ok(())
    }

    /// Takes the newest one.
    pub fn pop_bottom(&mut self) -> Option<NonNull<T>> {
        let deque = self.0;
        let newest = deque.bottom.0.load(Relaxed) - 1;
        deque.bottom.0.store(newest, Site::DequeLower.ordering());
        fence(Site::DequeOwner.ordering());
        let top = deque.top.0.load(Relaxed);
        if top > newest {
            deque.bottom.0.store(newest + 1, Relaxed);
            return None;
        }
        let found = NonNull::new(deque.slot(newest).load(Relaxed));
        if top < newest {
            return found;
        }
        let is_mine = deque.raise_top(top, Relaxed);
        deque.bottom.0.store(newest + 1, Relaxed);
        found.filter(|_| is_mine)
    }
}

#[cfg(all(test, loom))]
pub(crate) mod stories;

#[cfg(all(test, not(loom)))]
mod tests;
