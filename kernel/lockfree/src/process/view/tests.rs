//! What is seen of a process on its way through life, driven by hand.

use super::super::here::{Here, collect};
use super::super::{
    Polled, Start, Token, kill, resume, set_level, spawn, suspend, wake, yield_now,
};
use super::*;
use std::boxed::Box;
use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::vec::Vec;

const LEVEL: u8 = 2;

/// Makes this thread a core with a table of its own.
fn core() -> &'static Table {
    let table = Box::leak(Box::new(Table::new(8)));
    Box::leak(Box::new(Here::new())).simulate(table);
    table
}

fn born() -> Token {
    let mut token = collect()
        .newborn
        .queue
        .pop_front()
        .expect("somebody was born");
    token.grant(100);
    token
}

fn run(token: Token) -> Polled {
    let Start::Run(process) = token.start() else {
        panic!("not to be run")
    };
    process.poll()
}

fn activity(pid: Pid) -> Option<Activity> {
    view(pid).map(|view| view.activity)
}

fn end(token: Token) {
    let Start::Die(token) = token.start() else {
        panic!("outlives a kill")
    };
    token.drop_future().discontinue();
}

#[test]
fn a_process_is_seen_in_each_state_and_not_after_its_end() {
    core();
    let pid = spawn(pending(), LEVEL).expect("room");
    assert_eq!(activity(pid), Some(Activity::Ready));
    let (Polled::Waiting(token) | Polled::Listening(token)) = run(born()) else {
        panic!("did not wait")
    };
    assert!(token.park().is_none());
    assert_eq!(activity(pid), Some(Activity::Waiting));
    suspend(pid);
    assert_eq!(activity(pid), Some(Activity::Suspended));
    wake(pid);
    assert_eq!(activity(pid), Some(Activity::Suspended));
    resume(pid);
    let token = collect().woken.queue.pop_front().expect("resumed");
    assert_eq!(activity(pid), Some(Activity::Ready));
    kill(pid);
    assert_eq!(activity(pid), Some(Activity::Ending));
    end(token);
    assert_eq!(view(pid), None);
}

#[test]
fn whoever_asks_is_the_one_that_runs() {
    core();
    let seen = Arc::new(AtomicU64::new(0));
    let told = seen.clone();
    let look = async move {
        let own = own_pid().expect("a process asks");
        told.fetch_add(u64::from(activity(own) == Some(Activity::Running)), SeqCst);
    };
    let pid = spawn(look, LEVEL).expect("room");
    let Polled::Done(finished) = run(born()) else {
        panic!("not done")
    };
    finished.discontinue();
    assert_eq!((seen.load(SeqCst), view(pid)), (1, None));
}

#[test]
fn an_account_is_kept_of_level_and_work() {
    core();
    let work = async {
        super::super::reduce(30);
        yield_now().await;
    };
    let pid = spawn(work, LEVEL).expect("room");
    let account = || view(pid).and_then(|view| view.account).expect("one core");
    let before = account();
    assert_eq!((before.level, before.has_stack), (LEVEL, false));
    let Polled::YieldedWithCare(token) = run(born()) else {
        panic!("no yield")
    };
    assert_eq!(account().reductions - before.reductions, 30);
    set_level(pid, 1);
    let Start::Moved(token) = token.start() else {
        panic!("not moved")
    };
    assert_eq!(account().level, 1);
    kill(pid);
    end(token);
}

/// With a second core, somebody else might be using the header.
#[test]
fn with_more_cores_only_the_word_is_read() {
    let table = core();
    let pid = spawn(async {}, LEVEL).expect("room");
    assert!(view(pid).is_some_and(|view| view.account.is_some()));
    table.next_core();
    let seen = view(pid).expect("alive");
    assert_eq!((seen.activity, seen.account), (Activity::Ready, None));
    kill(pid);
    end(born());
}

#[test]
fn everybody_is_listed_once_and_the_dead_are_not() {
    core();
    let pids: Vec<_> = (0..3)
        .map(|_| spawn(pending(), LEVEL).expect("room"))
        .collect();
    kill(pids[1]);
    let mut newborn = collect().newborn.queue;
    let mut tokens: Vec<_> = core::iter::from_fn(|| newborn.pop_front()).collect();
    end(tokens.remove(1));
    let mut found: Vec<_> = processes().collect();
    found.sort();
    assert_eq!(found, [pids[0], pids[2]]);
    for (token, pid) in tokens.into_iter().zip([pids[0], pids[2]]) {
        kill(pid);
        end(token);
    }
    assert_eq!(processes().count(), 0);
}

#[test]
fn reductions_are_counted_beyond_what_the_header_has_room_for() {
    core();
    let pid = spawn(pending(), LEVEL).expect("room");
    let mut token = born();
    for _ in 0..3 {
        token.local().spend(u32::MAX);
        token.grant(100);
    }
    // From 100 down to the least that there is, three times.
    let spent = 3 * (100 + (1 << 31));
    assert_eq!(token.reductions(), spent);
    let account = view(pid).expect("it lives").account;
    assert_eq!(account.map(|account| account.reductions), Some(spent));
    kill(pid);
    end(token);
}

#[test]
fn all_are_seen_once_however_many_are_looked_at_together() {
    let table = Box::leak(Box::new(Table::new(256)));
    Box::leak(Box::new(Here::new())).simulate(table);
    for count in [1, 15, 16, 17, 100] {
        let mut pids: Vec<_> = (0..count)
            .map(|_| spawn(pending(), LEVEL).expect("room"))
            .collect();
        pids.sort_unstable_by_key(|pid| pid.index());
        let seen: Vec<_> = views().collect();
        let alone = |&pid: &Pid| (pid, view(pid).expect("it lives"));
        assert_eq!(seen, pids.iter().map(alone).collect::<Vec<_>>());
        assert_eq!(views().count(), count);
        let mut rest = views();
        assert!(rest.next().is_some());
        assert_eq!(rest.count(), count - 1);
        let mut born = collect().newborn.queue;
        while let Some(mut token) = born.pop_front() {
            kill(token.pid());
            token.grant(100);
            end(token);
        }
        assert_eq!(views().next(), None);
    }
}
