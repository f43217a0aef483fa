//! Bytes of a terminal to keys.
//!
//! A terminal sends UTF-8 for letters, control characters, and escape sequences (ECMA-48 5.4:
//! `ESC [`, parameter and intermediate bytes, one final byte) for the keys beside them. What is
//! damaged or unknown is dropped as soon as that is known; a byte that cannot continue what was
//! begun begins something of its own, so a line end is never lost.

/// What was pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    Letter(char),
    Enter,
    Abandon,
    Tab,
    ClearScreen,
    EraseBefore,
    EraseUnder,
    EraseWord,
    EraseLine,
    EraseToEnd,
    Left,
    Right,
    Home,
    End,
    Older,
    Newer,
}

/// Decoder with the state of an unfinished key; never more than these few bytes.
#[derive(Debug, Default)]
pub(super) struct Keys {
    state: State,
}

#[derive(Clone, Copy, Debug, Default)]
enum State {
    #[default]
    Ground,
    /// After CR: a LF that follows belongs to it.
    Return,
    /// After the first bytes of a letter.
    Letter { bytes: [u8; 4], got: u8, wanted: u8 },
    /// After ESC.
    Escape,
    /// After `ESC [`, with the first parameter so far.
    Sequence { parameter: u8 },
    /// After `ESC O`, as some terminals send Home and End.
    Single,
}

const ESCAPE: u8 = 0x1b;

impl Keys {
    /// Takes the next byte; returns the key that it completes.
    pub(super) fn take(&mut self, byte: u8) -> Option<Key> {
        match core::mem::take(&mut self.state) {
            State::Return if byte == b'\n' => None,
            State::Ground | State::Return => self.begin(byte),
            State::Letter { bytes, got, wanted } => self.continue_letter(bytes, got, wanted, byte),
            State::Escape => self.continue_escape(byte),
            State::Sequence { parameter } => self.continue_sequence(parameter, byte),
            State::Single if is_control(byte) => self.begin(byte),
            State::Single => final_key(byte, 0),
        }
    }

    fn begin(&mut self, byte: u8) -> Option<Key> {
        self.state = match byte {
            b'\r' => State::Return,
            ESCAPE => State::Escape,
            0xc2..=0xf4 => State::Letter {
                bytes: [byte, 0, 0, 0],
                got: 1,
                wanted: if byte < 0xe0 {
                    2
                } else if byte < 0xf0 {
                    3
                } else {
                    4
                },
            },
            _ => State::Ground,
        };
        simple_key(byte)
    }

    fn continue_letter(
        &mut self,
        mut bytes: [u8; 4],
        got: u8,
        wanted: u8,
        byte: u8,
    ) -> Option<Key> {
        if !matches!(byte, 0x80..=0xbf) {
            return self.begin(byte);
        }
        bytes[usize::from(got)] = byte;
        let got = got + 1;
        if got < wanted {
            self.state = State::Letter { bytes, got, wanted };
            return None;
        }
        // Overlong forms and surrogates are no characters, and C1 controls are none to show.
        let letter = core::str::from_utf8(&bytes[..usize::from(wanted)]).ok()?;
        let letter = letter.chars().next()?;
        (!letter.is_control()).then_some(Key::Letter(letter))
    }

    fn continue_escape(&mut self, byte: u8) -> Option<Key> {
        match byte {
            b'[' => self.state = State::Sequence { parameter: 0 },
            b'O' => self.state = State::Single,
            _ if is_control(byte) => return self.begin(byte),
            _ => {} // Alt with a letter: nothing of ours
        }
        None
    }

    fn continue_sequence(&mut self, parameter: u8, byte: u8) -> Option<Key> {
        match byte {
            b'0'..=b'9' => {
                let digit = byte - b'0';
                let parameter = parameter.saturating_mul(10).saturating_add(digit);
                self.state = State::Sequence { parameter };
                None
            }
            // Further parameters are modifiers (Shift, Control): the key is the same.
            b' '..=b'/' | b':'..=b'?' => {
                self.state = State::Sequence { parameter };
                None
            }
            b'@'..=b'~' => final_key(byte, parameter),
            _ => self.begin(byte),
        }
    }
}

/// True for bytes that can't be part of an escape sequence.
fn is_control(byte: u8) -> bool {
    !matches!(byte, b' '..=b'~')
}

