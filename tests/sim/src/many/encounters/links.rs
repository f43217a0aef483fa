//! What is promised of links and exit signals. The driver traps exits.

use super::{Condition, Target, pause, until};
use crate::many::programs::{count_newborn, counted, ordinary, point};
use crate::many::world::with_state;
use girder_core::mail::try_receive;
use girder_core::rng::Rng;
use girder_core::sched::ExitReason;
use girder_lockfree::process::{Exit, Pid, exit_signal, is_alive, link, spawn_watched, unlink};
use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

impl Target {
    /// To the driver, and another that ends with it.
    pub(super) async fn is_linked(&mut self, wanted: Condition, rng: &mut Rng) {
        link(self.pid).expect("there is memory");
        if wanted.is_alive() {
            link(self.pid).expect("there is one");
        }
        self.linked = Some(match wanted {
            Condition::Dying => None,
            _ => Some(wanted.is_alive()),
        });
        let (pid, has_linked) = (self.pid, Arc::new(AtomicBool::new(false)));
        let says_so = has_linked.clone();
        let follows = move || {
            counted(async move {
                link(pid).expect("there is memory");
                says_so.store(true, Relaxed);
                point().await;
                pending().await
            })
        };
        let (follower, watch) =
            spawn_watched(follows, ordinary(rng).level()).expect("there is room");
        count_newborn(follower);
        self.follower = Some((follower, watch));
        until(rng, || has_linked.load(Relaxed)).await;
    }

    /// Whether it was in time or not, nothing is told after that.
    pub(super) fn is_cut(&mut self, wanted: Condition) {
        link(self.pid).expect("there is memory");
        let is_in_time = unlink(self.pid);
        if wanted != Condition::Dying {
            assert_eq!(is_in_time, wanted.is_alive());
        }
        assert!(!unlink(self.pid), "cut twice");
        if !is_in_time {
            is_told(self.pid, try_receive().expect("told before"), None);
        }
        assert_eq!(try_receive::<Exit>(), None, "told after it was cut");
    }

    pub(super) fn is_signalled(&mut self, wanted: Condition) {
        exit_signal(self.pid, ExitReason::Shutdown).expect("there is memory");
        if wanted.is_alive() {
            self.reason = ExitReason::Shutdown;
            with_state(|state| state.score.killed += 1);
        }
    }

    /// It has ended: whoever is linked to it knows.
    pub(super) async fn linked_end(&mut self, rng: &mut Rng) {
        let Some(was_there) = self.linked.take() else {
            return;
        };
        let exit = loop {
            if let Some(exit) = try_receive::<Exit>() {
                break exit;
            }
            pause(rng).await;
        };
        is_told(self.pid, exit, was_there);
        let (follower, watch) = self.follower.take().expect("there is one");
        let reason = watch.await;
        assert!(!is_alive(follower));
        with_state(|state| state.score.killed += 1);
        match was_there {
            Some(true) => assert_eq!(reason, ExitReason::Killed),
            _ => assert!(matches!(reason, ExitReason::Killed | ExitReason::NoProcess)),
        }
    }
}

fn is_told(pid: Pid, exit: Exit, was_there: Option<bool>) {
    assert_eq!(exit.pid, pid);
    match was_there {
        Some(true) => assert_eq!(exit.reason, ExitReason::Killed),
        Some(false) => assert_eq!(exit.reason, ExitReason::NoProcess),
        None => assert!(matches!(
            exit.reason,
            ExitReason::Killed | ExitReason::NoProcess
        )),
    }
}
