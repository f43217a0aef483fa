//! Where envelopes are at each step, on a core that is driven by hand.

mod back;
mod hand;
mod reaper;
mod runs;

use super::look::header;
use super::*;
use crate::process::here::{self, Here, collect};
use crate::process::{
    Header, Pid, Polled, Start, Table, Token, kill, platform, spawn, view, yield_now,
};
use std::boxed::Box;
use std::future::poll_fn;
use std::mem::ManuallyDrop;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::{Context, Poll, Waker};
use std::vec::Vec;

const LEVEL: u8 = 2;

/// A core of its own.
fn core() -> &'static Table {
    core_for(1_000)
}

/// The same, with room for so many processes.
fn core_for(processes: u32) -> &'static Table {
    let table = Box::leak(Box::new(Table::new(processes)));
    Box::leak(Box::new(Here::new())).simulate(table);
    table
}

/// A message that tells when it is dropped.
struct Witness(Arc<AtomicUsize>);

impl Drop for Witness {
    fn drop(&mut self) {
        self.0.fetch_add(1, SeqCst);
    }
}

fn put<M: Send + 'static>(to: Pid, message: M) {
    assert!(send(Receiver::of(to), message).is_ok(), "no memory");
}

async fn next<M: Send + 'static>() -> M {
    let mut position = Position::default();
    poll_fn(|context| poll_receive(context, &mut position)).await
}

fn born(body: impl Future<Output = ()> + Send + 'static) -> (Pid, Token) {
    let pid = spawn(body, LEVEL).expect("room");
    let mut token = collect().newborn.queue.pop_front().expect("born");
    token.grant(1_000);
    (pid, token)
}

/// Gives it a turn, after which it is neither done nor yields.
fn run(token: Token) -> Token {
    let Start::Run(process) = token.start() else {
        panic!("not to be run")
    };
    let (Polled::Waiting(token) | Polled::Listening(token)) = process.poll() else {
        panic!("does not wait")
    };
    token
}

/// Envelopes of this core alone that hold a message.
fn envelopes_here() -> usize {
    here::with_desk(|here, desk| {
        desk.pool.sort_all(here);
        desk.pool.count_used(here)
    })
}

fn woken() -> Token {
    collect().woken.queue.pop_front().expect("woken")
}

/// Ends it where it stands, as a kill does that waits no longer.
fn give_up(token: Token) {
    token.simulate_frame().give_up().discontinue();
}

/// Runs the reaper, until all that was left unread is dropped.
fn clear() {
    reap(LEVEL, LEVEL);
    while let Some(mut token) = collect().newborn.queue.pop_front() {
        let finished = loop {
            token.grant(100);
            let polled = match token.start() {
                Start::Run(process) => process.poll(),
                Start::Die(token) => break token.drop_future(),
                other => panic!("{other:?}"),
            };
            match polled {
                Polled::Yielded(next) | Polled::YieldedWithCare(next) => token = next,
                Polled::Done(finished) => break finished,
                other => panic!("the reaper waits: {other:?}"),
            }
        };
        finished.discontinue();
        reap(LEVEL, LEVEL);
    }
}

#[test]
fn who_is_given_up_between_reading_a_message_and_moving_the_cursor_has_not_read_it() {
    core();
    let drops = Arc::new(AtomicUsize::new(0));
    let (pid, token) = born(async {
        drop(next::<Witness>().await);
        poll_fn(|_| {
            let first = header().local.mailbox.first().expect("a second one");
            // SAFETY: it holds that. The copy is on a stack that nobody comes back to.
            let _ = ManuallyDrop::new(unsafe { first.empty::<Witness>() });
            Poll::<()>::Pending
        })
        .await;
    });
    (0..3).for_each(|_| put(pid, Witness(drops.clone())));
    let token = run(token);
    assert_eq!(drops.load(SeqCst), 1);
    give_up(token);
    assert_eq!(
        envelopes_in_use().expect("all cores come to rest"),
        2,
        "the emptied one is back"
    );
    clear();
    assert_eq!(drops.load(SeqCst), 3, "lost, or dropped twice");
    assert_eq!(
        (
            traffic().expect("all cores come to rest").unread,
            envelopes_in_use().expect("all cores come to rest")
        ),
        (2, 0)
    );
}

