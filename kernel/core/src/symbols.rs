//! Which function an address of the image belongs to: a compact table inside the image.
//!
//! The linker reserves room for it among the constants; the tool that makes the image fills it from the
//! ELF, and a crash report reads it. Both sides are here, so the format stands in one place. The reader
//! believes nothing: it runs when something is broken already, so a table that is not whole is refused
//! at once, and one that was accepted can't lead anywhere outside.
//!
//! # Format
//!
//! All numbers are little-endian. The room begins with the mark, the number of entries and the number
//! of bytes of text (32 bits each). Then come the entries, 8 bytes each: where a function starts (32
//! bits, counted from the image's first byte), its scope and its name (16 bits each). Then comes the
//! text: pieces of up to 255 bytes, each behind a byte with its length; scope and name say where in the
//! text. `girder_core::sched` is the scope of hundreds of functions and stands there once. Entries are
//! sorted, and an entry with an empty name says that nothing is known from here on.

mod encode;

pub use encode::{Encoded, Function, encode};

use core::fmt;

/// The first word of a table that was filled.
const MARK: u32 = u32::from_le_bytes(*b"sym1");
const HEADER: usize = 12;
const ENTRY: usize = 8;

/// A table that has been found whole.
#[derive(Clone, Copy, Debug)]
pub struct Symbols<'a> {
    entries: &'a [[u8; ENTRY]],
    text: &'a [u8],
}

/// Why there is no table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableError {
    /// Nobody has filled the room.
    Empty,
    /// Something else stands there.
    NoTable,
    /// It is longer than its room.
    Cut,
    /// Entry number so and so does not come after the one before it.
    Unsorted(usize),
    /// Entry number so and so has a name outside of the text, or one that is no text.
    Name(usize),
}

/// A function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Symbol<'a> {
    /// The module or type that it belongs to, if any.
    pub scope: &'a str,
    /// Its own name.
    pub name: &'a str,
    /// Where it starts, counted from the image's first byte.
    pub start: u32,
}

impl<'a> Symbols<'a> {
    /// Looks the whole table over.
    pub fn parse(room: &'a [u8]) -> Result<Self, TableError> {
        let word = |at: usize| Some(u32::from_le_bytes(*room.get(at..)?.first_chunk()?));
        match word(0).ok_or(TableError::Cut)? {
            MARK => {}
            0 => return Err(TableError::Empty),
            _ => return Err(TableError::NoTable),
        }
        let count = word(4).ok_or(TableError::Cut)? as usize;
        let text_bytes = word(8).ok_or(TableError::Cut)? as usize;
        let entry_bytes = count.checked_mul(ENTRY).ok_or(TableError::Cut)?;
        let rest = room.get(HEADER..).ok_or(TableError::Cut)?;
        let (entries, rest) = rest.split_at_checked(entry_bytes).ok_or(TableError::Cut)?;
        let text = rest.get(..text_bytes).ok_or(TableError::Cut)?;
        let (entries, _) = entries.as_chunks();
        let table = Self { entries, text };
        table.check().map(|()| table)
    }

    fn check(&self) -> Result<(), TableError> {
        let mut before = None;
        for (index, entry) in self.entries.iter().enumerate() {
            let start = Some(start_of(entry));
            if start <= before {
                return Err(TableError::Unsorted(index));
            }
            before = start;
            self.read(entry).ok_or(TableError::Name(index))?;
        }
        Ok(())
    }

    /// How many functions and gaps it knows.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// True if it knows nothing.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The function that `offset`, counted from the image's first byte, lies in.
    pub fn find(&self, offset: u32) -> Option<Symbol<'a>> {
        let behind = self
            .entries
            .partition_point(|entry| start_of(entry) <= offset);
        let symbol = self.read(self.entries.get(behind.checked_sub(1)?)?)?;
        (!symbol.name.is_empty()).then_some(symbol)
    }

    fn read(&self, entry: &[u8; ENTRY]) -> Option<Symbol<'a>> {
        let [.., scope_low, scope_high, name_low, name_high] = *entry;
        Some(Symbol {
            scope: self.piece(u16::from_le_bytes([scope_low, scope_high]))?,
            name: self.piece(u16::from_le_bytes([name_low, name_high]))?,
            start: start_of(entry),
        })
    }

    fn piece(&self, at: u16) -> Option<&'a str> {
        let (&length, rest) = self.text.get(usize::from(at)..)?.split_first()?;
        str::from_utf8(rest.get(..usize::from(length))?).ok()
    }
}

fn start_of(entry: &[u8; ENTRY]) -> u32 {
    let [a, b, c, d, ..] = *entry;
    u32::from_le_bytes([a, b, c, d])
}

impl fmt::Display for Symbol<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.scope {
            "" => f.write_str(self.name),
            scope => write!(f, "{scope}::{}", self.name),
        }
    }
}

impl fmt::Display for TableError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the image was not given its symbols"),
            Self::NoTable => f.write_str("no symbol table where one should be"),
            Self::Cut => f.write_str("the symbol table is cut"),
            Self::Unsorted(index) => write!(f, "symbol {index} is out of order"),
            Self::Name(index) => write!(f, "symbol {index} has a bad name"),
        }
    }
}

#[cfg(test)]
mod tests;
