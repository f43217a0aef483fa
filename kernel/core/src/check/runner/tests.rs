use super::*;
use crate::check::judge::judge;
use crate::check::{Expect, Filter, Plan, Test};
use crate::config::REDUCTIONS;
use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::string::{String, ToString};
use girder_lockfree::Token;
use girder_lockfree::process::here::{Here, collect, simulate_time};
use girder_lockfree::process::{Look, Polled, Start, Table, ring_alarms, spawn_with};
use std::sync::{Arc, Mutex};

const LIMIT_MS: u32 = 50;

/// Runs everybody in turns; when nobody can run, the clock goes on to the next alarm.
fn run_out() {
    let mut ready = VecDeque::<Token>::new();
    loop {
        let mut arrivals = collect();
        ready.extend(core::iter::from_fn(|| arrivals.newborn.queue.pop_front()));
        ready.extend(core::iter::from_fn(|| arrivals.woken.queue.pop_front()));
        let Some(token) = ready.pop_front() else {
            let Look { next, rung, .. } = ring_alarms(now(), 32);
            if rung == 0 && next == u64::MAX {
                return;
            }
            if rung == 0 {
                simulate_time(next);
            }
            continue;
        };
        match token.start() {
            Start::Die(token) => token.drop_future().discontinue(),
            Start::Run(process) => match process.poll() {
                Polled::Done(finished) => finished.discontinue(),
                Polled::Waiting(token) | Polled::Listening(token) => ready.extend(token.park()),
                Polled::Yielded(mut token) | Polled::YieldedWithCare(mut token) => {
                    token.begin_stint();
                    // Or one that awaits what is ready would yield there for ever.
                    if token.is_spent() {
                        token.grant(REDUCTIONS as i32);
                    }
                    ready.push_back(token);
                }
            },
            other => panic!("{other:?}"),
        }
    }
}

/// What a run of these tests says, on a machine with room for so many processes.
fn report_of(tests: &'static [Test], processes: u32) -> String {
    report_with_leak(tests, processes, None)
}

/// The same, where each test leaves this.
fn report_with_leak(tests: &'static [Test], processes: u32, leak: Option<&'static str>) -> String {
    let table = Box::leak(Box::new(Table::new(processes)));
    Box::leak(Box::new(Here::new())).simulate(table);
    simulate_time(0);
    let plan = Plan {
        filter: Filter::new(""),
        rounds: 1,
        seed: 0,
        default_limit_ms: LIMIT_MS,
        cores: 1,
        schedulers: 1,
    };
    let report = Arc::new(Mutex::new(String::new()));
    let out = report.clone();
    let suite = move || async move {
        let mut text = String::new();
        run(
            &mut Harness::new(tests, plan),
            &mut text,
            |_| (),
            async |_: &Test| leak.map(|words| Disorder::Leak(Words::of(words))),
        )
        .await;
        *out.lock().unwrap() = text;
    };
    spawn_with(suite, Priority::Max.level()).expect("room for the suite");
    run_out();
    report.lock().unwrap().clone()
}

fn forever() -> crate::check::Future {
    Box::pin(core::future::pending())
}

fn for_half_of_its_time() -> crate::check::Future {
    let half = u64::from(LIMIT_MS) * NANOS_PER_MILLI / 2;
    Box::pin(async move { sleep_until(now() + half).await })
}

static TESTS: [Test; 3] = [
    Test::asynchronous("a_waits_for_ever", forever),
    Test::asynchronous("b_sleeps", for_half_of_its_time),
    Test {
        expect: Expect::Timeout,
        ..Test::asynchronous("c_has_to_hang", forever)
    },
];

#[test]
fn each_test_is_a_process_and_whoever_is_late_is_killed() {
    let report = report_of(&TESTS, 8);
    for line in [
        "test a_waits_for_ever ... FAILED",
        "  cause: hung: still running after 50 ms",
        "test b_sleeps ... ok",
        "test c_has_to_hang ... ok",
        "test result: FAILED. 2 passed; 1 failed; 0 ignored",
    ] {
        assert!(report.lines().any(|said| said == line), "{line}: {report}");
    }
}

#[test]
fn a_test_without_room_for_its_process_has_failed() {
    let report = report_of(&TESTS[1..2], 1);
    assert!(report.contains("not run: no room"), "{report}");
}

static LEAKING: [Test; 4] = [
    Test::asynchronous("a_leaks", for_half_of_its_time),
    Test {
        expect: Expect::Leak("+1 envelopes"),
        ..Test::asynchronous("b_has_to_leak", for_half_of_its_time)
    },
    Test {
        expect: Expect::Leak("+1 envelopes"),
        ..Test::asynchronous("c_has_to_leak_and_hangs", forever)
    },
    Test {
        expect: Expect::Timeout,
        ..Test::asynchronous("d_has_to_hang_and_leaks", forever)
    },
];

#[test]
fn who_leaves_something_fails_unless_it_is_meant_to() {
    let report = report_with_leak(&LEAKING, 8, Some("+1 envelopes, 3 in all"));
    for line in [
        "test a_leaks ... FAILED",
        "  cause: +1 envelopes, 3 in all",
        "test b_has_to_leak ... ok",
        "test c_has_to_leak_and_hangs ... FAILED",
        "  cause: hung: still running after 50 ms; expected it to leave `+1 envelopes`",
        "test d_has_to_hang_and_leaks ... FAILED",
        "test result: FAILED. 1 passed; 3 failed; 0 ignored",
    ] {
        assert!(report.lines().any(|said| said == line), "{line}: {report}");
    }
}

#[test]
fn who_is_meant_to_leave_something_fails_without() {
    let report = report_of(&LEAKING[1..2], 8);
    let line = "  cause: failed: returned; expected it to leave `+1 envelopes`";
    assert!(report.lines().any(|said| said == line), "{report}");
}

/// Whoever was ended by the kernel was not killed by another process.
#[test]
fn a_limit_that_ends_a_test_is_named() {
    for (reason, cause) in [
        (ExitReason::Killed, "killed by another process"),
        (ExitReason::MailboxLimit, "ended by a limit: mailbox_limit"),
        (ExitReason::RuntimeLimit, "ended by a limit: runtime_limit"),
        (ExitReason::StackLimit, "ended by a limit: stack_limit"),
    ] {
        let misfit = judge(Expect::Success, ending(&reason)).expect_err(cause);
        assert_eq!(misfit.to_string(), cause);
    }
}
