//! How a process ended: plain data of the kernel's own, so that it can be told to others by the loop.

use core::fmt::{self, Write};

/// Bytes that are kept of what a process says when it ends.
const WORDS: usize = 256;

/// How a process ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExitReason {
    /// Its future came to its end.
    Returned,
    /// Somebody wanted it dead.
    Killed,
    /// Its mailbox had no room for a message, and it was born to end then.
    MailboxLimit,
    /// It has had a core for longer than it was to, all told.
    RuntimeLimit,
    /// It did not await for too long while there was no stack for its core to go on with.
    StackLimit,
    /// It wanted to end, for this reason.
    Exited(Words),
    /// It panicked, in these words.
    Panicked(Words),
    /// It ran into the guard below its stack.
    Overflowed(Words),
    /// The processor refused an instruction of its.
    Faulted(Words),
    /// It was gone already, or was never there: who asks for a monitor or a link too late is told so.
    NoProcess,
    /// It was asked to end, in good order, by an exit signal.
    Shutdown,
}

/// Text, cut to what fits. Whoever moves a reason copies all of it, by eight bytes at a time if it stands at such a place, by one otherwise.
#[derive(Clone, PartialEq, Eq)]
#[repr(align(8))]
pub struct Words {
    bytes: [u8; WORDS],
    length: u16,
}

impl ExitReason {
    /// True if it ended in mid-poll, so that its destructors have not run; or one that it was linked to, and whose exit signal ended it.
    pub fn is_crash(&self) -> bool {
        !matches!(
            self,
            Self::Returned
                | Self::Killed
                | Self::MailboxLimit
                | Self::RuntimeLimit
                | Self::NoProcess
                | Self::Shutdown
        )
    }
}

impl fmt::Display for ExitReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Returned => f.write_str("returned"),
            Self::Killed => f.write_str("was killed"),
            Self::MailboxLimit => f.write_str("was ended: mailbox_limit"),
            Self::RuntimeLimit => f.write_str("was ended: runtime_limit"),
            Self::NoProcess => f.write_str("was not there"),
            Self::Shutdown => f.write_str("was shut down"),
            Self::StackLimit => f.write_str("was given up: stack_limit"),
            Self::Exited(words) => write!(f, "exited: {}", words.as_str()),
            Self::Panicked(words) | Self::Overflowed(words) | Self::Faulted(words) => {
                f.write_str(words.as_str())
            }
        }
    }
}

impl Words {
    /// No text.
    pub const fn new() -> Self {
        Self {
            bytes: [0; WORDS],
            length: 0,
        }
    }

    /// Words a value; what does not fit is left out.
    pub fn of(value: impl fmt::Display) -> Self {
        let mut words = Self::new();
        // The only error is that it was cut.
        let _ = write!(words, "{value}");
        words
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        let bytes = self.bytes.get(..usize::from(self.length));
        bytes
            .and_then(|bytes| str::from_utf8(bytes).ok())
            .unwrap_or_default()
    }
}

impl Default for Words {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl Write for Words {
    /// Takes whole characters, as many as fit; the first that does not ends it, so that nothing is
    /// missing in the middle.
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for character in text.chars() {
            let start = usize::from(self.length);
            let end = start + character.len_utf8();
            let Some(room) = self.bytes.get_mut(start..end) else {
                return Err(fmt::Error);
            };
            character.encode_utf8(room);
            self.length = end as u16;
        }
        Ok(())
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use std::string::ToString;

    #[test]
    fn long_words_are_cut_between_characters() {
        let words = Words::of(format_args!("{}{}", "x", "ü".repeat(300)));
        assert_eq!(words.as_str().chars().count(), 1 + (WORDS - 1) / 2);
        assert!(words.as_str().ends_with('ü'));
    }

    #[test]
    fn nothing_is_missing_in_the_middle() {
        let mut words = Words::of("x".repeat(WORDS - 1));
        assert!(words.write_str("ü").is_err());
        assert_eq!(words.as_str().len(), WORDS - 1);
    }

    #[test]
    fn crashes_are_told_in_their_own_words() {
        let reason = ExitReason::Panicked(Words::of("panicked at noon"));
        assert_eq!(reason.to_string(), "panicked at noon");
        assert!(reason.is_crash() && !ExitReason::Killed.is_crash());
    }
}
