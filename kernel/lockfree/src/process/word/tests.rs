//! Every word that can come about, and what may happen in it.

use super::*;
use core::cell::Cell;
use std::vec;

use std::vec::Vec;

/// Every word that can come about for one generation.
fn all_words(pid: Pid) -> Vec<u64> {
    let mut found = [0, GATED]
        .map(|gate| pid.generation() | gate | RUNNABLE)
        .to_vec();
    let mut next = 0;
    while next < found.len() {
        let word = found[next];
        next += 1;
        for transition in transitions(word & PHASE) {
            let state = StateWord(AtomicU64::new(word));
            transition(&state, pid);
            let reached = state.0.load(Ordering::Relaxed);
            if reached & !(FLAGS | GATED) == pid.generation() && !found.contains(&reached) {
                found.push(reached);
            }
        }
    }
    found
}

type Transition = fn(&StateWord, Pid);

/// What may happen in a phase: anyone's transitions always, the token holder's while runnable.
fn transitions(phase: u64) -> Vec<Transition> {
    let mut all: Vec<Transition> = vec![
        |state, pid| {
            let _ = state.wake(pid);
        },
        |state, pid| {
            let _ = state.suspend(pid);
        },
        |state, pid| {
            let _ = state.resume(pid);
        },
        |state, pid| {
            let _ = state.kill(pid);
        },
        |state, pid| {
            let _ = state.set_level(pid, 0);
        },
        |state, pid| {
            let _ = state.set_level(pid, LAST_LEVEL);
        },
    ];
    if phase == RUNNABLE {
        all.push(|state, _| {
            let _ = state.take_wish();
        });
        all.push(|state, _| {
            let _ = state.begin(false);
        });
        all.push(|state, _| {
            let _ = state.begin(true);
        });
        all.push(|state, pid| {
            let _ = state.park(pid, Ear::Deaf);
        });
        all.push(|state, pid| {
            let _ = state.park(pid, Ear::Open);
        });
    }
    all
}

fn occupied() -> (StateWord, Pid) {
    let state = StateWord::new();
    let pid = state.next_pid(5);
    state.occupy(pid);
    (state, pid)
}

fn with(word: u64) -> StateWord {
    StateWord(AtomicU64::new(word))
}

#[test]
fn the_token_is_in_one_place_in_every_reachable_word() {
    let (_, pid) = occupied();
    let words = all_words(pid);
    for &word in &words {
        let flags = word & FLAGS;
        let phase = flags & PHASE;
        assert!([RUNNABLE, WAITING, HELD].contains(&phase), "{flags:#b}");
        // Who waits has met all flags but suspension; who is held keeps a wake for later.
        assert!(phase == RUNNABLE || flags & KILL == 0, "{flags:#b}");
        assert!(phase != HELD || flags & SUSPEND != 0, "{flags:#b}");
        assert!(flags & KILL == 0 || flags & SUSPEND == 0, "{flags:#b}");
        for transition in [
            StateWord::wake,
            StateWord::suspend,
            StateWord::resume,
            StateWord::kill,
        ] {
            let state = with(word);
            let handover = transition(&state, pid);
            let after = state.0.load(Ordering::Relaxed) & PHASE;
            // The token changes hands exactly when the slot had it and has it no more.
            let left_slot = phase != RUNNABLE && after == RUNNABLE;
            assert_eq!(handover == Handover::Token, left_slot, "{flags:#b}");
        }
    }
    assert!(words.len() >= 8, "only {} words are reachable", words.len());
}

#[test]
fn a_kill_is_met_before_anything_else() {
    let (_, pid) = occupied();
    for word in all_words(pid) {
        let state = with(word);
        let handover = state.kill(pid);
        assert!(word & KILL != 0 || handover != Handover::Nothing);
        let _ = state.take_wish();
        assert_eq!(state.begin(false), Begin::Die);
    }
}

fn level(level: u8) -> Wish {
    let level = Some(level);
    Wish { level }
}

#[test]
fn other_cores_are_wanted_once_and_take_no_level_away() {
    let (_, pid) = occupied();
    for word in all_words(pid) {
        let state = with(word);
        assert_eq!(state.bind(pid), Handover::Noted);
        let met = match word & PHASE {
            RUNNABLE => match state.begin(false) {
                Begin::Move(wish) => wish,
                other => panic!("{other:?} in place of the wish"),
            },
            _ => state.take_wish().expect("a wish"),
        };
        assert_eq!(met, wish_of(word), "{word:#b}");
        assert_eq!(state.take_wish(), None);
    }
}

