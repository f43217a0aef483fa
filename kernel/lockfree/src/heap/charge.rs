//! Who is charged with a block, until it is freed, wherever it has gone.
//!
//! A *charge* is a number of blocks and of bytes in one word: `blocks 32 | 32 bytes 32`, so that adding both is one
//! addition. A process has its own in its record and changes it itself, without an atomic step. Who frees a
//! block of somebody else takes the price from that one's *account*, a word beside its slot which anybody may
//! change. What the process has is the sum of the two, each by itself means nothing.
//!
//! # The end of an owner
//!
//! Blocks outlive their owner: it has sent them away, or died in mid-poll and can't free them any more. Each
//! still has the owner's slot for its word. So a slot is not used again as long as there are such blocks, and no other
//! process ever inherits them. Ending, the process adds its charge to its account:
//!
//! ```text
//!   while it lives      account = - what others have freed                      < 0 after each
//!   at its end          account = charge - what others have freed = what is left, >= 0
//!   from then on        each that is freed takes its price; who comes to 0 gives the slot free
//! ```
//!
//! Before the end an account is never 0 after somebody took from it, for it began with 0 or was set to 0 by the
//! owner (who moves what is in it into its charge), and each takes more than nothing. At the end and after it, the sum is what is
//! left, and it comes to 0 exactly once: at the end itself, or when the last block is freed. Whoever
//! brings it there owns the slot. So there is one who gives it free, whatever the order.
//!
//! # What holds the slot besides
//!
//! Not only blocks belong to a process that has ended: senders may stand in its line, who are found by its slot, and are told
//! one after the other. Until then nobody may have the slot either, whoever frees the last block. So the end adds a
//! [`HOLD`], a block of no bytes, and whoever is through with that takes it, like a block's price.
//!
//! # Orderings
//!
//! The end releases what the owner's core has written about the slot: that it has ended, and how.
//! Who frees a block and finds that the owner has ended acquires it, and looks at it while the block still holds the slot: the
//! next owner may be there as soon as the price is taken. So taking is a compare-and-swap that releases the look, and whoever gives
//! the slot free has acquired all of them. Those who took before the end have neither looked nor written.
//!
//! # Limits
//!
//! The lower half of a charge begins as far below 2^31 as the process may use, so over the limit is one bit. Without a limit of its own
//! a process begins with 0 and may have 64 GiB.

use super::class::STEP;
use crate::atomic::{AtomicU64, Relaxed};
use crate::order::Site;

/// One block.
const BLOCK: u64 = 1 << 32;
/// A charge that has this bit is over the limit.
pub(crate) const OVER: u64 = 1 << 31;

/// What holds the slot of a process that has ended, besides its blocks: see above.
pub(crate) const HOLD: u64 = BLOCK;

/// What a block of so many bytes costs.
pub(crate) const fn price(bytes: usize) -> u64 {
    BLOCK | (bytes / STEP) as u64
}

/// What a charge begins with, if it may come to so many bytes.
pub(crate) const fn start(limit: usize) -> u64 {
    let steps = (limit / STEP) as u64;
    if steps < OVER { OVER - 1 - steps } else { 0 }
}

/// Blocks and bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// How many blocks.
    pub blocks: usize,
    /// How many bytes they really take.
    pub bytes: usize,
}

impl Held {
    /// Adds a block.
    pub fn add(&mut self, bytes: usize) {
        self.blocks += 1;
        self.bytes += bytes;
    }

    /// Both together.
    pub fn and(self, other: Self) -> Self {
        Self {
            blocks: self.blocks + other.blocks,
            bytes: self.bytes + other.bytes,
        }
    }

    pub(crate) const fn of(charge: u64) -> Self {
        Self {
            blocks: (charge >> 32) as usize,
            bytes: (charge & (BLOCK - 1)) as usize * STEP,
        }
    }
}

/// The account of a slot.
#[derive(Debug)]
pub(crate) struct Account(AtomicU64);

/// What has become of an account that was taken from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    /// Its owner lives.
    Lives,
    /// Its owner has ended, and has other blocks.
    Ended,
    /// Its owner has ended, and this was the last: the slot is the caller's.
    Last,
}

impl Account {
    /// An account of nothing.
    pub(crate) fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    /// Takes a block's price, for somebody else than the owner has freed it. If the owner has ended, that comes with what
    /// `look` says of it, while nobody else has the slot.
    pub(crate) fn take<T>(&self, price: u64, look: impl Fn() -> T) -> (Taken, Option<T>) {
        let (look_ordering, ordering) = (Site::CreditLook.ordering(), Site::Credit.ordering());
        let mut before = self.0.load(look_ordering);
        loop {
            // As long as this block is in it, it is more than nothing if and only if the owner has ended.
            let seen = (before as i64 > 0).then(&look);
            let after = before.wrapping_sub(price);
            let swapped = self
                .0
                .compare_exchange_weak(before, after, ordering, look_ordering);
            match swapped {
                Err(other) => before = other,
                Ok(_) if seen.is_none() => return (Taken::Lives, None),
                Ok(_) if after == 0 => return (Taken::Last, seen),
                Ok(_) => return (Taken::Ended, seen),
            }
        }
    }

