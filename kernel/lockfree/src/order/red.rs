//! One ordering too weak, and the story that must fail then.
//!
//! The list says which words the failure has, so that a story which fails for another reason is not
//! taken for one that bites. A weakened site is a matter of the thread that runs the model; loom's
//! own threads are all on it.

use super::Site;
use crate::atomic::Ordering;
use crate::{admission, deque, doorbell, heap, mail, process, recorder};
use std::cell::Cell;

std::thread_local! {
    static WEAKENED: Cell<Option<(Site, Ordering)>> = const { Cell::new(None) };
}

/// What `site` has been weakened to, if it has.
pub(super) fn weakened(site: Site) -> Option<Ordering> {
    let (weak, ordering) = WEAKENED.get()?;
    (weak == site).then_some(ordering)
}

/// Runs a story while a site has less than its ordering.
fn tell(site: Site, ordering: Ordering, story: fn()) {
    struct Restore;

    impl Drop for Restore {
        fn drop(&mut self) {
            WEAKENED.set(None);
        }
    }

    WEAKENED.set(Some((site, ordering)));
    let _restore = Restore;
    story();
}

macro_rules! red {
    ($($name:ident: $site:ident as $ordering:ident, $story:path => $words:literal;)+) => {
        const RED: &[(Site, Ordering)] = &[$((Site::$site, Ordering::$ordering),)+];
        $(
            #[test]
            #[should_panic(expected = $words)]
            fn $name() {
                tell(Site::$site, Ordering::$ordering, $story);
            }
        )+
    };
}

