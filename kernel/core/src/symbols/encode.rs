//! Making a symbol table that fits its room; the host's side.
//!
//! Names of Rust functions are long where types carry types. Those that are too long for reading anyway
//! lose their generic arguments; if the table is still too large for its room, all do; and then the
//! longest names go, one by one, and the answer says how many.

use super::{HEADER, MARK};
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

/// A longer name is shown without its generic arguments.
const LONG: usize = 100;
/// A piece has one byte for its length.
const PIECE: usize = u8::MAX as usize;
/// Places in the text have 16 bits.
const TEXT: usize = 1 << 16;
/// What is between two functions and smaller is no gap but alignment.
const ALIGNMENT: u32 = 64;

/// A function to be found.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Function {
    /// Counted from the image's first byte.
    pub start: u32,
    /// In bytes; 0 if that is not known, and then it reaches to the next.
    pub size: u32,
    /// The name that people know it by: `girder_core::sched::Core::decide`.
    pub name: String,
}

/// What has become of the functions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encoded {
    /// The table; no longer than its room.
    pub bytes: Vec<u8>,
    /// How many functions it knows.
    pub functions: usize,
    /// How many names lost their generic arguments.
    pub shortened: usize,
    /// How many functions found no room.
    pub dropped: usize,
}

/// Makes a table of at most `room` bytes. Of several functions at one place the first by name is kept.
pub fn encode(functions: &[Function], room: usize) -> Encoded {
    let mut functions = functions.to_vec();
    functions.sort();
    functions.dedup_by_key(|function| function.start);
    let mut shortened = shorten(&mut functions, LONG);
    let mut dropped = 0;
    loop {
        if let Some(bytes) = try_encode(&functions, room) {
            let functions = functions.len();
            return Encoded {
                bytes,
                functions,
                shortened,
                dropped,
            };
        }
        match shorten(&mut functions, 0) {
            0 => dropped += drop_longest(&mut functions),
            more => shortened += more,
        }
    }
}

/// Takes the generic arguments out of names that are longer than this; how many that changed.
fn shorten(functions: &mut [Function], longest: usize) -> usize {
    let mut changed = 0;
    for function in functions
        .iter_mut()
        .filter(|each| each.name.len() > longest)
    {
        let short = without_arguments(&function.name);
        changed += usize::from(short != function.name);
        function.name = short;
    }
    changed
}

/// Drops the functions with the longest names, a sixteenth of all.
fn drop_longest(functions: &mut Vec<Function>) -> usize {
    let count = functions.len().div_ceil(16);
    let mut lengths: Vec<_> = functions.iter().map(|each| each.name.len()).collect();
    lengths.sort_unstable();
    let limit = lengths.get(lengths.len().saturating_sub(count)).copied();
    let mut left = count;
    functions.retain(|each| {
        let goes = left > 0 && Some(each.name.len()) >= limit;
        left -= usize::from(goes);
        !goes
    });
    count
}

/// `Vec<u8>::push::<T>` without what is between angle brackets. Those that enclose a type and a trait at
/// a path's beginning, `<A as B>::f`, stay, and arrows are none.
fn without_arguments(name: &str) -> String {
    let mut short = String::new();
    let mut depth = 0_usize;
    let mut before = ' ';
    for letter in name.chars() {
        let opens = letter == '<' && (depth > 0 || before.is_alphanumeric() || before == ':');
        let is_arrow = letter == '>' && before == '-';
        if opens {
            // The colons of `f::<T>` go along.
            let kept = short.trim_end_matches("::").len();
            short.truncate(if depth == 0 { kept } else { short.len() });
            depth += 1;
        } else if depth == 0 {
            short.push(letter);
        } else if letter == '>' && !is_arrow {
            depth -= 1;
        }
        before = letter;
    }
    short
}

/// The scope and what comes after it: cut at the last `::` outside of all brackets.
fn split(name: &str) -> (&str, &str) {
    let mut depth = 0_i32;
    let mut cut = None;
    for (at, letter) in name.char_indices() {
        match letter {
            '<' | '(' | '[' | '{' => depth += 1,
            '>' if name[..at].ends_with('-') => {}
            '>' | ')' | ']' | '}' => depth -= 1,
            ':' if depth == 0 && name[at..].starts_with("::") => cut = Some(at),
            _ => {}
        }
    }
    cut.map_or(("", name), |at| (&name[..at], &name[at + 2..]))
}

fn try_encode(functions: &[Function], room: usize) -> Option<Vec<u8>> {
    let mut text = Text::default();
    let mut entries = Vec::new();
    let mut end = None;
    for function in functions {
        if end.is_some_and(|end| function.start.saturating_sub(end) >= ALIGNMENT) {
            push(&mut entries, end?, text.place("")?, text.place("")?);
        }
        let (scope, name) = split(&function.name);
        push(
            &mut entries,
            function.start,
            text.place(scope)?,
            text.place(name)?,
        );
        end = (function.size > 0).then(|| function.start.saturating_add(function.size));
    }
    if let Some(end) = end {
        push(&mut entries, end, text.place("")?, text.place("")?);
    }
    let count = (entries.len() / super::ENTRY) as u32;
    let mut bytes = Vec::new();
    for word in [MARK, count, text.bytes.len() as u32] {
        bytes.extend(word.to_le_bytes());
    }
    debug_assert_eq!(bytes.len(), HEADER);
    bytes.extend(entries);
    bytes.extend(text.bytes);
    (bytes.len() <= room || functions.is_empty()).then_some(bytes)
}

fn push(entries: &mut Vec<u8>, start: u32, scope: u16, name: u16) {
    entries.extend(start.to_le_bytes());
    entries.extend(scope.to_le_bytes());
    entries.extend(name.to_le_bytes());
}

/// Pieces of text, each once.
#[derive(Default)]
struct Text {
    bytes: Vec<u8>,
    places: BTreeMap<String, u16>,
}

impl Text {
    fn place(&mut self, piece: &str) -> Option<u16> {
        let end = piece.floor_char_boundary(PIECE.min(piece.len()));
        let piece = &piece[..end];
        if let Some(&place) = self.places.get(piece) {
            return Some(place);
        }
        let place = u16::try_from(self.bytes.len()).ok()?;
        self.bytes.push(piece.len() as u8);
        self.bytes.extend(piece.bytes());
        self.places.insert(String::from(piece), place);
        (self.bytes.len() <= TEXT + PIECE).then_some(place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generic_arguments_go_and_implementations_stay() {
        let cases = [
            ("a::B<C<D>>::e::<F>", "a::B::e"),
            ("<a::B<C> as d::E<F>>::g", "<a::B as d::E>::g"),
            ("a::b::<fn(C) -> D>::{closure#0}", "a::b::{closure#0}"),
            ("<fn(A) -> B as C>::d", "<fn(A) -> B as C>::d"),
            ("plain", "plain"),
        ];
        for (long, short) in cases {
            assert_eq!(without_arguments(long), short, "{long}");
        }
    }

    #[test]
    fn a_name_is_cut_at_its_last_colons_outside_of_brackets() {
        let cases = [
            ("a::b::c", ("a::b", "c")),
            ("<a::B as c::D>::e", ("<a::B as c::D>", "e")),
            ("a::b::<c::D>", ("a::b", "<c::D>")),
            ("<fn(A) -> b::C as D>::e", ("<fn(A) -> b::C as D>", "e")),
            ("plain", ("", "plain")),
        ];
        for (name, parts) in cases {
            assert_eq!(split(name), parts);
        }
    }
}
