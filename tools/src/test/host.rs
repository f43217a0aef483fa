//! Tests that need no machine: cargo runs them, we count what it reports.

use std::collections::VecDeque;
use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Write};
use std::process::Command;

use super::outcome::{Outcome, Reason};
use super::summary::Summary;
use crate::error::Error;
use crate::workspace::Workspace;

const LOOM_PACKAGE: &str = "girder-lockfree";

/// Lines that are kept of what a failing program says last.
const LAST_LINES: usize = 4;

/// Thousands of simulated runs, and their models, are optimized; their assertions stay.
const SIM_PACKAGE: &str = "girder-sim";
const LONG_RUNS: [&str; 2] = ["--profile", "sim"];

/// Every host test, the simulator, and the models of the lock-free structures under loom.
pub(crate) fn run(
    workspace: &Workspace,
    filter: Option<&str>,
    out: &mut dyn Write,
    summary: &mut Summary,
) -> Result<(), Error> {
    let test = || {
        let mut cargo = workspace.cargo();
        cargo.args(["test", "--no-fail-fast"]);
        cargo
    };
    let mut most = test();
    most.args(["--workspace", "--exclude", SIM_PACKAGE]);
    most.args(filter);
    count(most, "host tests", out, summary)?;
    let mut simulator = test();
    simulator.args(LONG_RUNS).args(["-p", SIM_PACKAGE]);
    simulator.args(filter);
    count(simulator, "the simulator", out, summary)?;
    if has_loom_tests(workspace) {
        let mut loom = test();
        loom.env("RUSTFLAGS", "--cfg loom");
        loom.args(LONG_RUNS);
        loom.args(["-p", LOOM_PACKAGE, "--lib", "--tests"]);
        loom.arg("--target-dir").arg(workspace.path("target/loom"));
        loom.args(filter);
        count(loom, "loom models", out, summary)?;
    }
    Ok(())
}

fn has_loom_tests(workspace: &Workspace) -> bool {
    let manifest = std::fs::read_to_string(workspace.path("kernel/lockfree/Cargo.toml"));
    manifest.is_ok_and(|text| text.contains("cfg(loom)"))
}

/// Runs one cargo command, passing its report on.
fn count(
    mut cargo: Command,
    what: &str,
    out: &mut dyn Write,
    summary: &mut Summary,
) -> Result<(), Error> {
    let words: Vec<_> = cargo.get_args().map(OsStr::to_string_lossy).collect();
    let _ = writeln!(out, "{what}: cargo {}", words.join(" "));
    // One pipe for both, so that what a program says stays in its order.
    let (output, input) = std::io::pipe().map_err(Error::start("cargo"))?;
    let errors = input.try_clone().map_err(Error::start("cargo"))?;
    let mut child = cargo
        .stdout(input)
        .stderr(errors)
        .spawn()
        .map_err(Error::start("cargo"))?;
    // It holds our end of the pipe for writing, and reading goes on until all have let go of theirs.
    drop(cargo);
    let mut report = CargoReport::default();
    for line in BufReader::new(output).split(b'\n').map_while(Result::ok) {
        let line = String::from_utf8_lossy(&line);
        let _ = writeln!(out, "{line}");
        report.take(&line);
    }
    let status = child.wait().map_err(Error::start("cargo"))?;
    summary.add_counted(report.passed, report.ignored);
    for outcome in report.failures(what, status.success()) {
        summary.add(outcome);
    }
    Ok(())
}

/// What `cargo test` has reported.
#[derive(Debug, Default, PartialEq, Eq)]
struct CargoReport {
    passed: u64,
    failed: u64,
    ignored: u64,
    failed_names: Vec<String>,
    programs_started: u64,
    programs_ended: u64,
    /// The last lines that were heard.
    heard: VecDeque<String>,
    /// What was heard last of each program that has failed.
    last_words: Vec<String>,
}

