//! Memory that is not there, on several cores: what a plan says that there is none for, and what becomes of whoever wanted it.
//!
//! Only one core moves at a time, so a run's allocations have numbers as those of one core have, and each of them may be refused,
//! one run after the other. They are those of processes and of the cores' loops, and of whoever bears the first process; what the
//! programs are begun with is there.
//!
//! Whoever is refused something says so, or ends: a program here can't do without, and ends where it stands (`need`). Others may
//! wait for it, so one that is there for that, the *undertaker*, takes all others along. What the judge asks for holds
//! after that as after any run: every slot, home, chunk and alarm is back, on whichever core it was, and each body was dropped once
//! or died in mid-poll.

use super::ManyPlan;
use super::baton::State;
use super::programs::{count_newborn, count_refused, counted};
use super::world::with_state;
use girder_core::sched::Priority;
use girder_lockfree::process::{self, Pid, Request, own_pid, wake};
use girder_lockfree::scarcity::{self, OutOfMemory, Purpose};
use std::cell::Cell;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::task::Poll;

thread_local! {
    /// The running process has ended where it stands.
    static HAS_CRASHED: Cell<bool> = const { Cell::new(false) };
}

/// True if there is memory for this; for `scarcity::simulate`.
pub(super) fn has_memory(purpose: Purpose) -> bool {
    with_state(|state| state.has_memory(purpose))
}

/// How often there was none so far.
pub(super) fn lacks() -> usize {
    with_state(|state| state.memory.failed().len())
}

/// What a call has come to. If it was refused, which is for want of memory and for nothing else, whoever has made it ends.
pub(super) fn need<R, E>(call: impl FnOnce() -> Result<R, E>) -> R {
    let before = lacks();
    let Ok(outcome) = call() else {
        assert!(lacks() > before, "refused, and there was memory");
        end();
    };
    outcome
}

/// The same for what took more than one step, in which others may have been refused as well.
pub(super) fn had<R, E>(outcome: Result<R, E>) -> R {
    let Ok(outcome) = outcome else {
        assert!(lacks() > 0, "refused, and there was memory all the time");
        end();
    };
    outcome
}

fn end() -> ! {
    resume_unwind(Box::new(OutOfMemory))
}

/// Polls a body, which may end there.
pub(super) fn poll_until_end(poll: impl FnOnce() -> Poll<()>) -> Poll<()> {
    match catch_unwind(AssertUnwindSafe(poll)) {
        Ok(poll) => poll,
        // It can't go on, and nobody drops it.
        Err(why) if why.is::<OutOfMemory>() => {
            HAS_CRASHED.set(true);
            Poll::Pending
        }
        Err(why) => resume_unwind(why),
    }
}

/// True once if the process that has just come back has ended like that.
pub(super) fn take_crash() -> bool {
    HAS_CRASHED.take()
}

/// Bears a process that does nothing, however often that is refused: what all need is made for it.
pub(super) fn bear_the_first(plan: ManyPlan) {
    if plan.shortage.is_none() {
        return;
    }
    scarcity::simulate(has_memory);
    loop {
        let (before, body) = (lacks(), counted(async {}));
        if let Ok(pid) = process::spawn(body, Priority::Normal.level()) {
            count_newborn(pid);
            break;
        }
        assert!(lacks() > before, "refused, and there was memory");
        count_refused();
    }
    scarcity::simulate(|_| true);
}

/// Spawns the undertaker, where somebody may be refused something.
pub(super) fn start(plan: ManyPlan) {
    if plan.shortage.is_some() {
        let pid = process::spawn(undertake(), Priority::Max.level()).expect("there is room");
        with_state(|state| {
            state.undertaker = Some(pid);
            state.score.alive.insert(pid);
        });
    }
}

/// Waits until it is alone, and when somebody has died for want of memory sees to it. It asks for nothing.
async fn undertake() {
    let own = own_pid().expect("a process");
    poll_fn(|_| {
        let others = with_state(|state| state.others_than(own));
        let has_crashed = with_state(|state| state.score.crashed > 0);
        for &other in others.iter().filter(|_| has_crashed) {
            if process::kill(other) == Request::Taken {
                with_state(|state| state.score.killed += 1);
            }
        }
        match others.is_empty() {
            true => Poll::Ready(()),
            false => Poll::Pending,
        }
    })
    .await;
}

/// Has the undertaker look, if there is something to see; for a core's loop, when somebody has ended.
pub(super) fn call_undertaker() {
    with_state(State::summons).into_iter().for_each(wake);
}

impl State {
    fn has_memory(&mut self, purpose: Purpose) -> bool {
        // Afterwards all cores move at once, and nothing has a number any more.
        self.is_over() || self.memory.has(purpose, &mut self.rng)
    }

    fn others_than(&self, own: Pid) -> Vec<Pid> {
        let others = self.score.alive.iter().copied();
        others.filter(|&pid| pid != own).collect()
    }

    /// Whom to wake.
    fn summons(&mut self) -> Option<Pid> {
        let undertaker = self.undertaker?;
        let is_alone = self.score.alive.iter().eq([&undertaker]);
        (is_alone || self.score.crashed > 0).then_some(undertaker)
    }
}
