//! Thousands of seeds, and what a few of them must look like.

use girder_sim::{Event, Plan, Scenario, simulate};

/// Seeds of a run of all scenarios; together they are what CI goes through.
const SEEDS: u64 = 400;

/// Runs a plan, and says how to repeat it if it fails.
fn run(plan: Plan) -> girder_sim::Report {
    struct Hint(Plan);

    impl Drop for Hint {
        fn drop(&mut self) {
            if std::thread::panicking() {
                let Plan { seed, scenario } = self.0;
                eprintln!(
                    "again: SEED={seed} SCENARIO={scenario:?} cargo test -p girder-sim the_seed"
                );
            }
        }
    }

    let hint = Hint(plan);
    let report = simulate(plan);
    std::mem::forget(hint);
    report
}

#[test]
fn every_scenario_comes_to_its_end_from_every_seed() {
    for scenario in Scenario::ALL {
        for seed in 0..SEEDS {
            run(Plan { seed, scenario });
        }
    }
}

#[test]
fn the_seed() {
    let Ok(seed) = std::env::var("SEED") else {
        return;
    };
    let seed = seed.parse().expect("SEED is a number");
    let wanted = std::env::var("SCENARIO").unwrap_or_default();
    for scenario in Scenario::ALL {
        if wanted.is_empty() || format!("{scenario:?}") == wanted {
            for (now, event) in run(Plan { seed, scenario }).trace.events() {
                println!("{now:>12} {event:?}");
            }
        }
    }
}

#[test]
fn a_seed_repeats_to_the_same_trace() {
    for scenario in Scenario::ALL {
        let [first, second] = [(); 2].map(|()| run(Plan { seed: 7, scenario }));
        assert_eq!(first, second);
        assert!(!first.trace.events().is_empty());
    }
}

#[test]
fn seeds_differ() {
    let plan = |seed| Plan {
        seed,
        scenario: Scenario::Trouble,
    };
    assert_ne!(run(plan(1)).trace, run(plan(2)).trace);
}

#[test]
fn spinners_are_preempted_and_give_way() {
    let report = run(Plan {
        seed: 3,
        scenario: Scenario::YieldersAndSpinners,
    });
    assert!(
        report.statistics.quanta > 0,
        "nobody ever had a whole quantum"
    );
    let preempts = report
        .trace
        .events()
        .iter()
        .filter(|(_, it)| matches!(it, Event::Preempt(_)));
    assert_eq!(preempts.count() as u64, report.statistics.preemptions);
}
