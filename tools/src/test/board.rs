//! A real board at the end of a serial line: asks its prompt for the tests, and judges what it reports.
//!
//! The judge is the one of the machines under QEMU; what is missing is an exit status, so the report
//! alone tells, as it does there where only PSCI turns the machine off. And bytes may be lost or
//! damaged on the way. What that does to the report is a failure, never a success: each test is told
//! twice, and the sum at the end. What it does to our typing shows in another prompt in place of the plan,
//! and then the command is typed again.
//!
//! A board that boots with `test` among its arguments needs no typing; it may be switched on before or
//! after.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use girder_core::check::protocol::PROMPT;
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};

use super::conversation::Conversation;
use super::dialogue::ends_with_prompt;
use super::judge::{End, Purpose, judge};
use super::row::RowReport;
use super::wire::{Heard, Quiet, Source, Wire};
use crate::error::Error;
use crate::machine::PowerOff;

/// What boards' firmware sets.
pub(super) const BAUD: u32 = 115_200;
/// Times that the command is typed.
const TRIES: u32 = 4;
/// Longest silence of a board that has crashed and said so.
const AT_THE_END: Duration = Duration::from_secs(2);

/// A board, and what to ask of it.
#[derive(Clone, Debug)]
pub(super) struct Board {
    pub(super) port: PathBuf,
    pub(super) baud: u32,
    /// Only tests whose name contains this.
    pub(super) filter: Option<String>,
    pub(super) patience: Patience,
}

/// How long to wait for what.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// A prompt counts when nothing has followed it for so long.
    pub(super) settled: Duration,
    /// A board that says nothing is sent a line end that often, for a prompt that was missed.
    pub(super) nudge: Duration,
    /// A longer silence is a hang, or nobody is there.
    pub(super) silence: Duration,
    pub(super) whole: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            settled: Duration::from_millis(300),
            nudge: Duration::from_secs(5),
            silence: Duration::from_secs(400),
            whole: Duration::from_secs(1800),
        }
    }
}

impl Board {
    /// Runs its tests.
    pub(super) fn run(&self, log: PathBuf) -> Result<RowReport, Error> {
        let start = Instant::now();
        let file = open(&self.port, self.baud).map_err(Error::file(&self.port))?;
        let listened = file.try_clone().map_err(Error::file(&self.port))?;
        let source: Source = (Box::new(listened), Heard::Serial);
        let wire = Wire::new(vec![source], Some(Box::new(file)));
        let mut kept = File::create(&log).map_err(Error::file(&log))?;
        let mut talk = Talk {
            board: self,
            conversation: Conversation::new(&[], PROMPT, &[], self.patience.silence, AT_THE_END),
            end: Vec::new(),
            tries: 0,
        };
        let end = talk.hold(&wire, &mut kept).map_err(Error::file(&log))?;
        let minutes = talk.conversation.finish();
        let outcomes = judge(&minutes.transcript, end, self.purpose(), PowerOff::Psci);
        let is_good = outcomes.iter().all(|outcome| !outcome.is_failed());
        let name = self.port.display().to_string();
        Ok(RowReport {
            outcomes: outcomes
                .into_iter()
                .map(|each| each.within(&name))
                .collect(),
            command: format!("{} at {} baud", name, self.baud),
            log,
            tail: if is_good {
                Vec::new()
            } else {
                minutes.tail.into()
            },
            took: start.elapsed(),
        })
    }

    fn purpose(&self) -> Purpose {
        match self.filter {
            Some(_) => Purpose::SomeTests,
            None => Purpose::AllTests,
        }
    }

    fn command(&self) -> Vec<u8> {
        let filter = self.filter.as_deref().unwrap_or_default();
        format!("test {filter}")
            .trim_end()
            .bytes()
            .chain([b'\r'])
            .collect()
    }
}

/// A terminal device that passes bytes on as they are. The line is ours: no hang-up, no flow control.
fn open(path: &Path, baud: u32) -> io::Result<File> {
    let file = OpenOptions::new().read(true).write(true).open(path)?;
    let mut settings = tcgetattr(&file)?;
    settings.make_raw();
    settings.set_speed(baud)?;
    tcsetattr(&file, OptionalActions::Flush, &settings)?;
    Ok(file)
}

/// No status comes over a line: the report alone tells.
const NO_STATUS: End = End::Exited(Some(0));

/// A run in progress.
struct Talk<'a> {
    board: &'a Board,
    conversation: Conversation,
    /// The last bytes, where a prompt would be.
    end: Vec<u8>,
    /// Times that the command was typed.
    tries: u32,
}

impl Talk<'_> {
    /// Listens and types until the report is whole or patience ends.
    fn hold(&mut self, wire: &Wire, log: &mut File) -> io::Result<End> {
        let patience = self.board.patience;
        let (start, mut last_heard) = (Instant::now(), Instant::now());
        wire.say(b"\r".to_vec());
        loop {
            if start.elapsed() > patience.whole {
                return Ok(End::OutOfTime(patience.whole));
            }
            if self.conversation.has_result() {
                return Ok(NO_STATUS);
            }
            if self.tries == TRIES && ends_with_prompt(&self.end) {
                return Ok(End::Unheeded);
            }
            let wait = self.next_wait();
            match wire.hear(wait) {
                Ok(Heard::Serial(bytes) | Heard::Emulator(bytes)) => {
                    last_heard = Instant::now();
                    log.write_all(&bytes)?;
                    self.hear(&bytes);
                }
                Err(Quiet::Closed) => return Ok(NO_STATUS),
                Err(Quiet::TimeIsUp) if last_heard.elapsed() >= patience.silence => {
                    return Ok(End::Silent(patience.silence));
                }
                Err(Quiet::TimeIsUp) if self.conversation.has_begun() => {
                    return Ok(End::Silent(wait));
                }
                Err(Quiet::TimeIsUp) => wire.say(self.next_words()),
            }
        }
    }

    fn hear(&mut self, bytes: &[u8]) {
        const KEPT: usize = 64;
        self.end.extend_from_slice(bytes);
        self.end.drain(..self.end.len().saturating_sub(KEPT));
        self.conversation.hear(bytes);
    }

    fn next_wait(&self) -> Duration {
        let patience = self.board.patience;
        if self.conversation.has_begun() {
            self.conversation.patience()
        } else if ends_with_prompt(&self.end) {
            patience.settled
        } else {
            patience.nudge
        }
    }

    /// Before the tests have begun: the command at a prompt, else a line end.
    fn next_words(&mut self) -> Vec<u8> {
        if ends_with_prompt(&self.end) {
            self.tries += 1;
            self.end.clear();
            return self.board.command();
        }
        b"\r".to_vec()
    }
}

#[cfg(test)]
#[path = "board_tests.rs"]
mod tests;
