//! Conversations, on a core that is driven by hand.

mod bounds;
mod calls;
mod floods;
mod lanes;
mod later;
mod misuse;
mod order;
mod price;
mod room;
mod unread;
mod waiting;
mod walks;

use super::*;
use crate::time::{Elapsed, sleep, timeout};
use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::pin::Pin;
use core::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use core::task::{Context, Poll};
use core::time::Duration;
use girder_lockfree::Token;
use girder_lockfree::mail::{envelopes_in_use, reap};
use girder_lockfree::process::here::{self, Here, collect};
use girder_lockfree::process::{self, Polled, Start, Table, kill, own_pid, ring_alarms, yield_now};
use std::sync::Mutex;

/// What a process may spend in a turn.
const REDUCTIONS: i32 = 100;
/// How long is waited for what does not come.
const LIMIT: Duration = Duration::from_nanos(1_000);
/// Alarms that ring at a time.
const BUDGET: usize = 32;

/// A core that takes turns until nobody has anything to do.
struct Driver {
    ready: VecDeque<Token>,
    /// Turns that ended with a yield.
    yields: usize,
    /// Who is given up when it next waits, as if it had crashed there: nothing that it owns is dropped.
    doomed: Log<Pid>,
}

impl Driver {
    fn new() -> Self {
        Self::with_room_for(100_000)
    }

    /// The same with more to be spent in the first turn.
    fn with_reductions(reductions: i32) -> Self {
        Self::with(100_000, reductions)
    }

    /// A table whose slots are for so many, beside those that are set aside for the kernel's level: one of 64, at most 16.
    fn with_room_for(processes: u32) -> Self {
        Self::with(processes, REDUCTIONS)
    }

    fn with(processes: u32, reductions: i32) -> Self {
        let set_aside = |slots: u32| 16.min(slots / 64);
        let mut slots = processes..;
        let slots = slots.find(|slots| slots - set_aside(*slots) == processes);
        let slots = slots.expect("a number of slots");
        let here: &'static Here = Box::leak(Box::new(Here::new()));
        here.set_reductions(reductions);
        here.simulate(Box::leak(Box::new(Table::new(slots))));
        here::simulate_time(0);
        Self {
            ready: VecDeque::new(),
            yields: 0,
            doomed: Log::new(),
        }
    }

    /// Runs everybody, and lets time pass when all wait.
    fn run(&mut self) {
        loop {
            self.collect();
            if let Some(token) = self.ready.pop_front() {
                self.turn(token);
            } else if !self.ring() {
                return;
            }
        }
    }

    fn collect(&mut self) {
        reap(2, 2);
        let mut arrivals = collect();
        for arrived in [&mut arrivals.woken, &mut arrivals.newborn] {
            while let Some(token) = arrived.queue.pop_front() {
                self.ready.push_back(token);
            }
        }
    }

    fn turn(&mut self, token: Token) {
        let polled = match token.start() {
            Start::Run(process) => process.poll(),
            Start::Held => return,
            Start::Die(token) => Polled::Done(token.drop_future()),
            other => panic!("{other:?}"),
        };
        match polled {
            Polled::Yielded(mut token) | Polled::YieldedWithCare(mut token) => {
                self.yields += 1;
                token.begin_stint();
                self.end_turn(&mut token);
                self.collect();
                self.ready.push_back(token);
            }
            Polled::Waiting(token) | Polled::Listening(token) if self.doomed.has(token.pid()) => {
                token.give_up().discontinue();
            }
            Polled::Waiting(mut token) | Polled::Listening(mut token) => {
                self.end_turn(&mut token);
                self.ready.extend(token.park());
            }
            Polled::Done(finished) => finished.discontinue(),
        }
    }

    fn end_turn(&mut self, token: &mut Token) {
        if token.is_spent() {
            token.grant(REDUCTIONS);
        }
    }

    /// Rings the earliest alarm.
    fn ring(&mut self) -> bool {
        let look = ring_alarms(here::now(), BUDGET);
        if look.rung > 0 || look.is_behind {
            return true;
        }
        let next = look.next;
        if next == u64::MAX {
            return false;
        }
        here::simulate_time(next);
        ring_alarms(next, BUDGET);
        true
    }
}

fn spawn(body: impl Future<Output = ()> + Send + 'static) -> Pid {
    process::spawn(body, 2).expect("there is room")
}

/// What processes have to tell the test.
struct Log<T>(Arc<Mutex<Vec<T>>>);

impl<T> Log<T> {
    fn new() -> Self {
        Self(Arc::default())
    }

    fn add(&self, entry: T) {
        self.0.lock().unwrap().push(entry);
    }

    fn has(&self, entry: T) -> bool
    where
        T: PartialEq,
    {
        self.0.lock().unwrap().contains(&entry)
    }

    fn take(&self) -> Vec<T> {
        core::mem::take(&mut self.0.lock().unwrap())
    }
}

impl<T> Clone for Log<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

/// A message that tells when it is dropped.
struct Witness(Arc<AtomicUsize>);

impl Drop for Witness {
    fn drop(&mut self) {
        self.0.fetch_add(1, SeqCst);
    }
}

fn put<M: Send + 'static>(to: Pid, message: M) {
    assert!(send(to, message).is_ok(), "no memory");
}

fn own() -> Pid {
    own_pid().expect("in a process")
}

/// Runs one process to its end, with whatever it spawns.
fn run(body: impl Future<Output = ()> + Send + 'static) -> Driver {
    run_with(|_| body)
}

/// The same for one that says who is doomed.
fn run_with<F: Future<Output = ()> + Send + 'static>(body: impl FnOnce(Log<Pid>) -> F) -> Driver {
    let mut driver = Driver::new();
    let body = body(driver.doomed.clone());
    let is_done = Log::new();
    let at_end = is_done.clone();
    spawn(async move {
        body.await;
        at_end.add(());
    });
    driver.run();
    assert_eq!(is_done.take().len(), 1, "it waits for ever");
    assert_eq!(
        envelopes_in_use().expect("all cores come to rest"),
        0,
        "an envelope was lost"
    );
    driver
}
