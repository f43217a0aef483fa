//! Slots that nobody occupies, for whichever core wants one.
//!
//! A core keeps the slots of processes that lived and died on it. Those of processes that died elsewhere than they
//! were born come here: else one core would go on taking new slots and another one keep the old.
//!
//! A stack of slots, linked through their headers' places, that anybody pushes to and pops from. A pop reads the link of
//! the first one before it takes that, and by then it may have been taken, used and put back by others: so the head has
//! a number that each step changes, and a pop that was overtaken fails. The number has 32 bits: a pop would have to sleep
//! through exactly four billion steps to be deceived.
//!
//! Slots that were never used are a range, of which each core takes a few at a time. No range ever comes twice, so there
//! nothing can be mistaken.
//!
//! # Orderings
//!
//! A push releases the link; a pop that reads the head acquires it. What else was done with the slot travels with
//! it in the same way, and with a range, that its slots are there.

use crate::atomic::{AtomicU64, Relaxed};
use crate::order::Site;
use core::ops::Range;

/// The slots.
#[derive(Debug)]
pub(in crate::process) struct Spread {
    /// The stack: the first one's index and one more, 0 for none; above it the number.
    head: AtomicU64,
    /// The range: its end, above it its beginning; none if they are the same.
    fresh: AtomicU64,
}

/// Slots of the range that a core takes at a time.
const BATCH: u32 = if cfg!(loom) { 1 } else { 64 };

const STEP: u64 = 1 << 32;

fn range(word: u64) -> Range<u32> {
    (word >> 32) as u32..word as u32
}

fn word(range: &Range<u32>) -> u64 {
    u64::from(range.start) << 32 | u64::from(range.end)
}

fn first(head: u64) -> Option<u32> {
    (head as u32).checked_sub(1)
}

fn after(head: u64, first: Option<u32>) -> u64 {
    let first = first.map_or(0, |index| index + 1);
    (head & !(STEP - 1)).wrapping_add(STEP) | u64::from(first)
}

impl Spread {
    pub(in crate::process) fn new() -> Self {
        Self {
            head: AtomicU64::new(0),
            fresh: AtomicU64::new(0),
        }
    }

    /// Takes some slots of the range, if there is one.
    pub(in crate::process) fn take_fresh(&self) -> Option<Range<u32>> {
        let acquire = Site::SpreadTake.ordering();
        let mut all = self.fresh.load(acquire);
        loop {
            let range = range(all);
            if range.is_empty() {
                return None;
            }
            let rest = range.start.saturating_add(BATCH).min(range.end);
            match self
                .fresh
                .compare_exchange_weak(all, word(&(rest..range.end)), Relaxed, acquire)
            {
                Ok(_) => return Some(range.start..rest),
                Err(now) => all = now,
            }
        }
    }

    /// Leaves a range to all, but for some slots, which come back; all of it, if another one is there.
    pub(in crate::process) fn leave_fresh(&self, slots: Range<u32>) -> Range<u32> {
        let own = slots.start.saturating_add(BATCH).min(slots.end);
        let all = self.fresh.load(Relaxed);
        let give = Site::SpreadGive.ordering();
        let left = word(&(own..slots.end));
        let is_left = range(all).is_empty()
            && self
                .fresh
                .compare_exchange(all, left, give, Relaxed)
                .is_ok();
        if is_left { slots.start..own } else { slots }
    }

    /// How many are in the range, while nobody takes any.
    #[cfg(not(target_os = "none"))]
    pub(in crate::process) fn count_fresh(&self) -> usize {
        range(self.fresh.load(Relaxed)).len()
    }

    /// The first one, while nobody gives or takes one.
    #[cfg(not(target_os = "none"))]
    pub(in crate::process) fn first(&self) -> Option<u32> {
        first(self.head.load(Relaxed))
    }

    /// Puts a slot in; `link` is told which one is behind it.
    pub(in crate::process) fn push(&self, index: u32, link: impl Fn(Option<u32>)) {
        let mut head = self.head.load(Relaxed);
        loop {
            link(first(head));
            let ordering = Site::SpreadGive.ordering();
            let new = after(head, Some(index));
            match self
                .head
                .compare_exchange_weak(head, new, ordering, Relaxed)
            {
                Ok(_) => return,
                Err(now) => head = now,
            }
        }
    }

