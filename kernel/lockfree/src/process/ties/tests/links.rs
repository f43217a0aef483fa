//! Links on a core that is driven by hand.

use super::*;
use crate::process::{
    Down, Exit, NoLink, exit_signal, link, spawn_link, spawn_monitor, trap_exit, unlink,
};

/// One that links itself to those, and waits until it ends.
async fn linked(to: Vec<Pid>) {
    for pid in to {
        link(pid).expect("room");
    }
    pending().await
}

/// One that traps exits, links itself to those, and logs what comes.
async fn traps(to: Vec<Pid>, log: Exits) {
    assert_eq!(trap_exit(true), Ok(false));
    for pid in to {
        link(pid).expect("room");
    }
    loop {
        let exit: Exit = next().await;
        log.0.lock().expect("whole").push(exit);
    }
}

#[derive(Clone, Default)]
struct Exits(Arc<Mutex<Vec<Exit>>>);

impl Exits {
    fn take(&self) -> Vec<(Pid, ExitReason)> {
        let exits = core::mem::take(&mut *self.0.lock().expect("whole"));
        exits.into_iter().map(|it| (it.pid, it.reason)).collect()
    }
}

/// How somebody ends.
#[derive(Clone, Copy, Debug)]
enum How {
    Returns,
    IsKilled,
    Crashes,
    IsGivenUp,
}

impl How {
    const ALL: [Self; 4] = [
        Self::Returns,
        Self::IsKilled,
        Self::Crashes,
        Self::IsGivenUp,
    ];

    fn happens_to(self, token: Token) -> ExitReason {
        match self {
            Self::Returns => {
                assert!(send(Receiver::of(token.pid()), ()).is_ok());
                end(token);
                ExitReason::Returned
            }
            Self::IsKilled => {
                token.drop_future().discontinue();
                ExitReason::Killed
            }
            Self::Crashes => {
                let reason = ExitReason::Panicked(Words::of("no"));
                crash(token, reason.clone());
                reason
            }
            Self::IsGivenUp => {
                token.simulate_frame().give_up().discontinue();
                ExitReason::Killed
            }
        }
    }
}

#[test]
fn who_traps_is_told_of_each_end_as_it_was() {
    for how in How::ALL {
        core(100);
        let (pid, victim) = born(async { next().await });
        let log = Exits::default();
        let (_, watcher) = born(traps([pid].into(), log.clone()));
        park(watcher);
        let reason = how.happens_to(victim);
        tell();
        let watcher = run(woken());
        assert_eq!(log.take(), [(pid, reason)], "{how:?}");
        watcher.drop_future().discontinue();
        nothing_is_left();
    }
}

/// And so does the one that it is linked to: the reason is that of the first.
#[test]
fn who_does_not_trap_ends_for_the_same_reason_and_passes_it_on() {
    for how in How::ALL {
        for in_mid_poll in [false, true] {
            core(100);
            let (first, victim) = born(async { next().await });
            let (second, token) = born(linked([first].into()));
            park(token);
            let (third, dies) =
                spawn_watched(move || linked([second].into()), LEVEL).expect("room");
            park(newborn());
            let log = Exits::default();
            let (_, witness) = born(traps([third].into(), log.clone()));
            park(witness);
            let reason = how.happens_to(victim);
            tell();
            if reason == ExitReason::Returned {
                assert!(is_alive(second) && collect().woken.queue.is_empty());
                end_all([third, second], newborn_of_nobody());
                tell();
                continue;
            }
            for dies in [second, third] {
                let token = woken();
                assert_eq!(token.pid(), dies);
                match in_mid_poll {
                    true => token.simulate_frame().give_up().discontinue(),
                    false => end(token),
                }
                tell();
            }
            let witness = run(woken());
            assert_eq!(log.take(), [(third, reason.clone())], "{how:?}");
            assert_eq!(dies.reason(), Some(reason));
            witness.drop_future().discontinue();
            nothing_is_left();
        }
    }
}

fn newborn_of_nobody() -> Token {
    born(async {}).1
}