/// Keys that are one byte.
fn simple_key(byte: u8) -> Option<Key> {
    const fn control(letter: u8) -> u8 {
        letter & 0x1f
    }
    const A: u8 = control(b'A');
    const C: u8 = control(b'C');
    const D: u8 = control(b'D');
    const E: u8 = control(b'E');
    const K: u8 = control(b'K');
    const L: u8 = control(b'L');
    const U: u8 = control(b'U');
    const W: u8 = control(b'W');
    Some(match byte {
        b' '..=b'~' => Key::Letter(char::from(byte)),
        b'\r' | b'\n' => Key::Enter,
        b'\t' => Key::Tab,
        0x08 | 0x7f => Key::EraseBefore,
        A => Key::Home,
        C => Key::Abandon,
        D => Key::EraseUnder,
        E => Key::End,
        K => Key::EraseToEnd,
        L => Key::ClearScreen,
        U => Key::EraseLine,
        W => Key::EraseWord,
        _ => return None,
    })
}

/// Keys that are an escape sequence; numbers are those of the VT220.
fn final_key(last: u8, parameter: u8) -> Option<Key> {
    Some(match (last, parameter) {
        (b'A', _) => Key::Older,
        (b'B', _) => Key::Newer,
        (b'C', _) => Key::Right,
        (b'D', _) => Key::Left,
        (b'H', _) | (b'~', 1 | 7) => Key::Home,
        (b'F', _) | (b'~', 4 | 8) => Key::End,
        (b'~', 3) => Key::EraseUnder,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn keys(bytes: &[u8]) -> Vec<Key> {
        let mut keys = Keys::default();
        bytes.iter().filter_map(|byte| keys.take(*byte)).collect()
    }

    #[test]
    fn each_kind_of_line_end_is_one() {
        assert_eq!(keys(b"\r"), [Key::Enter]);
        assert_eq!(keys(b"\n"), [Key::Enter]);
        assert_eq!(keys(b"\r\n"), [Key::Enter]);
        assert_eq!(keys(b"\r\n\r\n"), [Key::Enter; 2]);
        assert_eq!(keys(b"\r\r"), [Key::Enter; 2]);
        assert_eq!(keys(b"\n\n"), [Key::Enter; 2]);
        assert_eq!(keys(b"\ra\n"), [Key::Enter, Key::Letter('a'), Key::Enter]);
    }

    #[test]
    fn escape_sequences_are_keys() {
        for (bytes, key) in [
            ("\x1b[A", Key::Older),
            ("\x1b[B", Key::Newer),
            ("\x1b[C", Key::Right),
            ("\x1b[D", Key::Left),
            ("\x1b[1;5D", Key::Left),
            ("\x1b[H", Key::Home),
            ("\x1bOH", Key::Home),
            ("\x1b[1~", Key::Home),
            ("\x1b[4~", Key::End),
            ("\x1bOF", Key::End),
            ("\x1b[3~", Key::EraseUnder),
        ] {
            assert_eq!(keys(bytes.as_bytes()), [key], "{bytes:?}");
        }
    }

    #[test]
    fn unknown_sequences_vanish() {
        assert_eq!(keys(b"\x1b[99;99Zx"), [Key::Letter('x')]);
        assert_eq!(keys(b"\x1bqx"), [Key::Letter('x')]);
        assert_eq!(keys(b"\x00\x0e\x1f"), []);
    }

    #[test]
    fn line_end_breaks_off_what_was_begun() {
        for begun in ["\x1b", "\x1b[", "\x1b[12", "\x1bO"] {
            assert_eq!(keys(format!("{begun}\r").as_bytes()), [Key::Enter]);
        }
        assert_eq!(keys(b"\xe2\x82\r"), [Key::Enter]);
    }

    #[test]
    fn damaged_letters_are_dropped_and_the_next_one_is_not() {
        assert_eq!(keys(b"\xe2\x82x"), [Key::Letter('x')]);
        assert_eq!(keys(b"\xe2\xc3\xa9"), [Key::Letter('é')]);
        assert_eq!(keys(b"\xed\xa0\x80\xc0\xff\x80y"), [Key::Letter('y')]);
        assert_eq!(keys("\u{85}".as_bytes()), []);
    }

    proptest! {
        #[test]
        fn printable_text_arrives_whole(text in "\\PC{0,40}") {
            let letters: Vec<_> = text.chars().map(Key::Letter).collect();
            prop_assert_eq!(keys(text.as_bytes()), letters);
        }

        #[test]
        fn enter_is_heard_after_any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            let mut decoder = Keys::default();
            for byte in bytes {
                decoder.take(byte);
            }
            prop_assert_eq!(decoder.take(b'\r'), Some(Key::Enter));
        }
    }
}