    /// Takes a slot out; `link` says which one is behind another, or was.
    pub(in crate::process) fn pop(&self, link: impl Fn(u32) -> Option<u32>) -> Option<u32> {
        let acquire = Site::SpreadTake.ordering();
        let mut head = self.head.load(acquire);
        loop {
            let index = first(head)?;
            let new = after(head, link(index));
            match self.head.compare_exchange_weak(head, new, Relaxed, acquire) {
                Ok(_) => return Some(index),
                Err(now) => head = now,
            }
        }
    }
}

#[cfg(all(test, loom))]
pub(crate) mod stories {
    use super::*;
    use crate::atomic::AtomicU32;
    use loom::thread;
    use std::sync::Arc;
    use std::vec::Vec;

    /// Slots of the story: their links.
    struct Slots {
        spread: Spread,
        links: [AtomicU32; 3],
    }

    impl Slots {
        fn push(&self, index: u32) {
            let link = |next: Option<u32>| {
                self.links[index as usize].store(next.map_or(0, |it| it + 1), Relaxed);
            };
            self.spread.push(index, link);
        }

        fn pop(&self) -> Option<u32> {
            let link = |index: u32| self.links[index as usize].load(Relaxed).checked_sub(1);
            self.spread.pop(link)
        }
    }

    /// One core takes a slot, while another takes two and puts the first back: what is there at the end and what
    /// they hold are three different slots.
    #[test]
    pub(crate) fn a_slot_is_in_one_place() {
        loom::model(|| {
            let slots = Arc::new(Slots {
                spread: Spread::new(),
                links: core::array::from_fn(|_| AtomicU32::new(0)),
            });
            (0..3).for_each(|index| slots.push(index));
            let other = {
                let slots = slots.clone();
                thread::spawn(move || {
                    let mut kept: Vec<u32> = slots.pop().into_iter().collect();
                    let second = slots.pop();
                    if let Some(first) = kept.pop() {
                        slots.push(first);
                    }
                    kept.extend(second);
                    kept
                })
            };
            let mut all: Vec<u32> = slots.pop().into_iter().collect();
            all.extend(other.join().unwrap());
            all.extend(core::iter::from_fn(|| slots.pop()).take(4));
            all.sort_unstable();
            assert_eq!(all, [0, 1, 2], "a slot is lost or there twice");
        });
    }

    /// Two cores want some of a range that a third one leaves: nothing is given twice, and what is left is what is
    /// missing.
    #[test]
    pub(crate) fn a_range_is_shared_out() {
        loom::model(|| {
            let spread = Arc::new(Spread::new());
            let other = {
                let spread = spread.clone();
                thread::spawn(move || spread.take_fresh())
            };
            let own = spread.leave_fresh(8..11);
            let more = spread.take_fresh();
            let others = other.join().unwrap();
            let mut all: Vec<u32> = own.collect();
            all.extend(more.into_iter().chain(others).flatten());
            all.extend(core::iter::from_fn(|| spread.take_fresh()).flatten());
            all.sort_unstable();
            assert_eq!(all, [8, 9, 10], "a slot is lost or there twice");
        });
    }

    /// What one core puts in another takes out, with the link that it was given.
    #[test]
    pub(crate) fn a_slot_comes_with_its_link() {
        loom::model(|| {
            let slots = Arc::new(Slots {
                spread: Spread::new(),
                links: core::array::from_fn(|_| AtomicU32::new(0)),
            });
            slots.push(0);
            let other = {
                let slots = slots.clone();
                thread::spawn(move || slots.push(1))
            };
            let mut all: Vec<u32> = slots.pop().into_iter().collect();
            other.join().unwrap();
            all.extend(core::iter::from_fn(|| slots.pop()).take(3));
            all.sort_unstable();
            assert_eq!(all, [0, 1], "a slot is lost or there twice");
        });
    }
}
