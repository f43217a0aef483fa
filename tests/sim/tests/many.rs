//! Several cores: thousands of seeds, and what has to be found when something is broken on purpose.

use girder_sim::{
    Condition, Deed, ManyDeployment, ManyPlan, ManyReport, ManySabotage, ManyScenario,
    simulate_many,
};
use std::collections::BTreeMap;
use std::ops::Range;
use std::process::Command;

/// Seeds of each scenario, in each of both deployments and for each number of cores: of all scenarios together two thousand.
const SEEDS: u64 = 2_000_u64.div_ceil(ManyScenario::ALL.len() as u64);
/// Seeds whose reports are looked at.
const LOOKED_AT: u64 = 40;
const CORES: [usize; 4] = [1, 2, 4, 8];

fn plan(seed: u64, scenario: ManyScenario, cores: usize, deployment: ManyDeployment) -> ManyPlan {
    ManyPlan {
        seed,
        scenario,
        cores,
        deployment,
        sabotage: None,
        shortage: None,
    }
}

/// In processes of their own, for what a run has made of the kernel's tables stays.
fn run_all(scenario: ManyScenario) {
    run(scenario, 0..SEEDS);
}

fn run(scenario: ManyScenario, seeds: Range<u64>) {
    let seeds = format!("{}..{}", seeds.start, seeds.end);
    for cores in CORES {
        let status = Command::new(env!("CARGO_BIN_EXE_girder-sim"))
            .args(["--cores", &cores.to_string(), "--seeds", &seeds])
            .args(["--scenario", &format!("{scenario:?}")])
            .status();
        let is_well = status.expect("girder-sim starts").success();
        assert!(is_well, "{scenario:?} on {cores} cores: see above");
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

#[test]
fn what_is_called_off_elsewhere_leaves_no_alarm() {
    run_all(ManyScenario::Alarms);
    for deployment in ManyDeployment::ALL {
        let elsewhere =
            |seed| simulate_many(plan(seed, ManyScenario::Alarms, 4, deployment)).elsewhere;
        assert!(
            (0..20).map(elsewhere).sum::<u64>() > 100,
            "{deployment:?}: all were called off at home"
        );
    }
}

#[test]
fn what_is_called_off_is_worked_off_beside_one_that_never_waits() {
    run_all(ManyScenario::Alone);
}

#[test]
fn what_is_promised_of_operations_is_kept_in_each_condition() {
    run(ManyScenario::Encounters, LOOKED_AT..SEEDS);
}

/// Each operation against a process in each condition; `-- --nocapture` shows how often each pair was met.
#[test]
fn each_operation_meets_a_process_in_each_condition() {
    for deployment in ManyDeployment::ALL {
        let mut met = BTreeMap::new();
        for cores in CORES {
            for seed in 0..LOOKED_AT {
                let report = simulate_many(plan(seed, ManyScenario::Encounters, cores, deployment));
                // On one core there is no other one.
                let counted = report.met.into_iter().filter(|_| cores > 1);
                counted.for_each(|(pair, count)| *met.entry(pair).or_insert(0) += count);
            }
        }
        println!("{deployment:?} {:?}", Condition::ALL);
        for deed in Deed::ALL {
            let counts = Condition::ALL.map(|condition| met.get(&(deed, condition)).copied());
            println!("{deed:?} {:?}", counts.map(Option::unwrap_or_default));
            assert!(
                counts.iter().all(Option::is_some),
                "{deployment:?}: {deed:?} was not met in all"
            );
        }
    }
}

/// What eight cores have done in a run, each of which has to do its part, to a twentieth.
fn share_evenly(seed: u64, scenario: ManyScenario, deployment: ManyDeployment) -> ManyReport {
    let report = simulate_many(plan(seed, scenario, 8, deployment));
    let part = report.work.iter().sum::<u64>() / 8;
    let off = report.work.iter().map(|work| work.abs_diff(part)).max();
    println!("{scenario:?} {deployment:?} {seed}: {off:?} of {part} off");
    let is_even = |work: &u64| work.abs_diff(part) * 20 <= part;
    assert!(report.work.iter().all(is_even), "{:?}", report.work);
    report
}

#[test]
fn equal_spinners_spread_evenly_over_eight_cores() {
    for deployment in ManyDeployment::ALL {
        for seed in 0..3 {
            let report = share_evenly(seed, ManyScenario::Spread, deployment);
            let migrated: u64 = report.statistics.iter().map(|it| it.migrated).sum();
            assert!(migrated > 0, "nobody has sent anybody away");
            // Nothing goes to and fro: most are moved once or twice.
            assert!(migrated < 2_000, "{migrated} were sent away");
        }
    }
}

#[test]
fn a_hundred_thousand_spinners_spread_evenly_over_eight_cores() {
    for deployment in ManyDeployment::ALL {
        share_evenly(0, ManyScenario::Crowd, deployment);
    }
}

#[test]
fn a_tree_that_adds_up_spreads_evenly_over_eight_cores() {
    for deployment in ManyDeployment::ALL {
        share_evenly(0, ManyScenario::Skynet, deployment);
    }
}

/// Without any of this the others would show nothing.
#[test]
fn work_moves_and_cores_sleep() {
    let sum = |report: &ManyReport, of: fn(&girder_core::sched::Statistics) -> u64| {
        report.statistics.iter().map(of).sum::<u64>()
    };
    // In that one each is bound to its core.
    let stays = |scenario: &ManyScenario| *scenario == ManyScenario::Alone;
    for deployment in ManyDeployment::ALL {
        for scenario in ManyScenario::ALL.into_iter().filter(|it| !stays(it)) {
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

/// What `Shared` is compared with is a scheduler as well.
#[test]
fn queues_behind_locks_keep_every_law() {
    for scenario in ManyScenario::ALL {
        for cores in CORES {
            for seed in 0..5 {
                simulate_many(plan(seed, scenario, cores, ManyDeployment::Locked));
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

/// In half of the runs some packets are late, and overtake those of other cores.
#[test]
fn packets_are_late_and_overtake_each_other() {
    for deployment in ManyDeployment::ALL {
        let reports =
            (0..20).map(|seed| simulate_many(plan(seed, ManyScenario::Bound, 4, deployment)));
        let reports: Vec<_> = reports.collect();
        let late = reports.iter().filter(|report| report.missed > 0).count();
        assert!(
            (5..=15).contains(&late),
            "{deployment:?}: {late} of 20 runs"
        );
        let sum = |of: fn(&ManyReport) -> u64| reports.iter().map(of).sum::<u64>();
        let (missed, overtook) = (sum(|it| it.missed), sum(|it| it.overtook));
        println!("{deployment:?}: {missed} missed, {overtook} overtook");
        assert!(missed > 100 && overtook > 10, "{missed} and {overtook}");
    }
}

/// A mistake that only a late packet shows: where none is late, nothing is wrong.
#[test]
fn rings_that_overtake_what_they_tell_of_are_found() {
    for scenario in [ManyScenario::Pairs, ManyScenario::Bound] {
        let (mut late, mut found) = (0, 0);
        for seed in 0..16 {
            let plain = plan(seed, scenario, 4, ManyDeployment::Message);
            let sabotage = Some(ManySabotage::OvertakingRings);
            let broken = ManyPlan { sabotage, ..plain };
            let has_late = simulate_many(plain).missed > 0;
            let is_found = std::panic::catch_unwind(|| simulate_many(broken)).is_err();
            assert!(
                has_late || !is_found,
                "{scenario:?} {seed}: and none was late"
            );
            late += u32::from(has_late);
            found += u32::from(is_found);
        }
        println!("{scenario:?}: {found} of {late}");
        assert!(found > 1, "{scenario:?}: {found} of {late}");
    }
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
