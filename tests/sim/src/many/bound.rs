//! Processes that may run on some cores only, while others choose for them; and who sees that each does.
//!
//! Whoever has been chosen for begins no turn on another core, but for one that had been decided when the choice came: that
//! is what `set_affinity` promises, and the law that is checked at each beginning, in every scenario.

use super::programs::{any_priority, born, counted, executioner, ordinary, point, spawn, victim};
use super::want::need;
use super::world::with_state;
use girder_core::rng::Rng;
use girder_core::sched::{Priority, sleep_until};
use girder_lockfree::process::{
    self, Affinity, CoreMask, PINNED, Pid, get_affinity, here, own_core, own_pid, set_affinity,
    yield_now,
};
use std::collections::BTreeMap;

/// What was chosen for whom.
#[derive(Debug, Default)]
pub(super) struct Choices(BTreeMap<Pid, Choice>);

#[derive(Debug)]
struct Choice {
    cores: CoreMask,
    /// It may have been about to begin when this was chosen.
    is_fresh: bool,
}

impl Choices {
    /// A process begins a turn on this core.
    pub(super) fn check(&mut self, pid: Pid, core: usize) {
        let Some(choice) = self.0.get_mut(&pid) else {
            return;
        };
        let is_fresh = std::mem::take(&mut choice.is_fresh);
        let cores = &choice.cores;
        assert!(
            is_fresh || cores.contains(core),
            "{pid:?} runs on {core} and may run on {cores}"
        );
    }

    fn note(&mut self, pid: Pid, cores: CoreMask, is_fresh: bool) {
        self.0.insert(pid, Choice { cores, is_fresh });
    }
}

/// Some of the cores, and perhaps some that there are not.
fn any_mask(rng: &mut Rng, cores: usize) -> CoreMask {
    let only = CoreMask::only(rng.below(cores as u64) as usize);
    match rng.below(3) {
        0 => only,
        1 => only.with(cores + rng.below(400) as usize),
        _ => (0..rng.below(4)).fold(only, |mask, _| mask.with(rng.below(cores as u64) as usize)),
    }
}

fn choose(pid: Pid, cores: CoreMask) {
    let _ = choose_for(pid, cores);
}

/// Chooses, and notes what was chosen.
pub(super) fn choose_for(pid: Pid, cores: CoreMask) -> process::Request {
    let has_chosen = need(|| set_affinity(pid, &cores));
    if has_chosen == process::Request::Taken {
        let is_own = own_pid() == Some(pid);
        with_state(|state| state.choices.note(pid, cores, !is_own));
        assert!(get_affinity(pid).is_none_or(|now| now.count() <= cores.count()));
    }
    has_chosen
}

pub(super) fn spawn_on(
    cores: CoreMask,
    priority: Priority,
    body: impl Future<Output = ()> + Send + 'static,
) -> Pid {
    let affinity = Affinity::of(&cores).expect("a core that there is");
    let body = counted(body);
    let pid = born(|| process::spawn_on(affinity, body, priority.level(), None));
    with_state(|state| state.choices.note(pid, cores, false));
    pid
}

/// One that stays where it was born, as the kernel's own do; nobody has chosen that.
fn spawn_here(priority: Priority, body: impl Future<Output = ()> + Send + 'static) {
    let cores = CoreMask::only(own_core());
    let body = counted(body);
    let pid = born(|| process::spawn(body, priority.level() | PINNED));
    with_state(|state| state.choices.note(pid, cores, false));
}

/// The scenario.
pub(super) fn start(rng: &mut Rng, cores: usize) {
    for _ in 0..8 {
        let (mask, rounds) = (any_mask(rng, cores), rng.below(20));
        spawn_on(mask, any_priority(rng), turns(rounds));
    }
    // Of one core, so that others have room enough beside them.
    for _ in 0..4 {
        let mask = CoreMask::only(rng.below(cores as u64) as usize);
        spawn_on(mask, ordinary(rng), sleeper(rng.below(200_000)));
    }
    for _ in 0..4 {
        let seed = rng.next_u64();
        spawn(Priority::Normal, wanderer(cores, seed));
    }
    for _ in 0..2 {
        let (count, rounds) = (rng.below(4), rng.below(10));
        spawn(any_priority(rng), async move {
            for _ in 0..count {
                spawn_here(Priority::Normal, turns(rounds));
                point().await;
            }
        });
    }
    trouble(rng, cores);
}

async fn turns(rounds: u64) {
    for _ in 0..rounds {
        yield_now().await;
        point().await;
    }
}

async fn sleeper(nanos: u64) {
    for _ in 0..4 {
        sleep_until(here::now() + nanos).await;
        point().await;
    }
}

/// Chooses for itself, and is there at once.
async fn wanderer(cores: usize, seed: u64) {
    let mut rng = Rng::new(seed);
    let own = own_pid().expect("a process");
    for _ in 0..10 {
        let mask = any_mask(&mut rng, cores);
        choose(own, mask);
        point().await;
        assert!(mask.contains(own_core()), "not where it wanted to be");
        match rng.below(3) {
            0 => yield_now().await,
            1 => sleep_until(here::now() + 10_000).await,
            _ => {}
        }
    }
}

/// Others choose for those that run, are ready, wait, are suspended and die.
fn trouble(rng: &mut Rng, cores: usize) {
    let victims: Vec<Pid> = (0..8)
        .map(|_| match rng.below(2) {
            0 => spawn_on(any_mask(rng, cores), ordinary(rng), victim(rng.below(5))),
            _ => spawn(Priority::Normal, victim(rng.below(5))),
        })
        .collect();
    for _ in 0..2 {
        let (victims, seed) = (victims.clone(), rng.next_u64());
        spawn(Priority::High, tormentor(victims, cores, seed));
    }
    spawn(Priority::Max, executioner(victims));
}

async fn tormentor(victims: Vec<Pid>, cores: usize, seed: u64) {
    let mut rng = Rng::new(seed);
    for _ in 0..40 {
        let victim = victims[rng.below(victims.len() as u64) as usize];
        match rng.below(6) {
            0 => drop(process::suspend(victim)),
            1 => drop(process::resume(victim)),
            2 => process::wake(victim),
            3 => drop(process::set_level(victim, ordinary(&mut rng).level())),
            _ => choose(victim, any_mask(&mut rng, cores)),
        }
        point().await;
    }
}
