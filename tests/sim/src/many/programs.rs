//! What the processes of several cores do.
//!
//! A program is ordinary asynchronous code that calls [`point`] before and after each call of the runtime: that is where
//! interrupts strike, and other cores go on.

use super::baton::State;
use super::looking::look;
use super::want::{had, lacks, need, poll_until_end};
use super::world::{hands, loses_kills, strikes, with_state};
use super::{ManyPlan, ManyScenario};
use girder_core::mail::{receive, send};
use girder_core::rng::Rng;
use girder_core::sched::{Priority, sleep_until};
use girder_lockfree::process::{self, Pid, here, own_pid, yield_now};
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll};

/// Comes back at once, or after the process was broken off.
pub(super) async fn point() {
    process::reduce(with_state(|state| state.rng.below(4)) as u32);
    with_state(State::disturbed)
        .into_iter()
        .for_each(process::wake);
    if strikes() {
        let mut is_back = false;
        poll_fn(|_| match std::mem::replace(&mut is_back, true) {
            true => Poll::Ready(()),
            false => Poll::Pending,
        })
        .await;
    }
}

/// A body as a process runs it, counted when it is dropped.
pub(super) struct Body<F> {
    body: F,
    _witness: Witness,
}

/// Counts its drop.
pub(super) struct Witness;

impl<F: Future<Output = ()>> Body<F> {
    /// One that comes to its end by returning.
    pub(super) fn new(body: F, witness: Witness) -> Body<impl Future<Output = ()>> {
        let body = async move {
            point().await;
            body.await;
            point().await;
            with_state(|state| state.score.finished += 1);
        };
        Body {
            body,
            _witness: witness,
        }
    }
}

impl<F: Future<Output = ()>> Future for Body<F> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        // SAFETY: the field is pinned with the whole.
        let body = unsafe { self.map_unchecked_mut(|this| &mut this.body) };
        poll_until_end(|| body.poll(context))
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        with_state(|state| state.score.dropped += 1);
    }
}

pub(super) fn spawn(priority: Priority, body: impl Future<Output = ()> + Send + 'static) -> Pid {
    let body = counted(body);
    born(|| process::spawn(body, priority.level()))
}

/// What a process is to run.
pub(super) fn counted<F: Future<Output = ()> + Send + 'static>(
    body: F,
) -> impl Future<Output = ()> + Send + 'static {
    Body::new(body, Witness)
}

/// A process that runs it. For want of memory whoever wants it ends.
pub(super) fn born(spawn: impl FnOnce() -> Result<Pid, process::NoProcess>) -> Pid {
    let before = lacks();
    let spawned = spawn();
    if spawned.is_err() {
        assert!(lacks() > before, "refused, and there was memory");
        count_refused();
    }
    let pid = had(spawned);
    count_newborn(pid);
    pid
}

/// Counts a body that came to be no process.
pub(super) fn count_refused() {
    with_state(|state| {
        state.score.made += 1;
        state.score.refused += 1;
    });
}

/// Counts a process that was just made.
pub(super) fn count_newborn(pid: Pid) {
    let core = hands().number;
    with_state(|state| {
        state.score.made += 1;
        state.score.alive.insert(pid);
        state.whereabouts.is_born(pid, core);
    });
}

pub(super) fn any_priority(rng: &mut Rng) -> Priority {
    Priority::ALL[rng.below(4) as usize]
}

/// None that never ends keeps others from the core for ever.
pub(super) fn ordinary(rng: &mut Rng) -> Priority {
    Priority::ALL[1 + rng.below(3) as usize]
}

/// Spawns the processes of a scenario, on the first core.
pub(super) fn start(plan: ManyPlan) {
    let mut rng = Rng::new(plan.seed ^ 0x5eed);
    match plan.scenario {
        ManyScenario::Yielders => yielders(&mut rng),
        ManyScenario::Rendezvous => rendezvous(plan.cores),
        ManyScenario::Pairs => (0..5).for_each(|_| pair(&mut rng)),
        ManyScenario::FanIn => fan_in(&mut rng),
        ManyScenario::Sleepers => (0..15).for_each(|_| sleeper(&mut rng)),
        ManyScenario::Tree => {
            spawn(Priority::Normal, tree(4));
        }
        ManyScenario::Trouble => trouble(&mut rng),
        ManyScenario::Looks => looks(&mut rng),
        ManyScenario::Bound => super::bound::start(&mut rng, plan.cores),
        ManyScenario::Encounters => super::encounters::start(&mut rng, plan.cores),
        ManyScenario::Alarms => super::alarms::start(&mut rng),
        ManyScenario::Alone => super::alarms::start_alone(&mut rng, plan.cores),
        ManyScenario::Services => super::services::start(&mut rng),
        ManyScenario::Spread => super::even::spinners(400, 200),
        ManyScenario::Crowd => super::even::spinners(100_000, 1),
        ManyScenario::Skynet => super::even::skynet(),
    }
}

fn yielders(rng: &mut Rng) {
    for _ in 0..12 {
        let rounds = rng.below(30);
        spawn(any_priority(rng), turns(rounds));
    }
}

async fn turns(rounds: u64) {
    for _ in 0..rounds {
        yield_now().await;
        point().await;
    }
}

