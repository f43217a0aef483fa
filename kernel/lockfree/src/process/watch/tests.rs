//! Ends that are watched, driven by hand.

use super::*;
use crate::process::here::{Here, collect};
use crate::process::{
    Finished, NoProcess, Polled, Request, Start, Table, Token, Words, is_alive, kill, spawn,
    spawn_watched, yield_now,
};
use core::future::pending;
use std::boxed::Box;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::sync::{Arc, Mutex};

/// Makes this thread a core with a table of its own.
fn core(limit: u32) {
    let table = Box::leak(Box::new(Table::new(limit)));
    Box::leak(Box::new(Here::new())).simulate(table);
}

fn arrivals(ready: &mut VecDeque<Token>) {
    let mut arrivals = collect();
    ready.extend(core::iter::from_fn(|| arrivals.newborn.queue.pop_front()));
    ready.extend(core::iter::from_fn(|| arrivals.woken.queue.pop_front()));
}

/// Runs processes, and whoever has been woken by that, until nobody is left.
fn run_out() {
    let mut ready = VecDeque::new();
    loop {
        arrivals(&mut ready);
        let Some(token) = ready.pop_front() else {
            return;
        };
        match token.start() {
            Start::Die(token) => token.drop_future().discontinue(),
            Start::Run(process) => match process.poll() {
                Polled::Done(finished) => finished.discontinue(),
                Polled::Waiting(token) | Polled::Listening(token) => ready.extend(token.park()),
                Polled::Yielded(mut token) | Polled::YieldedWithCare(mut token) => {
                    token.begin_stint();
                    ready.push_back(token);
                }
            },
            other => panic!("{other:?}"),
        }
    }
}

type Noted = Arc<Mutex<Option<ExitReason>>>;

/// Spawns a process that notes how another ends.
fn note_end(watch: Watch) -> Noted {
    let noted = Noted::default();
    let note = noted.clone();
    let observer = async move {
        let reason = watch.await;
        *note.lock().unwrap() = Some(reason);
    };
    spawn(observer, 0).unwrap();
    noted
}

fn take(noted: &Noted) -> Option<ExitReason> {
    noted.lock().unwrap().take()
}

#[test]
fn whoever_watches_is_told_how_it_ended() {
    core(8);
    let (_, returns) = spawn_watched(|| async { yield_now().await }, 0).unwrap();
    let (victim, dies) = spawn_watched(pending::<()>, 0).unwrap();
    let ends = [returns, dies].map(note_end);
    run_out();
    assert_eq!(kill(victim), Request::Taken);
    run_out();
    let expected = [Some(ExitReason::Returned), Some(ExitReason::Killed)];
    assert_eq!(ends.each_ref().map(take), expected);
}

#[test]
fn an_end_before_anybody_looks_is_kept() {
    core(8);
    let (pid, watch) = spawn_watched(|| async {}, 0).unwrap();
    run_out();
    assert!(!is_alive(pid));
    assert_eq!(watch.reason(), Some(ExitReason::Returned));
    let end = note_end(watch);
    run_out();
    assert_eq!(take(&end), Some(ExitReason::Returned));
}

#[test]
fn a_crash_is_told_in_its_words_and_after_all_is_given_back() {
    core(8);
    let (pid, watch) = spawn_watched(pending::<()>, 0).unwrap();
    let mut ready = VecDeque::new();
    arrivals(&mut ready);
    let token = ready.pop_front().unwrap();
    let local = NonNull::from(token.local());
    // What a platform does that never goes on with a poll: the token is on a lost stack.
    core::mem::forget(token);
    let reason = ExitReason::Panicked(Words::of("ouch"));
    // SAFETY: nobody has the token any more.
    let (finished, untold) = unsafe { Finished::crashed(local, reason.clone()) };
    assert_eq!((untold, watch.reason()), (None, None));
    finished.discontinue();
    assert!(!is_alive(pid));
    assert_eq!(watch.reason(), Some(reason));
}

#[test]
fn a_waker_of_somebody_elses_is_told_to_look_again() {
    struct Count(AtomicU32);

    impl std::task::Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, SeqCst);
        }
    }

    core(8);
    let (_, mut watch) = spawn_watched(|| async {}, 0).unwrap();
    let count = Arc::new(Count(AtomicU32::new(0)));
    let waker = count.clone().into();
    let mut poll = || Pin::new(&mut watch).poll(&mut Context::from_waker(&waker));
    assert!(poll().is_pending());
    assert_eq!(count.0.load(SeqCst), 1);
    run_out();
    assert_eq!(poll(), Poll::Ready(ExitReason::Returned));
}

#[test]
fn without_room_nobody_is_watched() {
    core(1);
    let (_, _watch) = spawn_watched(|| async {}, 0).unwrap();
    assert_eq!(spawn_watched(|| async {}, 0).err(), Some(NoProcess));
    run_out();
}