    /// Lets go of the slot, which was held for something else than blocks. With [`Taken::Last`] it is the caller's.
    pub(crate) fn let_go(&self) -> Taken {
        // What was done meanwhile is released for whoever frees the last block, if that is not this one; if it is, the others
        // have looked.
        match self.0.fetch_sub(HOLD, Site::LetGo.ordering()) {
            HOLD => Taken::Last,
            _ => Taken::Ended,
        }
    }

    /// Adds the charge of the owner, who has ended; returns what is left. With nothing left the slot is the caller's.
    pub(crate) fn close(&self, charge: u64) -> u64 {
        let before = self.0.fetch_add(charge, Site::CloseAccount.ordering());
        before.wrapping_add(charge)
    }

    /// What others have freed, to be added to the owner's charge: the owner moves it there.
    pub(crate) fn settle(&self) -> u64 {
        // Relaxed: it is a number, and nothing comes with it.
        self.0.swap(0, Relaxed)
    }

    /// What is in it.
    pub(crate) fn sum(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

/// What a core has counted: each number may be below zero, and the sum over all cores is what is meant.
#[derive(Debug, Default)]
pub(super) struct Books {
    /// The kernel's.
    pub(super) kernel: core::cell::Cell<u64>,
    /// Of processes that died in mid-poll.
    pub(super) abandoned: core::cell::Cell<u64>,
    /// Of processes that ended otherwise, and had sent or lent it to others.
    pub(super) outliving: core::cell::Cell<u64>,
}

impl Books {
    pub(super) const fn new() -> Self {
        Self {
            kernel: core::cell::Cell::new(0),
            abandoned: core::cell::Cell::new(0),
            outliving: core::cell::Cell::new(0),
        }
    }
}

/// Adds to a number of the books, or takes from it.
pub(super) fn add(cell: &core::cell::Cell<u64>, charge: u64) {
    cell.set(cell.get().wrapping_add(charge));
}

#[cfg(all(test, loom))]
pub(crate) mod stories {
    use super::*;
    use crate::cell::UnsafeCell;
    use loom::thread;
    use std::sync::Arc;
    use std::vec::Vec;

    /// A slot, with what is written of its owner's end and of the next one.
    struct Slot {
        account: Account,
        has_ended: UnsafeCell<bool>,
        line: UnsafeCell<u32>,
    }

    // SAFETY: the account says who may use the rest.
    unsafe impl Sync for Slot {}

    impl Slot {
        fn new(line: u32) -> Arc<Self> {
            Arc::new(Self {
                account: Account::new(),
                has_ended: UnsafeCell::new(false),
                line: UnsafeCell::new(line),
            })
        }

        fn set_ended(&self, has_ended: bool) {
            // SAFETY: nobody looks before the account is closed, or when the slot is somebody else's.
            self.has_ended.with_mut(|it| unsafe { *it = has_ended });
        }

        /// The slot is the caller's, and has another owner.
        fn occupy(&self) {
            // SAFETY: the slot is the caller's.
            self.line
                .with_mut(|line| unsafe { assert_eq!(*line, 0, "the line of the dead") });
            self.set_ended(false);
        }

        /// Frees a block. True if the slot was the caller's.
        fn free(&self) -> bool {
            // SAFETY: the owner has ended, and nobody has the slot.
            let look = || self.has_ended.with(|it| unsafe { *it });
            let (taken, has_ended) = self.account.take(price(64), look);
            assert_ne!(has_ended, Some(false), "the next one's");
            assert_eq!(has_ended.is_none(), taken == Taken::Lives);
            if taken == Taken::Last {
                self.occupy();
            }
            taken == Taken::Last
        }
    }

    /// A process ends with two blocks of its, while two others free one each: one of the three finds that
    /// nothing is left, and whoever finds the owner ended sees what was written of it, and nothing of the next one.
    #[test]
    pub(crate) fn the_slot_of_the_dead_is_given_free_once() {
        loom::model(|| {
            let slot = Slot::new(0);
            let others: Vec<_> = (0..2)
                .map(|_| {
                    let slot = slot.clone();
                    thread::spawn(move || usize::from(slot.free()))
                })
                .collect();
            slot.set_ended(true);
            let mut last = usize::from(slot.account.close(2 * price(64)) == 0);
            if last == 1 {
                slot.occupy();
            }
            for other in others {
                last += other.join().unwrap();
            }
            assert_eq!((last, slot.account.sum()), (1, 0));
        });
    }

    /// A process ends with a block, while somebody frees that, and there is more to be done about its end: nobody has the slot
    /// before that is done, and then one has it.
    #[test]
    pub(crate) fn the_slot_of_the_dead_is_held_as_long_as_somebody_is_to_be_told() {
        loom::model(move || {
            let slot = Slot::new(1);
            let other = {
                let slot = slot.clone();
                thread::spawn(move || slot.free())
            };
            slot.set_ended(true);
            assert_ne!(slot.account.close(price(64) + HOLD), 0);
            // SAFETY: it is held.
            slot.line.with_mut(|line| unsafe { *line = 0 });
            let is_last = slot.account.let_go() == Taken::Last;
            if is_last {
                slot.occupy();
            }
            assert_ne!(other.join().unwrap(), is_last, "lost, or given twice");
        });
    }
}
