//! What races for a process, on modelled atomics.

use super::*;
use loom::sync::{Arc, Notify};
use loom::thread;
use std::vec::Vec;

struct Shared {
    state: StateWord,
    told: [AtomicU64; 2],
    queue: Notify,
}

/// Two authors tell a process something and wake it; the process looks, and parks if it has
/// not been told everything. Whoever gets the token puts it into the queue. The process sees
/// both, is never left parked, and never runs twice at a time.
#[test]
fn no_wake_is_lost_and_the_token_is_one() {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(2);
    model.check(|| {
        let state = StateWord::new();
        let pid = state.next_pid(0);
        state.occupy(pid);
        let told = [AtomicU64::new(0), AtomicU64::new(0)];
        let shared = Arc::new(Shared {
            state,
            told,
            queue: Notify::new(),
        });
        let authors: Vec<_> = (0..2)
            .map(|n| {
                let shared = shared.clone();
                thread::spawn(move || {
                    shared.told[n].store(1, Ordering::Relaxed);
                    if shared.state.wake(pid) == Handover::Token {
                        shared.queue.notify();
                    }
                })
            })
            .collect();
        let mut turns = 0;
        loop {
            turns += 1;
            assert!(turns < 8, "spins");
            assert_eq!(shared.state.begin(false), Begin::Run);
            if shared
                .told
                .iter()
                .all(|told| told.load(Ordering::Relaxed) == 1)
            {
                break;
            }
            if shared.state.park(pid) == Park::Parked {
                shared.queue.wait();
            }
        }
        for author in authors {
            author.join().unwrap();
        }
    });
}

/// A wake races the process's end and the next one in the same slot: the newcomer, which
/// nobody wakes, stays parked.
#[test]
fn a_wake_never_reaches_a_stranger() {
    loom::model(|| {
        let state = Arc::new(StateWord::new());
        let old = state.next_pid(0);
        state.occupy(old);
        let waker = {
            let state = state.clone();
            thread::spawn(move || state.wake(old))
        };
        // The old process ends of its own accord, and a new one parks in its place.
        let _ = state.vacate(old);
        let new = state.next_pid(0);
        state.occupy(new);
        let parked = state.park(new);
        assert_eq!(waker.join().unwrap(), Handover::Nothing);
        assert_eq!(parked, Park::Parked);
    });
}

/// A kill and a wake race for a parked process: exactly one of them gets the token, and the
/// process dies either way.
#[test]
fn kill_and_wake_hand_over_one_token() {
    loom::model(|| {
        let state = Arc::new(StateWord::new());
        let pid = state.next_pid(0);
        state.occupy(pid);
        assert_eq!(state.park(pid), Park::Parked);
        let killer = {
            let state = state.clone();
            thread::spawn(move || state.kill(pid))
        };
        let woken = state.wake(pid);
        let killed = killer.join().unwrap();
        let tokens = [woken, killed]
            .iter()
            .filter(|&&it| it == Handover::Token)
            .count();
        assert_eq!(tokens, 1);
        assert_eq!(state.begin(false), Begin::Die);
    });
}
