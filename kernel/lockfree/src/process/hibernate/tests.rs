//! Hibernations that somebody begins where there is no way on.

use super::*;
use crate::process::here::{Here, collect};
use crate::process::{Polled, Start, Table, spawn};
use std::boxed::Box;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::task::Waker;

type Count = Arc<AtomicU32>;

/// Begins another hibernation when it is dropped, and keeps it or not.
struct Sleepless {
    drops: Count,
    lives: Count,
    is_kept: bool,
}

impl Drop for Sleepless {
    fn drop(&mut self) {
        self.drops.fetch_add(1, SeqCst);
        let lives = self.lives.clone();
        let mut again = Box::pin(hibernate((), move |()| async move {
            lives.fetch_add(100, SeqCst);
        }));
        let begun = catch_unwind(AssertUnwindSafe(|| begin(again.as_mut())));
        assert!(begun.is_err(), "it did");
        if self.is_kept {
            core::mem::forget(again);
        }
    }
}

fn begin(hibernation: Pin<&mut impl Future>) -> bool {
    hibernation
        .poll(&mut Context::from_waker(Waker::noop()))
        .is_pending()
}

/// Makes this thread a core.
fn core() {
    let table = Box::leak(Box::new(Table::new(4)));
    Box::leak(Box::new(Here::new())).simulate(table);
}

/// Runs the process that was born last to its end.
fn run() {
    let mut token = collect().newborn.queue.pop_front().expect("born");
    token.grant(100);
    for _ in 0..8 {
        let Start::Run(process) = token.settle_in().start() else {
            panic!("not to be run")
        };
        token = match process.poll() {
            Polled::Done(finished) => return finished.discontinue(),
            Polled::Yielded(token)
            | Polled::YieldedWithCare(token)
            | Polled::Waiting(token)
            | Polled::Listening(token) => token,
        };
        token.begin_stint();
    }
    panic!("no end");
}

#[test]
fn what_a_process_leaves_is_dropped_once_though_its_destructor_hibernates_again() {
    for is_kept in [true, false] {
        core();
        let (drops, lives) = (Count::default(), Count::default());
        let sleepless = Sleepless {
            drops: drops.clone(),
            lives: lives.clone(),
            is_kept,
        };
        let next_life = lives.clone();
        let body = async move {
            let _sleepless = sleepless;
            hibernate(next_life, |lives| async move {
                lives.fetch_add(1, SeqCst);
            })
            .await;
        };
        spawn(body, 0).unwrap();
        run();
        assert_eq!((drops.load(SeqCst), lives.load(SeqCst)), (1, 1));
    }
}

#[test]
fn a_hibernation_that_was_sent_away_keeps_nobody_else_from_his() {
    core();
    let (sender, receiver) = std::sync::mpsc::channel();
    let sends = async move {
        let mut begun = Box::pin(hibernate((), |()| async {}));
        assert!(begin(begun.as_mut()));
        sender.send(begun).expect("somebody receives");
    };
    spawn(sends, 0).unwrap();
    run();
    let lives = Count::default();
    let next_life = lives.clone();
    let drops = async move {
        let begun = receiver.recv().expect("it was sent");
        let mut own = Box::pin(hibernate(next_life, |lives| async move {
            lives.fetch_add(1, SeqCst);
        }));
        assert!(begin(own.as_mut()));
        drop(begun);
        own.await;
    };
    spawn(drops, 0).unwrap();
    run();
    assert_eq!(lives.load(SeqCst), 1);
}