#[test]
fn a_level_is_met_once_whatever_else_is_wanted() {
    let (_, pid) = occupied();
    for word in all_words(pid) {
        let state = with(word);
        let _ = state.set_level(pid, 1);
        let _ = state.set_level(pid, 3);
        let phase = word & PHASE;
        let before = without_wish(word);
        if phase == RUNNABLE {
            assert_eq!(state.begin(false), Begin::Move(level(3)));
        } else {
            assert_eq!(state.take_wish(), Some(level(3)));
        }
        assert_eq!(state.take_wish(), None);
        assert_eq!(state.0.load(Ordering::Relaxed), before);
    }
}

#[test]
fn a_level_beyond_the_last_is_the_last() {
    let (state, pid) = occupied();
    let _ = state.set_level(pid, u8::MAX);
    assert_eq!(state.take_wish(), Some(level(LAST_LEVEL)));
}

#[test]
fn a_wake_during_the_poll_is_never_lost() {
    let (state, pid) = occupied();
    assert_eq!(state.begin(false), Begin::Run);
    assert_eq!(state.wake(pid), Handover::Nothing);
    assert_eq!(state.park(pid, Ear::Deaf), Park::Again);
    assert_eq!(state.park(pid, Ear::Deaf), Park::Parked);
    assert_eq!(state.wake(pid), Handover::Token);
}

#[test]
fn a_wake_before_a_poll_that_was_broken_off_goes_on_counts() {
    let (state, pid) = occupied();
    assert_eq!(state.wake(pid), Handover::Nothing);
    assert_eq!(state.begin(true), Begin::Run);
    assert_eq!(state.park(pid, Ear::Deaf), Park::Again);
}

#[test]
fn whoever_was_broken_off_goes_on_unless_something_else_is_wanted() {
    let (_, pid) = occupied();
    let runnable = |word: &u64| word & PHASE == RUNNABLE;
    for word in all_words(pid).into_iter().filter(runnable) {
        let state = with(word);
        let lets_go_on = state.lets_go_on();
        assert_eq!(lets_go_on, state.begin(true) == Begin::Run);
        let stays = state.0.load(Relaxed) == word;
        assert!(stays || !lets_go_on, "a step was due: {word:#b}");
    }
}

#[test]
fn a_suspended_process_keeps_its_wake_for_later() {
    let (state, pid) = occupied();
    assert_eq!(state.park(pid, Ear::Deaf), Park::Parked);
    assert_eq!(state.suspend(pid), Handover::Noted);
    assert_eq!(state.wake(pid), Handover::Nothing);
    assert_eq!(state.resume(pid), Handover::Token);
    assert!(state.is_plain());
}

#[test]
fn a_process_held_in_mid_poll_keeps_its_wake() {
    let (state, pid) = occupied();
    assert_eq!(state.suspend(pid), Handover::Noted);
    assert_eq!(state.begin(true), Begin::Hold);
    assert_eq!(state.wake(pid), Handover::Nothing);
    assert_eq!(state.resume(pid), Handover::Token);
    assert_eq!(state.begin(true), Begin::Run);
    assert_eq!(state.park(pid, Ear::Deaf), Park::Again);
}

#[test]
fn a_runnable_process_is_suspended_at_its_next_turn() {
    let (state, pid) = occupied();
    assert_eq!(state.suspend(pid), Handover::Noted);
    assert!(!state.is_plain());
    assert_eq!(state.begin(false), Begin::Hold);
    assert_eq!(state.resume(pid), Handover::Token);
    assert_eq!(state.begin(false), Begin::Run);
}

#[test]
fn an_old_pid_changes_nothing() {
    let (state, old) = occupied();
    assert_eq!(state.vacate(old), (Vacant::Usable, Rest(0)));
    let new = state.next_pid(5);
    assert_ne!(old, new);
    state.occupy(new);
    assert_eq!(state.park(new, Ear::Deaf), Park::Parked);
    let before = state.0.load(Ordering::Relaxed);
    for transition in [
        StateWord::wake,
        StateWord::suspend,
        StateWord::resume,
        StateWord::kill,
    ] {
        assert_eq!(transition(&state, old), Handover::Nothing);
    }
    assert_eq!(state.0.load(Ordering::Relaxed), before);
    assert!(state.is_alive(new) && !state.is_alive(old));
}

