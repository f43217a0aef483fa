//! What simulated processes do.
//!
//! A program is ordinary asynchronous code that calls [`point`] before and after each call of the
//! runtime: that is where simulated interrupts strike.

mod actors;
mod arenas;
mod bounded;
mod calls;
mod hibernation;
mod honest;
mod lanes;
mod mail;
mod nest;
mod received;
mod timers;
mod trouble;
mod watching;

use crate::world::{self, paid, with_state};
use girder_core::rng::Rng;
use girder_core::sched::{Priority, sleep_until};
use girder_lockfree::process::{self, NoProcess, Pid, Watch};
use girder_lockfree::scarcity::OutOfMemory;
use honest::{attempt, honest, send_honestly};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

/// Where an interrupt may strike: comes back at once, or after the process was broken off.
pub async fn point() {
    world::work();
    if world::interrupt_strikes() {
        let mut is_back = false;
        poll_fn(|_| {
            if std::mem::replace(&mut is_back, true) {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
        .await;
    }
}

/// A wait that an interrupt may break off after the inner future has said that it is not ready: when
/// the process is given the core again it comes back from there, without another look. Whoever
/// woke it meanwhile must not be forgotten.
struct Interruptible<F> {
    wait: Pin<Box<F>>,
    was_broken_off: bool,
}

fn interruptible<F: Future>(wait: F) -> Interruptible<F> {
    Interruptible {
        wait: Box::pin(wait),
        was_broken_off: false,
    }
}

impl<F: Future> Future for Interruptible<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        if std::mem::take(&mut self.was_broken_off) {
            return Poll::Pending;
        }
        let outcome = self.wait.as_mut().poll(context);
        if outcome.is_pending() {
            self.was_broken_off = world::interrupt_strikes();
        }
        outcome
    }
}

/// What a run has to do.
#[derive(Clone, Copy, Debug)]
pub enum Scenario {
    /// Processes that yield, and some that never do.
    YieldersAndSpinners,
    /// Pairs that pass a ball, through channels that know nothing of us.
    Pairs,
    /// Sleepers of all lengths.
    Sleepers,
    /// More sleepers with one deadline than ring in one turn.
    Crowd,
    /// Processes that wait for several things at a time, some through wakers of their own.
    Nest,
    /// Timeouts, intervals, alarms that are taken back.
    Timers,
    /// A tree of processes that spawn.
    Tree,
    /// Processes that wait for the end of others.
    Watching,
    /// Messages among processes that are killed and replaced.
    Mail,
    /// The same with limits to mailboxes.
    Bounded,
    /// Messages that pass others, by lanes that are opened and closed.
    Lanes,
    /// Calls of servers that are killed and replaced, as are those who call.
    Calls,
    /// Processes with memory of their own, some of which are killed.
    Arenas,
    /// Processes that hibernate.
    Hibernation,
    /// Everything, while others kill, suspend, resume and wake at random.
    Trouble,
}

impl Scenario {
    /// All of them.
    pub const ALL: [Self; 15] = [
        Self::YieldersAndSpinners,
        Self::Pairs,
        Self::Sleepers,
        Self::Crowd,
        Self::Nest,
        Self::Timers,
        Self::Tree,
        Self::Watching,
        Self::Mail,
        Self::Bounded,
        Self::Lanes,
        Self::Calls,
        Self::Arenas,
        Self::Hibernation,
        Self::Trouble,
    ];
}

/// What the processes of a run have come to.
#[derive(Debug, Default)]
pub(crate) struct Score {
    /// Those that have not ended, as far as anybody has looked; the kernel's own among them.
    pub(crate) alive: BTreeSet<Pid>,
    /// How many have been seen.
    pub(crate) ever_born: usize,
    /// Those that a program has spawned.
    pub(crate) bodies: BTreeSet<Pid>,
    /// Bodies that came to their end.
    pub(crate) finished: usize,
    /// Bodies that processes were to go on as when they hibernated.
    pub(crate) successors: usize,
    /// Bodies that were dropped.
    pub(crate) dropped: usize,
    /// Processes that could not be made.
    pub(crate) refused: usize,
}

pub(crate) type Shared = Rc<RefCell<Score>>;

/// Spawns the processes of a scenario.
pub(crate) fn start(scenario: Scenario, rng: &mut Rng, score: &Shared) {
    match scenario {
        Scenario::YieldersAndSpinners => actors::yielders_and_spinners(rng, score),
        Scenario::Pairs => (0..4).for_each(|_| actors::pair(rng, score)),
        Scenario::Sleepers => (0..20).for_each(|_| actors::sleeper(rng, score)),
        Scenario::Crowd => (0..150).for_each(|_| actors::one_of_a_crowd(score)),
        Scenario::Nest => nest::all(rng, score),
        Scenario::Timers => timers::start(rng, score),
        Scenario::Tree => actors::tree(4, score.clone(), Priority::Normal),
        Scenario::Watching => watching::start(rng, score),
        Scenario::Mail => mail::start(rng, score),
        Scenario::Bounded => bounded::start(rng, score),
        Scenario::Lanes => lanes::start(rng, score),
        Scenario::Calls => calls::start(rng, score),
        Scenario::Arenas => arenas::start(rng, score),
        Scenario::Hibernation => hibernation::start(rng, score),
        Scenario::Trouble => trouble::all(rng, score),
    }
}

/// A body as a process runs it: on one thread for ever, and counted when it is dropped.
struct Body<F> {
    body: F,
    score: Shared,
}

// SAFETY: a simulation runs on one thread from its first spawn to its last turn.
unsafe impl<F> Send for Body<F> {}

impl<F: Future> Future for Body<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        // SAFETY: the field is pinned with the whole.
        let body = unsafe { self.map_unchecked_mut(|this| &mut this.body) };
        let poll = || match world::is_waker_lost() {
            true => body.poll(&mut Context::from_waker(Waker::noop())),
            false => body.poll(context),
        };
        match catch_unwind(AssertUnwindSafe(poll)) {
            Ok(poll) => poll,
            // It can't go on, and nobody drops it.
            Err(why) if why.is::<OutOfMemory>() => {
                world::crash();
                Poll::Pending
            }
            Err(why) => resume_unwind(why),
        }
    }
}

