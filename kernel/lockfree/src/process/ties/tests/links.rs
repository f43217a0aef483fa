//! Links on a core that is driven by hand.

use super::*;
use crate::process::{
    Down, Exit, NoLink, exit_signal, link, spawn_link, spawn_monitor, trap_exit, unlink,
};

mod births;
mod many;
mod signals;

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
