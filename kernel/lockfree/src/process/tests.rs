//! Processes driven by hand: what a scheduler does, one step at a time.

use super::*;
use here::{Desk, Here, with_desk};
use std::boxed::Box;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::vec::Vec;

/// Makes this thread a core with a table of its own.
fn core(limit: u32) {
    let table = Box::leak(Box::new(Table::new(limit)));
    here::simulate(Box::leak(Box::new(Here::new(table))));
}

fn newborn() -> Token {
    with_desk(|desk: &mut Desk| desk.newborn.pop_front()).expect("somebody was born")
}

fn run(token: Token) -> Polled {
    let Start::Run(token) = token.start() else {
        panic!("not to be run")
    };
    token.poll()
}

#[test]
fn a_process_that_returns_is_done_and_its_slot_serves_again() {
    core(1);
    let first = spawn(async {}, 0).unwrap();
    assert_eq!(spawn(async {}, 0), Err(NoProcess));
    let Polled::Done(finished) = run(newborn()) else {
        panic!("not done")
    };
    finished.discontinue();
    assert!(!is_alive(first));
    let second = spawn(async {}, 0).unwrap();
    assert_ne!(first, second);
    assert_eq!(kill(first), Request::Ignored);
    let Polled::Done(finished) = run(newborn()) else {
        panic!("not done")
    };
    finished.discontinue();
}

#[test]
fn a_yield_comes_back_with_its_intent() {
    core(4);
    spawn(async { yield_now().await }, 0).unwrap();
    let Polled::Pending(token, Intent::Yield) = run(newborn()) else {
        panic!("no yield")
    };
    let Polled::Done(finished) = run(token) else {
        panic!("not done")
    };
    finished.discontinue();
}

#[test]
fn a_foreign_future_parks_and_is_woken_by_its_waker() {
    core(4);
    let (sender, receiver) = futures_channel::oneshot::channel::<u32>();
    let got = Arc::new(AtomicU32::new(0));
    let pid = {
        let got = got.clone();
        spawn(async move { got.store(receiver.await.unwrap(), SeqCst) }, 0).unwrap()
    };
    let Polled::Pending(token, Intent::Wait) = run(newborn()) else {
        panic!("did not wait")
    };
    assert!(token.park().is_none());
    assert!(is_alive(pid));
    sender.send(7).unwrap();
    let token = with_desk(|desk| desk.woken.pop_front()).expect("the send wakes");
    let Polled::Done(finished) = run(token) else {
        panic!("not done")
    };
    finished.discontinue();
    assert_eq!(got.load(SeqCst), 7);
}

/// Notes when it is dropped.
struct Dropped(Arc<AtomicU32>);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.fetch_add(1, SeqCst);
    }
}

#[test]
fn a_future_is_dropped_once_however_its_process_ends() {
    core(4);
    let drops = Arc::new(AtomicU32::new(0));
    for is_killed in [false, true] {
        let witness = Dropped(drops.clone());
        let pid = spawn(
            async move {
                let _witness = witness;
                yield_now().await;
            },
            0,
        )
        .unwrap();
        let Polled::Pending(token, _) = run(newborn()) else {
            panic!("no yield")
        };
        if is_killed {
            assert_eq!(kill(pid), Request::Taken);
            let Start::Die(token) = token.start() else {
                panic!("outlives a kill")
            };
            token.drop_future().discontinue();
        } else {
            let Polled::Done(finished) = run(token) else {
                panic!("not done")
            };
            finished.discontinue();
        }
        assert!(!is_alive(pid));
    }
    assert_eq!(drops.load(SeqCst), 2);
}

#[test]
fn a_future_that_threads_can_not_share_runs_in_a_process() {
    core(4);
    let make = || async {
        let shared = std::rc::Rc::new(7);
        yield_now().await;
        assert_eq!(*shared, 7);
    };
    spawn_with(make, 0).unwrap();
    let Polled::Pending(token, _) = run(newborn()) else {
        panic!("no yield")
    };
    let Polled::Done(finished) = run(token) else {
        panic!("not done")
    };
    finished.discontinue();
}

#[test]
fn a_queue_keeps_order() {
    core(16);
    let pids: Vec<_> = (0..5).map(|_| spawn(async {}, 0).unwrap()).collect();
    let mut queue = Queue::new();
    with_desk(|desk| queue.append(&mut desk.newborn));
    assert_eq!(queue.count(), 5);
    let last = queue.pop_front().unwrap();
    let first = queue.pop_front().unwrap();
    queue.push_back(last);
    queue.push_front(first);
    let mut order = Vec::new();
    while let Some(token) = queue.pop_front() {
        order.push(token.pid());
        token.give_up().discontinue();
    }
    assert_eq!(order, [pids[1], pids[2], pids[3], pids[4], pids[0]]);
}

#[test]
#[cfg(debug_assertions)]
fn a_lost_token_is_shouted_about() {
    core(4);
    spawn(async {}, 0).unwrap();
    let token = newborn();
    let shout = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(token)));
    assert!(shout.is_err());
}

#[test]
#[should_panic(expected = "a desk is used within its use")]
fn a_desk_is_not_used_within_its_use() {
    core(4);
    with_desk(|_| with_desk(|_| ()));
}

#[test]
#[should_panic(expected = "gone on with, not begun again")]
fn a_poll_that_was_broken_off_is_not_begun_again() {
    core(4);
    spawn(async { yield_now().await }, 0).unwrap();
    let Polled::Pending(mut token, _) = run(newborn()) else {
        panic!("no yield")
    };
    token.simulate_frame(true);
    let _ = token.poll();
}