#[test]
fn who_is_given_up_while_a_stack_is_turned_round_loses_nothing() {
    const COUNT: usize = 300;
    for emptied in 0..2 {
        core();
        let drops = Arc::new(AtomicUsize::new(0));
        let (pid, token) = born(async move {
            for _ in 0..emptied {
                next::<u8>().await;
            }
            poll_fn(|_| Poll::<()>::Pending).await;
        });
        (0..emptied).for_each(|_| put(pid, 1_u8));
        // It comes back, and is not parked: its emptied envelope is in its list.
        let token = run(token);
        (0..COUNT).for_each(|_| put(pid, Witness(drops.clone())));
        here::with_desk(|here, desk| {
            let Header { local, slot, .. } = token.header();
            local.begin_to_turn(slot.word.take(), here.table().slabs());
            assert!(!local.turn(here, &mut desk.pool), "all in one slice");
        });
        put(pid, Witness(drops.clone()));
        give_up(token);
        clear();
        assert_eq!(drops.load(SeqCst), COUNT + 1);
        assert_eq!(envelopes_in_use().expect("all cores come to rest"), 0);
    }
}

#[test]
fn who_waits_or_ends_or_is_given_more_to_spend_keeps_no_emptied_envelopes() {
    core();
    let (pid, token) = born(async {
        for _ in 0..2 {
            next::<u8>().await;
            let mut is_back = false;
            poll_fn(|_| match core::mem::replace(&mut is_back, true) {
                true => Poll::Ready(()),
                false => Poll::Pending,
            })
            .await;
        }
        next::<u8>().await;
    });
    // One of another type stays where it is, behind the emptied ones.
    (0..3_u8).for_each(|number| put(pid, number));
    put(pid, 'x');
    let mut token = run(token);
    assert_eq!(
        envelopes_in_use().expect("all cores come to rest"),
        4,
        "kept until it gives way"
    );
    token.grant(100);
    assert_eq!(envelopes_in_use().expect("all cores come to rest"), 3);
    let token = run(token);
    assert_eq!(envelopes_in_use().expect("all cores come to rest"), 3);
    assert!(token.park().is_none());
    assert_eq!(envelopes_in_use().expect("all cores come to rest"), 2);
    crate::process::wake(pid);
    let Start::Run(process) = woken().start() else {
        panic!("not to be run")
    };
    let Polled::Done(finished) = process.poll() else {
        panic!("not done")
    };
    assert_eq!(envelopes_in_use().expect("all cores come to rest"), 2);
    finished.discontinue();
    assert_eq!(envelopes_in_use().expect("all cores come to rest"), 1);
    clear();
    assert_eq!(
        (
            envelopes_in_use().expect("all cores come to rest"),
            traffic().expect("all cores come to rest").unread
        ),
        (0, 1)
    );
}

#[test]
fn who_answers_uses_the_envelope_that_has_just_come() {
    core();
    let (other, waiting) = born(async { while next::<u8>().await != u8::MAX {} });
    let (pid, token) = born(async move {
        let before = envelopes_in_use().expect("all cores come to rest");
        for _ in 0..10 {
            let number = next::<u8>().await;
            put(other, number);
            assert_eq!(envelopes_in_use().expect("all cores come to rest"), before);
        }
        poll_fn(|_| Poll::<()>::Pending).await;
    });
    (0..10_u8).for_each(|number| put(pid, number));
    let token = run(token);
    assert_eq!(envelopes_in_use().expect("all cores come to rest"), 10);
    give_up(token);
    give_up(waiting);
    clear();
    assert_eq!(
        (
            envelopes_in_use().expect("all cores come to rest"),
            traffic().expect("all cores come to rest").unread
        ),
        (0, 10)
    );
}

