//! Splits text into words, for boot arguments and for the shell.
//!
//! White space separates words except between double quotes. A word is a slice of the text, so
//! nothing is allocated and boot arguments can be read before there is a heap. The price: quotes
//! are taken off only where they enclose a word (`"a b"`) or a value (`run="a b"`), and there is
//! no escape character.

/// One word as it stands in the text, quotes included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Word<'a> {
    /// The slice of the text.
    pub raw: &'a str,
    /// False when a quote opened in this word is never closed; the word then reaches to the end.
    pub is_closed: bool,
}

/// Iterator over the words of a text; see [`words`].
#[derive(Clone, Debug)]
pub struct Words<'a> {
    rest: &'a str,
}

/// Splits `text` into words.
pub fn words(text: &str) -> Words<'_> {
    Words { rest: text }
}

impl<'a> Iterator for Words<'a> {
    type Item = Word<'a>;

    fn next(&mut self) -> Option<Word<'a>> {
        let text = self.rest.trim_start();
        if text.is_empty() {
            return None;
        }
        let mut is_closed = true;
        let ends_word = |letter: char| {
            is_closed ^= letter == '"';
            is_closed && letter.is_whitespace()
        };
        let end = text.find(ends_word).unwrap_or(text.len());
        let (raw, rest) = text.split_at(end);
        self.rest = rest;
        Some(Word { raw, is_closed })
    }
}

/// Takes enclosing quotes off; a quote that is never closed goes as well.
pub fn unquote(text: &str) -> &str {
    let Some(inner) = text.strip_prefix('"') else {
        return text;
    };
    inner.strip_suffix('"').unwrap_or(inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn split(text: &str) -> Vec<&str> {
        words(text).map(|word| word.raw).collect()
    }

    #[test]
    fn white_space_separates_words() {
        assert_eq!(split("  a b=c\td\n"), ["a", "b=c", "d"]);
        assert_eq!(split(" \t"), [""; 0]);
    }

    #[test]
    fn quotes_keep_white_space_together() {
        assert_eq!(
            split(r#"run="a b" "c d" e"#),
            [r#"run="a b""#, r#""c d""#, "e"]
        );
        assert_eq!(unquote(r#""c d""#), "c d");
        assert_eq!(unquote("plain"), "plain");
        assert_eq!(unquote(r#""""#), "");
        assert_eq!(unquote(r#"""#), "");
    }

    #[test]
    fn unclosed_quote_reaches_to_the_end_and_is_told() {
        let all: Vec<_> = words(r#"a "b c"#).collect();
        assert!(all[0].is_closed);
        assert!(!all[1].is_closed);
        assert_eq!(unquote(all[1].raw), "b c");
    }

    proptest! {
        #[test]
        fn words_lose_nothing_but_outer_white_space(text in "[a \"=\t\u{e9}]{0,40}") {
            let solid = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
            let joined: String = split(&text).concat();
            prop_assert_eq!(solid(&joined), solid(&text));
        }
    }
}
