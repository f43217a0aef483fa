use super::*;
use crate::time::{Elapsed, timeout};
use alloc::boxed::Box;
use alloc::task::Wake;
use core::future::pending;
use core::pin::pin;
use core::sync::atomic::{AtomicU32, Ordering::Relaxed};
use girder_lockfree::Token;
use girder_lockfree::process::here::{self, Here, collect};
use girder_lockfree::process::{Polled, Start, Table, ring_alarms, simulate_counting_alarms};

#[derive(Default)]
struct Counter(AtomicU32);

impl Wake for Counter {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Relaxed);
    }
}

/// Makes this thread a core at time 0.
fn core() {
    let table = Box::leak(Box::new(Table::new(8)));
    Box::leak(Box::new(Here::new())).simulate(table);
    here::simulate_time(0);
}

fn at(nanos: u64) -> Instant {
    Instant::from_nanos(nanos)
}

fn born() -> Token {
    let mut newborn = collect().newborn.queue;
    let token = newborn.pop_front().expect("somebody was born");
    assert!(newborn.is_empty(), "more than one was born");
    token
}

fn run(token: Token) -> Polled {
    let Start::Run(process) = token.start() else {
        panic!("not to be run")
    };
    process.poll()
}

fn waits(token: Token) {
    let (Polled::Waiting(token) | Polled::Listening(token)) = run(token) else {
        panic!("does not wait")
    };
    assert!(token.park().is_none(), "was woken");
}

fn is_done(token: Token) {
    let Polled::Done(finished) = run(token) else {
        panic!("is not done")
    };
    finished.discontinue();
}

/// Lets time come to this, and returns whom that woke.
fn woken_by(nanos: u64) -> Option<Token> {
    here::simulate_time(nanos);
    ring_alarms(nanos, 8);
    collect().woken.queue.pop_front()
}

#[test]
fn a_sleeper_is_woken_at_its_time_and_not_before() {
    core();
    spawn(sleep_until(at(5_000)), 0).unwrap();
    waits(born());
    assert!(woken_by(4_999).is_none());
    is_done(woken_by(5_000 + 1_024).expect("it is time"));
}

#[test]
fn awaits_that_are_ready_use_the_budget_up() {
    const BUDGET: u32 = 10;
    core();
    here::simulate_time(100);
    let awaited = Arc::new(AtomicU32::new(0));
    let count = awaited.clone();
    let sleeper = async move {
        for _ in 0..3 * (BUDGET + 1) {
            sleep_until(at(0)).await;
            count.fetch_add(1, Relaxed);
        }
    };
    spawn(sleeper, 0).unwrap();
    let mut token = born();
    for turn in 1..=2 {
        token.grant(BUDGET as i32);
        let Polled::YieldedWithCare(back) = run(token) else {
            panic!("goes on for ever")
        };
        assert!(back.is_spent());
        token = back;
        assert_eq!(awaited.load(Relaxed), turn * (BUDGET + 1));
    }
    token.grant(BUDGET as i32);
    is_done(token);
}

#[test]
fn a_time_that_has_come_is_no_reason_to_wait() {
    core();
    here::simulate_time(100);
    for time in [at(0), at(100)] {
        spawn(sleep_until(time), 0).unwrap();
        is_done(born());
    }
    spawn(sleep(Duration::ZERO), 0).unwrap();
    is_done(born());
}

#[test]
fn the_longest_sleep_is_for_ever() {
    core();
    spawn(sleep(Duration::MAX), 0).unwrap();
    waits(born());
    assert!(woken_by(u64::MAX - 1).is_none());
}

#[test]
fn what_is_in_time_comes_and_its_alarm_does_not_ring() {
    core();
    let ready = async { assert_eq!(timeout(Duration::from_secs(1), async { 7 }).await, Ok(7)) };
    spawn(ready, 0).unwrap();
    is_done(born());
    let answer = Arc::new(AtomicU32::new(0));
    let late = {
        let answer = answer.clone();
        async move {
            let wait = poll_fn(|_| match answer.load(Relaxed) {
                0 => Poll::Pending,
                answer => Poll::Ready(answer),
            });
            assert_eq!(timeout(Duration::from_nanos(5_000), wait).await, Ok(3));
            pending::<()>().await;
        }
    };
    let pid = spawn(late, 0).unwrap();
    waits(born());
    answer.store(3, Relaxed);
    wake(pid);
    waits(collect().woken.queue.pop_front().unwrap());
    assert!(woken_by(100_000).is_none(), "the alarm has rung");
}

#[test]
fn what_does_not_come_in_time_has_elapsed() {
    core();
    let wait = async {
        let outcome = timeout(Duration::from_nanos(5_000), pending::<()>()).await;
        assert_eq!(outcome, Err(Elapsed));
    };
    spawn(wait, 0).unwrap();
    waits(born());
    is_done(woken_by(10_000).expect("it is time"));
}

#[test]
fn a_foreign_waker_is_called_by_a_process_and_not_before_the_time() {
    core();
    let counter = Arc::new(Counter::default());
    let waker = counter.clone().into();
    let mut sleep = pin!(sleep_until(at(10)));
    for _ in 0..2 {
        let poll = sleep.as_mut().poll(&mut Context::from_waker(&waker));
        assert_eq!(poll, Poll::Pending);
    }
    waits(born());
    let teller = woken_by(2_000).expect("somebody has to tell");
    assert_eq!(counter.0.load(Relaxed), 0);
    is_done(teller);
    assert_eq!(counter.0.load(Relaxed), 1);
    let poll = sleep.as_mut().poll(&mut Context::from_waker(&waker));
    assert_eq!(poll, Poll::Ready(()));
}

#[test]
fn nobody_tells_a_foreign_waker_of_a_sleep_that_is_gone() {
    core();
    let counter = Arc::new(Counter::default());
    let waker = counter.clone().into();
    {
        let mut sleep = pin!(sleep_until(at(1_000_000)));
        let poll = sleep.as_mut().poll(&mut Context::from_waker(&waker));
        assert_eq!(poll, Poll::Pending);
        waits(born());
    }
    is_done(
        collect()
            .woken
            .queue
            .pop_front()
            .expect("the teller is told"),
    );
    assert_eq!(counter.0.load(Relaxed), 0);
    assert_eq!(Arc::strong_count(&counter), 2, "its waker is kept");
}

#[test]
fn a_sleep_that_changes_hands_wakes_whoever_has_it() {
    core();
    let mut sleep = sleep_until(at(5_000));
    let first = Arc::new(Counter::default());
    let poll = Pin::new(&mut sleep).poll(&mut Context::from_waker(&first.into()));
    assert_eq!(poll, Poll::Pending);
    waits(born());
    let pid = spawn(sleep, 0).unwrap();
    waits(born());
    is_done(
        collect()
            .woken
            .queue
            .pop_front()
            .expect("the teller is told"),
    );
    let token = woken_by(10_000).expect("it is time");
    assert_eq!(token.pid(), pid);
    is_done(token);
}

#[test]
fn alarms_of_a_process_that_died_in_mid_poll_are_found() {
    core();
    spawn(sleep(Duration::MAX), 0).unwrap();
    waits(born());
    let pid = spawn(sleep(Duration::MAX), 0).unwrap();
    waits(born());
    girder_lockfree::process::kill(pid);
    let token = collect().woken.queue.pop_front().expect("it has to die");
    token.give_up().discontinue();
    let mut turns = 0;
    while ring_alarms(0, 32).is_behind {
        turns += 1;
    }
    assert!(turns > 10, "looked at all nodes at once");
    assert_eq!(simulate_counting_alarms(), 1);
}
