//! Each operation, against a process in each condition, on another core.
//!
//! One process, the *driver*, makes a target, brings it into the condition that it wants, or waits until it is in that, does the
//! operation there and then, and sees that what comes of it is what is promised. No other core moves between the last look and
//! the operation, so which pairs were really met is known, and a pair that is never met fails the test. In the end each
//! target is killed.

mod links;
mod lives;
mod outcomes;

use super::programs::{born, count_newborn, ordinary, point, spawn};
use super::whereabouts::{Condition, is_in};
use super::world::{hands, with_state};
use girder_core::mail::try_receive;
use girder_core::rng::Rng;
use girder_core::sched::{ExitReason, Priority, sleep_until};
use girder_core::time::{Delayed, send_after};
use girder_lockfree::process::{
    self, Down, Exit, MonitorRef, Pid, Request, Watch, here, is_alive, own_pid, spawn_watched,
    yield_now,
};
use lives::{Kind, Midwife, Shown, life};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// Encounters in a run.
const ENCOUNTERS: usize = 20;
/// Looks whether a target is in the condition that is wanted, before that is given up.
const LOOKS: usize = 150;
/// Processes that are made so that one of them has the slot of a dead one.
const STRANGERS: usize = 70;

/// What is done to a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Deed {
    /// It is sent a message.
    Send,
    /// It is killed.
    Kill,
    /// It is suspended, and resumed later.
    Suspend,
    /// It is given another level.
    SetLevel,
    /// A message that was to be sent to it is taken back.
    Cancel,
    /// An envelope that it took from its core is emptied and given free.
    Free,
    /// Its end is waited for.
    Join,
    /// It is looked at while all cores stand still.
    Look,
    /// It is told where it may run.
    Choose,
    /// Its end is to be told by a message.
    Monitor,
    /// The same, and then it is not any more.
    Demonitor,
    /// It is linked to the driver, who traps exits, and to one that does not.
    Link,
    /// It is linked to the driver, and then it is not any more.
    Unlink,
    /// It is sent an exit signal, which ends it.
    Signal,
}

impl Deed {
    /// All of them.
    pub const ALL: [Self; 14] = [
        Self::Send,
        Self::Kill,
        Self::Suspend,
        Self::SetLevel,
        Self::Cancel,
        Self::Free,
        Self::Join,
        Self::Look,
        Self::Choose,
        Self::Monitor,
        Self::Demonitor,
        Self::Link,
        Self::Unlink,
        Self::Signal,
    ];
}

/// The scenario.
pub(super) fn start(rng: &mut Rng, cores: usize) {
    let is_over = Arc::new(AtomicBool::new(false));
    // In some runs nobody: then a target may have a core for itself, where no tick comes.
    for _ in 0..rng.below(6) {
        let is_over = is_over.clone();
        spawn(Priority::Low, async move {
            while !is_over.load(Relaxed) {
                yield_now().await;
                point().await;
            }
        });
    }
    let mut rng = Rng::new(rng.next_u64());
    // The most urgent of all, so no target keeps it from its core; and it sleeps most of the time.
    spawn(Priority::Max, async move {
        process::trap_exit(true).expect("there is memory");
        for _ in 0..ENCOUNTERS {
            let deed = Deed::ALL[rng.below(Deed::ALL.len() as u64) as usize];
            let condition = Condition::ALL[rng.below(Condition::ALL.len() as u64) as usize];
            encounter(deed, condition, &mut rng, cores).await;
        }
        is_over.store(true, Relaxed);
    });
}

/// A message that says when it is dropped.
struct Letter(Arc<AtomicU64>);

impl Drop for Letter {
    fn drop(&mut self) {
        self.0.fetch_add(1, Relaxed);
    }
}

/// What a target sends the driver, in an envelope of the core where it begins.
struct Gift(Pid);

struct Target {
    pid: Pid,
    watch: Option<Watch>,
    shown: Arc<Shown>,
    /// A message that never comes of itself.
    later: Delayed,
    /// Letters to it that were dropped.
    dropped: Arc<AtomicU64>,
    letters: u64,
    joined: Option<Arc<AtomicBool>>,
    /// Who keeps it from its core, as long as there is somebody.
    midwife: Option<Midwife>,
    /// A monitor, and whether it was there when that was made, if that is known.
    monitored: Option<(MonitorRef, Option<bool>)>,
    /// Whether it was there when it was linked to the driver, if that is known.
    linked: Option<Option<bool>>,
    /// One that ends with it.
    follower: Option<(Pid, Watch)>,
    /// What it will have ended by.
    reason: ExitReason,
}

/// Lets the others go on for a moment.
async fn pause(rng: &mut Rng) {
    sleep_until(here::now() + rng.below(20_000)).await;
    point().await;
}

/// Waits for what has to come: a run that it does not come in goes beyond its bound.
async fn until(rng: &mut Rng, is_so: impl Fn() -> bool) {
    while !is_so() {
        pause(rng).await;
    }
}

async fn encounter(deed: Deed, wanted: Condition, rng: &mut Rng, cores: usize) {
    let mut target = Target::new(wanted, rng, cores).await;
    let shown = target.shown.clone();
    if wanted != Condition::Newborn {
        until(rng, || shown.rounds.load(Relaxed) > 0).await;
    }
    let mut strangers = Vec::new();
    let is_there = target.bring(wanted, rng, &mut strangers).await;
    target.midwife = None;
    if is_there {
        with_state(|state| *state.score.met.entry((deed, wanted)).or_default() += 1);
        target.meet(deed, wanted, rng, cores).await;
    }
    target.end(rng).await;
    for stranger in strangers {
        assert!(is_alive(stranger), "{deed:?} has ended a stranger");
        kill(stranger);
    }
}