fn rendezvous(cores: usize) {
    let seen = Arc::new(AtomicU64::new(0));
    for _ in 0..cores {
        let seen = seen.clone();
        spawn(Priority::Normal, async move {
            let own = || 1 << hands().number;
            while (seen.fetch_or(own(), Relaxed) | own()).count_ones() < cores as u32 {
                point().await;
            }
        });
    }
}

fn pair(rng: &mut Rng) {
    let rounds = rng.below(20) as u32;
    let server = spawn(any_priority(rng), async move {
        for expected in 0..rounds {
            let (from, number) = receive::<(Pid, u32)>().await;
            assert_eq!(number, expected, "lost, doubled or out of order");
            point().await;
            need(|| send(from, number));
        }
    });
    spawn(any_priority(rng), async move {
        let own = own_pid().expect("a process");
        for number in 0..rounds {
            need(|| send(server, (own, number)));
            point().await;
            assert_eq!(receive::<u32>().await, number, "lost or doubled");
        }
    });
}

fn fan_in(rng: &mut Rng) {
    const SENDERS: usize = 6;
    const EACH: u32 = 20;
    let receiver = spawn(any_priority(rng), async {
        let mut next = [0; SENDERS];
        for _ in 0..SENDERS as u32 * EACH {
            let (from, number) = receive::<(usize, u32)>().await;
            assert_eq!(number, next[from], "lost, doubled or out of order");
            next[from] += 1;
            point().await;
        }
    });
    for sender in 0..SENDERS {
        spawn(any_priority(rng), async move {
            for number in 0..EACH {
                need(|| send(receiver, (sender, number)));
                point().await;
            }
        });
    }
}

fn sleeper(rng: &mut Rng) {
    let nanos = rng.below(3_000_000);
    spawn(any_priority(rng), async move {
        for _ in 0..3 {
            let at = here::now() + nanos;
            sleep_until(at).await;
            point().await;
            assert!(here::now() >= at, "woken early");
            give_up_a_sleep(at + nanos).await;
        }
    });
}

/// Begins to sleep, and thinks better of it, perhaps on another core.
async fn give_up_a_sleep(at: u64) {
    let mut sleep = pin!(sleep_until(at));
    poll_fn(|context| {
        let _ = sleep.as_mut().poll(context);
        Poll::Ready(())
    })
    .await;
    yield_now().await;
    point().await;
}

fn tree(depth: u32) -> Pin<Box<dyn Future<Output = ()> + Send>> {
    Box::pin(async move {
        if depth == 0 {
            return;
        }
        for _ in 0..3 {
            spawn(Priority::Normal, tree(depth - 1));
            point().await;
        }
    })
}

/// One that never ends by itself. What it is sent it may leave unread.
pub(super) async fn victim(kind: u64) {
    loop {
        point().await;
        match kind {
            0 => yield_now().await,
            1 => sleep_until(here::now() + 100_000).await,
            2 => drop(receive::<u64>().await),
            3 => receive::<u32>().await.clone_into(&mut 0),
            _ => {}
        }
    }
}

/// Trouble, and messages that are counted, while two look at all of it.
fn looks(rng: &mut Rng) {
    for _ in 0..3 {
        let rounds = 1 + rng.below(20) as u32;
        counted_pair(any_priority(rng), rounds);
    }
    for _ in 0..2 {
        spawn(any_priority(rng), look(3));
    }
    trouble(rng);
}

fn counted_pair(priority: Priority, rounds: u32) {
    let receiver = spawn(priority, async move {
        for number in 0..rounds {
            assert_eq!(receive::<u32>().await, number, "lost or doubled");
            with_state(|state| state.under_way -= 1);
            point().await;
        }
    });
    spawn(priority, async move {
        for number in 0..rounds {
            need(|| send(receiver, number));
            with_state(|state| state.under_way += 1);
            point().await;
        }
    });
}

fn trouble(rng: &mut Rng) {
    const VICTIMS: usize = 10;
    let victims: Vec<Pid> = (0..VICTIMS)
        .map(|_| spawn(ordinary(rng), victim(rng.below(5))))
        .collect();
    yielders(rng);
    for _ in 0..2 {
        let (victims, seed) = (victims.clone(), rng.next_u64());
        spawn(Priority::High, tormentor(victims, seed));
    }
    spawn(Priority::Max, executioner(victims));
}

/// Does things to others at random.
async fn tormentor(victims: Vec<Pid>, seed: u64) {
    let mut rng = Rng::new(seed);
    for _ in 0..40 {
        let victim = victims[rng.below(victims.len() as u64) as usize];
        match rng.below(6) {
            0 => drop(process::suspend(victim)),
            1 => drop(process::resume(victim)),
            2 => process::wake(victim),
            3 => drop(process::set_level(victim, ordinary(&mut rng).level())),
            4 => yield_now().await,
            _ => drop(send(victim, rng.next_u64())),
        }
        point().await;
    }
}

/// Kills them all in the end.
pub(super) async fn executioner(victims: Vec<Pid>) {
    sleep_until(here::now() + 500_000).await;
    for victim in victims {
        point().await;
        with_state(|state| state.score.killed += 1);
        if !loses_kills() {
            let _ = process::kill(victim);
        }
        point().await;
    }
}
