use super::super::NAMES;
use super::*;
use proptest::prelude::*;

/// Feeds bytes; returns the lines they end and what was echoed.
fn typed(bytes: &[u8]) -> (Vec<String>, String) {
    let mut editor = LineEditor::new(NAMES);
    let mut out = String::new();
    let mut lines = vec![];
    for byte in bytes {
        lines.extend(editor.feed(*byte, &mut out).map(String::from));
    }
    (lines, out)
}

fn line(bytes: &str) -> String {
    let (mut lines, _) = typed(format!("{bytes}\r").as_bytes());
    lines.pop().unwrap()
}

#[test]
fn letters_are_echoed_as_they_come() {
    let (lines, out) = typed("hé\r\n".as_bytes());
    assert_eq!(lines, ["hé"]);
    assert_eq!(out, "hé\n");
}

#[test]
fn change_within_the_line_draws_it_anew() {
    let (_, out) = typed(b"ac\x1b[Db");
    let drawn = out.rsplit_once("\x1b[K").unwrap();
    assert!(drawn.0.ends_with("\rgirder> abc"));
    assert_eq!(drawn.1, "\rgirder> ab");
}

#[test]
fn editing_keys_change_the_line() {
    for (bytes, result) in [
        ("abc\x08\x7fd", "ad"),
        ("é\x08x", "x"),
        ("\x08\x08a", "a"),
        ("abc\x15d", "d"),
        ("abc\x1b[D\x15d", "dc"),
        ("one two  \x17x", "one x"),
        ("one\x17x", "x"),
        ("abc\x1b[D\x1b[Dx", "axbc"),
        ("bc\x1b[Ha\x1b[Fd", "abcd"),
        ("bc\x01a\x05d", "abcd"),
        ("abc\x01\x1b[C\x0b", "a"),
        ("abc\x01\x04\x1b[3~", "c"),
        ("abc\x1b[3~\x04\x1b[C", "abc"),
        ("a\x0cb", "ab"),
    ] {
        assert_eq!(line(bytes), result, "{bytes:?}");
    }
}

#[test]
fn abandoned_line_is_gone_and_prompt_comes_again() {
    let (lines, out) = typed(b"abc\x03d\r");
    assert_eq!(lines, ["d"]);
    assert_eq!(out, "abc^C\n\rgirder> \x1b[Kd\n");
}

#[test]
fn arrows_bring_lines_back() {
    let up = "\x1b[A";
    let down = "\x1b[B";
    assert_eq!(line(&format!("a\rb\r{up}{up}")), "a");
    assert_eq!(line(&format!("a\rb\r{up}{up}{up}{down}x")), "bx");
    assert_eq!(line(&format!("a\r{up}{down}{down}c")), "c");
    assert_eq!(line(&format!("a\r{up}\x03b")), "b");
}

#[test]
fn full_line_rings_the_bell_and_keeps_what_it_has() {
    let (lines, out) = typed(format!("{}é\r", "x".repeat(LINE_BYTES_MAX - 1)).as_bytes());
    assert_eq!(lines[0].len(), LINE_BYTES_MAX - 1);
    assert!(out.ends_with("\x07\n"));
}

#[test]
fn tab_completes_a_name_that_is_alone() {
    assert_eq!(line("po\t"), "poweroff ");
    assert_eq!(line("test ti\t"), "test ti");
    assert_eq!(line("\t"), "");
}

#[test]
fn tab_goes_as_far_as_candidates_agree_and_then_lists_them() {
    const SIMILAR: &[&str] = &["test", "tests", "timers"];
    let mut editor = LineEditor::new(SIMILAR);
    let mut out = String::new();
    for byte in b"te\t" {
        editor.feed(*byte, &mut out);
    }
    assert_eq!(editor.line, "test");
    out.clear();
    editor.feed(b'\t', &mut out);
    assert!(out.starts_with("\ntest tests \n"));
    assert_eq!(editor.line, "test");
}

#[test]
fn prompt_after_a_line_is_empty_and_before_its_end_shows_it() {
    let mut editor = LineEditor::new(NAMES);
    let mut out = String::new();
    editor.feed(b'a', &mut out);
    out.clear();
    editor.show_prompt(&mut out);
    assert_eq!(out, "\rgirder> a\x1b[K");
    editor.feed(b'\r', &mut out);
    out.clear();
    editor.show_prompt(&mut out);
    assert_eq!(out, "\rgirder> \x1b[K");
}

/// The same keys on a vector of characters.
#[derive(Clone, Copy, Debug)]
enum Stroke {
    Letter(char),
    Left,
    Right,
    Home,
    End,
    Before,
    Under,
    Line,
    ToEnd,
}

impl Stroke {
    fn bytes(self) -> String {
        match self {
            Self::Letter(letter) => letter.into(),
            Self::Left => "\x1b[D".into(),
            Self::Right => "\x1b[C".into(),
            Self::Home => "\x01".into(),
            Self::End => "\x05".into(),
            Self::Before => "\x7f".into(),
            Self::Under => "\x04".into(),
            Self::Line => "\x15".into(),
            Self::ToEnd => "\x0b".into(),
        }
    }

    fn apply(self, line: &mut Vec<char>, at: &mut usize) {
        match self {
            Self::Letter(letter) => {
                line.insert(*at, letter);
                *at += 1;
            }
            Self::Left => *at = at.saturating_sub(1),
            Self::Right => *at = (*at + 1).min(line.len()),
            Self::Home => *at = 0,
            Self::End => *at = line.len(),
            Self::Before if *at > 0 => {
                *at -= 1;
                line.remove(*at);
            }
            Self::Under if *at < line.len() => drop(line.remove(*at)),
            Self::Before | Self::Under => {}
            Self::Line => drop(line.drain(..core::mem::take(at))),
            Self::ToEnd => line.truncate(*at),
        }
    }
}

fn any_stroke() -> impl Strategy<Value = Stroke> {
    prop_oneof![
        4 => prop::sample::select(vec!['a', 'é', '€', '😀', ' ']).prop_map(Stroke::Letter),
        1 => Just(Stroke::Left), 1 => Just(Stroke::Right),
        1 => Just(Stroke::Home), 1 => Just(Stroke::End),
        1 => Just(Stroke::Before), 1 => Just(Stroke::Under),
        1 => Just(Stroke::Line), 1 => Just(Stroke::ToEnd),
    ]
}

proptest! {
    #[test]
    fn editor_agrees_with_a_vector_of_characters(
        strokes in prop::collection::vec(any_stroke(), 0..60),
    ) {
        let (mut expected, mut at) = (vec![], 0);
        for stroke in &strokes {
            stroke.apply(&mut expected, &mut at);
        }
        let bytes: String = strokes.into_iter().map(Stroke::bytes).collect();
        prop_assert_eq!(line(&bytes), expected.into_iter().collect::<String>());
    }

    #[test]
    fn any_flood_stays_within_bounds(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        let mut editor = LineEditor::new(NAMES);
        let room = editor.line.capacity();
        for byte in bytes {
            let mut out = String::new();
            editor.feed(byte, &mut out);
            prop_assert!(editor.line.len() <= LINE_BYTES_MAX);
            prop_assert_eq!(editor.line.capacity(), room);
            prop_assert!(editor.line.is_char_boundary(editor.cursor));
            prop_assert!(out.len() <= 3 * LINE_BYTES_MAX);
        }
    }
}
