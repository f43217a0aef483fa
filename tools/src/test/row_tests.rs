//! Rows against an emulator that plays recorded runs.

use super::*;
use crate::test::dialogue::Ends;
use crate::test::matrix::plain_row;
use crate::test::stage::{Stage, fake_qemu, hasty_row};

const GOOD: &str = "Girder 0.1.0\r\nplan: 1 tests, 1 rounds, seed 1\r\nrunning a\r\n\
                    test a ... ok\r\ntest result: ok. 1 passed; 0 failed; 0 ignored\r\n";

fn lines(report: &RowReport) -> Vec<String> {
    report.outcomes.iter().map(Outcome::to_string).collect()
}

#[test]
fn a_good_run_passes_and_is_logged() {
    let stage = Stage::new("good");
    let run = stage.write("run", GOOD);
    let report = plain_row("good").run(&stage.site(format!("play={run} status=0")));
    assert_eq!(
        lines(&report),
        ["test good/a ... ok", "test good/run ... ok"]
    );
    assert!(report.tail.is_empty());
    let log = stage.read("build/logs/good.log");
    assert_eq!(log, format!("{}\n{GOOD}", report.command));
}

#[test]
fn a_hanging_machine_is_ended_and_the_running_test_blamed() {
    let stage = Stage::new("hang");
    let run = stage.write("run", "running a\ntest a ... ok\nrunning b\n");
    let row = hasty_row("hang");
    let report = row.run(&stage.site(format!("play={run} hang")));
    let expected = [
        "test hang/a ... ok",
        "test hang/b ... FAILED (hung: silent for 0.3 s)",
    ];
    assert_eq!(lines(&report), expected);
    assert_eq!(report.tail, ["running a", "test a ... ok", "running b"]);
}

#[test]
fn a_crashed_machine_that_stays_on_is_reported_as_crashed() {
    let stage = Stage::new("crash");
    let run = stage.write(
        "run",
        "running a\nkernel crash: data abort\nend of crash dump\n",
    );
    let report = hasty_row("crash").run(&stage.site(format!("play={run} hang")));
    assert_eq!(
        lines(&report),
        ["test crash/a ... FAILED (kernel crash: data abort)"]
    );
}

#[test]
fn an_emulator_that_refuses_its_arguments_shows_its_own_words() {
    let stage = Stage::new("refuses");
    let report = plain_row("refuses").run(&stage.site("mutter=no-such-cpu status=1".to_owned()));
    let expected = "test refuses/run ... FAILED (the machine ended without a result line)";
    assert_eq!(lines(&report), [expected]);
    assert_eq!(report.tail, ["no-such-cpu"]);
}

#[test]
fn a_status_that_contradicts_the_report_fails_the_run() {
    let stage = Stage::new("status");
    let run = stage.write("run", GOOD);
    let report = plain_row("status").run(&stage.site(format!("play={run} status=2")));
    let expected = "test status/run ... FAILED \
                    (qemu ended with status 2, the report amounts to 0)";
    assert_eq!(lines(&report)[1], expected);
    let report = plain_row("status").run(&stage.site(format!("play={run} die")));
    let expected = "test status/run ... FAILED (qemu was ended by a signal)";
    assert_eq!(lines(&report)[1], expected);
}

#[test]
fn a_machine_that_talks_without_end_is_stopped() {
    let stage = Stage::new("flood");
    let report = plain_row("flood").run(&stage.site("play=/dev/zero".to_owned()));
    assert_eq!(
        lines(&report),
        ["test flood/run ... FAILED (output without end)"]
    );
}

#[test]
fn a_missing_emulator_is_a_failed_row() {
    let stage = Stage::new("missing");
    let mut site = stage.site(String::new());
    site.qemu = "no-such-emulator".into();
    let report = plain_row("missing").run(&site);
    assert_eq!(report.outcomes.len(), 1);
    assert!(lines(&report)[0].starts_with("test missing/run ... FAILED"));
}

#[test]
fn commands_are_typed_and_their_answers_judged() {
    const SCRIPT: &[Step] = &[
        Step {
            flood: None,
            command: "cores",
            expected: &["core 1"],
            ends: Ends::AtThePrompt,
        },
        Step {
            flood: None,
            command: "off",
            expected: &["bye"],
            ends: Ends::WithTheMachine,
        },
    ];
    let stage = Stage::new("typed");
    let prompt = stage.write("prompt", "boot: 12 us to prompt\r\ngirder> ");
    let answer = stage.write("answer", "core 0\r\ncore 1\r\ngirder> ");
    let end = stage.write("end", "bye\r\n");
    let score = format!("play={prompt} hear=6 play={answer} hear=4 play={end} status=0");
    let row = Row {
        // Scripted rows take no test arguments, so the score goes where rows keep their own.
        bootargs: Box::leak(score.into_boxed_str()),
        script: SCRIPT,
        expects: &[Expect::PromptWithin { micros: 13 }],
        ..plain_row("typed")
    };
    let expected = [
        "test typed/run ... ok",
        "test typed/boot is quick ... ok",
        "test typed/prompt answers `cores` ... ok",
        "test typed/prompt answers `off` ... ok",
    ];
    assert_eq!(lines(&row.run(&stage.site(String::new()))), expected);
}

#[test]
fn a_dropped_guest_is_gone() {
    let arguments = ["-append", "hang"].map(OsString::from);
    let guest = Guest::start(&fake_qemu().into(), &arguments).expect("the script is there");
    let process = PathBuf::from(format!("/proc/{}", guest.id()));
    assert!(process.exists());
    drop(guest);
    assert!(!process.exists());
}

#[test]
fn a_filter_that_fits_nothing_leaves_no_results() {
    let stage = Stage::new("filtered");
    let run = stage.write(
        "run",
        "3 cores\ntest result: ok. 0 passed; 0 failed; 0 ignored\n",
    );
    let row = Row {
        expects: &[Expect::Line {
            what: "cores",
            texts: &["3 cores"],
        }],
        ..plain_row("filtered")
    };
    let mut site = stage.site(format!("play={run} status=3"));
    site.has_filter = true;
    assert!(lines(&row.run(&site)).is_empty());
    site.has_filter = false;
    let expected = [
        "test filtered/run ... FAILED (no test ran)",
        "test filtered/cores ... ok",
    ];
    assert_eq!(lines(&row.run(&site)), expected);
}