#[test]
fn whoever_ends_first_tells_the_other() {
    for maker_ends in [false, true] {
        for swapped in [false, true] {
            core(100);
            let log = [Exits::default(), Exits::default()];
            let pids = [(); 2].map(|()| {
                let (pid, token) = born(async { next::<Life>().await.0.await });
                park(token);
                pid
            });
            let [maker, other] = if swapped { [pids[1], pids[0]] } else { pids };
            give(other, traps([].into(), log[1].clone()));
            give(maker, traps([other].into(), log[0].clone()));
            assert_eq!(ties_in_use(), 1);
            let [dies, lives] = if maker_ends {
                [maker, other]
            } else {
                [other, maker]
            };
            let _ = kill(dies);
            end(woken());
            tell();
            let token = run(woken());
            assert_eq!(token.pid(), lives);
            let told = log[usize::from(maker_ends)].take();
            assert_eq!(told, [(dies, ExitReason::Killed)]);
            assert_eq!(log[usize::from(!maker_ends)].take(), []);
            token.drop_future().discontinue();
            nothing_is_left();
        }
    }
}

/// What one is to do.
struct Life(core::pin::Pin<Box<dyn Future<Output = ()> + Send>>);

/// Gives it to one that waits for such, and has it begin.
fn give(pid: Pid, life: impl Future<Output = ()> + Send + 'static) {
    assert!(send(Receiver::of(pid), Life(Box::pin(life))).is_ok());
    park(woken());
}

#[test]
fn who_links_twice_or_back_has_one_link() {
    core(100);
    let log = Exits::default();
    let (first, token) = born(async { next::<Life>().await.0.await });
    park(token);
    let (second, token) = born(traps([first, first].into(), log.clone()));
    park(token);
    give(first, async move {
        for _ in 0..3 {
            link(second).expect("room");
        }
        link(crate::process::own_pid().expect("a process")).expect("nothing");
        assert_eq!(ties_in_use(), 1);
        assert!(unlink(second));
        assert!(!unlink(second), "cut twice");
        assert_eq!(ties_in_use(), 0);
        link(second).expect("room");
        pending().await
    });
    let _ = kill(first);
    end(woken());
    tell();
    let token = run(woken());
    assert_eq!(log.take(), [(first, ExitReason::Killed)]);
    token.drop_future().discontinue();
    nothing_is_left();
}

#[test]
fn who_has_cut_a_link_is_told_nothing() {
    for cuts_its_own in [false, true] {
        core(100);
        let (first, token) = born(async { next::<Life>().await.0.await });
        park(token);
        let (second, token) = born(async { next::<Life>().await.0.await });
        park(token);
        give(first, async move {
            link(second).expect("room");
            if cuts_its_own {
                assert!(unlink(second));
            }
            pending().await
        });
        if !cuts_its_own {
            give(second, async move {
                assert!(unlink(first));
                pending().await
            });
        }
        let _ = kill(first);
        end(woken());
        tell();
        assert!(is_alive(second) && collect().woken.queue.is_empty());
        assert_eq!(ties_in_use(), 0);
    }
}

#[test]
fn one_that_is_gone_is_told_of_at_once() {
    for is_trapping in [false, true] {
        core(100);
        let (gone, victim) = born(async {});
        end(victim);
        let (pid, dies) = spawn_watched(
            move || async move {
                trap_exit(is_trapping).expect("room");
                assert_eq!(link(gone), Ok(()));
                let mut position = Position::default();
                let found = receive::<Exit>(&mut position);
                match is_trapping {
                    true => {
                        let Look::Found(exit) = found else {
                            panic!("not at once")
                        };
                        assert_eq!((exit.pid, exit.reason), (gone, ExitReason::NoProcess));
                    }
                    false => assert!(matches!(found, Look::Nothing)),
                }
                pending().await
            },
            LEVEL,
        )
        .expect("room");
        let token = run(newborn());
        match is_trapping {
            true => token.drop_future().discontinue(),
            false => {
                let Some(token) = token.park() else {
                    panic!("{pid} lives on")
                };
                end(token);
                assert_eq!(dies.reason(), Some(ExitReason::NoProcess));
            }
        }
        nothing_is_left();
    }
}

