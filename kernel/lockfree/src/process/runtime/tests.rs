//! Time on a core, on one that is driven by hand.

use super::super::here::{Here, collect, simulate_leaving, simulate_time};
use super::super::{
    ExitReason, Finished, Polled, Start, Table, Token, Watch, spawn_watched, yield_now,
};
use super::limit_runtime;
use std::boxed::Box;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

const LIMIT: u64 = 1_000;

/// A process with a limit that has begun, and what it is watched with; it needs so much time in each turn.
fn begun(nanos: u64) -> (Token, Watch) {
    let here: &'static Here = Box::leak(Box::new(Here::new()));
    here.set_reductions(100);
    here.simulate(Box::leak(Box::new(Table::new(100))));
    simulate_time(1_000_000);
    let body = move || async move {
        limit_runtime(LIMIT).expect("there is memory");
        assert!(simulate_leaving(), "it asks for ticks");
        loop {
            yield_now().await;
            simulate_time(super::platform::now() + nanos);
        }
    };
    let (_, watch) = spawn_watched(body, 2).expect("there is room");
    let token = collect().newborn.queue.pop_front().expect("it was born");
    (turn(token).expect("it lives"), watch)
}

/// One turn, of one that has not to die.
fn turn(token: Token) -> Result<Token, Finished> {
    match token.start() {
        Start::Run(process) => match process.poll() {
            Polled::Yielded(token) | Polled::YieldedWithCare(token) => Ok(token),
            other => panic!("{other:?}"),
        },
        Start::Die(token) => Err(token.drop_future()),
        other => panic!("{other:?}"),
    }
}

fn ends(token: Token, watch: &mut Watch) -> ExitReason {
    let finished = turn(token).expect_err("it goes on");
    finished.discontinue();
    match Pin::new(watch).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(reason) => reason,
        Poll::Pending => panic!("nobody tells"),
    }
}

#[test]
fn who_has_had_more_than_its_limit_is_ended() {
    let (mut token, mut watch) = begun(LIMIT / 4);
    // It is over when it is more, not when it is all.
    for _ in 0..5 {
        token = turn(token).expect("it has time left");
    }
    assert_eq!(ends(token, &mut watch), ExitReason::RuntimeLimit);
}

#[test]
fn what_it_waits_does_not_count() {
    let (mut token, _watch) = begun(0);
    for _ in 0..100 {
        token = turn(token).expect("it has used nothing");
        simulate_time(super::platform::now() + LIMIT);
    }
    token.drop_future().discontinue();
}

/// Broken off, it stands in a queue; when it goes on, it counts on.
#[test]
fn what_it_uses_between_two_interrupts_counts_and_nothing_else() {
    let (mut token, mut watch) = begun(0);
    for turn in 0..4 {
        token = token.simulate_frame();
        token.goes_on_counting();
        simulate_time(super::platform::now() + LIMIT / 3);
        match turn % 2 {
            0 => token.pauses(),
            _ => assert!(token.count_tick() > 0 && token.wants_ticks()),
        }
        simulate_time(super::platform::now() + 10 * LIMIT);
        let is_over = token.header().slot.word.activity(token.pid()).is_none();
        assert!(!is_over, "it lives until it is its turn");
        token = match token.start() {
            Start::GoOn(token) if turn < 3 => token,
            Start::Die(token) if turn == 3 => {
                token.simulate_going_on().put_off().give_up().discontinue();
                let reason = Pin::new(&mut watch).poll(&mut Context::from_waker(Waker::noop()));
                assert_eq!(reason, Poll::Ready(ExitReason::RuntimeLimit));
                return;
            }
            other => panic!("turn {turn}: {other:?}"),
        };
    }
    panic!("it goes on for ever");
}

/// A tick that finds one that is about to begin has found nobody who runs.
#[test]
fn who_is_put_off_has_used_nothing() {
    let (mut token, _watch) = begun(0);
    for _ in 0..10 {
        simulate_time(super::platform::now() + LIMIT);
        let _ = token.count_tick();
        token.pauses();
    }
    let token = turn(token).expect("it has used nothing");
    token.drop_future().discontinue();
}

/// Who has to die has what its end may take, whatever it had before.
#[test]
fn the_end_of_one_that_is_killed_is_not_limited_by_it() {
    let (token, _watch) = begun(0);
    let mut token = token.simulate_frame();
    token.goes_on_counting();
    assert_eq!(token.overtime(), 0);
    simulate_time(super::platform::now() + 10 * LIMIT);
    for tick in 1..5 {
        let _ = token.count_tick();
        assert_eq!(token.overtime(), tick);
    }
    token.simulate_going_on().put_off().give_up().discontinue();
}

#[test]
fn outside_of_processes_there_is_nothing_to_limit() {
    assert!(limit_runtime(LIMIT).is_err());
}