#[test]
fn a_slot_whose_generations_are_used_up_retires() {
    let state = with(LAST_GENERATION << GENERATION_SHIFT | FREE);
    let pid = state.next_pid(7);
    state.occupy(pid);
    assert_eq!(state.vacate(pid), (Vacant::Retired, Rest(0)));
    assert!(!state.is_alive(pid));
}

/// Sends a message; returns what became of it and which one it leads to.
fn send(state: &StateWord, pid: Pid, message: u32) -> (Sent, u32) {
    let before = Cell::new(0);
    let sent = state.send(pid, message, |number| before.set(number));
    (sent, (before.get() >> MAIL_SHIFT) as u32)
}

#[test]
fn a_message_wakes_who_waits_and_the_next_one_only_joins_it() {
    let (state, pid) = occupied();
    assert_eq!(state.park(pid, Ear::Open), Park::Parked);
    assert_eq!(send(&state, pid, 7), (Sent::Handed, 0));
    assert_eq!(send(&state, pid, 8), (Sent::Left, 0));
    assert_eq!(send(&state, pid, LAST_MESSAGE), (Sent::Left, 8));
    assert!(state.is_plain(), "mail is no reason for a slow turn");
    assert_eq!((state.take(), state.take()), (LAST_MESSAGE, 0));
}

#[test]
fn who_wants_mail_does_not_park_beside_some_and_who_does_not_is_left_alone() {
    let (state, pid) = occupied();
    assert_eq!(send(&state, pid, 1), (Sent::Left, 0));
    assert_eq!(state.park(pid, Ear::Open), Park::Again);
    assert_eq!(state.park(pid, Ear::Deaf), Park::Parked);
    assert_eq!(send(&state, pid, 2), (Sent::Left, 1));
    assert_eq!(state.wake(pid), Handover::Token);
    assert_eq!(state.take(), 2);
}

#[test]
fn a_message_to_a_suspended_process_is_found_when_it_is_resumed() {
    let (state, pid) = occupied();
    assert_eq!(state.park(pid, Ear::Open), Park::Parked);
    assert_eq!(state.suspend(pid), Handover::Noted);
    assert_eq!(send(&state, pid, 1), (Sent::Left, 0));
    assert_eq!(send(&state, pid, 2), (Sent::Left, 1));
    assert_eq!(state.resume(pid), Handover::Token);
    assert_eq!(state.take(), 2);
}

#[test]
fn what_was_not_taken_comes_back_at_the_end_and_nothing_is_taken_in_after() {
    let (state, old) = occupied();
    assert_eq!(send(&state, old, 3), (Sent::Left, 0));
    assert_eq!(state.vacate(old), (Vacant::Usable, Rest(3 << WISHES)));
    assert_eq!(send(&state, old, 4).0, Sent::Nobody);
    let new = state.next_pid(5);
    assert_eq!(
        send(&state, new, 4).0,
        Sent::Nobody,
        "nobody lives there yet"
    );
    state.occupy(new);
    assert_eq!(send(&state, old, 4).0, Sent::Nobody);
    assert_eq!(state.take(), 0);
}

#[test]
fn messages_change_nothing_else() {
    let (_, pid) = occupied();
    for word in all_words(pid) {
        let state = with(word);
        let (sent, _) = send(&state, pid, 5);
        if word & GATED != 0 {
            assert_eq!((sent, state.0.load(Relaxed)), (Sent::Gated, word));
            continue;
        }
        let after = state.0.load(Ordering::Relaxed) & !MAIL;
        let listens = word & STANDING == WAITING;
        let is_handed = word & FLAGS == WAITING;
        assert_eq!(sent == Sent::Handed, is_handed, "{word:#b}");
        let is_woken = listens && !is_handed && word & SUSPEND == 0;
        assert_eq!(sent == Sent::Token, is_woken, "{word:#b}");
        assert!(after == word || listens, "{word:#b}");
        assert_eq!(state.take(), if is_handed { 0 } else { 5 });
    }
}
