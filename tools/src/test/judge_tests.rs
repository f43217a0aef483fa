//! Transcripts of good and bad runs, and what they must amount to.

use girder_core::check::protocol::Tally;

use super::*;

const GOOD: &str = "plan: 2 tests, 1 rounds, seed 1\nrunning a\ntest a ... ok\nrunning b\n\
                    test b ... ok\ntest result: ok. 2 passed; 0 failed; 0 ignored\n";
const BAD: &str = "plan: 2 tests, 1 rounds, seed 1\nrunning a\ntest a ... ok\nrunning b\n\
                   test b ... FAILED\n  cause: panicked at x.rs:1: no\n\
                   test result: FAILED. 1 passed; 1 failed; 0 ignored\n";
const LONG: Duration = Duration::from_secs(60);

fn verdicts(text: &str, end: End) -> Vec<(String, Verdict)> {
    judged(text, end, Purpose::AllTests, PowerOff::Semihosting)
}

fn judged(text: &str, end: End, purpose: Purpose, off: PowerOff) -> Vec<(String, Verdict)> {
    let mut transcript = Transcript::default();
    text.lines().for_each(|line| transcript.take(line));
    let outcomes = judge(&transcript, end, purpose, off);
    outcomes
        .into_iter()
        .map(|each| (each.name, each.verdict))
        .collect()
}

fn passed(name: &str) -> (String, Verdict) {
    (name.to_owned(), Verdict::Passed)
}

fn failed(name: &str, reason: Reason) -> (String, Verdict) {
    (name.to_owned(), Verdict::Failed(reason))
}

fn reported() -> Reason {
    Reason::Reported("panicked at x.rs:1: no".to_owned())
}

#[test]
fn a_good_run_passes_with_status_0() {
    let expected = [passed("a"), passed("b"), passed("run")];
    assert_eq!(verdicts(GOOD, End::Exited(Some(0))), expected);
}

#[test]
fn a_failing_test_fails_alone_when_the_status_agrees() {
    let expected = [passed("a"), failed("b", reported()), passed("run")];
    assert_eq!(verdicts(BAD, End::Exited(Some(1))), expected);
}

#[test]
fn the_status_must_agree_with_the_report() {
    let reason = Reason::Status {
        expected: 1,
        found: Some(0),
    };
    let expected = [passed("a"), failed("b", reported()), failed("run", reason)];
    assert_eq!(verdicts(BAD, End::Exited(Some(0))), expected);
    let reason = Reason::Status {
        expected: 0,
        found: None,
    };
    assert_eq!(verdicts(GOOD, End::Exited(None))[2], failed("run", reason));
}

#[test]
fn without_semihosting_the_status_is_always_0() {
    let found = judged(BAD, End::Exited(Some(0)), Purpose::AllTests, PowerOff::Psci);
    assert_eq!(found[2], passed("run"));
    let found = judged(BAD, End::Exited(Some(1)), Purpose::AllTests, PowerOff::Psci);
    let reason = Reason::Status {
        expected: 0,
        found: Some(1),
    };
    assert_eq!(found[2], failed("run", reason));
}

#[test]
fn silence_is_blamed_on_the_test_that_was_running() {
    let found = verdicts("running a\ntest a ... ok\nrunning b\n", End::Silent(LONG));
    assert_eq!(found, [passed("a"), failed("b", Reason::Silent(LONG))]);
}

#[test]
fn silence_before_the_first_test_is_blamed_on_the_run() {
    assert_eq!(
        verdicts("", End::Silent(LONG)),
        [failed("run", Reason::Silent(LONG))]
    );
}

#[test]
fn a_machine_that_stays_on_after_its_result_is_no_hung_test() {
    let expected = [passed("a"), passed("b"), failed("run", Reason::StillOn)];
    assert_eq!(verdicts(GOOD, End::Silent(LONG)), expected);
}

#[test]
fn a_crash_is_no_failure_and_no_silence() {
    let text = "running a\nkernel crash: data abort at 0x8\nend of crash dump\n";
    for end in [End::Exited(Some(2)), End::Silent(LONG)] {
        let reason = "data abort at 0x8".to_owned();
        let crashed = Reason::Crashed {
            reason,
            is_complete: true,
        };
        assert_eq!(verdicts(text, end), [failed("a", crashed)]);
    }
}

#[test]
fn a_report_cut_off_in_a_test_fails_that_test() {
    let found = verdicts(
        "running a\ntest a ... ok\nrunning b\n",
        End::Exited(Some(0)),
    );
    assert_eq!(found, [passed("a"), failed("b", Reason::NoVerdict)]);
}

