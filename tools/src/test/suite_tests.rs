//! The whole command against an emulator that plays recorded runs.

use super::stage::{Stage, fake_qemu};
use super::*;

fn options(line: &str) -> Options {
    let words = line.split_whitespace().map(OsString::from);
    let mut options = Options::parse(words).unwrap_or_else(|error| panic!("{error}"));
    options.qemu = fake_qemu().into();
    options
}

/// The exit is a success, and the last line of the output.
fn outcome(stage: &Stage, line: &str) -> (bool, String) {
    let mut out = Vec::new();
    let summary =
        test(&stage.workspace, &options(line), &mut out).unwrap_or_else(|error| panic!("{error}"));
    let text = String::from_utf8_lossy(&out).into_owned();
    let last = text.lines().last().unwrap_or_default().to_owned();
    (summary.is_success(), last)
}

#[test]
fn rows_add_up_to_the_line_of_the_contract() {
    let stage = Stage::new("adds-up");
    let run = stage.write(
        "run",
        "running a\ntest a ... ok\ntest result: ok. 1 passed; 0 failed; 0 ignored\n",
    );
    let line = "--machine-only --no-build --rows virt-4 --jobs 2";
    let mut options = options(line);
    options.filter = Some(format!("_ play={run} status=0"));
    let mut out = Vec::new();
    let summary = test(&stage.workspace, &options, &mut out).expect("the image is there");
    let text = String::from_utf8_lossy(&out);
    assert_eq!(text.lines().last(), Some("4 passed, 0 failed"), "{text}");
    assert!(summary.is_success());
}

#[test]
fn dead_machines_are_failures() {
    let stage = Stage::new("dead");
    let found = outcome(&stage, "--machine-only --no-build --rows virt-1-");
    assert_eq!(found, (false, "0 passed, 2 failed".to_owned()));
}

#[test]
fn a_pattern_without_a_row_is_an_error_with_its_text() {
    let stage = Stage::new("no-row");
    let options = options("--machine-only --no-build --rows none-such");
    let error = test(&stage.workspace, &options, &mut Vec::new()).expect_err("no row");
    assert_eq!(
        error.to_string(),
        "no row of the matrix has `none-such` in its name"
    );
}

#[test]
fn an_image_that_is_not_there_is_one_counted_failure() {
    let workspace = Workspace::at("/nonexistent");
    let options = options("--machine-only --no-build");
    let mut out = Vec::new();
    let summary = test(&workspace, &options, &mut out).expect("the options make sense");
    assert!(!summary.is_success());
    let text = String::from_utf8_lossy(&out);
    assert!(text.contains("machine tests: /nonexistent/dist/Image is not there"));
    assert!(text.ends_with("\n0 passed, 1 failed\n"));
}

#[test]
fn filter_repeat_and_seed_reach_the_kernel() {
    let options = options("--filter timer --repeat 3 --seed 7");
    assert_eq!(
        options.test_arguments(),
        "test=timer girder.repeat=3 girder.seed=7"
    );
    assert_eq!(self::options("").test_arguments(), "test");
}
