//! The sum of everything, and the last lines that people and scripts read.

use std::io::{self, Write};
use std::process::ExitCode;

use super::outcome::{Outcome, Verdict};

/// Results so far.
#[derive(Debug, Default)]
pub(crate) struct Summary {
    passed: u64,
    ignored: u64,
    failures: Vec<Outcome>,
}

impl Summary {
    pub(crate) fn add(&mut self, outcome: Outcome) {
        match outcome.verdict {
            Verdict::Passed => self.passed += 1,
            Verdict::Ignored(_) => self.ignored += 1,
            Verdict::Failed(_) => self.failures.push(outcome),
        }
    }

    /// Adds results that others have counted.
    pub(crate) fn add_counted(&mut self, passed: u64, ignored: u64) {
        self.passed += passed;
        self.ignored += ignored;
    }

    /// Failures by name, then the line of the contract.
    pub(crate) fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out)?;
        if !self.failures.is_empty() {
            writeln!(out, "failures:")?;
            for Outcome { name, verdict } in &self.failures {
                if let Verdict::Failed(reason) = verdict {
                    writeln!(out, "  {name}: {reason}")?;
                }
            }
            writeln!(out)?;
        }
        if self.ignored > 0 {
            writeln!(out, "{} ignored", self.ignored)?;
        }
        writeln!(
            out,
            "{} passed, {} failed",
            self.passed,
            self.failures.len()
        )
    }

    /// Success needs a test that passed and none that failed.
    pub(crate) fn is_success(&self) -> bool {
        self.failures.is_empty() && self.passed > 0
    }

    pub(crate) fn exit_code(&self) -> ExitCode {
        if self.is_success() {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::outcome::Reason;
    use super::*;

    fn text(summary: &Summary) -> String {
        let mut out = Vec::new();
        summary.write(&mut out).expect("a vector takes everything");
        String::from_utf8_lossy(&out).into_owned()
    }

    #[test]
    fn the_last_line_is_the_contract() {
        let mut summary = Summary::default();
        summary.add_counted(40, 1);
        summary.add(Outcome::passed("a"));
        assert_eq!(text(&summary), "\n1 ignored\n41 passed, 0 failed\n");
        assert!(summary.is_success());
        summary.add(Outcome::failed("row/b", Reason::NoResult));
        let expected = "\nfailures:\n  row/b: the machine ended without a result line\n\n\
                        1 ignored\n41 passed, 1 failed\n";
        assert_eq!(text(&summary), expected);
        assert!(!summary.is_success());
    }

    #[test]
    fn nothing_at_all_is_no_success() {
        assert!(!Summary::default().is_success());
    }
}