#[test]
fn a_report_without_result_line_fails_the_run() {
    let found = verdicts("running a\ntest a ... ok\n", End::Exited(Some(0)));
    assert_eq!(found, [passed("a"), failed("run", Reason::NoResult)]);
}

#[test]
fn the_result_line_must_agree_with_the_lines_before_it() {
    let text = "running a\ntest a ... ok\ntest result: ok. 2 passed; 0 failed; 0 ignored\n";
    let said = Tally {
        passed: 2,
        failed: 0,
        ignored: 0,
    };
    let counted = Tally {
        passed: 1,
        failed: 0,
        ignored: 0,
    };
    let expected = [passed("a"), failed("run", Reason::Counts { said, counted })];
    assert_eq!(verdicts(text, End::Exited(Some(0))), expected);
}

#[test]
fn all_planned_tests_must_run() {
    let text = "plan: 2 tests, 3 rounds, seed 1\nrunning a\ntest a ... ok\n\
                test result: ok. 1 passed; 0 failed; 0 ignored\n";
    let expected = [
        passed("a"),
        failed("run", Reason::Plan { planned: 6, ran: 1 }),
    ];
    assert_eq!(verdicts(text, End::Exited(Some(0))), expected);
}

#[test]
fn garbage_between_the_lines_changes_nothing() {
    let text = GOOD.replace('\n', "\n\u{fffd}\u{1b}[31mtest a ... \n\n");
    let expected = [passed("a"), passed("b"), passed("run")];
    assert_eq!(verdicts(&text, End::Exited(Some(0))), expected);
}

#[test]
fn nothing_to_run_is_fine_only_under_a_filter() {
    let text = "plan: 0 tests, 1 rounds, seed 1\ntest result: ok. 0 passed; 0 failed; 0 ignored\n";
    let end = End::Exited(Some(3));
    assert_eq!(
        judged(text, end, Purpose::SomeTests, PowerOff::Semihosting),
        []
    );
    assert_eq!(verdicts(text, end), [failed("run", Reason::NothingRan)]);
}

#[test]
fn a_prompt_run_ends_with_status_0_and_needs_no_report() {
    let end = End::Exited(Some(0));
    let found = judged("girder> ", end, Purpose::Prompt, PowerOff::Semihosting);
    assert_eq!(found, [passed("run")]);
    let found = judged(
        "",
        End::Silent(LONG),
        Purpose::Prompt,
        PowerOff::Semihosting,
    );
    assert_eq!(found, [failed("run", Reason::Silent(LONG))]);
}

#[test]
fn a_crash_that_had_to_come_passes_with_what_follows_it() {
    let whole = "kernel crash: panicked\nend of crash dump\n";
    let crash = |text, end, after| judged(text, end, Purpose::Crash(after), PowerOff::Semihosting);
    for (end, after) in [
        (End::Silent(LONG), After::Halt),
        (End::Exited(Some(2)), After::PowerOff),
        (End::Exited(Some(0)), After::Reset),
    ] {
        assert_eq!(crash(whole, end, after), [passed("run")]);
        assert_eq!(crash("", end, after), [failed("run", Reason::NoCrash)]);
        let cut = crash("kernel crash: panicked\n", end, after);
        assert!(matches!(cut[0].1, Verdict::Failed(Reason::Crashed { .. })));
    }
    let went_off = crash(whole, End::Exited(Some(2)), After::Halt);
    assert_eq!(went_off, [failed("run", Reason::WentOff)]);
    let stayed_on = crash(whole, End::Silent(LONG), After::PowerOff);
    assert_eq!(stayed_on, [failed("run", Reason::Silent(LONG))]);
    let status = Reason::Status {
        expected: 2,
        found: Some(0),
    };
    let found = crash(whole, End::Exited(Some(0)), After::PowerOff);
    assert_eq!(found, [failed("run", status)]);
}

#[test]
fn a_mute_machine_says_nothing_and_ends_with_status_3() {
    let mute = |text, end| judged(text, end, Purpose::Mute, PowerOff::Semihosting);
    assert_eq!(mute("", End::Exited(Some(3))), [passed("run")]);
    let status = Reason::Status {
        expected: 3,
        found: Some(0),
    };
    assert_eq!(mute("", End::Exited(Some(0))), [failed("run", status)]);
    let spoke = mute("a word\n", End::Exited(Some(3)));
    assert_eq!(spoke, [failed("run", Reason::Spoke)]);
}
