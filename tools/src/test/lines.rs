//! Bytes from the wire to lines of text.
//!
//! A crashing kernel may send anything, so nothing here trusts the bytes: what is no UTF-8 is
//! replaced, and a line without an end is cut.

/// A longer line is cut here and goes on as the next one.
const LINE_LIMIT: usize = 4096;

/// The bytes since the last line end.
#[derive(Debug, Default)]
pub(crate) struct LineBuffer {
    pending: Vec<u8>,
}

impl LineBuffer {
    /// Takes the next bytes and hands each line that they complete to `each`.
    pub(crate) fn push(&mut self, bytes: &[u8], mut each: impl FnMut(&str)) {
        for &byte in bytes {
            if byte == b'\n' || self.pending.len() == LINE_LIMIT {
                self.flush(&mut each);
            }
            if byte != b'\n' {
                self.pending.push(byte);
            }
        }
    }

    /// Hands over an unfinished last line, if there is one.
    pub(crate) fn finish(&mut self, mut each: impl FnMut(&str)) {
        if !self.pending.is_empty() {
            self.flush(&mut each);
        }
    }

    fn flush(&mut self, each: &mut impl FnMut(&str)) {
        let line = String::from_utf8_lossy(&self.pending);
        each(without_escapes(&line).trim_matches('\r'));
        self.pending.clear();
    }
}

/// Leaves out terminal control sequences (`ESC [` to a letter), which the prompt uses to redraw.
pub(crate) fn without_escapes(text: &str) -> String {
    let mut pieces = text.split("\x1b[");
    let mut plain = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let end = piece.find(|c| matches!(c, '@'..='~'));
        plain.push_str(end.map_or("", |end| &piece[end + 1..]));
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(chunks: &[&[u8]]) -> Vec<String> {
        let mut buffer = LineBuffer::default();
        let mut lines = Vec::new();
        for chunk in chunks {
            buffer.push(chunk, |line| lines.push(line.to_owned()));
        }
        buffer.finish(|line| lines.push(line.to_owned()));
        lines
    }

    #[test]
    fn lines_survive_any_cut() {
        let whole = b"one\r\ntwo\n\nthree";
        for cut in 0..whole.len() {
            let (left, right) = whole.split_at(cut);
            assert_eq!(lines(&[left, right]), ["one", "two", "", "three"]);
        }
    }

    #[test]
    fn garbage_becomes_text() {
        assert_eq!(lines(&[b"\xff\xfea\0\nb\n"]), ["\u{fffd}\u{fffd}a\0", "b"]);
    }

    #[test]
    fn control_sequences_are_left_out() {
        let line = b"\rgirder> \x1b[Khelp\x1b[1;31m me\x1b[\n";
        assert_eq!(lines(&[line]), ["girder> help me"]);
    }

    #[test]
    fn a_line_without_end_is_cut() {
        let flood = vec![b'x'; 2 * LINE_LIMIT + 1];
        let lengths: Vec<_> = lines(&[&flood]).iter().map(String::len).collect();
        assert_eq!(lengths, [LINE_LIMIT, LINE_LIMIT, 1]);
    }
}