#[test]
fn a_signal_without_a_link_is_the_same() {
    let reasons = [
        ExitReason::Shutdown,
        ExitReason::Returned,
        ExitReason::Killed,
    ];
    for reason in reasons {
        for is_trapping in [false, true] {
            core(100);
            let log = Exits::default();
            let (pid, dies) = match is_trapping {
                true => {
                    let log = log.clone();
                    spawn_watched(move || traps([].into(), log), LEVEL)
                }
                false => spawn_watched(pending::<()>, LEVEL),
            }
            .expect("room");
            park(newborn());
            let (author, token) = born({
                let reason = reason.clone();
                async move {
                    assert_eq!(exit_signal(pid, reason.clone()), Ok(()));
                    // Who ends already takes no other reason.
                    assert_eq!(exit_signal(pid, ExitReason::NoProcess), Ok(()));
                    pending().await
                }
            });
            park(token);
            let token = woken();
            match (is_trapping, &reason) {
                (true, _) => {
                    let token = run(token);
                    let both = [(author, reason.clone()), (author, ExitReason::NoProcess)];
                    assert_eq!(log.take(), both);
                    token.drop_future().discontinue();
                }
                (false, ExitReason::Returned) => {
                    end(token);
                    assert_eq!(dies.reason(), Some(ExitReason::NoProcess));
                }
                (false, _) => {
                    end(token);
                    assert_eq!(dies.reason(), Some(reason.clone()));
                }
            }
            let _ = kill(author);
            end(woken());
            nothing_is_left();
        }
    }
}

#[test]
fn a_signal_to_oneself_ends_one_at_the_next_await() {
    core(100);
    let (_, dies) = spawn_watched(
        || async {
            let own = crate::process::own_pid().expect("a process");
            assert_eq!(exit_signal(own, ExitReason::Shutdown), Ok(()));
            pending::<()>().await;
        },
        LEVEL,
    )
    .expect("room");
    let token = run(newborn());
    end(token.park().expect("it has to end"));
    assert_eq!(dies.reason(), Some(ExitReason::Shutdown));
    nothing_is_left();
}

/// Whoever was killed before was killed.
#[test]
fn the_first_who_ends_one_gives_the_reason() {
    core(100);
    let (pid, dies) = spawn_watched(pending::<()>, LEVEL).expect("room");
    park(newborn());
    let (author, token) = born(async move {
        let _ = kill(pid);
        assert_eq!(exit_signal(pid, ExitReason::Shutdown), Ok(()));
        pending().await
    });
    park(token);
    let token = woken();
    assert_eq!(token.pid(), pid);
    end(token);
    assert_eq!(dies.reason(), Some(ExitReason::Killed));
    let _ = kill(author);
    end(woken());
    nothing_is_left();
}

/// Neither before its first turn nor after is there a moment without the tie.
#[test]
fn who_is_tied_at_birth_is_tied_from_birth_on() {
    for begins in [false, true] {
        core(100);
        let log = Exits::default();
        let told = log.clone();
        let (_, maker) = born(async move {
            trap_exit(true).expect("room");
            let child = spawn_link(pending::<()>, LEVEL, None, None).expect("room");
            let exit: Exit = next().await;
            assert_eq!(exit.pid, child);
            told.0.lock().expect("whole").push(exit);
            let (child, reference) =
                spawn_monitor(pending::<()>, LEVEL, None, None).expect("room");
            let down: Down = next().await;
            assert_eq!((down.pid, down.reference), (child, reference));
            assert_eq!(down.reason, ExitReason::Killed);
            pending().await
        });
        park(maker);
        for _ in 0..2 {
            let token = newborn();
            let token = match begins {
                true => run(token),
                false => token,
            };
            token.drop_future().discontinue();
            tell();
            park(woken());
        }
        assert_eq!(log.take().len(), 1);
        assert_eq!(ties_in_use(), 0);
    }
}

#[test]
fn a_maker_takes_its_children_along() {
    core(100);
    let (_, maker) = born(async move {
        let bound = Bound::new(1, Overflow::Refuse).expect("a limit");
        for bound in [None, Some(bound)] {
            spawn_link(pending::<()>, LEVEL, bound, None).expect("room");
        }
        pending().await
    });
    let maker = run(maker);
    let [first, second] = {
        let mut born = collect().newborn.queue;
        [(); 2].map(|()| born.pop_front().expect("born"))
    };
    for token in [first, second] {
        let mut token = token;
        token.grant(1_000);
        park(token);
    }
    crash(maker, ExitReason::Exited(Words::of("enough")));
    tell();
    let mut arrived = collect().woken.queue;
    for _ in 0..2 {
        let mut token = arrived.pop_front().expect("woken");
        token.grant(1_000);
        end(token);
    }
    nothing_is_left();
}

