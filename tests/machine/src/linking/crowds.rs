//! Links of many to one, and round about.

use super::{born, until_no_ties};
use crate::support::{NORMAL, until_it_waits};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::future::pending;
use core::sync::atomic::{AtomicU64, Ordering::Relaxed};
use girder::check::rng;
use girder::{Exit, ExitReason, Pid, exit_signal, kill, link, receive, send, trap_exit};
use girder_lockfree::process::{is_alive, spawn, spawn_watched, ties_in_use, yield_now};

/// Who are linked to one.
const MANY: u64 = 1_000;

/// Half of them trap, and are told; the others end for the same reason.
#[girder::test(limit_ms = 120_000)]
async fn all_who_are_linked_to_one_are_told_once_or_end() {
    until_no_ties().await;
    let victim = spawn(pending::<()>(), NORMAL).expect("there is room");
    let told = Arc::new(AtomicU64::new(0));
    let mut others = Vec::new();
    for number in 0..MANY {
        let told = told.clone();
        let body = move || async move {
            if number % 2 == 0 {
                trap_exit(true).expect("there is memory");
            }
            link(victim).expect("there is memory");
            let exit: Exit = receive().await;
            assert_eq!((exit.pid, exit.reason), (victim, ExitReason::Shutdown));
            told.fetch_add(1, Relaxed);
        };
        others.push(spawn_watched(body, NORMAL).expect("there is room"));
    }
    for (other, _) in &others {
        until_it_waits(*other).await;
    }
    assert_eq!(u64::from(ties_in_use()), MANY);
    exit_signal(victim, ExitReason::Shutdown).expect("there is memory");
    for (number, (_, watch)) in others.into_iter().enumerate() {
        let expected = match number % 2 {
            0 => ExitReason::Returned,
            _ => ExitReason::Shutdown,
        };
        assert_eq!(watch.await, expected);
    }
    assert_eq!(told.load(Relaxed), MANY / 2);
    until_no_ties().await;
}

/// Each is linked to the next; one of them fails, on whichever core, and the reason goes all the way round.
#[girder::test(limit_ms = 60_000)]
async fn a_ring_ends_as_one() {
    until_no_ties().await;
    for round in 0..20_usize {
        let mut ring = Vec::new();
        let mut last = None;
        for _ in 0..64 {
            let before: Option<Pid> = last;
            let body = move || async move {
                if let Some(before) = before {
                    link(before).expect("there is memory");
                }
                loop {
                    let other: Pid = receive().await;
                    link(other).expect("there is memory");
                }
            };
            let (pid, watch) = spawn_watched(body, NORMAL).expect("there is room");
            ring.push((pid, watch));
            last = Some(pid);
        }
        send(ring[0].0, ring[63].0).expect("there is an envelope");
        for &(pid, _) in &ring {
            until_it_waits(pid).await;
        }
        assert_eq!(ties_in_use(), 64);
        exit_signal(ring[round * 3].0, ExitReason::Shutdown).expect("there is memory");
        for (_, watch) in ring {
            assert_eq!(watch.await, ExitReason::Shutdown);
        }
        until_no_ties().await;
    }
}

/// None of them traps: one death after the other takes along whoever is linked just then.
#[girder::test(limit_ms = 120_000)]
async fn members_of_a_group_that_die_at_random_take_along_no_stranger() {
    until_no_ties().await;
    let mut rng = rng();
    for _ in 0..20 {
        // Two groups, which nothing links.
        let groups: Vec<Vec<Pid>> = (0..2)
            .map(|_| {
                let members: Vec<Pid> = (0..16)
                    .map(|_| {
                        born(async {
                            let others: Vec<Pid> = receive().await;
                            for &other in &others {
                                link(other).expect("there is memory");
                            }
                            pending().await
                        })
                    })
                    .collect();
                for &pid in &members {
                    send(pid, members.clone()).expect("there is an envelope");
                }
                members
            })
            .collect();
        for &pid in groups.iter().flatten() {
            until_it_waits(pid).await;
        }
        assert_eq!(ties_in_use(), 2 * 16 * 15 / 2, "one link for each pair");
        let victims = [(); 2].map(|()| groups[0][rng.below(16) as usize]);
        for victim in victims {
            exit_signal(victim, ExitReason::Shutdown).expect("there is memory");
        }
        while groups[0].iter().any(|&pid| is_alive(pid)) {
            yield_now().await;
        }
        assert!(groups[1].iter().all(|&pid| is_alive(pid)), "a stranger");
        kill(groups[1][rng.below(16) as usize]);
        while groups[1].iter().any(|&pid| is_alive(pid)) {
            yield_now().await;
        }
        until_no_ties().await;
    }
}

/// Those of one process are as many as they are: its end works them off, and keeps nobody waiting.
#[girder::test(limit_ms = 120_000)]
async fn one_may_have_a_hundred_links_to_each_of_a_hundred() {
    until_no_ties().await;
    let hubs: Vec<Pid> = (0..32).map(|_| born(pending())).collect();
    let spokes: Vec<Pid> = (0..128)
        .map(|_| {
            let hubs = hubs.clone();
            born(async move {
                trap_exit(true).expect("there is memory");
                for &hub in &hubs {
                    link(hub).expect("there is memory");
                }
                for _ in &hubs {
                    let exit: Exit = receive().await;
                    assert_eq!(exit.reason, ExitReason::Killed);
                }
            })
        })
        .collect();
    for &spoke in &spokes {
        until_it_waits(spoke).await;
    }
    assert_eq!(ties_in_use(), 32 * 128);
    for hub in hubs {
        kill(hub);
    }
    while spokes.iter().any(|&pid| is_alive(pid)) {
        yield_now().await;
    }
    until_no_ties().await;
}
