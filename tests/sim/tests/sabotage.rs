//! Each check of the simulator can fail: handlers that misbehave, and the words they are found by.

use girder_sim::{Plan, Sabotage, Scenario, simulate};
use std::panic::catch_unwind;

/// Seeds within which every fault has to be found.
const SEEDS: u64 = 40;

/// Runs a scenario from one seed after the other until it fails, and returns what it said.
fn first_failure(sabotage: Sabotage, scenario: Scenario) -> Option<(u64, String)> {
    (0..SEEDS).find_map(|seed| {
        let plan = Plan {
            seed,
            scenario,
            sabotage: Some(sabotage),
            shortage: None,
        };
        let failure = catch_unwind(|| simulate(plan)).err()?;
        let words = match failure.downcast::<String>() {
            Ok(text) => *text,
            Err(other) => other.downcast_ref::<&str>()?.to_string(),
        };
        Some((seed, words))
    })
}

macro_rules! found {
    ($($name:ident: $sabotage:ident in $scenario:ident => $words:literal;)+) => {
        const FOUND: &[Sabotage] = &[$(Sabotage::$sabotage,)+];
        $(
            #[test]
            fn $name() {
                let (seed, words) = first_failure(Sabotage::$sabotage, Scenario::$scenario)
                    .expect("nobody noticed");
                println!("seed {seed}: {words}");
                assert!(words.contains($words), "found by something else: {words}");
            }
        )+
    };
}

found! {
    a_lost_token_is_found: LoseToken in YieldersAndSpinners => "is nowhere";
    a_queue_that_is_a_stack_is_found: NewestFirst in YieldersAndSpinners => "was passed over";
    a_starved_low_one_is_found: StarveLow in YieldersAndSpinners => "low was passed over too often";
    a_favoured_low_one_is_found: PreferLow in YieldersAndSpinners => "low came after";
    an_ignored_priority_is_found: IgnorePriority in Sleepers => "was run before";
    a_process_that_never_gives_way_is_found: NeverGiveWay in YieldersAndSpinners => "was passed over";
    a_tick_that_never_comes_is_found: ForgetDeadline in YieldersAndSpinners => "has kept the core";
    a_deadline_that_is_not_set_is_found: ForgetDeadline in Sleepers => "wait for ever";
    a_lost_interrupt_is_found: LoseCause in Sleepers => "wait for ever";
    a_clock_that_is_ahead_is_found: FastClock in Sleepers => "woken early";
    a_forgotten_frame_is_found: ForgetFrame in Pairs => "wait for ever";
    a_lost_wake_is_found: LoseWake in Pairs => "wait for ever";
    a_body_that_is_never_dropped_is_found: NeverDrop in Trouble => "bodies were not dropped once";
    a_death_without_grace_is_found: NoGrace in Trouble => "was given up after";
    a_process_that_does_not_die_is_found: NeverDie in Trouble => "runs although killed";
    a_forgotten_question_is_found: ForgetQuestions in Calls => "never ends";
    a_process_that_ends_too_soon_is_found: EndInstead in YieldersAndSpinners => "ended before its end";
    a_place_that_is_not_left_is_found: LosePlace in Bounded => "lost count";
    a_lost_message_is_found: LoseMessage in Mail => "a message was lost or doubled";
    a_lost_message_is_missed_in_its_lane: LoseMessage in Lanes => "lost, doubled or out of order";
    a_doubled_message_is_found: DoubleMessage in Mail => "out of order";
    a_doubled_message_is_found_in_its_lane: DoubleMessage in Lanes => "lost, doubled or out of order";
    a_message_that_passes_another_is_found: SwapMessages in Mail => "out of order";
    a_message_that_passes_another_is_found_in_its_lane: SwapMessages in Lanes => "lost, doubled or out of order";
    a_message_that_is_sent_early_is_found: SendEarly in Mail => "it came early";
}

#[test]
fn every_fault_has_its_test() {
    for fault in Sabotage::ALL {
        assert!(FOUND.contains(&fault), "{fault:?} has no test");
    }
}
