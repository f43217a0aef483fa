//! Several cores: thousands of seeds, and what has to be found when something is broken on purpose.

use girder_sim::{ManyDeployment, ManyPlan, ManyReport, ManySabotage, ManyScenario, simulate_many};

/// Seeds of each scenario for each number of cores.
const SEEDS: u64 = 40;
const CORES: [usize; 4] = [1, 2, 4, 8];

fn plan(seed: u64, scenario: ManyScenario, cores: usize, deployment: ManyDeployment) -> ManyPlan {
    ManyPlan {
        seed,
        scenario,
        cores,
        deployment,
        sabotage: None,
    }
}

fn run_all(scenario: ManyScenario) {
    for deployment in ManyDeployment::ALL {
        for cores in CORES {
            for seed in 0..SEEDS {
                simulate_many(plan(seed, scenario, cores, deployment));
            }
        }
    }
}

#[test]
fn yielders_come_to_their_end() {
    run_all(ManyScenario::Yielders);
}

#[test]
fn spinners_come_to_have_a_core_each() {
    run_all(ManyScenario::Rendezvous);
}

#[test]
fn pairs_lose_no_message_and_keep_the_order() {
    run_all(ManyScenario::Pairs);
}

#[test]
fn many_senders_lose_no_message_and_keep_the_order() {
    run_all(ManyScenario::FanIn);
}

#[test]
fn sleepers_wake_up_and_never_early() {
    run_all(ManyScenario::Sleepers);
}

#[test]
fn a_tree_of_spawns_ends_and_leaves_nothing() {
    run_all(ManyScenario::Tree);
}

#[test]
fn the_killed_suspended_and_moved_are_found_wherever_they_are() {
    run_all(ManyScenario::Trouble);
}

#[test]
fn who_looks_at_all_cores_finds_nobody_at_work() {
    run_all(ManyScenario::Looks);
}

#[test]
fn nobody_runs_on_a_core_that_was_not_chosen() {
    run_all(ManyScenario::Bound);
}

/// Each core does its part, to a twentieth.
#[test]
fn equal_spinners_spread_evenly_over_eight_cores() {
    for seed in 0..3 {
        let plan = plan(seed, ManyScenario::Spread, 8, ManyDeployment::Shared);
        let report = simulate_many(plan);
        let migrated: u64 = report.statistics.iter().map(|it| it.migrated).sum();
        let part = report.work.iter().sum::<u64>() / 8;
        let is_even = |work: &u64| work.abs_diff(part) * 20 <= part;
        assert!(report.work.iter().all(is_even), "{:?}", report.work);
        assert!(migrated > 0, "nobody has sent anybody away");
        // Nothing goes to and fro: most are moved once or twice.
        assert!(migrated < 2_000, "{migrated} were sent away");
    }
}

/// Without any of this the others would show nothing.
#[test]
fn work_moves_and_cores_sleep() {
    let sum = |report: &ManyReport, of: fn(&girder_core::sched::Statistics) -> u64| {
        report.statistics.iter().map(of).sum::<u64>()
    };
    for deployment in ManyDeployment::ALL {
        for scenario in ManyScenario::ALL {
            let reports: Vec<_> = (0..10)
                .map(|seed| simulate_many(plan(seed, scenario, 4, deployment)))
                .collect();
            let total = |of| reports.iter().map(|report| sum(report, of)).sum::<u64>();
            let what = format!("{deployment:?}, {scenario:?}");
            let steals = deployment == ManyDeployment::Shared;
            assert_eq!(total(|it| it.thefts) > 0, steals, "{what}: who steals");
            assert!(total(|it| it.immigrants) > 0, "{what}: nobody moves");
            assert!(total(|it| it.offered) > 0, "{what}: nobody offers");
            assert!(total(|it| it.waits) > 0, "{what}: nobody sleeps");
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_run() {
    for deployment in ManyDeployment::ALL {
        for scenario in ManyScenario::ALL {
            for seed in 0..3 {
                let run = || simulate_many(plan(seed, scenario, 4, deployment));
                let [first, second] = [run(), run()];
                assert!(
                    first == second,
                    "{deployment:?} {scenario:?} {seed} differs"
                );
            }
        }
    }
}

/// True if one of some seeds shows it, in both deployments.
fn is_found(sabotage: ManySabotage, scenario: ManyScenario) -> bool {
    ManyDeployment::ALL.into_iter().all(|deployment| {
        (0..8).any(|seed| {
            let sabotage = Some(sabotage);
            let broken = ManyPlan {
                sabotage,
                ..plan(seed, scenario, 4, deployment)
            };
            std::panic::catch_unwind(|| simulate_many(broken)).is_err()
        })
    })
}

#[test]
fn signals_that_are_lost_are_found() {
    assert!(is_found(
        ManySabotage::LoseSignals,
        ManyScenario::Rendezvous
    ));
}

#[test]
fn cores_that_do_not_come_are_found() {
    assert!(is_found(ManySabotage::LoseRings, ManyScenario::Looks));
}

#[test]
fn kills_that_are_lost_are_found() {
    assert!(is_found(ManySabotage::LoseKills, ManyScenario::Trouble));
}
