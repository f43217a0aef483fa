use super::super::test::Expect;
use super::super::{Filter, protocol};
use super::*;
use proptest::prelude::*;

fn nothing() {}

fn plan() -> Plan {
    Plan {
        filter: Filter::default(),
        rounds: 1,
        seed: 0,
        default_limit_ms: 1000,
        cores: 2,
        schedulers: 1,
    }
}

/// Runs everything, ending each test as `end` says, and returns what was printed.
fn run<'t>(harness: &mut Harness<'t>, mut end: impl FnMut(&Job<'t>) -> Ending<'t>) -> String {
    let mut out = String::new();
    while let Step::Run(job) = harness.next(&mut out) {
        harness.ended(end(&job), &mut out);
    }
    out
}

fn names_run(tests: &[Test], plan: Plan) -> Vec<&str> {
    let mut names = vec![];
    run(&mut Harness::new(tests, plan), |job| {
        names.push(job.test.name);
        Ending::Returned
    });
    names
}

#[test]
fn report_of_a_run_is_complete() {
    let tests = [
        Test::new("m::passes", nothing),
        Test {
            expect: Expect::Fault,
            ..Test::new("m::faults", nothing)
        },
        Test::new("m::breaks", nothing),
        Test {
            ignored: Some("no such device"),
            ..Test::new("m::absent", nothing)
        },
        Test {
            cores: 4,
            ..Test::new("m::crowd", nothing)
        },
    ];
    let out = run(&mut Harness::new(&tests, plan()), |job| {
        match job.test.name {
            "m::faults" => Ending::Faulted("data abort"),
            "m::breaks" => Ending::Panicked("left\nright"),
            _ => Ending::Returned,
        }
    });
    assert_eq!(
        out,
        "plan: 5 tests, 1 rounds, seed 0\n\
         test m::absent ... ignored\n  cause: no such device\n\
         test m::crowd ... ignored\n  cause: needs 4 cores, 2 are up\n\
         running m::breaks\ntest m::breaks ... FAILED\n  cause: panicked: left\\nright\n\
         running m::faults\ntest m::faults ... ok\n\
         running m::passes\ntest m::passes ... ok\n\
         failures:\n    m::breaks: panicked: left\\nright\n    \
         again: test==m::breaks girder.seed=0 girder.repeat=1\n\
         test result: FAILED. 2 passed; 1 failed; 2 ignored\n"
    );
}

/// Causes are kept in room that was taken before: those that don't fit were told when the tests failed.
#[test]
fn more_causes_than_are_kept_are_told_once() {
    let tests = [const { Test::new("t", nothing) }; 40];
    let long = "x".repeat(CAUSE_BYTES * 2);
    let out = run(&mut Harness::new(&tests, plan()), |_| {
        Ending::Panicked(&long)
    });
    let (told, list) = out.split_once("failures:\n").unwrap();
    assert_eq!(told.matches("cause: panicked: xx").count(), 40);
    let kept = list.matches("t: panicked: xx").count();
    assert!((15..40).contains(&kept), "{kept}");
    assert_eq!(list.matches("t: (told above)").count(), 40 - kept);
}

#[test]
fn empty_selection_is_told_and_runs_nothing() {
    let tests = [Test::new("a", nothing)];
    let filter = Filter::new("b");
    let mut harness = Harness::new(&tests, Plan { filter, ..plan() });
    let out = run(&mut harness, |_| unreachable!());
    assert_eq!(harness.tally(), Tally::default());
    assert_eq!(
        out,
        "plan: 0 tests, 1 rounds, seed 0\ntest result: ok. 0 passed; 0 failed; 0 ignored\n"
    );
}

#[test]
fn result_is_printed_once_however_often_one_asks() {
    let mut harness = Harness::new(&[], plan());
    run(&mut harness, |_| unreachable!());
    let mut out = String::new();
    assert!(matches!(harness.next(&mut out), Step::Done(_)));
    assert_eq!(out, "");
}

#[test]
fn own_time_limit_comes_before_the_plans() {
    let own = Test {
        limit_ms: Some(5),
        ..Test::new("a", nothing)
    };
    let mut limits = vec![];
    run(
        &mut Harness::new(&[own, Test::new("b", nothing)], plan()),
        |job| {
            limits.push(job.limit_ms);
            Ending::Returned
        },
    );
    assert_eq!(limits, [5, 1000]);
}

#[test]
fn without_a_seed_names_decide_the_order() {
    let tests = ["c", "a", "b"].map(|name| Test::new(name, nothing));
    let plan = Plan {
        rounds: 2,
        ..plan()
    };
    assert_eq!(names_run(&tests, plan), ["a", "b", "c", "a", "b", "c"]);
}

#[test]
fn seed_shuffles_each_round_and_repeats_itself() {
    let tests = ["a", "b", "c", "d", "e", "f", "g", "h"].map(|name| Test::new(name, nothing));
    let plan = Plan {
        rounds: 2,
        seed: 7,
        ..plan()
    };
    let names = names_run(&tests, plan.clone());
    let (first, second) = names.split_at(8);
    assert_ne!(first, second);
    assert_ne!(first, ["a", "b", "c", "d", "e", "f", "g", "h"]);
    assert_eq!(names, names_run(&tests, plan));
}

