//! How many messages a mailbox may hold, and what happens to the next one.

use crate::process::word::LAST_MESSAGE;
use core::fmt;

/// The limit of a mailbox. A process has it from birth, or never.
///
/// What counts are messages that are sent and not received yet, of whatever type. Answers to questions are never
/// refused, and neither is what the kernel has to tell. What comes by an urgent lane may fill as many places again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bound {
    limit: u32,
    overflow: Overflow,
}

/// What happens to a message for which there is no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Overflow {
    /// It stays its sender's, who is told, and may wait for room.
    Refuse = 0,
    /// It is dropped, and counted.
    Drop = 1,
    /// It is dropped, and the receiver ends.
    End = 2,
}

/// Why there can be no such limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BoundError {
    /// Room for no message at all.
    Zero,
    /// Room for more than [`Bound::MOST`].
    TooLarge,
}

impl Bound {
    /// The highest limit: so many messages there can be in all mailboxes together.
    pub const MOST: u32 = LAST_MESSAGE;

    /// Room for so many messages; `overflow` happens to the next.
    pub const fn new(limit: u32, overflow: Overflow) -> Result<Self, BoundError> {
        match limit {
            0 => Err(BoundError::Zero),
            1..=Self::MOST => Ok(Self { limit, overflow }),
            _ => Err(BoundError::TooLarge),
        }
    }

    /// So many messages have room.
    pub const fn limit(self) -> u32 {
        self.limit
    }

    /// What happens to the next.
    pub const fn overflow(self) -> Overflow {
        self.overflow
    }
}

impl fmt::Display for Overflow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Refuse => "refuse",
            Self::Drop => "drop",
            Self::End => "end",
        })
    }
}

impl fmt::Display for BoundError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Zero => f.write_str("a mailbox has room for one message at least"),
            Self::TooLarge => write!(f, "no mailbox holds more than {} messages", Bound::MOST),
        }
    }
}

impl core::error::Error for BoundError {}
