//! `test`: the host tests, then the tests inside the machine over the whole matrix.
//!
//! Everything that can fail ends as a named, counted result; the last line is
//! `N passed, N failed`. Judging is kept apart from running (`transcript`, `dialogue`, `watch`,
//! `judge` know neither process nor clock), so that recorded runs test it.

mod conversation;
mod dialogue;
mod guest;
mod host;
mod judge;
mod lines;
mod matrix;
mod outcome;
mod row;
#[cfg(test)]
mod stage;
mod summary;
mod transcript;
pub(crate) mod tree;
mod watch;

use std::ffi::OsString;
use std::fs;
use std::io::{self, Write};
use std::process::{Command, ExitCode};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use lexopt::{Arg, Parser, ValueExt};

use crate::error::Error;
use crate::image;
use crate::machine::QEMU;
use crate::workspace::Workspace;
use matrix::Reach;
use row::{Row, RowReport, Site};
use summary::Summary;

/// What to test, and how.
#[derive(Debug)]
struct Options {
    filter: Option<String>,
    parts: Parts,
    rows: Option<String>,
    reach: Reach,
    repeat: Option<u32>,
    seed: Option<u64>,
    jobs: usize,
    image: Freshness,
    qemu: OsString,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Parts {
    Both,
    Host,
    Machine,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Freshness {
    Built,
    AsItIs,
}

/// Runs what the options ask for and tells the sum.
pub(crate) fn run(
    workspace: &Workspace,
    arguments: impl Iterator<Item = OsString>,
) -> Result<ExitCode, Error> {
    let options = Options::parse(arguments)?;
    let mut out = io::stdout();
    let summary = test(workspace, &options, &mut out)?;
    Ok(summary.exit_code())
}

fn test(
    workspace: &Workspace,
    options: &Options,
    out: &mut (dyn Write + Send),
) -> Result<Summary, Error> {
    let mut summary = Summary::default();
    if options.parts != Parts::Machine {
        host::run(workspace, options.filter.as_deref(), out, &mut summary)?;
    }
    if options.parts != Parts::Host {
        test_machines(workspace, options, out, &mut summary)?;
    }
    // A closed pipe must not hide the exit status.
    let _ = summary.write(out).and_then(|()| out.flush());
    Ok(summary)
}

fn test_machines(
    workspace: &Workspace,
    options: &Options,
    out: &mut (dyn Write + Send),
    summary: &mut Summary,
) -> Result<(), Error> {
    let rows = options.selected_rows()?;
    match options.image {
        Freshness::Built => image::build(workspace)?,
        Freshness::AsItIs if workspace.image().exists() => {}
        Freshness::AsItIs => return Err(Error::NoImage(workspace.image())),
    }
    check_emulator(&options.qemu)?;
    let logs = workspace.path("build/logs");
    fs::create_dir_all(&logs).map_err(Error::file(&logs))?;
    let site = Site {
        workspace,
        qemu: options.qemu.clone(),
        test_arguments: options.test_arguments(),
        has_filter: options.filter.is_some(),
    };
    let shared = Mutex::new((out, summary));
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..options.jobs.min(rows.len()) {
            scope.spawn(|| {
                // Only the count matters, no other memory hangs on it.
                while let Some(row) = rows.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let report = row.run(&site);
                    let mut shared = shared.lock().expect("a panic here aborts the program");
                    let (out, summary) = &mut *shared;
                    tell(workspace, row, report, *out, summary);
                }
            });
        }
    });
    Ok(())
}

/// One error in place of a failure in every row.
fn check_emulator(qemu: &OsString) -> Result<(), Error> {
    let output = Command::new(qemu).arg("--version").output();
    output.map(drop).map_err(Error::start(qemu))
}

/// Shows a row and counts it.
fn tell(
    workspace: &Workspace,
    row: &Row,
    report: RowReport,
    out: &mut (dyn Write + Send),
    summary: &mut Summary,
) {
    let mut text = format!(
        "\nrow {} ({:.1} s)\n  {}\n",
        row.name,
        report.took.as_secs_f32(),
        report.command
    );
    for outcome in report.outcomes {
        text.push_str(&format!("{outcome}\n"));
        summary.add(outcome);
    }
    if !report.tail.is_empty() {
        text.push_str(&format!(
            "the last lines of {}:\n",
            workspace.short(&report.log)
        ));
        for line in report.tail {
            text.push_str(&format!("  | {line}\n"));
        }
    }
    let _ = out.write_all(text.as_bytes());
}

impl Options {
    fn parse(arguments: impl Iterator<Item = OsString>) -> Result<Self, Error> {
        let mut options = Self {
            filter: None,
            parts: Parts::Both,
            rows: None,
            reach: Reach::Chosen,
            repeat: None,
            seed: None,
            jobs: 1,
            image: Freshness::Built,
            qemu: QEMU.into(),
        };
        let mut parser = Parser::from_args(arguments);
        while let Some(argument) = parser.next()? {
            match argument {
                Arg::Long("filter") => options.filter = Some(parser.value()?.string()?),
                Arg::Long("host-only") => options.parts = Parts::Host,
                Arg::Long("machine-only") => options.parts = Parts::Machine,
                Arg::Long("rows") => options.rows = Some(parser.value()?.string()?),
                Arg::Long("all") => options.reach = Reach::EveryCombination,
                Arg::Long("repeat") => options.repeat = Some(parser.value()?.parse()?),
                Arg::Long("seed") => options.seed = Some(parser.value()?.parse()?),
                Arg::Long("jobs") => options.jobs = parser.value()?.parse::<usize>()?.max(1),
                Arg::Long("no-build") => options.image = Freshness::AsItIs,
                Arg::Long("qemu") => options.qemu = parser.value()?,
                other => return Err(other.unexpected().into()),
            }
        }
        Ok(options)
    }

    fn selected_rows(&self) -> Result<Vec<Row>, Error> {
        let mut rows = matrix::rows(self.reach);
        let Some(text) = &self.rows else {
            return Ok(rows);
        };
        rows.retain(|row| row.name.contains(text));
        if rows.is_empty() {
            return Err(Error::NoSuchRow(text.clone()));
        }
        Ok(rows)
    }

    /// The boot arguments that ask for these tests.
    fn test_arguments(&self) -> String {
        let mut words = match &self.filter {
            Some(filter) => format!("test={filter}"),
            None => "test".to_owned(),
        };
        if let Some(repeat) = self.repeat {
            words.push_str(&format!(" girder.repeat={repeat}"));
        }
        if let Some(seed) = self.seed {
            words.push_str(&format!(" girder.seed={seed}"));
        }
        words
    }
}

#[cfg(test)]
#[path = "test/suite_tests.rs"]
mod tests;
