//! No memory for one single allocation of a run, for each of them in turn; and for some in a row.
//!
//! A run is counted first: what it asks memory for, in order. The same run with one of them refused is the same up to
//! there. Whatever comes then has to keep every law of the simulator, and whoever asked has to say so.

use girder_lockfree::scarcity::Purpose;
use girder_sim::{Plan, Report, Scenario, Shortage, simulate};
use std::collections::BTreeSet;

/// Seeds of each scenario.
const SEEDS: u64 = 2;
/// So many of the first allocations of a run are refused one by one; of the others one in so many.
const FIRST: u64 = 200;
const ONE_IN: usize = 17;
/// Allocations that are refused together.
const IN_A_ROW: u64 = 12;

fn run(seed: u64, scenario: Scenario, shortage: Shortage) -> Report {
    simulate(Plan {
        seed,
        scenario,
        sabotage: None,
        shortage: Some(shortage),
    })
}

/// Which of so many allocations are refused.
fn numbers(all: u64) -> impl Iterator<Item = u64> {
    let each = FIRST.min(all);
    (0..each).chain((each..all).step_by(ONE_IN))
}

/// Refuses each of a run's allocations, so many from there on; returns what was refused first.
fn refuse_each(seed: u64, scenario: Scenario, count: u64) -> BTreeSet<Purpose> {
    let asked = run(seed, scenario, Shortage::NONE).allocations;
    let mut refused = BTreeSet::new();
    for first in numbers(asked.len() as u64) {
        let of = None;
        let report = run(seed, scenario, Shortage { of, first, count });
        let until = first as usize + 1;
        assert_eq!(report.allocations[..until], asked[..until], "another run");
        refused.insert(asked[first as usize]);
    }
    refused
}

#[test]
fn each_allocation_of_a_run_may_fail() {
    let mut refused = BTreeSet::new();
    for scenario in Scenario::ALL {
        for seed in 0..SEEDS {
            refused.append(&mut refuse_each(seed, scenario, 1));
        }
    }
    // One core is no choice, and there is no other one to call an alarm off on.
    let has_sense = |purpose: &Purpose| !matches!(purpose, Purpose::Choices | Purpose::CallingOff);
    for purpose in Purpose::ALL.into_iter().filter(has_sense) {
        assert!(refused.contains(&purpose), "{purpose:?} was never refused");
    }
}

/// Not the first ones and some of the others, but each of a whole run.
#[test]
fn every_single_allocation_of_a_run_may_fail() {
    for scenario in Scenario::ALL {
        let asked = run(SEEDS, scenario, Shortage::NONE).allocations;
        for first in 0..asked.len() as u64 {
            let (of, count) = (None, 1);
            let report = run(SEEDS, scenario, Shortage { of, first, count });
            let until = first as usize + 1;
            assert_eq!(report.allocations[..until], asked[..until], "another run");
        }
    }
}

#[test]
fn some_allocations_in_a_row_may_fail() {
    for scenario in Scenario::ALL {
        refuse_each(SEEDS, scenario, IN_A_ROW);
    }
}

/// Whoever needs one thing after another is to give up when one of them is not there.
#[test]
fn one_kind_of_allocations_may_fail_again_and_again() {
    for scenario in Scenario::ALL {
        for seed in 0..4 * SEEDS {
            let asked = run(seed, scenario, Shortage::NONE).allocations;
            for of in BTreeSet::from_iter(asked).into_iter().map(Some) {
                let (first, count) = (0, IN_A_ROW);
                run(seed, scenario, Shortage { of, first, count });
            }
        }
    }
}
