//! Messages between two cores: what a core's loop, a ring at another one's word and waking up add to them.
//!
//! On a machine that counts instructions its clock counts those of all cores, idle or not: so a figure is what both cores
//! have done together.

use super::mail::{Ball, answer, own, play, throw};
use super::team::Team;
use super::{NORMAL, report, start_process};
use crate::console::println;
use crate::heart;
use alloc::sync::Arc;
use core::hint::black_box;
use core::sync::atomic::{AtomicU64, Ordering::Relaxed};
use core::time::Duration;
use girder_aarch64::cpu;
use girder_core::mail::{Addr, Pid, receive};
use girder_core::time::sleep;
use girder_lockfree::process::{Affinity, CoreMask, cores, own_core, spawn_on};

/// Makes a process that stays on a core.
pub(super) fn start_on(core: usize, body: impl Future<Output = ()> + Send + 'static) -> Pid {
    let there = Affinity::of(&CoreMask::only(core)).expect("there are two cores");
    spawn_on(there, body, NORMAL, None).expect("there is room")
}

/// Two processes on two cores, one small message each way; per round trip.
pub(super) async fn ping_pong(rounds: u64) -> u64 {
    let suite = own();
    start_on(0, async move {
        let peer = start_on(1, answer(own(), rounds));
        play(Addr::of(peer), rounds).await;
        throw(suite, 0);
    });
    receive::<Ball>().await;
    rounds
}

/// One core makes processes that another one steals, until there are so many: what looking around and taking them costs the
/// thief, whenever it finds some; per process.
pub(super) async fn steal(count: u64) {
    let (processes, nanos) = thefts();
    let suite = own();
    start_on(0, async move {
        while thefts().0 - processes < count {
            make_some().await;
        }
        throw(suite, 0);
    });
    receive::<Ball>().await;
    let (all, time) = thefts();
    report("steal", all - processes, time - nanos);
}

/// Makes a few that are soon done, and waits until they have, and the thieves are asleep and have shown what they did.
async fn make_some() {
    const TOGETHER: u64 = 64;
    let maker = own();
    for _ in 0..TOGETHER {
        start_process(NORMAL, async move {
            // An emulator that runs one core after the other goes on with the next one here.
            (0..10).for_each(|_| cpu::relax());
            throw(maker, 0);
        });
    }
    for _ in 0..TOGETHER {
        receive::<Ball>().await;
    }
    sleep(Duration::from_micros(200)).await;
}

/// Processes that all cores have stolen, and how long that took them.
fn thefts() -> (u64, u64) {
    let counts = heart::counts().map(|it| it.counts);
    counts.fold((0, 0), |(processes, nanos), it| {
        (processes + it.stolen, nanos + it.theft_nanos)
    })
}

/// Equal processes, all made on one core, that never await and are soon done: says how much of them each core has done, in
/// thousandths of its part.
pub(super) async fn spread(count: u64) {
    let done: Arc<[AtomicU64]> = (0..cores()).map(|_| AtomicU64::new(0)).collect();
    let team = Team::new().await;
    for _ in 0..count {
        let (done, place) = (done.clone(), team.place());
        start_process(NORMAL, async move {
            for _ in 0..STEPS {
                (0..100).for_each(|step| _ = black_box(step));
                done[own_core()].fetch_add(1, Relaxed);
            }
            drop(place);
        });
    }
    team.wait().await;
    let part = (count * STEPS / cores() as u64).max(1);
    let of_part = |done: &AtomicU64| done.load(Relaxed) * 1_000 / part;
    let (least, most) = (
        done.iter().map(of_part).min(),
        done.iter().map(of_part).max(),
    );
    println!(
        "spread {count} processes over {} cores: {} to {} thousandths of an equal part",
        cores(),
        least.unwrap_or(0),
        most.unwrap_or(0)
    );
    heart::counts().for_each(|row| println!("{row}"));
}

/// Steps of each of those processes.
const STEPS: u64 = 20;
