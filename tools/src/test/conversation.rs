//! Everything that is learnt from a machine's bytes while it runs, and what to answer.
//!
//! No process and no clock in here: a recorded run fed in piece by piece gives the same state.

use std::collections::VecDeque;
use std::time::Duration;

use super::dialogue::{Dialogue, Step};
use super::lines::LineBuffer;
use super::outcome::Outcome;
use super::transcript::Transcript;
use super::watch::{Expect, Watches};

/// Lines shown when something failed.
const TAIL: usize = 15;
/// How long a machine may take to its first byte at least: a busy host has yet to start it.
const FIRST_WORD: Duration = Duration::from_secs(60);

/// The state of one run.
pub(crate) struct Conversation {
    lines: LineBuffer,
    transcript: Transcript,
    watches: Watches,
    dialogue: Dialogue,
    is_scripted: bool,
    has_spoken: bool,
    silence: Duration,
    at_the_end: Duration,
    tail: VecDeque<String>,
}

/// What remains of a run.
pub(crate) struct Minutes {
    pub(crate) transcript: Transcript,
    /// Outcomes of lines waited for and of commands typed.
    pub(crate) outcomes: Vec<Outcome>,
    /// The last lines.
    pub(crate) tail: VecDeque<String>,
}

impl Conversation {
    /// A run that types `script` at this prompt (none: runs the tests) and waits for `expects`.
    /// A longer `silence` of a machine at work is a hang; once it has said its last line, it is
    /// listened to for `at_the_end`.
    pub(crate) fn new(
        script: &'static [Step],
        prompt: &'static str,
        expects: &'static [Expect],
        silence: Duration,
        at_the_end: Duration,
    ) -> Self {
        Self {
            lines: LineBuffer::default(),
            transcript: Transcript::default(),
            watches: Watches::new(expects),
            dialogue: Dialogue::new(script, prompt),
            is_scripted: !script.is_empty(),
            has_spoken: false,
            silence,
            at_the_end,
            tail: VecDeque::new(),
        }
    }

    /// Takes the next bytes from the wire; what to type, if anything.
    pub(crate) fn hear(&mut self, bytes: &[u8]) -> Option<Vec<u8>> {
        let Self {
            lines,
            transcript,
            watches,
            tail,
            ..
        } = self;
        self.has_spoken = true;
        lines.push(bytes, |line| note(line, transcript, watches, tail));
        self.dialogue.hear(bytes)
    }

    /// Keeps what QEMU itself complains about for the last lines shown.
    pub(crate) fn note_aside(&mut self, bytes: &[u8]) {
        for line in String::from_utf8_lossy(bytes).lines() {
            keep(line, &mut self.tail);
        }
    }

    /// How long a silence is still no hang.
    pub(crate) fn patience(&self) -> Duration {
        let has_crashed = self
            .transcript
            .crash()
            .is_some_and(|crash| crash.is_complete);
        let has_result = !self.is_scripted && self.transcript.result().is_some();
        if has_crashed || has_result {
            self.silence.min(self.at_the_end)
        } else if !self.has_spoken {
            self.silence.max(FIRST_WORD)
        } else {
            self.silence
        }
    }

    /// True once a report is under way.
    pub(crate) fn has_begun(&self) -> bool {
        self.transcript.has_begun()
    }

    /// True once the machine has counted its tests.
    pub(crate) fn has_result(&self) -> bool {
        self.transcript.result().is_some()
    }

    /// The wire is closed.
    pub(crate) fn finish(self) -> Minutes {
        let Self {
            mut lines,
            mut transcript,
            mut watches,
            dialogue,
            mut tail,
            ..
        } = self;
        lines.finish(|line| note(line, &mut transcript, &mut watches, &mut tail));
        let mut outcomes = watches.finish();
        outcomes.extend(dialogue.finish());
        Minutes {
            transcript,
            outcomes,
            tail,
        }
    }
}

fn note(
    line: &str,
    transcript: &mut Transcript,
    watches: &mut Watches,
    tail: &mut VecDeque<String>,
) {
    transcript.take(line);
    watches.take(line);
    keep(line, tail);
}

fn keep(line: &str, tail: &mut VecDeque<String>) {
    if tail.len() == TAIL {
        tail.pop_front();
    }
    tail.push_back(line.to_owned());
}