#[test]
fn who_wants_to_be_last_is_in_every_order() {
    let tests = ["b", "a", "c", "d", "e"].map(|name| Test {
        last: (name == "a").then_some("it breaks the place"),
        ..Test::new(name, nothing)
    });
    assert_eq!(names_run(&tests, plan()), ["b", "c", "d", "e", "a"]);
    for seed in 1..50 {
        let names = names_run(&tests, Plan { seed, ..plan() });
        assert_eq!(names.last(), Some(&"a"), "seed {seed}");
    }
}

#[test]
fn who_takes_long_runs_only_if_asked_for() {
    let tests = ["a", "b"].map(|name| Test {
        long: (name == "a").then_some("it takes minutes"),
        ..Test::new(name, nothing)
    });
    assert_eq!(names_run(&tests, plan()), ["b"]);
    let filter = Filter::new("a");
    assert_eq!(names_run(&tests, Plan { filter, ..plan() }), ["a"]);
}

#[test]
fn seed_of_a_test_depends_on_run_name_and_round_but_not_on_its_neighbours() {
    let tests = ["a", "b", "c"].map(|name| Test::new(name, nothing));
    let seeds = |filter: &str, seed| {
        let filter = Filter::new(filter);
        let plan = Plan {
            filter,
            rounds: 2,
            seed,
            ..plan()
        };
        let mut seeds = std::collections::BTreeMap::new();
        run(&mut Harness::new(&tests, plan), |job| {
            seeds.entry(job.test.name).or_insert(vec![]).push(job.seed);
            Ending::Returned
        });
        seeds
    };
    let all = seeds("", 7);
    assert_eq!(seeds("=b", 7)["b"], all["b"]);
    let mut different: Vec<_> = all
        .values()
        .chain(seeds("", 8).values())
        .flatten()
        .copied()
        .collect();
    different.sort_unstable();
    different.dedup();
    assert_eq!(different.len(), 12);
}

#[test]
fn failure_of_several_rounds_is_listed_once_with_its_first_round() {
    let tests = [Test::new("a", nothing)];
    let mut rounds = 0;
    let plan = Plan {
        rounds: 3,
        ..plan()
    };
    let out = run(&mut Harness::new(&tests, plan), |_| {
        rounds += 1;
        if rounds == 1 {
            Ending::Returned
        } else {
            Ending::TimedOut { limit_ms: 9 }
        }
    });
    let list = out.split_once("failures:\n").unwrap().1;
    assert_eq!(
        list,
        "    a: hung: still running after 9 ms\n    \
         again: test==a girder.seed=0 girder.repeat=2\n\
         test result: FAILED. 1 passed; 2 failed; 0 ignored\n"
    );
}

#[test]
#[should_panic(expected = "a test is still running")]
fn next_test_waits_for_the_end_of_this_one() {
    let tests = [Test::new("a", nothing), Test::new("b", nothing)];
    let mut harness = Harness::new(&tests, plan());
    let mut out = String::new();
    harness.next(&mut out);
    harness.next(&mut out);
}

fn any_test() -> impl Strategy<Value = Test> {
    let expect = prop_oneof![
        Just(Expect::Success),
        Just(Expect::Panic(None)),
        Just(Expect::Panic(Some("no"))),
        Just(Expect::Fault),
    ];
    let ignored = prop::option::weighted(0.2, Just("for now"));
    (
        prop::sample::select(vec!["a", "b", "c::d"]),
        expect,
        ignored,
        0..4u32,
    )
        .prop_map(|(name, expect, ignored, cores)| Test {
            expect,
            ignored,
            cores,
            ..Test::new(name, nothing)
        })
}

fn any_ending() -> impl Strategy<Value = Ending<'static>> {
    prop_oneof![
        Just(Ending::Returned),
        Just(Ending::Panicked("no\n  cause: x")),
        Just(Ending::Panicked("test a ... ok")),
        Just(Ending::Faulted("abort")),
        Just(Ending::TimedOut { limit_ms: 3 }),
    ]
}

proptest! {
    #[test]
    fn report_and_tally_add_up_for_any_endings(
        tests in prop::collection::vec(any_test(), 0..8),
        endings in prop::collection::vec(any_ending(), 1..8),
        rounds in 0..4u32,
        seed in 0..3u64,
    ) {
        let mut endings = endings.iter().copied().cycle();
        let mut harness = Harness::new(&tests, Plan { rounds, seed, ..plan() });
        let out = run(&mut harness, |_| endings.next().unwrap());
        let Tally { passed, failed, ignored } = harness.tally();

        let idle = |test: &&Test| test.ignored.is_some() || test.cores > 2;
        prop_assert_eq!(ignored, tests.iter().filter(idle).count() as u32);
        prop_assert_eq!(passed + failed, rounds * (tests.len() as u32 - ignored));

        let mut printed = Tally::default();
        let mut causes = 0;
        for line in out.lines().map(protocol::Line::parse) {
            match line {
                protocol::Line::Verdict(_, Verdict::Ok) => printed.passed += 1,
                protocol::Line::Verdict(_, Verdict::Failed) => printed.failed += 1,
                protocol::Line::Verdict(_, Verdict::Ignored) => printed.ignored += 1,
                protocol::Line::Cause(_) => causes += 1,
                _ => {}
            }
        }
        prop_assert_eq!(printed, harness.tally());
        prop_assert_eq!(causes, failed + ignored);
        let last = protocol::Line::parse(out.lines().last().unwrap());
        prop_assert_eq!(last, protocol::Line::Result(printed));
    }
}
