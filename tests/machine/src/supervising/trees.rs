//! Supervisors under supervisors: a tree is whole again whoever ends in it, and gone as a whole.

use super::{supervisor, until_gone};
use crate::support::settled_resources;
use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::future::pending;
use core::hint::black_box;
use core::pin::Pin;
use core::sync::atomic::{AtomicU32, Ordering::Relaxed};
use core::time::Duration;
use girder::check::Rng;
use girder::supervisor::{Child, Kind, Restart, Strategy, Supervisor, SupervisorAddr};
use girder::{
    Down, ExitReason, Instant, Pid, Request, exit, is_alive, kill, println, receive, sleep, spawn,
    spawn_monitor, yield_now,
};

/// One with three levels: two supervisors, each over four workers and another one over two.
fn tree(depth: u32) -> Supervisor {
    const STRATEGIES: [Strategy; 3] = [
        Strategy::OneForOne,
        Strategy::RestForOne,
        Strategy::OneForAll,
    ];
    let mut all = supervisor(STRATEGIES[depth as usize]);
    for _ in 0..2 {
        all = all.child(Child::new("leaf", pending::<()>));
        if depth < 2 {
            all = all.child(Child::supervisor("branch", move || tree(depth + 1)));
        }
    }
    all
}

/// Leaves and branches, the root included.
const MEMBERS: usize = 1 + 2 * (1 + 1 + 2 * (1 + 1 + 2));

/// All who are there, the root first; nothing if somebody is missing, or does not answer.
fn whole(root: SupervisorAddr) -> Pin<Box<dyn Future<Output = Option<Vec<Pid>>> + Send>> {
    Box::pin(async move {
        let mut all = alloc::vec![root.pid()];
        for child in root.which_children().await.ok()? {
            let pid = child.pid.filter(|&pid| is_alive(pid))?;
            match child.kind {
                Kind::Worker => all.push(pid),
                Kind::Supervisor => {
                    all.extend(whole(SupervisorAddr::of(pid)).await?);
                }
            }
        }
        Some(all)
    })
}

async fn until_whole(root: SupervisorAddr) -> Vec<Pid> {
    loop {
        match whole(root).await {
            Some(all) if all.len() == MEMBERS => return all,
            _ => sleep(Duration::from_millis(1)).await,
        }
    }
}

/// Kills that find somebody, one or some at a time.
const KILLS: u32 = 200;
/// Processes that want much of the time there is. (With all of it, cores of an emulator wait for each other's more than for anything else.)
const LOAD: usize = 4;

async fn busy() {
    loop {
        for _ in 0..8 {
            for number in 0..1_000 {
                black_box(number);
            }
            yield_now().await;
        }
        sleep(Duration::from_micros(300)).await;
    }
}

/// Whoever it is that is killed, as often as it is: the same members stand at the same places again, and nobody besides.
#[girder::test(limit_ms = 120_000)]
async fn a_tree_is_whole_again_whoever_is_killed() {
    beset(&mut girder::check::rng(), |kills| kills < KILLS).await;
}

/// The same for long, and memory stays, but for what is counted as lost by those who were killed in mid-poll.
#[girder::test(limit_ms = 1_200_000, long = "it takes ten minutes")]
async fn a_tree_is_whole_again_after_ten_minutes_of_kills() {
    const LEG: Duration = Duration::from_secs(60);
    let rng = &mut girder::check::rng();
    let mut least = None;
    for leg in 1..=10 {
        let end = Instant::now() + LEG;
        let kills = beset(rng, |_| Instant::now() < end).await;
        let now = settled_resources().await;
        let lost = now.abandoned.bytes + now.outliving.bytes;
        println!(
            "minute {leg}: {kills} kills, {} bytes of heap, {lost} of them lost",
            now.heap
        );
        let kept = now.heap - lost;
        // The first one may have made tables larger.
        let before = *least.get_or_insert(kept);
        assert!(kept <= before, "{before} bytes, then {kept}");
    }
}

