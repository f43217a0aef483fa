//! The last few lines, to be had back with the arrow keys.

use alloc::collections::VecDeque;
use alloc::string::String;

/// Lines remembered; the oldest one goes first.
pub const HISTORY_MAX: usize = 16;

/// Lines from the oldest to the newest, and the one that is being looked at.
#[derive(Debug, Default)]
pub(super) struct History {
    lines: VecDeque<String>,
    /// How many lines back; 0 is the line being written.
    back: usize,
}

impl History {
    /// Remembers a line, unless it is empty or repeats the one before.
    pub(super) fn remember(&mut self, line: &str) {
        self.leave();
        if line.is_empty() || self.lines.back().is_some_and(|last| last == line) {
            return;
        }
        if self.lines.len() == HISTORY_MAX {
            self.lines.pop_front();
        }
        self.lines.push_back(line.into());
    }

    /// Goes back to the line being written.
    pub(super) fn leave(&mut self) {
        self.back = 0;
    }

    /// Goes one line back in time; `None` at the oldest.
    pub(super) fn older(&mut self) -> Option<&str> {
        let index = self.lines.len().checked_sub(self.back + 1)?;
        self.back += 1;
        self.lines.get(index).map(String::as_str)
    }

    /// Goes one line forward; past the newest is an empty one, and then `None`.
    pub(super) fn newer(&mut self) -> Option<&str> {
        self.back = self.back.checked_sub(1)?;
        let index = self.lines.len() - self.back;
        Some(self.lines.get(index).map_or("", String::as_str))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_back_newest_first_and_forward_again() {
        let mut history = History::default();
        for line in ["a", "b", "b", "", "c"] {
            history.remember(line);
        }
        let older: Vec<_> = (0..4).map(|_| history.older().map(String::from)).collect();
        let expected = [Some("c"), Some("b"), Some("a"), None];
        assert_eq!(older, expected.map(|line| line.map(String::from)));
        assert_eq!(history.newer(), Some("b"));
        assert_eq!(history.newer(), Some("c"));
        assert_eq!(history.newer(), Some(""));
        assert_eq!(history.newer(), None);
    }

    #[test]
    fn oldest_line_is_forgotten_first() {
        let mut history = History::default();
        for number in 0..=HISTORY_MAX {
            history.remember(&number.to_string());
        }
        let mut oldest = None;
        while let Some(line) = history.older() {
            oldest = Some(line.to_string());
        }
        assert_eq!(oldest.as_deref(), Some("1"));
    }

    #[test]
    fn remembering_starts_again_at_the_newest() {
        let mut history = History::default();
        history.remember("a");
        history.older();
        history.remember("b");
        assert_eq!(history.older(), Some("b"));
    }
}
