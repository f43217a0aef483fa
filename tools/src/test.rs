//! `test`: the host tests, then the tests inside the machine over the whole matrix.
//!
//! Everything that can fail ends as a named, counted result; the last line is
//! `N passed, N failed`. Judging is kept apart from running (`transcript`, `dialogue`, `watch`,
//! `judge` know neither process nor clock), so that recorded runs test it.

mod board;
mod boot;
mod code;
mod conversation;
mod debugger;
pub(crate) mod dialogue;
mod flood;
pub(crate) mod guest;
mod host;
mod judge;
mod lines;
mod litmus;
mod matrix;
mod options;
mod outcome;
mod places;
mod program;
mod raw;
mod row;
mod shim;
#[cfg(test)]
mod stage;
mod summary;
mod transcript;
mod tree;
mod watch;
pub(crate) mod wire;

use std::ffi::OsString;
use std::fs;
use std::io::{self, Write};
use std::process::{Command, ExitCode};
use std::sync::Mutex;
use std::thread;

use crate::error::Error;
use crate::image;
use crate::workspace::Workspace;
use board::Board;
use options::{Freshness, Options, Parts};
use outcome::{Outcome, Reason};
use places::Places;
use row::{Row, RowReport, Site};
use summary::Summary;

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

/// Only a command line that makes no sense is an error; all that happens later is counted, so
/// the sum is told even when nothing compiles.
fn test(
    workspace: &Workspace,
    options: &Options,
    out: &mut (dyn Write + Send),
) -> Result<Summary, Error> {
    if let Some(board) = options.board() {
        return test_board(workspace, &board, out);
    }
    let rows = options.selected_rows()?;
    let mut summary = Summary::default();
    if options.parts != Parts::Machine {
        let filter = options.filter.as_deref();
        if let Err(error) = host::run(workspace, filter, out, &mut summary) {
            summary.add(not_started("host tests", &error));
        }
        litmus::run(workspace, filter, out, &mut summary);
    }
    if options.parts != Parts::Host {
        match prepare(workspace, options) {
            Ok(()) => run_rows(&rows, workspace, options, out, &mut summary),
            Err(error) => summary.add(not_started("machine tests", &error)),
        }
    }
    // A closed pipe must not hide the exit status.
    let _ = summary.write(out).and_then(|()| out.flush());
    Ok(summary)
}

/// A board that can't be reached is an error: nothing was tested.
fn test_board(
    workspace: &Workspace,
    board: &Board,
    out: &mut (dyn Write + Send),
) -> Result<Summary, Error> {
    let logs = workspace.path("build/logs");
    fs::create_dir_all(&logs).map_err(Error::file(&logs))?;
    let report = board.run(logs.join("board.log"))?;
    let mut summary = Summary::default();
    tell(workspace, "board", report, out, &mut summary);
    let _ = summary.write(out).and_then(|()| out.flush());
    Ok(summary)
}

fn not_started(what: &str, error: &Error) -> Outcome {
    Outcome::failed(what, Reason::NotStarted(error.to_string()))
}

/// What all rows need: one failure here in place of one in every row.
fn prepare(workspace: &Workspace, options: &Options) -> Result<(), Error> {
    match options.image {
        Freshness::Built => image::build(workspace)?,
        Freshness::AsItIs if workspace.image().exists() => {}
        Freshness::AsItIs => return Err(Error::NoImage(workspace.image())),
    }
    let version = Command::new(&options.qemu).arg("--version").output();
    version.map_err(Error::start(&options.qemu))?;
    let logs = workspace.path("build/logs");
    fs::create_dir_all(&logs).map_err(Error::file(&logs))
}

/// So many rows at a time, each shown when it is done.
///
/// A machine that keeps several cores of the host busy runs alone, unless the options say otherwise: beside it another would only
/// make both slower, and tests of what happens in time less telling.
fn run_rows(
    rows: &[Row],
    workspace: &Workspace,
    options: &Options,
    out: &mut (dyn Write + Send),
    summary: &mut Summary,
) {
    let site = Site {
        workspace,
        qemu: options.qemu.clone(),
        test_arguments: options.test_arguments(),
        has_filter: options.has_filter(),
    };
    let shared = Mutex::new((out, summary));
    let host = Places::new(options.jobs());
    let next = Mutex::new(rows.iter());
    // The next one waits until there is room for it, and those behind it wait for that.
    let take = || {
        let mut next = next.lock().expect("no holder of this lock panics");
        let row = next.next()?;
        let busy = options.jobs.map_or_else(|| row.busy_cores(), |_| 1);
        Some((row, host.take(busy)))
    };
    let work = || {
        while let Some((row, _places)) = take() {
            let report = row.run(&site);
            let mut shared = shared.lock().expect("no holder of this lock panics");
            let (out, summary) = &mut *shared;
            tell(workspace, &row.name, report, *out, summary);
        }
    };
    thread::scope(|scope| {
        for _ in 0..options.jobs().min(rows.len()) {
            scope.spawn(work);
        }
    });
}

/// Shows a row and counts it.
fn tell(
    workspace: &Workspace,
    name: &str,
    report: RowReport,
    out: &mut (dyn Write + Send),
    summary: &mut Summary,
) {
    let mut text = format!(
        "\nrow {name} ({:.1} s)\n  {}\n",
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

#[cfg(test)]
#[path = "test/suite_tests.rs"]
mod tests;
