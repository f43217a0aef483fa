//! What a process may still spend, and how many messages wait for it.

use super::{Intent, Local};
use core::cell::Cell;

#[repr(C, align(8))]
pub(super) struct Purse {
    /// Messages that wait and are not paid for: see `mail::mailbox::run`.
    held: Cell<u32>,
    /// Reductions left; below zero the next await yields.
    left: Cell<i32>,
}

impl Purse {
    /// Nothing to spend, and nothing waits.
    #[expect(
        clippy::declare_interior_mutable_const,
        reason = "each record has one of its own"
    )]
    pub(super) const EMPTY: Self = Self {
        held: Cell::new(0),
        left: Cell::new(0),
    };
}

impl Local {
    /// Pays; an await that finds nothing left yields.
    pub(crate) fn spend(&self, reductions: u32) {
        let left = self.purse.left.get().saturating_sub_unsigned(reductions);
        self.purse.left.set(left);
        if left < 0 {
            self.has_nothing_left();
        }
    }

    /// Messages that wait and are not paid for.
    #[inline(always)]
    pub(crate) fn held(&self) -> u32 {
        self.purse.held.get()
    }

    #[inline(always)]
    pub(crate) fn set_held(&self, held: u32) {
        self.purse.held.set(held);
    }

    /// Gives the process, which is new, what it may spend.
    #[inline(always)]
    pub(in crate::process) fn set_left(&self, reductions: i32) {
        self.purse.left.set(reductions);
    }

    /// Pays for one thing. False, and nothing is done, if it was not more than that.
    #[inline(always)]
    pub(crate) fn spend_one(&self) -> bool {
        let left = self.purse.left.get();
        if left > 0 {
            self.purse.left.set(left - 1);
        }
        left > 0
    }

    /// As `spend`, for so little that nobody gets from below zero around to above in a quantum.
    #[inline(always)]
    pub(crate) fn spend_little(&self, reductions: u32) {
        let left = self.purse.left.get().cast_unsigned();
        self.purse
            .left
            .set(left.wrapping_sub(reductions).cast_signed());
        self.has_spent(left, reductions);
    }

    /// So much was left before so little was spent.
    #[inline(always)]
    pub(super) fn has_spent(&self, left: u32, reductions: u32) {
        // Read as a number without a sign, it is less than what is spent only where it goes below zero: once. From there
        // until it is given more, nothing makes the yield plain again.
        if left < reductions {
            self.has_nothing_left();
        }
    }

    /// The loop has to give it more when it yields, or waits for mail. No message is paid for any more.
    #[cold]
    #[inline(never)]
    fn has_nothing_left(&self) {
        self.set_manner(Intent::YIELD_WITH_CARE);
        self.wait_with_care();
        self.end_run();
    }

    /// Has so much back that was paid.
    pub(crate) fn earn(&self, reductions: u32) {
        let left = self.purse.left.get().saturating_add_unsigned(reductions);
        self.purse.left.set(left);
    }

    /// Fills up to so many reductions, and returns how many that took.
    pub(crate) fn fill(&self, reductions: i32) -> u32 {
        let left = self.purse.left.replace(reductions);
        // Below zero and back again, the difference of two numbers of 31 bits and a sign has 32 bits.
        if left > reductions {
            0
        } else {
            reductions.wrapping_sub(left) as u32
        }
    }

    /// Reductions left.
    pub(crate) fn left(&self) -> i32 {
        self.purse.left.get()
    }
}
