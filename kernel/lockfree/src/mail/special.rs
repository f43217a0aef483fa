//! Whether anything about a mailbox is out of the ordinary: one byte of the process's record.
//!
//! While it is zero, the shortest way through is right; with any bit set a receive goes
//! through [`search`](super::look), which minds them all. The shortest way does not test it: while a bit is set, the first
//! message has a seal, which keeps a receive from that way (`mailbox::run`). So what is rare costs the ordinary
//! nothing, and a new peculiarity is a new bit here and its treatment there.
//!
//! The process itself sets and clears them, or the holder of its token. The record of a loop, which is no process and has
//! no mailbox, is special for ever.

use crate::process::Local;

/// Somebody's filter is looking at an envelope, so nobody takes one out.
pub(crate) const FILTERS: u8 = 1 << 0;
/// The messages of this process are counted, from its birth on.
pub(crate) const COUNTED: u8 = 1 << 2;
/// Somebody has a position in the list: see [`look`](super::look).
pub(crate) const POSITIONS: u8 = 1 << 1;

/// This process has an urgent lane, or had one until a moment ago.
pub(crate) const LANE: u8 = 1 << 3;
/// Messages were taken out of the middle: see [`run`](super::mailbox). It is not out of the ordinary.
pub(crate) const IRREGULAR: u8 = 1 << 5;
/// It is no process: the record is a loop's, from its beginning to its end.
pub(crate) const NOBODY: u8 = 1 << 4;

impl Local {
    /// True if anything is out of the ordinary.
    #[inline(always)]
    pub(crate) fn is_special(&self) -> bool {
        self.special.get() & !IRREGULAR != 0
    }

    /// True if any of these is set.
    #[inline(always)]
    pub(crate) fn has_special(&self, bits: u8) -> bool {
        self.special.get() & bits != 0
    }

    #[inline(always)]
    pub(crate) fn set_special(&self, bits: u8) {
        self.special.set(self.special.get() | bits);
        self.end_run();
    }

    #[inline(always)]
    pub(crate) fn clear_special(&self, bits: u8) {
        self.special.set(self.special.get() & !bits);
    }
}
