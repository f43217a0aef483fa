//! A fixed buffer that any text fits into as exactly one line.
//!
//! Log records, panic messages and causes come from everywhere, hold line ends and escape
//! sequences, and have any length; the serial report is read line by line. So what goes in is
//! made harmless (control characters become visible escapes) and what does not fit is cut at a
//! character's border, marked, and counted. No heap: a record can be made in any state.

use core::fmt::{self, Write};

/// Ends a line that was cut. ASCII, for a terminal may be anything.
const CUT_MARK: u8 = b'~';
/// The longest escape, `\u{10ffff}`, and the longest UTF-8 sequence fit into this.
const PIECE_BYTES: usize = 10;

/// One line of text of at most `N` bytes; see the module's head.
#[derive(Clone, Debug)]
pub struct LineBuffer<const N: usize> {
    bytes: [u8; N],
    used: usize,
    cut: usize,
}

impl<const N: usize> LineBuffer<N> {
    /// Makes an empty line.
    pub const fn new() -> Self {
        const { assert!(N > 0, "the mark of a cut needs a byte") };
        Self {
            bytes: [0; N],
            used: 0,
            cut: 0,
        }
    }

    /// Makes a line of anything that can be displayed.
    pub fn of(text: impl fmt::Display) -> Self {
        let mut line = Self::new();
        // A failing `Display` leaves what it wrote so far, which is all that can be shown.
        let _ = write!(line, "{text}");
        line
    }

    /// The line so far, without a line end.
    pub fn as_str(&self) -> &str {
        core::str::from_utf8(&self.bytes[..self.used]).expect("only whole characters go in")
    }

    /// How many characters did not fit.
    pub fn cut(&self) -> usize {
        self.cut
    }

    fn push(&mut self, letter: char) {
        let mut piece = [0; PIECE_BYTES];
        let length = spell(letter, &mut piece);
        let end = self.used + length;
        // The last byte is kept for the mark, and what follows a cut is cut as well.
        if self.cut == 0 && end < N {
            self.bytes[self.used..end].copy_from_slice(&piece[..length]);
            self.used = end;
            return;
        }
        if self.cut == 0 {
            self.bytes[self.used] = CUT_MARK;
            self.used += 1;
        }
        self.cut += 1;
    }
}

/// Writes `letter` as the line shows it, and returns how many bytes that took.
fn spell(letter: char, piece: &mut [u8; PIECE_BYTES]) -> usize {
    if !breaks_the_line(letter) {
        return letter.encode_utf8(piece).len();
    }
    let mut length = 0;
    for (slot, part) in piece.iter_mut().zip(letter.escape_default()) {
        *slot = part as u8; // an escape is ASCII
        length += 1;
    }
    length
}

/// Control characters of both sets, and Unicode's own line and paragraph separators.
fn breaks_the_line(letter: char) -> bool {
    letter.is_control() || matches!(letter, '\u{2028}' | '\u{2029}')
}

impl<const N: usize> Default for LineBuffer<N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const N: usize> Write for LineBuffer<N> {
    /// Never fails: what does not fit is cut.
    fn write_str(&mut self, text: &str) -> fmt::Result {
        text.chars().for_each(|letter| self.push(letter));
        Ok(())
    }
}

impl<const N: usize> fmt::Display for LineBuffer<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn text_that_fits_is_unchanged() {
        let line = LineBuffer::<8>::of("abcdefg");
        assert_eq!((line.as_str(), line.cut()), ("abcdefg", 0));
    }

    #[test]
    fn long_text_is_cut_marked_and_counted() {
        let line = LineBuffer::<8>::of("abcdefghij");
        assert_eq!((line.as_str(), line.cut()), ("abcdefg~", 3));
    }

    #[test]
    fn character_that_does_not_fit_is_left_out_whole() {
        let line = LineBuffer::<4>::of("abé");
        assert_eq!((line.as_str(), line.cut()), ("ab~", 1));
        let line = LineBuffer::<4>::of("abéc");
        assert_eq!((line.as_str(), line.cut()), ("ab~", 2));
    }

    #[test]
    fn control_characters_become_visible() {
        let line = LineBuffer::<64>::of("a\nb\r\t\x1b[2J\x7f\u{85}\u{2028}");
        assert_eq!(line.as_str(), r"a\nb\r\t\u{1b}[2J\u{7f}\u{85}\u{2028}");
    }

    proptest! {
        #[test]
        fn any_text_stays_one_line_within_bounds(parts in prop::collection::vec(any::<String>(), 0..4)) {
            let mut line = LineBuffer::<24>::new();
            let mut expected = String::new();
            for part in &parts {
                line.write_str(part).unwrap();
                expected.push_str(part);
            }
            let text = line.as_str(); // panics if a character was split
            prop_assert!(text.len() <= 24);
            prop_assert!(!text.chars().any(breaks_the_line));
            prop_assert!(line.cut() == 0 || text.ends_with('~'));
            prop_assert!(line.cut() <= expected.chars().count());
        }

        #[test]
        fn harmless_text_is_kept_up_to_the_cut(text in "[a-zé€😀]{0,30}") {
            let line = LineBuffer::<24>::of(&text);
            let shown = line.as_str();
            let kept = if line.cut() == 0 { shown } else { shown.strip_suffix('~').unwrap() };
            prop_assert!(text.starts_with(kept));
            prop_assert_eq!(kept.chars().count() + line.cut(), text.chars().count());
        }
    }
}
