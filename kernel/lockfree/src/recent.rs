//! The last lines that were said, in memory: for a crash report, and for whoever looks into a machine
//! that has no console.
//!
//! A ring of bytes without a lock, because a line may be said anywhere and read when whoever held a lock
//! is gone. A writer reserves room for its whole line in one step, then writes it; the order of the
//! reservations is the order of the lines. Nothing keeps a reader from meeting a line that is being
//! written, nor two writers a whole ring apart from the same place: then some bytes are of another line.
//! Whoever reads after everybody has stopped meets at most the one line of each that was stopped in
//! the middle of it. That is worth less than a lock costs.
//!
//! All is relaxed: the bytes themselves are the message, each complete in itself, and the reader learns
//! of a stopped writer in another way.

use crate::atomic::{AtomicU8, AtomicU64, Relaxed};

/// A ring of `N` bytes.
#[derive(Debug)]
pub struct Recent<const N: usize> {
    /// Bytes reserved so far.
    reserved: AtomicU64,
    bytes: [AtomicU8; N],
}

impl<const N: usize> Recent<N> {
    /// Starts with nothing said.
    #[cfg(not(loom))]
    pub const fn new() -> Self {
        Self {
            reserved: AtomicU64::new(0),
            bytes: [const { AtomicU8::new(0) }; N],
        }
    }

    /// Starts with nothing said.
    #[cfg(loom)]
    pub fn new() -> Self {
        Self {
            reserved: AtomicU64::new(0),
            bytes: core::array::from_fn(|_| AtomicU8::new(0)),
        }
    }

    /// Adds a line, and drops the oldest if there is no room. Of one that is longer than the ring
    /// the end is kept.
    pub fn say(&self, line: &str) {
        let length = line.len() as u64 + 1;
        let start = self.reserved.fetch_add(length, Relaxed);
        for (at, byte) in (start..).zip(line.bytes().chain([b'\n'])) {
            self.bytes[(at % N as u64) as usize].store(byte, Relaxed);
        }
    }

    /// The last `lines` lines that are there whole, as bytes with line ends, oldest first.
    pub fn last(&self, lines: usize) -> impl Iterator<Item = u8> {
        let end = self.reserved.load(Relaxed);
        let oldest = end.saturating_sub(N as u64);
        let byte = |at: u64| self.bytes[(at % N as u64) as usize].load(Relaxed);
        let starts = (oldest..end).filter(|&at| match at {
            0 => true,
            // What was before the oldest byte is overwritten.
            _ => at > oldest && byte(at - 1) == b'\n',
        });
        let skipped = starts.clone().count().saturating_sub(lines);
        let start = starts.clone().nth(skipped).unwrap_or(end);
        (start..end).map(byte)
    }
}

impl<const N: usize> Default for Recent<N> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use std::string::String;

    fn last<const N: usize>(ring: &Recent<N>, lines: usize) -> String {
        ring.last(lines).map(char::from).collect()
    }

    #[test]
    fn lines_come_back_in_their_order() {
        let ring = Recent::<64>::new();
        assert_eq!(last(&ring, 9), "");
        for line in ["one", "two", "three"] {
            ring.say(line);
        }
        assert_eq!(last(&ring, 9), "one\ntwo\nthree\n");
        assert_eq!(last(&ring, 2), "two\nthree\n");
        assert_eq!(last(&ring, 0), "");
    }

    #[test]
    fn a_line_that_is_overwritten_in_part_is_gone() {
        let ring = Recent::<16>::new();
        for line in ["first", "second", "third"] {
            ring.say(line);
        }
        assert_eq!(last(&ring, 9), "second\nthird\n");
        ring.say("4");
        assert_eq!(last(&ring, 9), "second\nthird\n4\n");
        ring.say("5");
        assert_eq!(last(&ring, 9), "third\n4\n5\n");
    }

    #[test]
    fn a_line_longer_than_the_ring_is_none() {
        let ring = Recent::<8>::new();
        ring.say("far too long");
        assert_eq!(last(&ring, 9), "");
        ring.say("a");
        assert_eq!(last(&ring, 9), "a\n");
    }
}

#[cfg(all(test, loom))]
mod stories {
    use super::*;
    use loom::thread;
    use std::sync::Arc;
    use std::vec::Vec;

    /// Two cores speak at once: both lines are there, whole, one after the other.
    #[test]
    fn two_lines_do_not_mix() {
        loom::model(|| {
            let ring = Arc::new(Recent::<8>::new());
            let other = {
                let ring = ring.clone();
                thread::spawn(move || ring.say("b"))
            };
            ring.say("a");
            other.join().unwrap();
            let bytes: Vec<_> = ring.last(9).collect();
            assert!(bytes == b"a\nb\n" || bytes == b"b\na\n", "{bytes:?}");
        });
    }
}