fn kill(pid: Pid) -> Request {
    let request = process::kill(pid);
    if request == Request::Taken {
        with_state(|state| state.score.killed += 1);
    }
    request
}

/// Of a pid that part which is its slot's.
fn slot_of(pid: Pid) -> String {
    let text = pid.to_string();
    text.split('.').next().expect("slot and generation").into()
}

impl Target {
    async fn new(wanted: Condition, rng: &mut Rng, cores: usize) -> Self {
        let driver = own_pid().expect("a process");
        let shown = Arc::new(Shown::default());
        let kind = match wanted {
            Condition::BrokenOff => Kind::Spins,
            Condition::Ready | Condition::Moving => Kind::Yields,
            Condition::Waiting => Kind::Sleeps,
            Condition::Leaving | Condition::Hibernating => Kind::Hibernates,
            _ => Kind::any(rng),
        };
        let is_elsewhere = wanted == Condition::Newborn && cores > 1;
        let midwife = is_elsewhere.then(|| Midwife::call(kind, &shown, rng, cores));
        let (pid, watch) = match &midwife {
            Some(midwife) => midwife.child().await,
            None => {
                let level = ordinary(rng).level();
                let life = life(driver, kind, shown.clone());
                let born = spawn_watched(life, level).expect("there is room");
                count_newborn(born.0);
                born
            }
        };
        let dropped = Arc::new(AtomicU64::new(0));
        let Ok(later) = send_after(Duration::MAX, pid, Letter(dropped.clone())) else {
            panic!("there is an envelope");
        };
        Self {
            pid,
            watch: Some(watch),
            shown,
            later,
            dropped,
            letters: 1,
            joined: None,
            midwife,
            monitored: None,
            linked: None,
            follower: None,
            reason: ExitReason::Killed,
        }
    }

    /// Brings it there, or waits until it is; false if it does not come to that.
    async fn bring(&mut self, wanted: Condition, rng: &mut Rng, strangers: &mut Vec<Pid>) -> bool {
        let pid = self.pid;
        if !wanted.is_alive() {
            assert_eq!(kill(pid), Request::Taken);
        }
        if wanted == Condition::Suspended {
            assert_eq!(process::suspend(pid), Request::Taken);
        }
        if matches!(wanted, Condition::Dead | Condition::Replaced) {
            until(rng, || !is_alive(pid)).await;
        }
        if wanted == Condition::Replaced {
            return replace(pid, rng, strangers).await;
        }
        // Between two cores nobody is for long, and broken off is only who has a rival.
        let (looks, pauses) = match wanted {
            Condition::Moving => (4 * LOOKS, 1),
            Condition::BrokenOff => (3 * LOOKS, 2),
            // Who pauses has a core that has nothing to do, and takes it.
            Condition::Newborn => (LOOKS / 10, 0),
            Condition::Leaving => (3 * LOOKS, 2),
            _ => (LOOKS, 4),
        };
        for _ in 0..looks {
            if self.is_in(wanted) {
                return true;
            }
            match rng.below(6) < pauses {
                true => pause(rng).await,
                false => point().await,
            }
        }
        false
    }

    fn is_in(&self, wanted: Condition) -> bool {
        let says_so = match wanted {
            Condition::Leaving => self.shown.is_leaving.load(Relaxed),
            Condition::Hibernating => self.shown.hibernates.load(Relaxed),
            _ => true,
        };
        says_so && is_in(self.pid, wanted, hands().number)
    }

    /// Ends it; then all that was for it has been dropped once, and who waited for its end was told.
    async fn end(mut self, rng: &mut Rng) {
        kill(self.pid);
        until(rng, || !is_alive(self.pid)).await;
        while try_receive::<Gift>().is_some() {}
        let _ = self.later.cancel();
        until(rng, || self.dropped.load(Relaxed) >= self.letters).await;
        assert_eq!(self.dropped.load(Relaxed), self.letters, "dropped twice");
        if let Some(watch) = self.watch.take() {
            assert_eq!(watch.await, self.reason);
        }
        if let Some((reference, was_there)) = self.monitored.take() {
            let down = loop {
                if let Some(down) = try_receive::<Down>() {
                    break down;
                }
                pause(rng).await;
            };
            assert_eq!((down.reference, down.pid), (reference, self.pid));
            match was_there {
                Some(true) => assert_eq!(down.reason, ExitReason::Killed),
                Some(false) => assert_eq!(down.reason, ExitReason::NoProcess),
                None => assert!(matches!(
                    down.reason,
                    ExitReason::Killed | ExitReason::NoProcess
                )),
            }
        }
        assert_eq!(try_receive::<Down>(), None, "told of what nobody asked");
        self.linked_end(rng).await;
        assert_eq!(try_receive::<Exit>(), None, "told of what nobody asked");
        if let Some(is_told) = self.joined.take() {
            until(rng, || is_told.load(Relaxed)).await;
        }
    }
}

/// Makes processes until one of them has the slot of a dead one.
async fn replace(dead: Pid, rng: &mut Rng, strangers: &mut Vec<Pid>) -> bool {
    let slot = slot_of(dead);
    for _ in 0..STRANGERS {
        let (level, shown) = (ordinary(rng).level(), Arc::default());
        let stranger = born(|| process::spawn_with(life(dead, Kind::Stranger, shown), level));
        strangers.push(stranger);
        if slot_of(stranger) == slot {
            return true;
        }
        if rng.below(8) == 0 {
            pause(rng).await;
        }
    }
    false
}
