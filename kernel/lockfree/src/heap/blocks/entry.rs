//! The word that says what 64 KiB of memory are used for.

use crate::heap::KERNEL;

/// What a block is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Use {
    /// Cut into blocks of one size.
    Span = 2,
    /// Whole, by one owner.
    Large = 3,
    /// Cut into odd pieces.
    Odd = 1,
}

/// The word of 64 KiB: in a used block's first what it is, in the first of one that came back its order (`spare`), and 0
/// everywhere else. `use 2 | order 5 | owner 25`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry(u32);

const USE_SHIFT: u32 = 30;
const ORDER_SHIFT: u32 = 25;
const OWNER: u32 = (1 << ORDER_SHIFT) - 1;
/// In place of an owner, where nothing is used.
const SPARE: u32 = 1;

impl Entry {
    /// Nothing begins here.
    pub const NOTHING: Self = Self(0);

    pub(super) const fn new(usage: Use, order: u32, owner: u32) -> Self {
        Self((usage as u32) << USE_SHIFT | order << ORDER_SHIFT | owner & OWNER)
    }

    /// The first of a free block that came back.
    pub(in crate::heap) const fn spare(order: u32) -> Self {
        Self(order << ORDER_SHIFT | SPARE)
    }

    pub(super) const fn usage(self) -> Option<Use> {
        match self.0 >> USE_SHIFT {
            0 => None,
            1 => Some(Use::Odd),
            2 => Some(Use::Span),
            _ => Some(Use::Large),
        }
    }

    pub(super) const fn order(self) -> u32 {
        self.0 >> ORDER_SHIFT & 31
    }

    /// No slot has a number that would need more bits, and the kernel's has them all.
    pub(super) const fn owner(self) -> u32 {
        match self.0 & OWNER {
            OWNER => KERNEL,
            owner => owner,
        }
    }
}