#[test]
fn what_waits_is_counted_and_so_is_the_most_that_has() {
    core();
    let seen = |pid| {
        let account = view(pid).expect("it lives").account.expect("one core");
        (account.messages, account.most_messages)
    };
    let (pid, token) = born(async {
        next::<u16>().await;
        next::<u8>().await;
        poll_fn(|_| Poll::<()>::Pending).await;
    });
    assert_eq!(seen(pid), (0, 0));
    (0..3_u8).for_each(|number| put(pid, number));
    assert_eq!(seen(pid), (3, 3));
    assert!(run(token).park().is_none());
    assert_eq!(seen(pid), (3, 3));
    put(pid, 0_u16);
    assert_eq!(seen(pid), (4, 4));
    let token = run(woken());
    assert_eq!(seen(pid), (2, 4));
    give_up(token);
    clear();
    assert_eq!(envelopes_in_use().expect("all cores come to rest"), 0);
}

#[test]
fn what_is_emptied_on_another_core_goes_home_in_runs() {
    const COUNT: usize = 300;
    let table = Box::leak(Box::new(Table::new(1_000)));
    let [first, second] = [(); 2].map(|()| &*Box::leak(Box::new(Here::new())));
    second.simulate(table);
    first.simulate(table);
    let (pid, token) = born(async {
        for _ in 0..2 * COUNT {
            next::<usize>().await;
        }
        poll_fn(|_| Poll::<()>::Pending).await;
    });
    // From both in turns, in runs of some.
    for run in (0..2 * COUNT).collect::<Vec<_>>().chunks(7) {
        platform::set_here(if run[0] % 2 == 0 { first } else { second });
        run.iter().for_each(|&number| put(pid, number));
    }
    platform::set_here(second);
    let token = run(token);
    assert!(envelopes_here() > 0);
    assert!(token.park().is_none());
    assert_eq!(envelopes_here(), 0, "on the second core");
    platform::set_here(first);
    assert_eq!(envelopes_here(), 0, "on the first core");
    assert_eq!(crate::process::kill(pid), crate::process::Request::Taken);
    give_up(woken());
}

#[test]
fn who_sends_more_than_it_may_spend_yields_with_care() {
    let table = core();
    let (pid, mut token) = born(async {
        (0..3_u8).for_each(|number| put(Pid::from_number(u64::MAX), number));
        yield_now().await;
        (0..3_u8).for_each(|number| put(Pid::from_number(u64::MAX), number));
        yield_now().await;
    });
    // The very first message brings the memory, and is paid for twice.
    for (budget, is_careful) in [(4, false), (2, true)] {
        token.grant(budget);
        token.set_careful(false);
        let Start::Run(process) = token.start() else {
            panic!("not to be run")
        };
        token = match process.poll() {
            Polled::Yielded(token) if !is_careful => token,
            Polled::YieldedWithCare(token) if is_careful => token,
            other => panic!("{other:?} with {budget}"),
        };
    }
    assert_eq!(
        traffic().expect("all cores come to rest").dead_letters,
        6,
        "there never was such a process"
    );
    assert!(table.slot(pid.index()).is_some());
    give_up(token);
    clear();
    assert_eq!(envelopes_in_use().expect("all cores come to rest"), 0);
}

#[test]
fn what_a_flood_leaves_is_found_in_order_and_once() {
    core();
    // More than are turned round at a time, and no multiple of what is counted together.
    for count in [1_u64, 7, 8, 9, 63, 64, 65, 66, 71, 72, 73, 2_051] {
        let (pid, token) = born(async move {
            for number in 0..count {
                assert_eq!(next::<u64>().await, number);
            }
            poll_fn(|_| Poll::<()>::Pending).await;
        });
        (0..count).for_each(|number| put(pid, number));
        let mut token = token;
        token.grant(10_000);
        let token = run(token);
        assert_eq!(
            view(pid)
                .expect("it lives")
                .account
                .expect("one core")
                .messages,
            0
        );
        give_up(token);
    }
    clear();
    assert_eq!(envelopes_in_use().expect("all cores come to rest"), 0);
}

#[test]
#[should_panic(expected = "only a process has a mailbox")]
fn a_loop_receives_nothing() {
    core();
    let mut position = Position::default();
    let context = Context::from_waker(Waker::noop());
    let _ = poll_receive::<u8>(&context, &mut position);
}
