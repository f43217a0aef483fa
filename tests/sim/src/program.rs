//! What simulated processes do.
//!
//! A program is ordinary asynchronous code that calls [`point`] before and after each call of the
//! runtime: that is where simulated interrupts strike.

use crate::world;
use futures_channel::mpsc;
use girder_core::rng::Rng;
use girder_core::sched::{Priority, sleep_until};
use girder_lockfree::process::{self, Pid, here, yield_now};
use std::cell::RefCell;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::Poll;

/// Where an interrupt may strike: comes back at once, or after the process was broken off.
pub async fn point() {
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

    fn poll(mut self: Pin<&mut Self>, context: &mut std::task::Context<'_>) -> Poll<F::Output> {
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
    /// A tree of processes that spawn.
    Tree,
    /// Everything, while others kill, suspend, resume and wake at random.
    Trouble,
}

impl Scenario {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::YieldersAndSpinners,
        Self::Pairs,
        Self::Sleepers,
        Self::Crowd,
        Self::Tree,
        Self::Trouble,
    ];
}

/// What the processes of a run have come to.
#[derive(Debug, Default)]
pub(crate) struct Score {
    pub(crate) born: Vec<Pid>,
    pub(crate) finished: usize,
    /// Processes that were ever killed or suspended for good may not finish.
    pub(crate) may_not_finish: usize,
}

pub(crate) type Shared = Rc<RefCell<Score>>;

/// Spawns the processes of a scenario.
pub(crate) fn start(scenario: Scenario, rng: &mut Rng, score: &Shared) {
    match scenario {
        Scenario::YieldersAndSpinners => yielders_and_spinners(rng, score),
        Scenario::Pairs => (0..4).for_each(|_| pair(rng, score)),
        Scenario::Sleepers => (0..20).for_each(|_| sleeper(rng, score)),
        Scenario::Crowd => (0..150).for_each(|_| one_of_a_crowd(score)),
        Scenario::Tree => tree(4, score.clone(), Priority::Normal),
        Scenario::Trouble => trouble(rng, score),
    }
}

struct Local<F>(F);

// SAFETY: a simulation runs on one thread from its first spawn to its last turn.
unsafe impl<F> Send for Local<F> {}

impl<F: Future> Future for Local<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut std::task::Context<'_>) -> Poll<F::Output> {
        // SAFETY: the field is pinned with the whole.
        unsafe { self.map_unchecked_mut(|this| &mut this.0) }.poll(context)
    }
}

fn spawn(priority: Priority, score: &Shared, body: impl Future<Output = ()> + 'static) -> Pid {
    let at_end = score.clone();
    let body = async move {
        point().await;
        body.await;
        point().await;
        at_end.borrow_mut().finished += 1;
    };
    let pid = process::spawn(Local(body), priority.level()).expect("the table is large enough");
    score.borrow_mut().born.push(pid);
    pid
}

fn any_priority(rng: &mut Rng) -> Priority {
    Priority::ALL[rng.below(4) as usize]
}

fn yielders_and_spinners(rng: &mut Rng, score: &Shared) {
    for _ in 0..6 {
        let (priority, rounds) = (any_priority(rng), rng.below(30));
        spawn(priority, score, async move {
            for _ in 0..rounds {
                point().await;
                yield_now().await;
                point().await;
            }
        });
    }
    for _ in 0..2 {
        spawn(Priority::Normal, score, async {
            for _ in 0..200 {
                point().await;
            }
        });
    }
}

fn pair(rng: &mut Rng, score: &Shared) {
    let rounds = rng.below(20) as u32;
    let (there, mut there_end) = mpsc::unbounded::<u32>();
    let (back, mut back_end) = mpsc::unbounded::<u32>();
    spawn(any_priority(rng), score, async move {
        for ball in 0..rounds {
            // In trouble the other side may be dead: then the game is over.
            if there.unbounded_send(ball).is_err() {
                return;
            }
            point().await;
            let Some(returned) = interruptible(next(&mut back_end)).await else {
                return;
            };
            assert_eq!(returned, ball, "a ball was lost or doubled");
        }
    });
    spawn(any_priority(rng), score, async move {
        while let Some(ball) = interruptible(next(&mut there_end)).await {
            point().await;
            // The first player leaves after its last ball is back.
            let _ = back.unbounded_send(ball);
        }
    });
}

async fn next(end: &mut mpsc::UnboundedReceiver<u32>) -> Option<u32> {
    let mut end = pin!(end);
    poll_fn(|context| futures_core::Stream::poll_next(end.as_mut(), context)).await
}

fn sleeper(rng: &mut Rng, score: &Shared) {
    let nanos = rng.below(5_000_000);
    spawn(any_priority(rng), score, async move {
        for _ in 0..3 {
            let at = here::now() + nanos;
            point().await;
            interruptible(sleep_until(at)).await;
            assert!(here::now() >= at, "woken early");
            point().await;
        }
    });
}

fn one_of_a_crowd(score: &Shared) {
    const AT: u64 = 50_000_000;
    spawn(Priority::Normal, score, async {
        sleep_until(AT).await;
        assert!(here::now() >= AT, "woken early");
    });
}

fn tree(depth: u32, score: Shared, priority: Priority) {
    let inner = score.clone();
    spawn(priority, &score, async move {
        for _ in 0..3 {
            point().await;
            if depth > 0 {
                tree(depth - 1, inner.clone(), priority);
            }
            yield_now().await;
        }
    });
}

fn trouble(rng: &mut Rng, score: &Shared) {
    yielders_and_spinners(rng, score);
    (0..6).for_each(|_| sleeper(rng, score));
    (0..2).for_each(|_| pair(rng, score));
    let victims = score.borrow().born.clone();
    for _ in 0..2 {
        let (mut rng, victims, score_of_all) =
            (Rng::new(rng.next_u64()), victims.clone(), score.clone());
        spawn(Priority::High, score, async move {
            for _ in 0..20 {
                let victim = victims[rng.below(victims.len() as u64) as usize];
                match rng.below(8) {
                    0 => {
                        process::kill(victim);
                        score_of_all.borrow_mut().may_not_finish += 2;
                    }
                    1 | 2 => {
                        process::suspend(victim);
                        point().await;
                        yield_now().await;
                        process::resume(victim);
                    }
                    _ => process::wake(victim),
                }
                point().await;
                yield_now().await;
            }
        });
    }
}
