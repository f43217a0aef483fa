//! Links: who fails takes along whoever is linked to it, or tells it; once, for the reason that it was, and nobody else.

use crate::support::{NORMAL, until_it_waits};
use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::future::pending;
use core::hint::black_box;
use core::pin::Pin;
use core::sync::atomic::{AtomicU64, Ordering::Relaxed};
use girder::check::rng;
use girder::{
    Down, Exit, ExitReason, Pid, exit_signal, kill, link, monitor, own_pid, receive, send,
    spawn_link, spawn_monitor, trap_exit, try_receive, unlink,
};
use girder_aarch64::cpu;
use girder_lockfree::process::{is_alive, spawn, spawn_watched, ties_in_use, yield_now};

/// Waits until there are no ties, which nobody else has here: the loops of other cores work them off. One that is given back
/// twice makes less than none, and hangs this.
async fn until_no_ties() {
    while ties_in_use() != 0 {
        yield_now().await;
    }
}

type Life = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Makes one that lives like this, once it is told to: of all such there is one type, and one size.
fn born(life: impl Future<Output = ()> + Send + 'static) -> Pid {
    let life: Life = Box::pin(life);
    spawn(life, NORMAL).expect("there is room")
}

/// How one ends that lives like this, as a message says, and how one ends for it that does not trap.
async fn ends_of(life: impl Future<Output = ()> + Send + 'static) -> (ExitReason, ExitReason) {
    let first = born(async move {
        let () = receive().await;
        life.await;
    });
    let (second, watch) = spawn_watched(
        move || async move {
            link(first).expect("there is memory");
            let () = receive().await;
        },
        NORMAL,
    )
    .expect("there is room");
    until_it_waits(second).await;
    trap_exit(true).expect("there is memory");
    link(first).expect("there is memory");
    send(first, ()).expect("there is an envelope");
    let exit: Exit = receive().await;
    assert_eq!(exit.pid, first);
    if exit.reason == ExitReason::Returned {
        assert!(is_alive(second), "ended by one that returned");
        send(second, ()).expect("there is an envelope");
    }
    (exit.reason, watch.await)
}

#[girder::test]
async fn each_way_to_end_is_told_as_it_was_and_passed_on() {
    fn sink(depth: u64) -> u64 {
        let here = black_box([depth; 32]);
        match black_box(true) {
            true => sink(depth + 1) + here[0],
            false => here[1],
        }
    }

    until_no_ties().await;
    let (told, passed_on) = ends_of(async {}).await;
    assert_eq!(
        (told, passed_on),
        (ExitReason::Returned, ExitReason::Returned)
    );
    let killed = ends_of(async {
        kill(own_pid());
        pending().await
    });
    assert_eq!(killed.await, (ExitReason::Killed, ExitReason::Killed));
    let (told, passed_on) = ends_of(async { panic!("number {}", black_box(7)) }).await;
    assert_eq!(told, passed_on);
    assert!(matches!(told, ExitReason::Panicked(words) if words.as_str().contains("number 7")));
    let (told, passed_on) = ends_of(async { girder::exit("enough") }).await;
    assert_eq!(told, passed_on);
    assert!(matches!(told, ExitReason::Exited(words) if words.as_str() == "enough"));
    let (told, passed_on) = ends_of(async { _ = black_box(sink(0)) }).await;
    assert_eq!(told, passed_on);
    assert!(matches!(told, ExitReason::Overflowed(_)), "{told}");
    let (told, passed_on) = ends_of(async {
        // SAFETY: none: that is what is tested.
        unsafe { black_box(16 as *const u64).read_volatile() };
    })
    .await;
    assert_eq!(told, passed_on);
    assert!(matches!(told, ExitReason::Faulted(_)), "{told}");
    until_no_ties().await;
}

/// It never awaits, so it is given up where it stands, for the reason of the signal.
#[girder::test]
async fn who_spins_is_ended_by_a_signal_too() {
    let spins = || async {
        loop {
            cpu::relax();
        }
    };
    let (pid, watch) = spawn_watched(spins, NORMAL).expect("there is room");
    monitor(pid).expect("there is memory");
    exit_signal(pid, ExitReason::Shutdown).expect("there is memory");
    let down: Down = receive().await;
    assert_eq!(down.reason, ExitReason::Shutdown);
    assert_eq!(watch.await, ExitReason::Shutdown);
}

#[girder::test]
async fn a_child_is_linked_before_it_does_anything() {
    trap_exit(true).expect("there is memory");
    for round in 0..200_u32 {
        let child = spawn_link(move || async move {
            assert_ne!(round % 2, 0, "even");
        })
        .expect("there is room");
        let exit: Exit = receive().await;
        assert_eq!(exit.pid, child);
        match round % 2 {
            0 => assert!(matches!(exit.reason, ExitReason::Panicked(_))),
            _ => assert_eq!(exit.reason, ExitReason::Returned),
        }
        let (child, reference) = spawn_monitor(|| async {}).expect("there is room");
        let down: Down = receive().await;
        assert_eq!((down.pid, down.reference), (child, reference));
        assert_eq!(down.reason, ExitReason::Returned);
    }
    until_no_ties().await;
}

/// The child clears up, says so, and returns.
#[girder::test]
async fn a_child_may_see_to_its_own_shutdown() {
    trap_exit(true).expect("there is memory");
    let parent = own_pid();
    let child = spawn_link(move || async move {
        trap_exit(true).expect("there is memory");
        send(parent, 1_u8).expect("there is an envelope");
        let exit: Exit = receive().await;
        assert_eq!((exit.pid, exit.reason), (parent, ExitReason::Shutdown));
        send(parent, 2_u8).expect("there is an envelope");
    })
    .expect("there is room");
    assert_eq!(receive::<u8>().await, 1);
    exit_signal(child, ExitReason::Shutdown).expect("there is memory");
    let exit: Exit = receive().await;
    assert_eq!((exit.pid, exit.reason), (child, ExitReason::Returned));
    assert_eq!(try_receive::<u8>(), Some(2));
}

/// Numbers that one sends before it returns.
const NUMBERS: u32 = 200;

/// On several cores, and wherever the sender goes meanwhile.
#[girder::test]
async fn signals_and_messages_of_one_come_in_their_order() {
    trap_exit(true).expect("there is memory");
    for _ in 0..20 {
        let own = own_pid();
        spawn_link(move || async move {
            for number in 0..NUMBERS {
                send(own, number).expect("there is an envelope");
                if number % 32 == 0 {
                    exit_signal(own, ExitReason::Shutdown).expect("there is memory");
                    yield_now().await;
                }
            }
        })
        .expect("there is room");
        let mut expected = 0;
        loop {
            let message = girder::receive_any().await;
            let message = match message.downcast::<u32>() {
                Ok(number) => {
                    assert_eq!(number, expected, "overtaken");
                    expected += 1;
                    continue;
                }
                Err(message) => message,
            };
            let Ok(exit) = message.downcast::<Exit>() else {
                panic!("something else")
            };
            if exit.reason == ExitReason::Returned {
                break;
            }
            assert_eq!((expected - 1) % 32, 0, "overtaken");
        }
        assert_eq!(expected, NUMBERS, "overtaken");
    }
}

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
