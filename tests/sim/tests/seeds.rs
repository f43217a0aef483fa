//! Thousands of seeds, and what a few of them must look like.

use girder_sim::{Event, Plan, Report, Scenario, simulate};

/// Seeds of each scenario: together they are what CI goes through.
const SEEDS: u64 = 400;

fn run(seed: u64, scenario: Scenario) -> Report {
    simulate(Plan {
        seed,
        scenario,
        sabotage: None,
        shortage: None,
    })
}

fn run_all(scenario: Scenario) {
    for seed in 0..SEEDS {
        run(seed, scenario);
    }
}

#[test]
fn spinners_let_yielders_come_to_their_end() {
    run_all(Scenario::YieldersAndSpinners);
}

#[test]
fn pairs_lose_no_ball() {
    run_all(Scenario::Pairs);
}

#[test]
fn mail_is_not_lost_doubled_or_misdirected() {
    run_all(Scenario::Mail);
}

#[test]
fn sleepers_wake_up_and_never_early() {
    run_all(Scenario::Sleepers);
}

#[test]
fn a_crowd_wakes_up_at_one_moment() {
    run_all(Scenario::Crowd);
}

#[test]
fn who_waits_for_several_things_gets_them_all() {
    run_all(Scenario::Nest);
}

#[test]
fn a_tree_of_spawns_ends() {
    run_all(Scenario::Tree);
}

#[test]
fn watchers_are_told_of_every_end() {
    run_all(Scenario::Watching);
}

#[test]
fn timers_are_never_early_and_none_is_lost() {
    run_all(Scenario::Timers);
}

#[test]
fn limits_of_mailboxes_are_kept_to_the_message() {
    run_all(Scenario::Bounded);
}

#[test]
fn urgent_messages_pass_all_others_in_order() {
    run_all(Scenario::Lanes);
}

#[test]
fn each_call_ends_once() {
    run_all(Scenario::Calls);
}

#[test]
fn arenas_go_back_whole() {
    run_all(Scenario::Arenas);
}

#[test]
fn who_hibernates_goes_on() {
    run_all(Scenario::Hibernation);
}

#[test]
fn trouble_leaves_nobody_behind() {
    run_all(Scenario::Trouble);
}

#[test]
fn a_seed_repeats_to_the_same_trace() {
    for scenario in Scenario::ALL {
        let [first, second] = [(); 2].map(|()| run(7, scenario));
        assert_eq!(first, second);
        assert!(!first.trace.events().is_empty());
    }
}

#[test]
fn seeds_differ() {
    assert_ne!(
        run(1, Scenario::Trouble).trace,
        run(2, Scenario::Trouble).trace
    );
}

#[test]
fn spinners_are_preempted_and_give_way() {
    let report = run(3, Scenario::YieldersAndSpinners);
    assert!(
        report.statistics.quanta > 0,
        "nobody ever had a whole quantum"
    );
    let is_preempt = |it: &&(u64, Event)| matches!(it.1, Event::Preempt(_));
    let preempts = report.trace.events().iter().filter(is_preempt).count();
    assert_eq!(preempts as u64, report.statistics.preemptions);
}
