//! Processes driven by hand: what a scheduler does, one step at a time.

use super::crew::Pace;
use super::*;
use here::{Here, collect};
use std::boxed::Box;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::vec::Vec;

/// Makes this thread a core with a table of its own.
fn core(limit: u32) {
    let table = Box::leak(Box::new(Table::new(limit)));
    Box::leak(Box::new(Here::new())).simulate(table);
}

fn newborn() -> Token {
    let mut token = collect()
        .newborn
        .queue
        .pop_front()
        .expect("somebody was born");
    token.grant(100);
    token
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
    let Polled::YieldedWithCare(token) = run(newborn()) else {
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
    let (Polled::Waiting(token) | Polled::Listening(token)) = run(newborn()) else {
        panic!("did not wait")
    };
    assert!(token.park().is_none());
    assert!(is_alive(pid));
    sender.send(7).unwrap();
    let token = collect().woken.queue.pop_front().expect("the send wakes");
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
        let Polled::YieldedWithCare(token) = run(newborn()) else {
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
    let Polled::YieldedWithCare(token) = run(newborn()) else {
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
    queue.append(&mut collect().newborn.queue);
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
fn a_rotation_takes_the_first_or_the_only_one() {
    core(4);
    let pids = [(); 2].map(|()| spawn(async {}, 0).unwrap());
    let mut queue = collect().newborn.queue;
    let only = queue.pop_front().unwrap();
    let mut nobody = Queue::new();
    let only = nobody.rotate(only);
    assert_eq!(only.pid(), pids[0]);
    let second = queue.rotate(only);
    assert_eq!((second.pid(), queue.count()), (pids[1], 1));
    let first = queue.rotate(second);
    assert_eq!(first.pid(), pids[0]);
    first.give_up().discontinue();
    queue.pop_front().unwrap().give_up().discontinue();
}

#[test]
fn what_is_spent_is_counted_and_refilled() {
    core(4);
    spawn(
        async {
            reduce(5);
            yield_now().await;
        },
        0,
    )
    .unwrap();
    let mut token = collect().newborn.queue.pop_front().unwrap();
    token.grant(3);
    assert!(!token.is_spent());
    let Polled::YieldedWithCare(mut token) = run(token) else {
        panic!("no yield")
    };
    assert!(token.is_spent());
    assert_eq!(token.reductions(), 5);
    token.grant(3);
    assert_eq!((token.is_spent(), token.reductions()), (false, 5));
    token.give_up().discontinue();
}

#[test]
fn a_yield_is_plain_unless_its_author_has_left_something() {
    core(4);
    spawn(
        async {
            yield_now().await;
            spawn(async {}, 0).unwrap();
            yield_now().await;
        },
        0,
    )
    .unwrap();
    let mut token = newborn();
    token.set_careful(false);
    let Polled::Yielded(token) = run(token) else {
        panic!("nothing to look at")
    };
    let Polled::YieldedWithCare(token) = run(token) else {
        panic!("a child was overlooked")
    };
    token.give_up().discontinue();
    newborn().give_up().discontinue();
}

#[test]
fn without_a_tick_the_first_entry_on_the_desk_makes_its_author_leave() {
    core(4);
    let here: &'static Here = Box::leak(Box::new(Here::new()));
    here.simulate(Box::leak(Box::new(Table::new(4))));
    for is_ticking in [false, true] {
        here.store_pace(if is_ticking {
            Pace::Ticking
        } else {
            Pace::Busy
        });
        let leaves = Arc::new(AtomicU32::new(0));
        let count = leaves.clone();
        let parent = async move {
            for _ in 0..2 {
                spawn(async {}, 0).unwrap();
                count.fetch_add(u32::from(here::simulate_leaving()), SeqCst);
                here.store_pace(Pace::Ticking); // as the loop does when it collects
            }
        };
        spawn(parent, 0).unwrap();
        let Polled::Done(finished) = run(newborn()) else {
            panic!("not done")
        };
        finished.discontinue();
        assert_eq!(leaves.load(SeqCst), u32::from(!is_ticking));
        let mut children = collect().newborn.queue;
        while let Some(child) = children.pop_front() {
            child.give_up().discontinue();
        }
    }
}

#[test]
fn slots_are_not_lost_whatever_the_sizes_of_processes() {
    core(3);
    let mut rng = 7_u32;
    for _ in 0..200 {
        rng = rng.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let born: Vec<_> = (0..4)
            .map(|n| match (rng >> (8 * n)) % 4 {
                0 => spawn(async {}, 0),
                1 => spawn(holding([0_u8; 300]), 0),
                2 => spawn(holding([0_u8; 700]), 0),
                _ => spawn(holding([0_u8; 5000]), 0),
            })
            .collect();
        assert_eq!(born.iter().filter(|it| it.is_ok()).count(), 3, "{born:?}");
        let mut newborn = collect().newborn.queue;
        while let Some(token) = newborn.pop_front() {
            let Polled::Done(finished) = run(token) else {
                panic!("not done")
            };
            finished.discontinue();
        }
    }
}

async fn holding<const N: usize>(bytes: [u8; N]) {
    assert_eq!(std::hint::black_box(&bytes)[N - 1], 0);
}

#[test]
fn a_process_that_waits_goes_to_its_new_level_when_it_is_woken() {
    core(4);
    let pid = spawn(std::future::pending(), 2).unwrap();
    let (Polled::Waiting(token) | Polled::Listening(token)) = run(newborn()) else {
        panic!("did not wait")
    };
    assert!(token.park().is_none());
    assert_eq!(set_level(pid, 1), Request::Taken);
    wake(pid);
    let token = collect().woken.queue.pop_front().unwrap();
    assert_eq!(token.level(), 1);
    assert_eq!(set_level(pid, 0), Request::Taken);
    let Start::Moved(token) = token.start() else {
        panic!("not moved")
    };
    assert_eq!(token.level(), 0);
    token.give_up().discontinue();
    assert_eq!(set_level(pid, 0), Request::Ignored);
}

/// An interrupt may come when the poll is over and the loop has not looked yet.
#[test]
fn a_quantum_that_ends_on_the_way_back_forgets_the_ticks_alone() {
    core(4);
    spawn(std::future::pending(), 0).unwrap();
    let mut token = newborn();
    for intent in [
        Intent::YIELD,
        Intent::LISTEN,
        Intent::YIELD_WITH_CARE,
        Intent::DONE,
    ] {
        token.local().set_intent(intent);
        assert_eq!((token.count_tick(), token.count_tick()), (1, 2));
        token.end_quantum();
        assert_eq!(token.local().intent(), intent);
    }
    token.give_up().discontinue();
}
