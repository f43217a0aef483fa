//! One row of the matrix: boots its machine, listens to the end, judges.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use girder_core::check::ExitStatus;
use girder_core::check::protocol::PROMPT;

use super::conversation::{Conversation, Minutes};
use super::debugger;
use super::dialogue::Step;
use super::guest::Guest;
use super::judge::{After, End, Purpose, judge};
use super::outcome::{Outcome, Reason, Verdict};
use super::raw::Handover;
use super::shim::Shim;
use super::tree::{self, Edit};
use super::watch::Expect;
use super::wire::{Heard, Quiet};
use crate::debug::GDB;
use crate::error::Error;
use crate::machine::{Machine, Serial, shell_line};
use crate::workspace::Workspace;

/// A log larger than this means output without end.
const LOG_LIMIT: usize = 32 << 20;
/// Longest silence of a machine that has said its last line and should go off.
const AT_THE_END: Duration = Duration::from_secs(60);
/// How long a machine that should stay on after its last line is listened to.
const HALTED: Duration = Duration::from_secs(2);
/// How long QEMU may take to end once it has closed its outputs.
const FAREWELL: Duration = Duration::from_secs(60);

/// A machine, what boots on it, and what must come of it.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) machine: Machine,
    pub(crate) kernel: Kernel,
    pub(crate) tree: Tree,
    /// Boot arguments besides those of the test run.
    pub(crate) bootargs: &'static str,
    /// The filter of the tests, where no other is asked for; none: all of them.
    pub(crate) tests: &'static str,
    /// Commands typed at the prompt; none: the tests of the image run.
    pub(crate) script: &'static [Step],
    pub(crate) expects: &'static [Expect],
    pub(crate) course: Course,
    /// The kernel ends a hanging test itself; a silence longer than this is a hung kernel.
    pub(crate) silence: Duration,
    pub(crate) time_limit: Duration,
}

/// Which product boots, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kernel {
    Image,
    Elf,
    /// The image without a boot loader, at this address, with this in x0.
    ImageAt(u64, Handover),
    /// The image of one of the tree's examples alone.
    Example(&'static str),
    /// That of an application outside the tree, which has this for its `main.rs`.
    Application(&'static str),
    /// The image on a Raspberry Pi, after this code has run on core 0 in its place.
    ImageAfter(Shim),
}

/// What the machine does in the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Course {
    /// It runs the tests or the script, and powers off.
    Ordinary,
    /// The kernel crashes, on purpose or because it can't boot.
    Crash(After),
    /// It runs the benchmarks, says what they took, and powers off.
    Bench,
    /// It runs a program, which shows `prompt` when it waits for a line (if it does), and powers off
    /// with this status.
    Program {
        prompt: &'static str,
        status: ExitStatus,
    },
    /// There is no console: it runs the tests and powers off without a word.
    Mute,
    /// gdb looks at it, and ends it.
    Debugged,
}

/// Where the device tree comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tree {
    /// QEMU describes what it is, or leaves it to others: for a Raspberry Pi it has no tree.
    True,
    /// The same with these changes.
    Edited(&'static [Edit]),
    /// This file of `tools/trees`, without its ending, with these changes.
    Source(&'static str, &'static [Edit]),
    /// The one that the board's maker has given to Linux, of this name in Debian's package.
    Makers(&'static str),
}

/// What all rows of a run share.
pub(crate) struct Site<'a> {
    pub(crate) workspace: &'a Workspace,
    pub(crate) qemu: OsString,
    /// Boot arguments that ask for the tests, such as `test=timer girder.seed=7`.
    pub(crate) test_arguments: String,
    pub(crate) has_filter: bool,
}

/// What became of a row.
pub(crate) struct RowReport {
    pub(crate) outcomes: Vec<Outcome>,
    pub(crate) command: String,
    pub(crate) log: PathBuf,
    /// The last lines, if something failed.
    pub(crate) tail: Vec<String>,
    pub(crate) took: Duration,
}

impl Row {
    /// True if the image's tests are what it is about.
    pub(crate) fn runs_the_tests(&self) -> bool {
        self.script.is_empty() && self.course == Course::Ordinary
    }

    /// As many cores of the host as the machine keeps busy.
    pub(crate) fn busy_cores(&self) -> usize {
        match self.bootargs {
            arguments if arguments.contains("girder.deploy=single") => 1,
            _ => self.machine.cores as usize,
        }
    }

    /// Runs the row; whatever goes wrong is one of its outcomes.
    pub(crate) fn run(&self, site: &Site<'_>) -> RowReport {
        let start = Instant::now();
        let mut report = RowReport {
            outcomes: Vec::new(),
            command: String::new(),
            log: site.log_path(&format!("{}.log", self.name)),
            tail: Vec::new(),
            took: Duration::ZERO,
        };
        if let Some(lack) = self.lack() {
            report.outcomes.push(Outcome::ignored("run", lack));
        } else if let Err(error) = self.try_run(site, &mut report) {
            let reason = Reason::NotStarted(error.to_string());
            report.outcomes.push(Outcome::failed("run", reason));
        }
        let within = |outcome: Outcome| outcome.within(&self.name);
        report.outcomes = report.outcomes.into_iter().map(within).collect();
        report.took = start.elapsed();
        report
    }

