//! One row of the matrix: boots its machine, listens to the end, judges.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::conversation::{Conversation, Minutes};
use super::dialogue::Step;
use super::guest::{Guest, Heard, Quiet, leashed};
use super::judge::{End, Purpose, judge};
use super::outcome::{Outcome, Reason, Verdict};
use super::tree;
use super::watch::Expect;
use crate::error::Error;
use crate::machine::{Boot, Machine, Serial, shell_line};
use crate::workspace::Workspace;

/// A log larger than this means output without end.
const LOG_LIMIT: usize = 32 << 20;
/// How long QEMU may take to end once it has closed its outputs.
const FAREWELL: Duration = Duration::from_secs(10);

/// A machine, what boots on it, and what must come of it.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) machine: Machine,
    pub(crate) kernel: Kernel,
    pub(crate) tree: Tree,
    /// Boot arguments besides those of the test run.
    pub(crate) bootargs: &'static str,
    /// Commands typed at the prompt; none: the tests of the image run.
    pub(crate) script: &'static [Step],
    pub(crate) expects: &'static [Expect],
    /// The kernel ends a hanging test itself; a silence longer than this is a hung kernel.
    pub(crate) silence: Duration,
    pub(crate) time_limit: Duration,
}

/// Which product boots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kernel {
    Image,
    Elf,
}

/// Where the device tree comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tree {
    /// QEMU describes what it is.
    True,
    /// The same, except that one core's MPIDR is of a core that does not exist.
    Lying { core: usize, mpidr: u32 },
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
        if let Err(error) = self.try_run(site, &mut report) {
            let reason = Reason::NotStarted(error.to_string());
            report.outcomes.push(Outcome::failed("run", reason));
        }
        let within = |outcome: Outcome| outcome.within(&self.name);
        report.outcomes = report.outcomes.into_iter().map(within).collect();
        report.took = start.elapsed();
        report
    }

    fn try_run(&self, site: &Site<'_>, report: &mut RowReport) -> Result<(), Error> {
        let boot = self.boot(site)?;
        let arguments = self.machine.arguments(&boot, &Serial::Stdio);
        report.command = shell_line(&site.qemu, &arguments);
        let mut log = File::create(&report.log).map_err(Error::file(&report.log))?;
        writeln!(log, "{}", report.command).map_err(Error::file(&report.log))?;
        let mut guest = Guest::start(&site.qemu, &arguments).map_err(Error::start(&site.qemu))?;
        let mut conversation = Conversation::new(self.script, self.expects, self.silence);
        let end = self
            .listen(&mut guest, &mut conversation, &mut log)
            .map_err(Error::file(&report.log))?;
        drop(guest);
        self.conclude(conversation.finish(), end, site, report);
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
        let is_failure = |outcome: &Outcome| matches!(outcome.verdict, Verdict::Failed(_));
        if report.outcomes.iter().any(is_failure) {
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
                        guest.say(&answer);
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
        match (self.script.is_empty(), site.has_filter) {
            (false, _) => Purpose::Prompt,
            (true, true) => Purpose::SomeTests,
            (true, false) => Purpose::AllTests,
        }
    }

    fn boot(&self, site: &Site<'_>) -> Result<Boot, Error> {
        let tests = if self.script.is_empty() {
            &site.test_arguments
        } else {
            ""
        };
        Ok(Boot {
            kernel: match self.kernel {
                Kernel::Image => site.workspace.image(),
                Kernel::Elf => site.workspace.elf(),
            },
            tree: match self.tree {
                Tree::True => None,
                Tree::Lying { core, mpidr } => Some(self.lying_tree(site, core, mpidr)?),
            },
            bootargs: format!("{tests} {}", self.bootargs).trim().to_owned(),
        })
    }

    /// QEMU's own tree of this machine, with one core's identity changed.
    fn lying_tree(&self, site: &Site<'_>, core: usize, mpidr: u32) -> Result<PathBuf, Error> {
        let path = site.log_path(&format!("{}.dtb", self.name));
        dump_tree(&site.qemu, &self.machine, &path)?;
        let mut blob = fs::read(&path).map_err(Error::file(&path))?;
        tree::replace_core_identity(&mut blob, core, mpidr).map_err(|cause| Error::Tree {
            path: path.clone(),
            cause,
        })?;
        fs::write(&path, blob).map_err(Error::file(&path))?;
        Ok(path)
    }
}

impl Site<'_> {
    fn log_path(&self, name: &str) -> PathBuf {
        self.workspace.path("build/logs").join(name)
    }
}

/// QEMU writes the tree and ends at once; nothing boots.
fn dump_tree(qemu: &OsString, machine: &Machine, path: &Path) -> Result<(), Error> {
    let arguments = machine.dump_tree(path);
    let output = leashed(qemu)
        .args(&arguments)
        .output()
        .map_err(Error::start(qemu))?;
    if output.status.success() {
        return Ok(());
    }
    Err(Error::Ended {
        program: qemu.clone(),
        status: output.status,
    })
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
