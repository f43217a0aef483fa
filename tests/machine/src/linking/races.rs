//! Those who link and cut, and end meanwhile.

use super::{born, until_no_ties};
use crate::support::{NORMAL, until_it_waits};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicU64, Ordering::Relaxed};
use girder::{
    Exit, ExitReason, Pid, exit_signal, kill, link, receive, send, trap_exit, try_receive, unlink,
};
use girder_aarch64::cpu;
use girder_lockfree::process::{is_alive, spawn_watched, yield_now};

/// They link each other and think better of it, both at once, while one after the other is killed. Those that trap live until then, and all
/// that they are told is of those that they were linked to.
#[girder::test(limit_ms = 120_000)]
async fn those_who_link_and_cut_and_die_at_once_leave_no_tie() {
    until_no_ties().await;
    for round in 0..30 {
        let mut members: Vec<Pid> = Vec::new();
        for number in 0..24_usize {
            members.push(born(async move {
                trap_exit(true).expect("there is memory");
                let others: Vec<Pid> = receive().await;
                loop {
                    for (place, &other) in others.iter().enumerate() {
                        link(other).expect("there is memory");
                        if place % 3 == number % 3 {
                            unlink(other);
                        }
                    }
                    yield_now().await;
                    for &other in &others {
                        unlink(other);
                    }
                    while let Some(exit) = try_receive::<Exit>() {
                        assert!(others.contains(&exit.pid), "of a stranger");
                        assert!(!is_alive(exit.pid), "of one that lives");
                    }
                    // None is left, so whoever ends now is nothing to this one; but others link themselves to it.
                }
            }));
        }
        for &pid in &members {
            send(pid, members.clone()).expect("there is an envelope");
        }
        (0..round % 4).for_each(|_| cpu::relax());
        yield_now().await;
        for &pid in &members {
            kill(pid);
            if round % 2 == 0 {
                yield_now().await;
            }
        }
        while members.iter().any(|&pid| is_alive(pid)) {
            yield_now().await;
        }
        until_no_ties().await;
    }
}

/// Who has cut its link goes on, whatever becomes of the other: they race, and whoever is too late was linked.
#[girder::test(limit_ms = 60_000)]
async fn who_has_cut_a_link_in_time_goes_on() {
    until_no_ties().await;
    for round in 0..200_u32 {
        let victim = born(async {
            let () = receive().await;
            girder::exit("enough");
        });
        let was_cut = Arc::new(AtomicU64::new(0));
        let cuts = was_cut.clone();
        let (cutter, watch) = spawn_watched(
            move || async move {
                link(victim).expect("there is memory");
                let () = receive().await;
                (0..round % 64).for_each(|_| cpu::relax());
                cuts.store(1 + u64::from(unlink(victim)), Relaxed);
                yield_now().await;
            },
            NORMAL,
        )
        .expect("there is room");
        until_it_waits(victim).await;
        until_it_waits(cutter).await;
        send(victim, ()).expect("there is an envelope");
        send(cutter, ()).expect("there is an envelope");
        let reason = watch.await;
        match was_cut.load(Relaxed) {
            2 => assert_eq!(reason, ExitReason::Returned, "cut, and ended all the same"),
            _ => assert!(
                matches!(reason, ExitReason::Exited(_)),
                "not cut, and it {reason}"
            ),
        }
    }
    until_no_ties().await;
}

/// They never await, so each is given up where it stands, which is mostly within a link's beginning or end.
#[girder::test(limit_ms = 60_000)]
async fn whoever_is_killed_while_it_links_leaves_no_tie() {
    until_no_ties().await;
    let others: Vec<Pid> = (0..4)
        .map(|_| {
            born(async {
                trap_exit(true).expect("there is memory");
                loop {
                    let _: Exit = receive().await;
                }
            })
        })
        .collect();
    for round in 0..40 {
        let whom = others.clone();
        let spins = move || async move {
            loop {
                for &other in &whom {
                    link(other).expect("there is memory");
                    if round % 2 == 0 {
                        unlink(other);
                    }
                    trap_exit(round % 3 == 0).expect("there is memory");
                }
            }
        };
        let (pid, watch) = spawn_watched(spins, NORMAL).expect("there is room");
        yield_now().await;
        match round % 5 {
            0 if round % 3 != 0 => exit_signal(pid, ExitReason::Killed).expect("there is memory"),
            _ => _ = kill(pid),
        }
        if round % 5 == 0 {
            // It may have trapped the signal.
            kill(pid);
        }
        assert_eq!(watch.await, ExitReason::Killed);
    }
    until_no_ties().await;
    for other in others {
        kill(other);
    }
}