    /// What this host would need to run it.
    fn lack(&self) -> Option<String> {
        match (self.course, self.tree) {
            (Course::Debugged, _) if debugger::is_missing() => {
                Some(format!("{GDB} is not installed"))
            }
            (_, Tree::Makers(name)) if tree::makers(name).is_none() => Some(format!(
                "no {name} of Debian's arm64 kernel package; {} may say where",
                tree::MAKERS_FOLDER
            )),
            _ => None,
        }
    }

    fn try_run(&self, site: &Site<'_>, report: &mut RowReport) -> Result<(), Error> {
        if self.course == Course::Debugged {
            return self.debug(site, report);
        }
        let boot = self.boot(site)?;
        let arguments = self.machine.arguments(&boot, &Serial::Stdio);
        report.command = shell_line(&site.qemu, &arguments);
        let mut log = File::create(&report.log).map_err(Error::file(&report.log))?;
        writeln!(log, "{}", report.command).map_err(Error::file(&report.log))?;
        let mut guest = Guest::start(&site.qemu, &arguments).map_err(Error::start(&site.qemu))?;
        let at_the_end = match self.course {
            Course::Crash(After::Halt) => HALTED,
            _ => AT_THE_END,
        };
        let mut conversation = Conversation::new(
            self.script,
            self.prompt(),
            self.expects,
            self.silence,
            at_the_end,
        );
        let end = self
            .listen(&mut guest, &mut conversation, &mut log)
            .map_err(Error::file(&report.log))?;
        drop(guest);
        self.conclude(conversation.finish(), end, site, report);
        Ok(())
    }

    fn debug(&self, site: &Site<'_>, report: &mut RowReport) -> Result<(), Error> {
        let session = debugger::examine(self, site)?;
        fs::write(&report.log, &session.said).map_err(Error::file(&report.log))?;
        if session.outcomes.iter().any(Outcome::is_failed) {
            report.tail = session.said.lines().map(str::to_owned).collect();
        }
        report.command = session.command;
        report.outcomes = session.outcomes;
        Ok(())
    }

    fn conclude(&self, minutes: Minutes, end: End, site: &Site<'_>, report: &mut RowReport) {
        let purpose = self.purpose(site);
        let Minutes {
            transcript,
            outcomes,
            tail,
        } = minutes;
        report.outcomes = judge(&transcript, end, purpose, self.machine.power_off);
        // A filter that leaves a machine without a test leaves it without results.
        if !report.outcomes.iter().all(is_ignored) || purpose != Purpose::SomeTests {
            report.outcomes.extend(outcomes);
        }
        if report.outcomes.iter().any(Outcome::is_failed) {
            report.tail = tail.into();
        }
    }

    /// Passes bytes on until the machine ends or patience does.
    fn listen(
        &self,
        guest: &mut Guest,
        conversation: &mut Conversation,
        log: &mut File,
    ) -> io::Result<End> {
        let start = Instant::now();
        let mut logged = 0;
        loop {
            let left = self.time_limit.saturating_sub(start.elapsed());
            if left.is_zero() {
                return Ok(End::OutOfTime(self.time_limit));
            }
            let patience = conversation.patience();
            match guest.hear(patience.min(left)) {
                Ok(Heard::Serial(bytes)) => {
                    log.write_all(&bytes)?;
                    logged += bytes.len();
                    if let Some(answer) = conversation.hear(&bytes) {
                        guest.say(answer);
                    }
                }
                Ok(Heard::Emulator(bytes)) => {
                    log.write_all(&bytes)?;
                    logged += bytes.len();
                    conversation.note_aside(&bytes);
                }
                Err(Quiet::TimeIsUp) if patience < left => return Ok(End::Silent(patience)),
                Err(Quiet::TimeIsUp) => {}
                Err(Quiet::Closed) => return farewell(guest),
            }
            if logged > LOG_LIMIT {
                return Ok(End::Flooded);
            }
        }
    }

    fn purpose(&self, site: &Site<'_>) -> Purpose {
        match (self.course, self.script.is_empty(), site.has_filter) {
            (Course::Crash(after), ..) => Purpose::Crash(after),
            (Course::Mute, ..) => Purpose::Mute,
            (Course::Program { status, .. }, ..) => Purpose::Program(status),
            (Course::Bench | Course::Debugged, ..) | (Course::Ordinary, false, _) => {
                Purpose::Prompt
            }
            (Course::Ordinary, true, true) => Purpose::SomeTests,
            (Course::Ordinary, true, false) => Purpose::AllTests,
        }
    }

    /// What is shown by whoever waits for a line.
    fn prompt(&self) -> &'static str {
        match self.course {
            Course::Program { prompt, .. } => prompt,
            _ => PROMPT,
        }
    }
}

impl Site<'_> {
    /// Those that `filter` lets through, if nobody has asked for others.
    pub(super) fn arguments_of_tests(&self, filter: &str) -> String {
        // Of several filters the kernel takes the last.
        match filter {
            "" => self.test_arguments.clone(),
            _ if self.has_filter => self.test_arguments.clone(),
            filter => format!("{} test={filter}", self.test_arguments),
        }
    }

    pub(super) fn log_path(&self, name: &str) -> PathBuf {
        self.workspace.path("build/logs").join(name)
    }
}

fn is_ignored(outcome: &Outcome) -> bool {
    matches!(outcome.verdict, Verdict::Ignored(_))
}

fn farewell(guest: &mut Guest) -> io::Result<End> {
    Ok(match guest.wait(FAREWELL)? {
        Some(status) => End::Exited(status.code()),
        None => End::Silent(FAREWELL),
    })
}

#[cfg(test)]
#[path = "row_tests.rs"]
mod tests;