impl<F> Drop for Body<F> {
    fn drop(&mut self) {
        self.score.borrow_mut().dropped += 1;
    }
}

/// Makes a process, unless the adversary says that there is no memory for it.
fn spawn(
    priority: Priority,
    score: &Shared,
    body: impl Future<Output = ()> + 'static,
) -> Option<Pid> {
    let body = make(score, body);
    let made = attempt(|| process::spawn(body, priority.level()));
    counted(score, made.map(|pid| (pid, ()))).map(|(pid, ())| pid)
}

/// The same for one whose end is told.
fn spawn_watched(
    priority: Priority,
    score: &Shared,
    body: impl Future<Output = ()> + 'static,
) -> Option<(Pid, Watch)> {
    let body = make(score, body);
    counted(
        score,
        attempt(|| process::spawn_watched(move || body, priority.level())),
    )
}

/// What such a process runs.
fn make(
    score: &Shared,
    body: impl Future<Output = ()> + 'static,
) -> impl Future<Output = ()> + Send + 'static {
    let at_end = score.clone();
    Body {
        body: async move {
            point().await;
            body.await;
            point().await;
            at_end.borrow_mut().finished += 1;
        },
        score: score.clone(),
    }
}

fn counted<R>(score: &Shared, outcome: Result<(Pid, R), NoProcess>) -> Option<(Pid, R)> {
    match outcome {
        Ok((pid, rest)) => {
            score.borrow_mut().bodies.insert(pid);
            with_state(|state| state.born.push(pid));
            Some((pid, rest))
        }
        Err(NoProcess) => {
            score.borrow_mut().refused += 1;
            None
        }
    }
}

fn any_priority(rng: &mut Rng) -> Priority {
    Priority::ALL[rng.below(4) as usize]
}
