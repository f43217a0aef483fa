//! The operations, and what is promised of each.

use super::{Condition, Deed, Gift, Letter, Target, kill, pause, until};
use crate::many::bound::choose_for;
use crate::many::programs::{ordinary, spawn};
use girder_core::mail::{send, try_receive};
use girder_core::rng::Rng;
use girder_core::sched::ExitReason;
use girder_core::time::Cancelled;
use girder_lockfree::mail::Sent;
use girder_lockfree::process::crew::at_standstill;
use girder_lockfree::process::inspect::{Standing, standing};
use girder_lockfree::process::{self, CoreMask, MonitorRef, Request, demonitor_and_flush};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

impl Target {
    pub(super) async fn meet(
        &mut self,
        deed: Deed,
        wanted: Condition,
        rng: &mut Rng,
        cores: usize,
    ) {
        match deed {
            Deed::Send => self.is_sent(wanted, rng).await,
            Deed::Kill => self.is_taken(kill(self.pid), wanted),
            Deed::Suspend => self.is_suspended(wanted, rng).await,
            Deed::SetLevel => self.is_moved_to_level(wanted, rng).await,
            Deed::Cancel => {
                assert_eq!(self.later.cancel(), Cancelled::InTime);
                assert_eq!(self.dropped.load(Relaxed), 1, "not dropped at once");
            }
            Deed::Free => {
                let Gift(from) = try_receive().expect("each sends one first");
                assert_eq!(from, self.pid);
            }
            Deed::Join => self.is_joined(rng),
            Deed::Look => self.is_looked_at(wanted),
            Deed::Monitor => {
                self.is_monitored(wanted);
                self.is_let_go(wanted, rng).await;
                if wanted.is_alive() {
                    self.goes_on(rng).await;
                }
            }
            Deed::Demonitor => self.is_demonitored(wanted),
            Deed::Link => {
                self.is_linked(wanted, rng).await;
                self.is_let_go(wanted, rng).await;
                if wanted.is_alive() {
                    self.goes_on(rng).await;
                }
            }
            Deed::Unlink => self.is_cut(wanted),
            Deed::Signal => self.is_signalled(wanted),
            Deed::Choose => {
                let cores = CoreMask::only(rng.below(cores as u64) as usize);
                self.is_taken(choose_for(self.pid, cores), wanted);
                self.is_let_go(wanted, rng).await;
                if wanted.is_alive() {
                    self.goes_on(rng).await;
                }
            }
        }
    }

    fn is_monitored(&mut self, wanted: Condition) -> MonitorRef {
        let reference = process::monitor(self.pid).expect("there is memory");
        let was_there = match wanted {
            Condition::Dying => None,
            _ => Some(wanted.is_alive()),
        };
        self.monitored = Some((reference, was_there));
        reference
    }

    /// Whether it was in time or not, nothing is told after that.
    fn is_demonitored(&mut self, wanted: Condition) {
        let reference = self.is_monitored(wanted);
        let is_in_time = demonitor_and_flush(reference);
        if wanted != Condition::Dying {
            assert_eq!(is_in_time, wanted.is_alive());
        }
        assert!(!demonitor_and_flush(reference), "cut twice");
        self.monitored = None;
    }

    /// What is asked of the living is done, and of the dead not. (Of the dying either may be said.)
    fn is_taken(&self, request: Request, wanted: Condition) {
        match wanted {
            Condition::Dying => {}
            Condition::Dead | Condition::Replaced => assert_eq!(request, Request::Ignored),
            _ => assert_eq!(request, Request::Taken, "{wanted:?}"),
        }
    }

    /// One that was suspended before has not gone on for what was done to it; now it does.
    pub(super) async fn is_let_go(&mut self, wanted: Condition, rng: &mut Rng) {
        if wanted == Condition::Suspended {
            let before = self.shown.rounds.load(Relaxed);
            pause(rng).await;
            assert_eq!(self.shown.rounds.load(Relaxed), before, "goes on suspended");
            assert_eq!(process::resume(self.pid), Request::Taken);
        }
    }

    /// It begins two more rounds.
    pub(super) async fn goes_on(&mut self, rng: &mut Rng) {
        let before = self.shown.rounds.load(Relaxed);
        until(rng, || self.shown.rounds.load(Relaxed) >= before + 2).await;
    }

    async fn is_sent(&mut self, wanted: Condition, rng: &mut Rng) {
        let letter = Letter(self.dropped.clone());
        let sent = send(self.pid, letter).expect("there is an envelope");
        self.letters += 1;
        if wanted.is_alive() {
            assert_eq!(sent, Sent::Delivered);
            self.is_let_go(wanted, rng).await;
            until(rng, || self.shown.received.load(Relaxed) == 1).await;
        } else if wanted != Condition::Dying {
            assert_eq!(sent, Sent::ToNobody);
            assert_eq!(self.dropped.load(Relaxed), 1, "not dropped at once");
        }
    }

    async fn is_suspended(&mut self, wanted: Condition, rng: &mut Rng) {
        let request = process::suspend(self.pid);
        match wanted {
            // It is so already, and one that resumes it is enough.
            Condition::Suspended => assert_eq!(request, Request::Ignored),
            _ => self.is_taken(request, wanted),
        }
        if !wanted.is_alive() {
            return;
        }
        until(rng, || standing(self.pid) != Some(Standing::Runnable)).await;
        let before = self.shown.rounds.load(Relaxed);
        for _ in 0..5 {
            pause(rng).await;
        }
        assert_eq!(self.shown.rounds.load(Relaxed), before, "goes on suspended");
        assert_eq!(process::resume(self.pid), Request::Taken);
        self.goes_on(rng).await;
    }

    async fn is_moved_to_level(&mut self, wanted: Condition, rng: &mut Rng) {
        let level = ordinary(rng).level();
        self.is_taken(process::set_level(self.pid, level), wanted);
        self.is_let_go(wanted, rng).await;
        if wanted.is_alive() {
            until(rng, || self.shown.level.load(Relaxed) == u64::from(level)).await;
        }
    }

    fn is_joined(&mut self, rng: &mut Rng) {
        let is_told = Arc::new(AtomicBool::new(false));
        let watch = self.watch.take().expect("taken once");
        self.joined = Some(is_told.clone());
        spawn(ordinary(rng), async move {
            assert_eq!(watch.await, ExitReason::Killed);
            is_told.store(true, Relaxed);
        });
    }

    fn is_looked_at(&self, wanted: Condition) {
        let seen = at_standstill(|all| all.view(self.pid)).expect("all cores come");
        match wanted {
            Condition::Dead | Condition::Replaced => assert_eq!(seen, None),
            Condition::Dying => {}
            _ => assert!(seen.expect("it lives").account.is_some()),
        }
    }
}