impl CargoReport {
    fn take(&mut self, line: &str) {
        if line.starts_with("error: ") && line.contains("test failed") {
            self.last_words
                .push(self.heard.make_contiguous().join(" | "));
        }
        if !line.is_empty() {
            self.heard.push_back(line.to_owned());
        }
        if self.heard.len() > LAST_LINES {
            self.heard.pop_front();
        }
        if let Some(rest) = line.strip_prefix("test result: ") {
            self.programs_ended += 1;
            self.add_counts(rest);
        } else if let Some(rest) = line.strip_prefix("running ") {
            let mut words = rest.split(' ');
            let is_count = words.next().is_some_and(|word| word.parse::<u64>().is_ok());
            let is_start = is_count && matches!(words.next(), Some("test" | "tests"));
            self.programs_started += u64::from(is_start);
        } else if let Some(name) = line
            .strip_prefix("test ")
            .and_then(|rest| rest.strip_suffix(" ... FAILED"))
        {
            self.failed_names.push(name.to_owned());
        }
    }

    /// `ok. 3 passed; 0 failed; 1 ignored; 0 measured; 2 filtered out; finished in 0.01s`
    fn add_counts(&mut self, rest: &str) {
        for part in rest.split([';', '.']) {
            match part.trim().split_once(' ') {
                Some((count, "passed")) => self.passed += count.parse().unwrap_or(0),
                Some((count, "failed")) => self.failed += count.parse().unwrap_or(0),
                Some((count, "ignored")) => self.ignored += count.parse().unwrap_or(0),
                _ => {}
            }
        }
    }

    /// Everything that speaks against the run, each once.
    fn failures(self, what: &str, is_success: bool) -> Vec<Outcome> {
        let mut outcomes: Vec<_> = self
            .failed_names
            .into_iter()
            .map(|name| Outcome::failed(name, Reason::Host))
            .collect();
        let unnamed = self.failed.saturating_sub(outcomes.len() as u64);
        for _ in 0..unnamed {
            outcomes.push(Outcome::failed(what, Reason::Host));
        }
        let cut_off = self.programs_started.saturating_sub(self.programs_ended);
        if cut_off > 0 {
            let said = self.last_words.join("; ");
            let text =
                format!("{cut_off} test programs ended in the middle of their report: {said}");
            outcomes.push(Outcome::failed(what, Reason::HostProgram(text)));
        } else if !is_success && outcomes.is_empty() {
            let text = "cargo failed; its messages are above".to_owned();
            outcomes.push(Outcome::failed(what, Reason::HostProgram(text)));
        }
        outcomes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(text: &str) -> CargoReport {
        let mut report = CargoReport::default();
        text.lines().for_each(|line| report.take(line));
        report
    }

    fn names(outcomes: &[Outcome]) -> Vec<&str> {
        outcomes.iter().map(|each| each.name.as_str()).collect()
    }

    const FAILING: &str = "\nrunning 2 tests\ntest a::b ... ok\ntest a::c ... FAILED\n\n\
        failures:\n    a::c\n\ntest result: FAILED. 1 passed; 1 failed; 3 ignored; 0 measured; \
        2 filtered out; finished in 0.00s\n\nrunning 1 test\ntest x ... ok\n\n\
        test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; \
        finished in 0.00s\n";

    #[test]
    fn programs_add_up() {
        let report = report(FAILING);
        assert_eq!((report.passed, report.failed, report.ignored), (2, 1, 3));
        assert_eq!(names(&report.failures("host", false)), ["a::c"]);
    }

    #[test]
    fn a_program_that_aborts_is_a_failure_and_its_last_words_are_told() {
        let report = report(
            "running 2 tests\ntest a ... ok\n\nthread 'b' has overflowed its stack\n\
             error: test failed, to rerun pass `--lib`\n",
        );
        let failures = report.failures("host", false);
        assert_eq!(names(&failures), ["host"]);
        let said = failures[0].to_string();
        assert!(
            said.contains("test a ... ok | thread 'b' has overflowed"),
            "{said}"
        );
    }

    #[test]
    fn a_tree_that_does_not_compile_is_a_failure() {
        assert_eq!(names(&report("").failures("host", false)), ["host"]);
        assert!(report("").failures("host", true).is_empty());
    }
}