red! {
    a_ring_that_does_not_release: DoorbellRing as Relaxed,
        doorbell::stories::no_cause_and_no_wake_up_is_lost => "a cause without its payload";
    a_take_that_does_not_acquire: DoorbellTake as Relaxed,
        doorbell::stories::no_cause_and_no_wake_up_is_lost => "a cause without its payload";
    an_arrival_that_does_not_release: AdmissionSettle as Relaxed,
        admission::stories::both_sides_come_to_the_same_verdict => "a core without its set-up";
    a_loser_that_does_not_acquire: AdmissionSettled as Relaxed,
        admission::stories::a_failure_brings_its_reason => "a failure without its reason";
    a_verdict_that_does_not_acquire: AdmissionVerdict as Relaxed,
        admission::stories::both_sides_come_to_the_same_verdict => "a core without its set-up";
    a_chunk_that_is_not_released: ChunkAdd as Relaxed,
        process::table::stories::a_slot_that_is_found_has_been_made => "Causality violation";
    a_chunk_that_is_not_acquired: ChunkFind as Relaxed,
        process::table::stories::a_slot_that_is_found_has_been_made => "Causality violation";
    a_gate_that_is_not_released: RoomAdd as Relaxed,
        mail::gate::stories::a_gate_that_is_found_has_been_made => "Causality violation";
    a_gate_that_is_not_acquired: RoomFind as Relaxed,
        mail::gate::stories::a_gate_that_is_found_has_been_made => "Causality violation";
    a_gate_that_is_shown_too_early: GateShow as Relaxed,
        mail::gate::stories::who_gets_a_gate_is_not_taken_for_gone => "taken for gone";
    a_gate_that_is_looked_at_too_early: GateSee as Relaxed,
        mail::gate::stories::who_gets_a_gate_is_not_taken_for_gone => "taken for gone";
    a_line_that_is_not_released: LineGive as Relaxed,
        mail::line::stories::who_goes_to_wait_is_served_or_finds_room => "waits beside room";
    a_line_that_is_not_acquired: LineTake as Relaxed,
        mail::line::stories::who_goes_to_wait_is_served_or_finds_room => "waits beside room";
    a_ring_that_is_not_released: RingGive as Relaxed,
        process::ties::stories::each_tie_ends_once_whoever_of_three_is_first => "Causality violation";
    a_ring_that_is_not_acquired: RingTake as Relaxed,
        process::ties::stories::each_tie_ends_once_whoever_of_three_is_first => "Causality violation";
    a_doom_that_is_not_released: RingGive as Relaxed,
        process::ties::stories::links::signals::a_doom_has_one_reason => "Causality violation";
    a_doom_that_is_not_acquired: RingTake as Relaxed,
        process::ties::stories::links::signals::a_doom_has_one_reason => "Causality violation";
    a_signal_that_is_told_after_its_link_is_gone: TieDone as Relaxed,
        process::ties::stories::links::who_has_cut_a_link_is_told_nothing_more => "Causality violation";
    who_cuts_too_late_and_does_not_acquire: TieGone as Relaxed,
        process::ties::stories::links::who_has_cut_a_link_is_told_nothing_more => "Causality violation";
    a_tie_that_is_given_too_early: TieGive as Relaxed,
        process::ties::stories::who_takes_a_tie_has_it_alone => "Causality violation";
    a_tie_that_is_taken_too_early: TieTake as Relaxed,
        process::ties::stories::who_takes_a_tie_has_it_alone => "Causality violation";
    a_link_that_is_another_tops: TieTake as Relaxed,
        process::ties::stories::nobody_has_a_tie_twice => "somebody has one twice";
    an_end_that_is_not_told_before_its_tie_is_gone: TieDone as Relaxed,
        process::ties::stories::who_is_too_late_finds_what_was_told => "Causality violation";
    who_is_too_late_and_does_not_acquire: TieGone as Relaxed,
        process::ties::stories::who_is_too_late_finds_what_was_told => "Causality violation";
    a_park_that_does_not_release: Park as Relaxed,
        process::word::stories::a_wake_takes_the_body_over => "Causality violation";
    a_slow_park_that_does_not_release: ParkSlowly as Acquire,
        process::word::stories::a_kill_takes_over_who_parked_suspended => "Causality violation";
    a_slow_park_that_does_not_acquire: ParkSlowly as Release,
        process::word::stories::no_wake_is_lost_and_the_token_is_one => "deadlock";
    a_beginning_that_does_not_release: Begin as Acquire,
        process::word::stories::a_resume_takes_over_who_was_held => "Causality violation";
    a_beginning_that_does_not_acquire: Begin as Release,
        process::word::stories::no_wake_is_lost_and_the_token_is_one => "deadlock";
    a_wake_that_does_not_release: Wake as Acquire,
        process::word::stories::no_wake_is_lost_and_the_token_is_one => "deadlock";
    a_wake_that_does_not_acquire: Wake as Release,
        process::word::stories::a_wake_takes_the_body_over => "Causality violation";
    an_alarm_that_does_not_acquire: WakeSleeper as Relaxed,
        process::word::stories::an_alarm_takes_the_body_over => "Causality violation";
    a_resume_that_does_not_acquire: Resume as Relaxed,
        process::word::stories::a_resume_takes_over_who_was_held => "Causality violation";
    a_kill_that_does_not_acquire: Kill as Relaxed,
        process::word::stories::a_kill_takes_the_body_over => "Causality violation";
    a_reason_that_is_not_released: WatchTell as Acquire,
        process::watch::stories::whoever_waits_is_told => "Causality violation";
    a_teller_that_frees_too_early: WatchTell as Release,
        process::watch::stories::the_last_to_leave_frees => "Causality violation";
    a_reason_that_is_not_acquired: WatchTold as Relaxed,
        process::watch::stories::whoever_waits_is_told => "Causality violation";
    a_watcher_that_leaves_too_late: WatchLeave as Acquire,
        process::watch::stories::the_last_to_leave_frees => "Causality violation";
    a_watcher_that_frees_too_early: WatchLeave as Release,
        process::watch::stories::the_last_to_leave_frees => "Causality violation";
    a_send_that_does_not_release: Send as Acquire,
        mail::stories::who_waits_for_mail_finds_all_of_it => "Causality violation";
    a_send_that_does_not_acquire: Send as Release,
        process::word::stories::a_send_takes_the_body_over => "Causality violation";
    a_take_of_mail_that_does_not_acquire: Take as Relaxed,
        mail::stories::who_waits_for_mail_finds_all_of_it => "Causality violation";
    an_end_that_does_not_acquire: Vacate as Relaxed,
        mail::stories::no_letter_is_lost_and_none_reaches_a_stranger => "Causality violation";
    a_question_that_is_opened_too_early: QuestionOpen as Relaxed,
        mail::question::stories::one_of_three_has_the_envelope => "Causality violation";
    a_question_that_is_closed_too_late: QuestionClose as Relaxed,
        mail::question::stories::one_of_three_has_the_envelope => "Causality violation";
    a_return_that_does_not_release: Return as Relaxed,
        mail::stories::what_is_brought_home_arrives_once => "Causality violation";
    a_take_of_returns_that_does_not_acquire: TakeReturned as Relaxed,
        mail::stories::what_is_brought_home_arrives_once => "Causality violation";
    a_push_that_does_not_release: DequePublish as Relaxed,
        deque::stories::the_last_one_is_taken_once => "slots below the bottom are full";
    a_pop_that_does_not_release: DequeLower as Relaxed,
        deque::stories::what_was_put_in_before_a_take_is_seen_whole => "slots below the bottom are full";
    a_thief_that_does_not_acquire: DequeSeen as Relaxed,
        deque::stories::the_last_one_is_taken_once => "slots below the bottom are full";
    an_owner_without_its_fence: DequeOwner as AcqRel,
        deque::stories::nothing_is_taken_twice_and_nothing_is_lost => "Causality violation";
    a_thief_without_its_fence: DequeThief as AcqRel,
        deque::stories::nothing_is_taken_twice_and_nothing_is_lost => "Causality violation";
    a_process_that_is_sent_unreleased: InboxPush as Relaxed,
        process::crew::stories::inbox::what_is_sent_arrives_once => "Causality violation";
    a_process_that_arrives_too_early: InboxTake as Relaxed,
        process::crew::stories::inbox::what_is_sent_arrives_once => "Causality violation";
    an_end_elsewhere_that_does_not_release: DeadTell as Relaxed,
        process::crew::stories::called_off::whoever_has_ended_is_found_gone => "taken for alive";
    a_search_for_the_dead_that_does_not_acquire: DeadTake as Relaxed,
        process::crew::stories::called_off::whoever_has_ended_is_found_gone => "taken for alive";
    a_message_that_is_taken_back_unreleased: DelayEmptied as Relaxed,
        mail::question::stories::delay::one_has_the_message_and_one_the_envelope => "Causality violation";
    an_envelope_that_is_given_back_too_early: DelayEnd as Relaxed,
        mail::question::stories::delay::one_has_the_message_and_one_the_envelope => "Causality violation";
    a_record_that_is_overwritten_unseen: RecordWord as Relaxed,
        recorder::stories::what_is_read_was_written => "was never written";
    a_record_that_is_told_too_early: RecordDone as Relaxed,
        recorder::stories::what_is_read_was_written => "was never written";
    a_record_that_is_found_too_early: RecordFind as Relaxed,
        recorder::stories::what_is_read_was_written => "was never written";
    a_reader_that_does_not_acquire: RecordRead as Relaxed,
        recorder::stories::what_is_read_was_written => "was never written";
    a_slot_that_is_given_unreleased: SpreadGive as Relaxed,
        process::crew::stories::spread::a_slot_comes_with_its_link => "a slot is lost";
    a_slot_that_is_taken_too_early: SpreadTake as Relaxed,
        process::crew::stories::spread::a_slot_comes_with_its_link => "a slot is lost";
    a_hunger_without_its_fence: CrewHungry as AcqRel,
        process::crew::stories::hunger_and_plenty_do_not_pass_each_other => "one sleeps";
    a_pace_without_its_fence: CrewPace as AcqRel,
        process::crew::stories::hunger_and_plenty_do_not_pass_each_other => "one sleeps";
    an_idleness_without_its_fence: CrewHungry as AcqRel,
        process::crew::stories::plenty_and_idleness_do_not_pass_each_other => "one sleeps";
    a_plenty_without_its_fence: CrewPace as AcqRel,
        process::crew::stories::plenty_and_idleness_do_not_pass_each_other => "one sleeps";
    a_question_without_its_fence: CrewAsk as AcqRel,
        process::crew::stories::who_is_not_told_sees_it => "nobody tells";
    a_core_that_comes_too_early: CallCome as Relaxed,
        process::crew::stories::standstill::who_looks_at_a_core_is_alone_with_it => "Causality violation";
    a_look_at_a_core_that_is_too_early: CallSeen as Relaxed,
        process::crew::stories::standstill::who_looks_at_a_core_is_alone_with_it => "Causality violation";
    a_standstill_that_ends_too_early: CallEnd as Relaxed,
        process::crew::stories::standstill::who_looks_at_a_core_is_alone_with_it => "Causality violation";
    a_core_that_goes_on_too_early: CallOver as Relaxed,
        process::crew::stories::standstill::who_looks_at_a_core_is_alone_with_it => "Causality violation";
    a_wish_that_does_not_release: Bind as Relaxed,
        process::crew::stories::affinity::who_takes_the_wish_sees_the_choice => "a wish without its choice";
    a_wish_that_is_taken_too_early: TakeWish as Relaxed,
        process::crew::stories::affinity::who_takes_the_wish_sees_the_choice => "a wish without its choice";
    a_choice_that_is_not_released: ChoiceSay as Relaxed,
        process::crew::stories::affinity::a_choice_comes_with_its_mask => "a mask that is not made";
    a_choice_that_is_not_acquired: ChoiceSee as Relaxed,
        process::crew::stories::affinity::a_choice_comes_with_its_mask => "a mask that is not made";
    an_end_that_does_not_release_its_account: CloseAccount as Relaxed,
        heap::charge::stories::the_slot_of_the_dead_is_given_free_once => "Causality violation";
    a_credit_that_does_not_acquire: CreditLook as Relaxed,
        heap::charge::stories::the_slot_of_the_dead_is_given_free_once => "Causality violation";
    a_look_at_the_dead_that_is_not_released: Credit as Relaxed,
        heap::charge::stories::the_slot_of_the_dead_is_given_free_once => "Causality violation";
    a_slot_that_is_let_go_too_early: LetGo as Acquire,
        heap::charge::stories::the_slot_of_the_dead_is_held_as_long_as_somebody_is_to_be_told => "Causality violation";
    a_slot_that_is_let_go_before_others_have_looked: LetGo as Release,
        heap::charge::stories::the_slot_of_the_dead_is_held_as_long_as_somebody_is_to_be_told => "Causality violation";
    a_block_that_comes_home_unreleased: BringHome as Relaxed,
        heap::returned::stories::what_is_freed_elsewhere_comes_home_once => "Causality violation";
    a_block_that_is_taken_home_too_early: TakeHome as Relaxed,
        heap::returned::stories::what_is_freed_elsewhere_comes_home_once => "Causality violation";
}

