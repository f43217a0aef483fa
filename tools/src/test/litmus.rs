//! Litmus tests: what the Arm memory model says about the instructions that share words.
//!
//! loom checks the source against Rust's model; these check what the compiler makes of it, with
//! and without LSE, against Arm's own. Each file says what herd7 has to observe: *Never* for what
//! must not happen, and *Sometimes* for the same with one ordering missing, so that a test which
//! could never fail is noticed. herd7 is in few distributions; without it they are ignored, by name.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::outcome::{Outcome, Reason, Verdict};
use super::summary::Summary;
use crate::workspace::Workspace;

/// Where they lie.
const FOLDER: &str = "kernel/lockfree/litmus";
/// Seconds that one may take; the longest takes two.
const TIME_LIMIT: &str = "60";

/// Runs those whose name contains `filter`.
pub(crate) fn run(
    workspace: &Workspace,
    filter: Option<&str>,
    out: &mut dyn Write,
    summary: &mut Summary,
) {
    let herd = env::var_os("HERD7").unwrap_or_else(|| OsString::from("herd7"));
    for file in files(&workspace.path(FOLDER)) {
        let stem = file.file_stem().unwrap_or_default();
        let name = format!("litmus/{}", stem.to_string_lossy());
        if filter.is_some_and(|filter| !name.contains(filter)) {
            continue;
        }
        let outcome = Outcome {
            name,
            verdict: check(&herd, &file),
        };
        let _ = writeln!(out, "{outcome}");
        summary.add(outcome);
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let mut files: Vec<_> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|it| it == "litmus"))
        .collect();
    files.sort();
    files
}

fn check(herd: &OsString, file: &Path) -> Verdict {
    let ran = Command::new(herd)
        .args(["-timeout", TIME_LIMIT])
        .arg(file)
        .output();
    match ran {
        Ok(ran) => {
            let test = fs::read_to_string(file).unwrap_or_default();
            judge(&test, &String::from_utf8_lossy(&ran.stdout))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Verdict::Ignored("herd7 is not installed; HERD7 may say where it is".to_owned())
        }
        Err(error) => Verdict::Failed(Reason::NotStarted(error.to_string())),
    }
}

/// Compares what a test expects with what herd7 has printed about it.
fn judge(test: &str, printed: &str) -> Verdict {
    let expected = test.lines().find_map(|it| it.strip_prefix("Expected="));
    let observed = printed
        .lines()
        .find_map(|line| line.strip_prefix("Observation ")?.split(' ').nth(1));
    match (expected, observed) {
        (Some(expected), Some(observed)) if expected == observed => Verdict::Passed,
        (expected, observed) => Verdict::Failed(Reason::Reported(format!(
            "expected {}, observed {}",
            expected.unwrap_or("nothing"),
            observed.unwrap_or("nothing")
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEST: &str = "AArch64 a\n\"what it is about\"\nExpected=Never\n{ }\n";

    #[test]
    fn what_is_observed_has_to_be_what_is_expected() {
        let printed =
            |word| format!("Test a Allowed\nNo\nObservation a {word} 0 12\nTime a 0.01\n");
        assert_eq!(judge(TEST, &printed("Never")), Verdict::Passed);
        for other in ["Sometimes", "Always"] {
            assert!(matches!(judge(TEST, &printed(other)), Verdict::Failed(_)));
        }
    }

    #[test]
    fn a_test_that_herd7_does_not_understand_fails() {
        assert!(matches!(
            judge(TEST, "File \"a\": error\n"),
            Verdict::Failed(_)
        ));
        assert!(matches!(judge("", ""), Verdict::Failed(_)));
    }

    #[test]
    fn without_herd7_a_test_is_ignored() {
        let verdict = check(&OsString::from("/nowhere/herd7"), Path::new("a.litmus"));
        assert!(matches!(verdict, Verdict::Ignored(_)));
    }
}