/// Has a tree under load, kills members of it while that is wanted, and ends it when it is whole again; how many were killed.
async fn beset(rng: &mut Rng, goes_on: impl Fn(u32) -> bool) -> u32 {
    let before = girder::processes().count();
    let load = [(); LOAD].map(|()| spawn(busy()).expect("there is room"));
    let root = tree(0).spawn().expect("there is room");
    let mut kills = 0;
    while goes_on(kills) {
        let all = until_whole(root).await;
        for _ in 0..=rng.below(8) {
            let victim = all[1 + rng.below(MEMBERS as u64 - 1) as usize];
            kills += u32::from(kill(victim) == Request::Taken);
        }
    }
    until_whole(root).await;
    for pid in load {
        kill(pid);
    }
    root.stop().expect("there is an envelope");
    until_gone(root.pid()).await;
    while girder::processes().count() > before {
        sleep(Duration::from_millis(1)).await;
    }
    kills
}

/// Nobody is left below.
#[girder::test(limit_ms = 60_000)]
async fn the_children_of_one_that_is_killed_end_too() {
    for _ in 0..10 {
        let before = girder::processes().count();
        let root = tree(0).spawn().expect("there is room");
        let all = until_whole(root).await;
        kill(root.pid());
        for pid in all {
            until_gone(pid).await;
        }
        while girder::processes().count() > before {
            sleep(Duration::from_millis(1)).await;
        }
    }
}

/// Killed when it has just begun, or is in the middle of something, it leaves nothing of the kernel's behind.
#[girder::test(limit_ms = 120_000)]
async fn one_that_is_killed_at_any_moment_leaves_nothing() {
    /// On several cores a pool may come to its size late, and a table grow once more, but not each time.
    const TIMES: usize = 4;
    const ROUNDS: usize = 8;

    let rng = &mut girder::check::rng();
    for time in 0..TIMES {
        let before = settled_resources().await.kernel;
        for round in 0..ROUNDS {
            let root = tree(0).spawn().expect("there is room");
            if round % 2 == 0 {
                let all = until_whole(root).await;
                kill(all[1 + rng.below(MEMBERS as u64 - 1) as usize]);
            }
            sleep(Duration::from_micros(rng.below(300))).await;
            kill(root.pid());
            until_gone(root.pid()).await;
        }
        let after = settled_resources().await.kernel;
        if after.blocks <= before.blocks && after.bytes <= before.bytes {
            return;
        }
        assert!(time + 1 < TIMES, "{before:?}, then {after:?}");
    }
}

/// One that gives up ends in good order: whoever is above it starts it again if it is permanent, and leaves it if it is transient.
#[girder::test]
async fn a_supervisor_that_gives_up_is_its_own_supervisors_affair() {
    for (restart, expected, reason) in [
        (Restart::Permanent, 3, ExitReason::Shutdown),
        (Restart::Transient, 1, ExitReason::Returned),
    ] {
        let begun = Arc::new(AtomicU32::new(0));
        let below = {
            let begun = begun.clone();
            move || {
                begun.fetch_add(1, Relaxed);
                let hopeless = Child::new("hopeless", || async { exit("it is no use") });
                Supervisor::new(Strategy::OneForOne).child(hopeless)
            }
        };
        let above = Supervisor::new(Strategy::OneForOne)
            .intensity(2, Duration::from_secs(3_600))
            .child(Child::supervisor("below", below).restart(restart));
        let (pid, _) = spawn_monitor(move || above.run()).expect("there is room");
        if reason == ExitReason::Returned {
            let above = SupervisorAddr::of(pid);
            while above.count_children().await.expect("it is there").active > 0 {
                sleep(Duration::from_millis(1)).await;
            }
            above.stop().expect("there is an envelope");
        }
        let down: Down = receive().await;
        assert_eq!((down.reason, begun.load(Relaxed)), (reason, expected));
    }
}
