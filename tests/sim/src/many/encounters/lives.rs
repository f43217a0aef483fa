//! What targets do, and how they come into being.

use super::{Gift, Letter};
use crate::many::bound::spawn_on;
use crate::many::programs::{Body, Witness, count_newborn, counted, ordinary, point};
use crate::many::world::{hands, with_state};
use girder_core::mail::{receive, send, try_receive};
use girder_core::rng::Rng;
use girder_core::sched::{Priority, sleep_until};
use girder_lockfree::process::{
    CoreMask, Pid, Watch, here, hibernate, own_level, own_pid, spawn_watched, yield_now,
};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};

/// What a target shows.
#[derive(Default)]
pub(super) struct Shown {
    pub(super) rounds: AtomicU64,
    pub(super) received: AtomicU64,
    pub(super) level: AtomicU64,
    /// It is about to go on as another future.
    pub(super) is_leaving: AtomicBool,
    /// It waits as what it has become.
    pub(super) hibernates: AtomicBool,
}

/// How a target passes its time.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Spins,
    Yields,
    Sleeps,
    /// It sleeps too, and each time as another future than before.
    Hibernates,
    /// One that only waits, and for what never comes.
    Stranger,
}

impl Kind {
    /// One of those that stay what they are.
    pub(super) fn any(rng: &mut Rng) -> Self {
        [Self::Spins, Self::Yields, Self::Sleeps][rng.below(3) as usize]
    }
}

pub(super) type Life = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Who lives until it is killed; or is a stranger, which has a home of the same size.
pub(super) fn life(
    driver: Pid,
    kind: Kind,
    shown: Arc<Shown>,
) -> impl FnOnce() -> Life + Send + 'static {
    let life: Life = Box::pin(counted(live(driver, kind, shown)));
    move || life
}

async fn live(driver: Pid, kind: Kind, shown: Arc<Shown>) {
    if kind == Kind::Stranger {
        drop(receive::<Letter>().await);
        panic!("a stranger has got a letter");
    }
    send(driver, Gift(own_pid().expect("a process"))).expect("there is an envelope");
    loop {
        shown.round();
        match kind {
            Kind::Spins | Kind::Stranger => {}
            Kind::Yields => yield_now().await,
            Kind::Sleeps => nap().await,
            Kind::Hibernates => become_another(shown.clone()).await,
        }
        point().await;
    }
}

impl Shown {
    fn round(&self) {
        self.level.store(u64::from(own_level()), Relaxed);
        while try_receive::<Letter>().is_some() {
            self.received.fetch_add(1, Relaxed);
        }
        self.rounds.fetch_add(1, Relaxed);
    }
}

async fn nap() {
    sleep_until(here::now() + 30_000).await;
}

async fn become_another(shown: Arc<Shown>) {
    // This body is dropped when the next one begins, which is counted as another one.
    with_state(|state| {
        state.score.made += 1;
        state.score.finished += 1;
    });
    shown.is_leaving.store(true, Relaxed);
    hibernate((Witness, shown), |(witness, shown)| {
        Body::new(as_another(shown), witness)
    })
    .await
}

fn as_another(shown: Arc<Shown>) -> Life {
    Box::pin(async move {
        shown.is_leaving.store(false, Relaxed);
        shown.hibernates.store(true, Relaxed);
        nap().await;
        shown.hibernates.store(false, Relaxed);
        shown.round();
        point().await;
        become_another(shown).await;
    })
}

/// One that makes a target on another core than the driver's, and keeps that core until it is told, so that the target
/// does not begin.
pub(super) struct Midwife {
    child: Arc<Mutex<Option<(Pid, Watch)>>>,
    may_go: Arc<AtomicBool>,
}

impl Midwife {
    pub(super) fn call(kind: Kind, shown: &Arc<Shown>, rng: &mut Rng, cores: usize) -> Self {
        let own = hands().number;
        let elsewhere = (own + 1 + rng.below(cores as u64 - 1) as usize) % cores;
        let (driver, level) = (own_pid().expect("a process"), ordinary(rng).level());
        let midwife = Self {
            child: Arc::default(),
            may_go: Arc::default(),
        };
        let (child, may_go) = (midwife.child.clone(), midwife.may_go.clone());
        let shown = shown.clone();
        spawn_on(CoreMask::only(elsewhere), Priority::High, async move {
            let born = spawn_watched(life(driver, kind, shown), level).expect("there is room");
            count_newborn(born.0);
            // In its name and from its core, for it has not done so itself.
            send(driver, Gift(born.0)).expect("there is an envelope");
            *child.lock().expect("nobody panics with it") = Some(born);
            while !may_go.load(Relaxed) {
                point().await;
            }
        });
        midwife
    }

    pub(super) async fn child(&self) -> (Pid, Watch) {
        loop {
            if let Some(child) = self.child.lock().expect("nobody panics with it").take() {
                return child;
            }
            point().await;
        }
    }
}

impl Drop for Midwife {
    fn drop(&mut self) {
        self.may_go.store(true, Relaxed);
    }
}
