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
        let begin = || {
            let again: Pin<&mut _> = again.as_mut();
            Future::poll(again, &mut Context::from_waker(Waker::noop())).is_pending()
        };
        assert!(catch_unwind(AssertUnwindSafe(begin)).is_err(), "it did");
        if self.is_kept {
            core::mem::forget(again);
        }
    }
}

#[test]
fn what_a_process_leaves_is_dropped_once_though_its_destructor_hibernates_again() {
    for is_kept in [true, false] {
        let table = Box::leak(Box::new(Table::new(4)));
        Box::leak(Box::new(Here::new())).simulate(table);
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
        let mut token = collect().newborn.queue.pop_front().expect("born");
        token.grant(100);
        for _ in 0..8 {
            let Start::Run(process) = token.settle_in().start() else {
                panic!("not to be run")
            };
            token = match process.poll() {
                Polled::Done(finished) => {
                    finished.discontinue();
                    break;
                }
                Polled::Yielded(token)
                | Polled::YieldedWithCare(token)
                | Polled::Waiting(token) => token,
            };
            token.begin_stint();
        }
        assert_eq!((drops.load(SeqCst), lives.load(SeqCst)), (1, 1));
    }
}