/// What loom can't miss, for it never lets a load see a store that is still to come: the litmus test that observes it.
/// (Without the second alone Arm would still wait for the branch before it stores; Rust promises nothing.)
const LITMUS: &[(Site, Ordering, &str)] = &[
    (Site::DequeTaken, Ordering::Relaxed, "deque-reuse-relaxed"),
    (Site::DequeRoom, Ordering::Relaxed, "deque-reuse-relaxed"),
];

/// The orderings that lack one thing that `ordering` has.
fn weaker(ordering: Ordering) -> &'static [Ordering] {
    match ordering {
        Ordering::Relaxed => &[],
        Ordering::Acquire | Ordering::Release => &[Ordering::Relaxed],
        Ordering::AcqRel => &[Ordering::Acquire, Ordering::Release],
        // A fence: all that it does beyond the two is what only fences do.
        Ordering::SeqCst => &[Ordering::AcqRel],
        other => panic!("{other:?} has no model here"),
    }
}

#[test]
fn every_site_has_a_story_for_each_way_to_weaken_it() {
    for &site in Site::ALL {
        let wanted = weaker(site.full());
        assert!(!wanted.is_empty(), "{site:?} is relaxed and needs no name");
        for &ordering in wanted {
            assert!(
                RED.contains(&(site, ordering)) || is_observed(site, ordering),
                "no story goes red when {site:?} is {ordering:?}"
            );
        }
    }
}

/// True if there is a litmus test that observes what this weakening leads to.
fn is_observed(site: Site, ordering: Ordering) -> bool {
    let mut tests = LITMUS.iter().filter(|it| (it.0, it.1) == (site, ordering));
    tests.any(|(.., name)| {
        let path = std::format!("{}/litmus/{name}.litmus", env!("CARGO_MANIFEST_DIR"));
        std::fs::read_to_string(path).is_ok_and(|test| test.contains("Expected=Sometimes"))
    })
}
