//! Whom a message is handed to, on a core that is driven by hand.

use super::*;
use crate::process::{kill, set_level, suspend};

fn open_hand() {
    with_loop(|at| at.open_hand());
}

fn with_loop<R>(f: impl FnOnce(crate::process::InLoop<'_>) -> R) -> R {
    let here = platform::PreemptionOff::new().here();
    here.in_loop(f)
}

/// One that waits for mail, and has nothing in its mailbox.
fn listener() -> Pid {
    let (pid, token) = born(async {
        loop {
            next::<u8>().await;
        }
    });
    let Start::Run(process) = token.start() else {
        panic!("not to be run")
    };
    let Polled::Listening(token) = process.poll() else {
        panic!("does not listen")
    };
    assert!(token.park_listening().is_none());
    pid
}

/// Whoever is in the hand.
fn handed() -> Option<Pid> {
    match with_loop(|at| at.take_handed()) {
        here::Handed::One(process) => {
            let pid = process.pid();
            give_up(process.put_off());
            Some(pid)
        }
        here::Handed::Nobody | here::Handed::Unknown => None,
    }
}

fn all_woken() -> Vec<Pid> {
    let mut queue = collect().woken.queue;
    let mut pids = Vec::new();
    while let Some(token) = queue.pop_front() {
        pids.push(token.pid());
        give_up(token);
    }
    pids
}

#[test]
fn one_alone_is_in_the_hand() {
    core();
    let first = listener();
    open_hand();
    put(first, 1_u8);
    assert_eq!(handed(), Some(first));
    assert_eq!(all_woken(), []);
    clear();
    assert_eq!(envelopes_in_use().expect("all cores come to rest"), 0);
}

#[test]
fn a_second_one_goes_to_the_desk_behind_the_first() {
    core();
    let pids = [listener(), listener(), listener()];
    open_hand();
    pids.into_iter().for_each(|pid| put(pid, 1_u8));
    assert_eq!(handed(), None);
    assert_eq!(all_woken(), pids);
    clear();
}

#[test]
fn while_the_hand_is_closed_the_desk_has_them() {
    core();
    let pid = listener();
    put(pid, 1_u8);
    assert_eq!((handed(), all_woken()), (None, [pid].to_vec()));
    clear();
}

#[test]
fn what_is_wanted_of_one_in_the_hand_is_met_before_it_runs() {
    for request in [kill, suspend, |pid| set_level(pid, 1)] {
        core();
        let pid = listener();
        open_hand();
        put(pid, 1_u8);
        let _ = request(pid);
        assert_eq!((handed(), all_woken()), (None, [pid].to_vec()));
        clear();
    }
}

#[test]
fn one_of_another_level_waits_apart() {
    core();
    let pid = spawn(
        async {
            next::<u8>().await;
        },
        1,
    );
    let token = collect().newborn.queue.pop_front().expect("born");
    let token = run(token);
    assert!(token.park().is_none());
    open_hand();
    put(pid.expect("room"), 1_u8);
    assert_eq!(handed(), None);
    assert_eq!(all_woken(), [pid.expect("room")]);
    clear();
}

#[test]
fn one_that_has_skipped_a_message_finds_the_next_behind_it() {
    core();
    let (pid, token) = born(async {
        assert_eq!(next::<u8>().await, 1);
        assert_eq!(next::<u16>().await, 2);
    });
    put(pid, 2_u16);
    assert!(run(token).park().is_none());
    open_hand();
    put(pid, 1_u8);
    assert_eq!(handed(), None);
    let Start::Run(process) = woken().start() else {
        panic!("not to be run")
    };
    let Polled::Done(finished) = process.poll() else {
        panic!("a message was lost")
    };
    finished.discontinue();
    clear();
    assert_eq!(envelopes_in_use().expect("all cores come to rest"), 0);
}

/// Two futures in one poll: the first waits for mail, the second takes some in afterwards.
#[test]
fn who_takes_a_message_in_after_saying_that_it_waits_loses_no_envelope() {
    core();
    let (pid, token) = born(async {
        let (mut first, mut second) = (Position::default(), Position::default());
        poll_fn(move |context| {
            let waits = poll_receive::<u8>(context, &mut first).is_pending();
            put(crate::process::own_pid().expect("a process"), 7_u16);
            let taken = poll_receive::<u16>(context, &mut second);
            assert!(waits && taken == Poll::Ready(7));
            Poll::<()>::Pending
        })
        .await;
    });
    let token = run(token);
    assert!(token.park().is_none());
    assert_eq!(
        envelopes_in_use().expect("all cores come to rest"),
        0,
        "who waits keeps none"
    );
    put(pid, 1_u8);
    give_up(woken());
    clear();
    assert_eq!(envelopes_in_use().expect("all cores come to rest"), 0);
}