/// More than a loop tells at a turn; some trap, some have cut the link, some have ended meanwhile.
#[test]
fn the_many_links_of_one_are_worked_off_some_at_a_time() {
    core(1_000);
    let (pid, victim) = born(pending());
    let log = Exits::default();
    let mut others = Vec::new();
    for number in 0..200_u32 {
        let log = log.clone();
        let (other, token) = born(async move {
            if number % 4 == 0 {
                traps([pid].into(), log).await;
            }
            link(pid).expect("room");
            if number % 4 == 1 {
                assert!(unlink(pid));
            }
            pending().await
        });
        park(token);
        others.push(other);
    }
    assert_eq!(ties_in_use(), 150);
    crash(victim, ExitReason::Panicked(Words::of("no")));
    crate::process::unburied::tell_debts();
    assert_eq!(ties_in_use(), 150 - 16);
    for _ in 0..100 {
        tell();
        while let Some(token) = collect_woken() {
            match token.start() {
                Start::Run(process) => match process.poll() {
                    Polled::Waiting(token) | Polled::Listening(token) => {
                        assert!(token.park().is_none());
                    }
                    other => panic!("{other:?}"),
                },
                Start::Die(token) => token.drop_future().discontinue(),
                other => panic!("{other:?}"),
            }
        }
    }
    assert_eq!(log.take().len(), 50);
    let living = others.iter().filter(|&&pid| is_alive(pid)).count();
    assert_eq!(
        living, 100,
        "those that trap, and those that are not linked"
    );
    assert_eq!(ties_in_use(), 0);
}

/// Links in any order, cut in any other, by either end: the trees stay whole.
#[test]
fn any_links_can_be_found_and_cut_in_any_order() {
    use std::collections::BTreeSet;
    const COUNT: usize = 24;
    core(100);
    let pids: Vec<Pid> = (0..COUNT)
        .map(|_| {
            let (pid, token) = born(async {
                loop {
                    match next::<(bool, Pid, bool)>().await {
                        (true, to, _) => link(to).expect("room"),
                        (false, to, is_linked) => assert_eq!(unlink(to), is_linked, "{to}"),
                    }
                }
            });
            park(token);
            pid
        })
        .collect();
    let mut links = BTreeSet::new();
    let mut seed = 7_u64;
    let mut random = |below: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (seed >> 33) as usize % below
    };
    for _ in 0..10_000 {
        let [one, other] = [(); 2].map(|()| random(COUNT));
        let pair = (one.min(other), one.max(other));
        let makes = random(2) == 0;
        let is_linked = links.contains(&pair);
        match makes {
            true if one != other => _ = links.insert(pair),
            true => {}
            false => _ = links.remove(&pair),
        }
        let deed = (makes, pids[other], is_linked);
        assert!(send(Receiver::of(pids[one]), deed).is_ok());
        park(woken());
        assert_eq!(ties_in_use() as usize, links.len());
    }
}

#[test]
fn nobody_links_itself_to_the_kernels_own() {
    core(100);
    let (own, token) = born(pending());
    park(token);
    assert!(crate::process::take_for_kernel(own));
    let (_, token) = born(async move {
        assert_eq!(link(own), Err(NoLink::Refused));
        assert_eq!(exit_signal(own, ExitReason::Shutdown), Err(NoLink::Refused));
        pending().await
    });
    run(token).drop_future().discontinue();
    nothing_is_left();
}

/// Without memory for any of its parts there is no link, and nothing is left of the attempt.
#[test]
fn without_memory_there_is_no_link() {
    use crate::scarcity::{Purpose, simulate};
    std::thread_local! {
        static SCARCE: std::cell::Cell<Option<Purpose>> = const { std::cell::Cell::new(None) };
    }
    for purpose in [
        Purpose::Gates,
        Purpose::Ties,
        Purpose::Down,
        Purpose::Words,
        Purpose::Envelopes,
    ] {
        core(100);
        let (pid, victim) = born(pending());
        let (_, token) = born(async move {
            SCARCE.set(Some(purpose));
            assert_eq!(link(pid), Err(NoLink::NoMemory), "{purpose:?}");
            assert!(
                spawn_link(pending::<()>, LEVEL, None, None).is_err(),
                "{purpose:?}"
            );
            SCARCE.set(None);
            link(pid).expect("room");
            SCARCE.set(Some(purpose));
            link(pid).expect("it is there");
            SCARCE.set(None);
            assert!(unlink(pid));
            pending().await
        });
        simulate(|purpose| SCARCE.get() != Some(purpose));
        let token = run(token);
        simulate(|_| true);
        assert!(collect().newborn.queue.is_empty(), "{purpose:?}");
        for token in [victim, token] {
            token.drop_future().discontinue();
        }
        nothing_is_left();
        assert_eq!(envelopes_in_use(), Ok(0));
    }
}
