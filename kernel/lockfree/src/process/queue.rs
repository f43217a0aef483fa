//! A first-in-first-out queue of tokens, linked through the processes themselves.
//!
//! Only its owner touches it, so nothing here is atomic and it is never full. What the last one's link
//! says means nothing: whoever is last is known by the queue.

use super::header::Header;
use super::token::Token;
use super::word::Pid;
use core::ptr::NonNull;

/// The queue.
#[derive(Debug, Default)]
pub struct Queue {
    ends: Option<(NonNull<Header>, NonNull<Header>)>,
}

// SAFETY: it owns its tokens, and they may go to another core.
unsafe impl Send for Queue {}

impl Queue {
    /// Creates an empty queue.
    pub const fn new() -> Self {
        Self { ends: None }
    }

    /// How many tokens it holds: counted, for a report. Keeping the number would cost each push
    /// and each pop, and nobody who is in a hurry needs more than `holds_several`.
    pub fn count(&self) -> usize {
        self.contents().count()
    }

    /// Whose tokens it holds, and of which level they are, the first one first; for a report.
    pub fn contents(&self) -> impl Iterator<Item = (Pid, u8)> {
        let mut rest = self.ends;
        core::iter::from_fn(move || {
            let (first, last) = rest?;
            rest = (first != last).then(|| {
                // SAFETY: as in `push_back`; all but the last have a successor.
                (unsafe { Self::next(first) }, last)
            });
            // SAFETY: as in `push_back`.
            let header = unsafe { first.as_ref() };
            Some((header.pid(), header.local.level()))
        })
    }

    /// # Safety
    ///
    /// The header is in a queue, and not the last one.
    #[inline(always)]
    unsafe fn next(header: NonNull<Header>) -> NonNull<Header> {
        // SAFETY: the caller's promise.
        unsafe { header.as_ref().next.get().unwrap_unchecked() }
    }

    /// True when it holds two or more.
    #[inline(always)]
    pub fn holds_several(&self) -> bool {
        self.ends.is_some_and(|(first, last)| first != last)
    }

    /// True when it holds none.
    #[inline(always)]
    pub fn is_empty(&self) -> bool {
        self.ends.is_none()
    }

    /// Puts a token behind all others.
    #[inline(always)]
    pub fn push_back(&mut self, token: Token) {
        let header = token.into_header();
        // SAFETY: the queue owns the tokens of all headers in it, so it may use their links.
        unsafe {
            self.ends = Some(match self.ends {
                None => (header, header),
                Some((first, last)) => {
                    last.as_ref().next.set(Some(header));
                    (first, header)
                }
            });
        }
    }

    /// Puts a token before all others.
    pub fn push_front(&mut self, token: Token) {
        let header = token.into_header();
        let first = self.ends.map(|(first, _)| first);
        // SAFETY: as in `push_back`.
        unsafe { header.as_ref().next.set(first) };
        self.ends = Some((header, self.ends.map_or(header, |(_, last)| last)));
    }

    /// Takes the first token.
    #[inline(always)]
    pub fn pop_front(&mut self) -> Option<Token> {
        let (first, last) = self.ends?;
        self.ends = if first == last {
            None
        } else {
            // SAFETY: as in `push_back`; all but the last have a successor.
            Some((unsafe { Self::next(first) }, last))
        };
        Some(Token::new(first))
    }

    /// Puts a token behind all others and takes the first: the same one if there are no others.
    #[inline(always)]
    pub fn rotate(&mut self, token: Token) -> Token {
        let Some((first, last)) = self.ends else {
            return token;
        };
        let header = token.into_header();
        // SAFETY: as in `push_back`. The first one has a successor, for one has just been put behind.
        let second = unsafe {
            last.as_ref().next.set(Some(header));
            Self::next(first)
        };
        self.ends = Some((second, header));
        Token::new(first)
    }

    /// The level of the first one's process, and whether that is pinned.
    #[inline(always)]
    pub(crate) fn first_level(&self) -> Option<u8> {
        let (first, _) = self.ends?;
        // SAFETY: as in `push_back`.
        Some(unsafe { first.as_ref() }.local.level.get())
    }

    /// Takes the only token, if there is no second one and its process is of this level.
    #[inline(always)]
    pub(crate) fn take_only(&mut self, level: u8) -> Option<Token> {
        let (first, last) = self.ends?;
        // SAFETY: as in `push_back`.
        if first != last || unsafe { first.as_ref() }.local.level.get() != level {
            return None;
        }
        self.ends = None;
        Some(Token::new(first))
    }

    /// Moves all tokens of `other` behind ours.
    pub fn append(&mut self, other: &mut Self) {
        let Some((other_first, other_last)) = other.ends.take() else {
            return;
        };
        self.ends = Some(match self.ends {
            None => (other_first, other_last),
            Some((first, last)) => {
                // SAFETY: as in `push_back`.
                unsafe { last.as_ref().next.set(Some(other_first)) };
                (first, other_last)
            }
        });
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        #[cfg(not(target_os = "none"))]
        if std::thread::panicking() {
            return;
        }
        debug_assert!(
            self.is_empty(),
            "{} tokens dropped with their queue",
            self.count()
        );
    }
}
