//! The line being written.
//!
//! A letter at the end is echoed as it is. Every other change draws the line anew, twice: whole,
//! and once more up to the cursor. That costs a few hundred bytes, and in return nothing here has
//! to know how wide a letter is on the terminal; only a line wider than the terminal is drawn badly.

use super::history::History;
use super::keys::{Key, Keys};
use crate::check::protocol::PROMPT;
use alloc::string::String;
use core::fmt::{self, Write};

/// Longest line; a letter beyond rings the bell instead.
pub const LINE_BYTES_MAX: usize = 256;

const BELL: &str = "\x07";
/// ECMA-48 ED with parameter 2, then CUP: clears the screen and goes to its top.
const CLEAR_SCREEN: &str = "\x1b[2J\x1b[H";
/// ECMA-48 EL: clears from the cursor to the end of the line.
const CLEAR_TO_END: &str = "\x1b[K";

/// Makes lines of bytes, echoing as it goes.
///
/// Line ends are written as `\n`; the console makes of them what its terminal needs.
#[derive(Debug)]
pub struct LineEditor {
    keys: Keys,
    /// Never longer than [`LINE_BYTES_MAX`], for which room is made at the start.
    line: String,
    /// Byte index of a character's start, or the end.
    cursor: usize,
    /// The line has been handed out; the next byte begins another.
    is_finished: bool,
    history: History,
    names: &'static [&'static str],
}

impl LineEditor {
    /// Makes an editor that completes the given names. Prints nothing; see
    /// [`show_prompt`](Self::show_prompt).
    pub fn new(names: &'static [&'static str]) -> Self {
        Self {
            keys: Keys::default(),
            line: String::with_capacity(LINE_BYTES_MAX),
            cursor: 0,
            is_finished: false,
            history: History::default(),
            names,
        }
    }

    /// Takes the next byte of the console and echoes it; returns the line that it ends.
    ///
    /// After a line the caller acts on it and then shows the prompt.
    pub fn feed(&mut self, byte: u8, out: &mut dyn Write) -> Option<&str> {
        if core::mem::take(&mut self.is_finished) {
            self.replace("");
        }
        let key = self.keys.take(byte)?;
        if key == Key::Enter {
            show(out, format_args!("\n"));
            self.history.remember(self.line.trim());
            self.is_finished = true;
            return Some(&self.line);
        }
        self.edit(key, out);
        None
    }

    /// Prints the prompt and what has been written so far: at the start, after a line was acted
    /// upon, and after anything else was printed in between.
    pub fn show_prompt(&self, out: &mut dyn Write) {
        let line = if self.is_finished { "" } else { &self.line };
        show(out, format_args!("\r{PROMPT}{line}{CLEAR_TO_END}"));
        if !self.is_finished && self.cursor < line.len() {
            show(out, format_args!("\r{PROMPT}{}", &line[..self.cursor]));
        }
    }

    fn edit(&mut self, key: Key, out: &mut dyn Write) {
        match key {
            Key::Letter(letter) => return self.insert(letter, out),
            Key::Abandon => self.abandon(out),
            Key::Tab => self.complete(out),
            Key::ClearScreen => show(out, format_args!("{CLEAR_SCREEN}")),
            Key::EraseBefore => self.erase(self.before_cursor(), self.cursor),
            Key::EraseUnder => self.erase(self.cursor, self.after_cursor()),
            Key::EraseWord => self.erase(self.word_start(), self.cursor),
            Key::EraseLine => self.erase(0, self.cursor),
            Key::EraseToEnd => self.erase(self.cursor, self.line.len()),
            Key::Left => self.cursor = self.before_cursor(),
            Key::Right => self.cursor = self.after_cursor(),
            Key::Home => self.cursor = 0,
            Key::End => self.cursor = self.line.len(),
            Key::Older => self.recall(History::older),
            Key::Newer => self.recall(History::newer),
            Key::Enter => unreachable!("the caller has taken it"),
        }
        self.show_prompt(out);
    }

    fn insert(&mut self, letter: char, out: &mut dyn Write) {
        if self.line.len() + letter.len_utf8() > LINE_BYTES_MAX {
            return show(out, format_args!("{BELL}"));
        }
        let was_at_end = self.cursor == self.line.len();
        self.line.insert(self.cursor, letter);
        self.cursor += letter.len_utf8();
        if was_at_end {
            show(out, format_args!("{letter}"));
        } else {
            self.show_prompt(out);
        }
    }

    fn abandon(&mut self, out: &mut dyn Write) {
        show(out, format_args!("^C\n"));
        self.replace("");
        self.history.leave();
    }

    fn erase(&mut self, start: usize, end: usize) {
        self.line.drain(start..end);
        self.cursor = start;
    }

    fn replace(&mut self, line: &str) {
        self.line.clear();
        self.line.push_str(line);
        self.cursor = line.len();
    }

    fn recall(&mut self, step: fn(&mut History) -> Option<&str>) {
        // Taken out, for what it gives is borrowed from it.
        let mut history = core::mem::take(&mut self.history);
        if let Some(line) = step(&mut history) {
            self.replace(line);
        }
        self.history = history;
    }

    /// Completes the command's name: as far as all candidates agree, or lists them.
    fn complete(&mut self, out: &mut dyn Write) {
        let names = self.names;
        let begun = &self.line[..self.cursor];
        if begun.is_empty() || self.cursor < self.line.len() {
            return;
        }
        let candidates = || names.iter().filter(|name| name.starts_with(begun));
        let Some(first) = candidates().next() else {
            return show(out, format_args!("{BELL}"));
        };
        let agreed = candidates().fold(first.len(), |agreed, name| agreed.min(common(first, name)));
        let is_only = candidates().count() == 1;
        if !is_only && agreed == begun.len() {
            show(out, format_args!("\n"));
            candidates().for_each(|name| show(out, format_args!("{name} ")));
            return show(out, format_args!("\n"));
        }
        self.replace(&first[..agreed]);
        if is_only {
            self.line.push(' ');
            self.cursor += 1;
        }
    }

    fn before_cursor(&self) -> usize {
        let before = self.line[..self.cursor].chars().next_back();
        self.cursor - before.map_or(0, char::len_utf8)
    }

    fn after_cursor(&self) -> usize {
        let under = self.line[self.cursor..].chars().next();
        self.cursor + under.map_or(0, char::len_utf8)
    }

    /// Start of the word before the cursor, or of the one that ends in white space there.
    fn word_start(&self) -> usize {
        let before = self.line[..self.cursor].trim_end();
        let space = before
            .char_indices()
            .rfind(|(_, letter)| letter.is_whitespace());
        space.map_or(0, |(at, letter)| at + letter.len_utf8())
    }
}

/// How many bytes two names begin with in common; names are ASCII.
fn common(one: &str, other: &str) -> usize {
    let pairs = one.bytes().zip(other.bytes());
    pairs.take_while(|(left, right)| left == right).count()
}

/// A console that can't print must not keep anyone from typing `reboot`.
fn show(out: &mut dyn Write, text: fmt::Arguments<'_>) {
    let _ = out.write_fmt(text);
}

#[cfg(test)]
mod tests;
