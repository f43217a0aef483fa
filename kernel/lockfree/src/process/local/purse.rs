//! What a process may still spend, and how many messages wait for it: two halves of a word, for a receive takes one
//! of each.

use super::{Intent, Local};
use core::cell::Cell;

/// What a receive takes one of each from, with one subtraction: see [`Local::take_one`].
#[repr(C, align(8))]
pub(super) struct Purse {
    /// Messages that wait: see `mail::mailbox`.
    waiting: Cell<u32>,
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
        waiting: Cell::new(0),
        left: Cell::new(0),
    };
}

const _: () = assert!(
    cfg!(target_endian = "little"),
    "what is left is the upper half"
);

impl Local {
    /// Pays; an await that finds nothing left yields.
    pub(crate) fn spend(&self, reductions: u32) {
        let left = self.purse.left.get().saturating_sub_unsigned(reductions);
        self.purse.left.set(left);
        if left < 0 {
            // The loop has to give it more when it yields.
            self.set_manner(Intent::YIELD_WITH_CARE);
        }
    }

    /// Messages that wait.
    #[inline(always)]
    pub(crate) fn waiting(&self) -> u32 {
        self.purse.waiting.get()
    }

    #[inline(always)]
    pub(crate) fn set_waiting(&self, waiting: u32) {
        self.purse.waiting.set(waiting);
    }

    /// Pays for a message that is about to be taken, and counts it out. False, and nothing is done, if that would leave
    /// less than nothing.
    #[inline(always)]
    pub(crate) fn take_one(&self) -> bool {
        debug_assert!(self.waiting() > 0, "a message that was not counted in");
        let both = core::ptr::from_ref(&self.purse).cast_mut().cast::<u64>();
        // SAFETY: two cells of this record side by side, as long and aligned as this; nobody else touches them meanwhile.
        unsafe {
            let less = both.read().wrapping_sub(1 << 32 | 1);
            let is_enough = less as i64 >= 0;
            if is_enough {
                both.write(less);
            }
            is_enough
        }
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
            core::hint::cold_path();
            self.set_manner(Intent::YIELD_WITH_CARE);
        }
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
