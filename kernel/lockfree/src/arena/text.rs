//! Strings in an arena: the containers that we use have none, so this is the common part of `alloc`'s over a vector.

use super::Arena;
use allocator_api2::collections::TryReserveError;
use allocator_api2::vec::Vec;
use core::borrow::Borrow;
use core::cmp::Ordering;
use core::fmt;
use core::hash::{Hash, Hasher};
use core::ops::Deref;

/// Text in the process's arena that can grow.
///
/// ```no_run
/// use core::fmt::Write;
/// use girder_lockfree::arena::{self, String};
///
/// # async fn example() {
/// arena::with(async |arena| {
///     let mut line = String::from_str_in("one", arena);
///     write!(line, ", {}", 2).expect("there is memory");
///     assert_eq!(line, "one, 2");
/// })
/// .await;
/// # }
/// ```
#[derive(Clone)]
pub struct String<'p> {
    /// UTF-8.
    bytes: Vec<u8, Arena<'p>>,
}

impl<'p> String<'p> {
    /// No text yet; takes no memory.
    pub fn new_in(arena: Arena<'p>) -> Self {
        let bytes = Vec::new_in(arena);
        Self { bytes }
    }

    /// The same with room for so many bytes.
    pub fn with_capacity_in(capacity: usize, arena: Arena<'p>) -> Self {
        let bytes = Vec::with_capacity_in(capacity, arena);
        Self { bytes }
    }

    /// A copy of this text.
    pub fn from_str_in(text: &str, arena: Arena<'p>) -> Self {
        let mut string = Self::with_capacity_in(text.len(), arena);
        string.push_str(text);
        string
    }

    /// Makes room for so many bytes more, if there is memory.
    pub fn try_reserve(&mut self, additional: usize) -> Result<(), TryReserveError> {
        self.bytes.try_reserve(additional)
    }

    /// Adds text.
    pub fn push_str(&mut self, text: &str) {
        self.bytes.extend_from_slice(text.as_bytes());
    }

    /// Adds text, if there is memory.
    pub fn try_push_str(&mut self, text: &str) -> Result<(), TryReserveError> {
        self.try_reserve(text.len())?;
        self.push_str(text);
        Ok(())
    }

    /// Adds a character.
    pub fn push(&mut self, character: char) {
        self.push_str(character.encode_utf8(&mut [0; 4]));
    }

    /// Takes the last character.
    pub fn pop(&mut self) -> Option<char> {
        let last = self.chars().next_back()?;
        self.bytes.truncate(self.len() - last.len_utf8());
        Some(last)
    }

    /// Leaves so many bytes at most.
    ///
    /// # Panics
    ///
    /// In the middle of a character.
    pub fn truncate(&mut self, length: usize) {
        if length < self.len() {
            assert!(
                self.is_char_boundary(length),
                "cut in the middle of a character"
            );
            self.bytes.truncate(length);
        }
    }

    /// Removes all of it, and keeps the memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
    }

    /// Bytes that it has room for.
    pub fn capacity(&self) -> usize {
        self.bytes.capacity()
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        // SAFETY: the bytes are what `&str`s had, cut between characters.
        unsafe { str::from_utf8_unchecked(&self.bytes) }
    }

    /// The bytes.
    pub fn into_bytes(self) -> Vec<u8, Arena<'p>> {
        self.bytes
    }
}

impl Deref for String<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl AsRef<str> for String<'_> {
    fn as_ref(&self) -> &str {
        self
    }
}

impl Borrow<str> for String<'_> {
    fn borrow(&self) -> &str {
        self
    }
}

impl fmt::Write for String<'_> {
    /// An error means that there is no memory.
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.try_push_str(text).map_err(|_| fmt::Error)
    }
}

impl Extend<char> for String<'_> {
    fn extend<I: IntoIterator<Item = char>>(&mut self, characters: I) {
        characters.into_iter().for_each(|it| self.push(it));
    }
}

impl<'a> Extend<&'a str> for String<'_> {
    fn extend<I: IntoIterator<Item = &'a str>>(&mut self, texts: I) {
        texts.into_iter().for_each(|it| self.push_str(it));
    }
}

impl fmt::Display for String<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.as_str(), f)
    }
}

impl fmt::Debug for String<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl PartialEq for String<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for String<'_> {}

impl PartialEq<str> for String<'_> {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for String<'_> {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl PartialOrd for String<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for String<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_str().cmp(other)
    }
}

impl Hash for String<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}
