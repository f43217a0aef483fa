//! No memory for one single allocation of a run of several cores, for each of them in turn; and for some in a row.
//!
//! As in `shortage.rs`. Left out is the scenario `Encounters`, in which one process says what has to become of others: here
//! these end otherwise when somebody dies for want of memory. So is `Alone`, which waits until all alarms are called off: one
//! whose note finds no memory stays. What these ask memory for is asked for in other scenarios too.

use girder_lockfree::scarcity::Purpose;
use girder_sim::{ManyDeployment, ManyPlan, ManyReport, ManyScenario, Shortage, simulate_many};
use std::collections::BTreeSet;

const CORES: [usize; 2] = [2, 4];
/// Seeds of each scenario, on each number of cores, in both deployments.
const SEEDS: u64 = 2;
/// Allocations that are refused together.
const IN_A_ROW: u64 = 12;

fn run(plan: ManyPlan, shortage: Shortage) -> ManyReport {
    let shortage = Some(shortage);
    simulate_many(ManyPlan { shortage, ..plan })
}

/// Every plan that is tried with so many seeds.
fn plans(seeds: u64) -> impl Iterator<Item = ManyPlan> {
    let is_fit = |it: &ManyScenario| !matches!(it, ManyScenario::Encounters | ManyScenario::Alone);
    let scenarios = ManyScenario::ALL.into_iter().filter(is_fit);
    scenarios.flat_map(move |scenario| {
        CORES.into_iter().flat_map(move |cores| {
            ManyDeployment::ALL.into_iter().flat_map(move |deployment| {
                (0..seeds).map(move |seed| ManyPlan {
                    seed,
                    scenario,
                    cores,
                    deployment,
                    sabotage: None,
                    shortage: None,
                })
            })
        })
    })
}

/// Refuses each of a run's allocations, so many from there on; says what was refused first, and how many died of it.
fn refuse_each(plan: ManyPlan, count: u64) -> (BTreeSet<Purpose>, usize) {
    let asked = run(plan, Shortage::NONE).allocations;
    let mut crashed = 0;
    for first in 0..asked.len() as u64 {
        let of = None;
        let report = run(plan, Shortage { of, first, count });
        let until = first as usize + 1;
        assert_eq!(report.allocations[..until], asked[..until], "another run");
        crashed += report.crashed;
    }
    (asked.into_iter().collect(), crashed)
}

#[test]
fn every_single_allocation_of_a_run_may_fail() {
    for deployment in ManyDeployment::ALL {
        let (mut refused, mut crashed) = (BTreeSet::new(), 0);
        for plan in plans(SEEDS).filter(|plan| plan.deployment == deployment) {
            let (purposes, deaths) = refuse_each(plan, 1);
            refused.extend(purposes);
            crashed += deaths;
        }
        for purpose in Purpose::ALL {
            assert!(
                refused.contains(&purpose),
                "{deployment:?}: {purpose:?} was never refused"
            );
        }
        assert!(crashed > 100, "{deployment:?}: {crashed} have died of it");
    }
}

#[test]
fn some_allocations_in_a_row_may_fail() {
    for plan in plans(1) {
        refuse_each(plan, IN_A_ROW);
    }
}

/// Whoever needs one thing after another is to give up when one of them is not there.
#[test]
fn one_kind_of_allocations_may_fail_again_and_again() {
    for plan in plans(SEEDS) {
        let asked = run(plan, Shortage::NONE).allocations;
        for of in BTreeSet::from_iter(asked).into_iter().map(Some) {
            let (first, count) = (0, IN_A_ROW);
            run(plan, Shortage { of, first, count });
        }
    }
}
