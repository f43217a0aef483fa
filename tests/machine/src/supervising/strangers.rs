//! Supervisors and those who do not play by the rules: makers that are gone, children that cut their link or can't be started, strangers that
//! are linked, and whoever asks for something too late.

use super::{Fate, Starts, child, children, pid, pids, stop, supervisor, until_begun, until_gone};
use core::future::{Ready, pending};
use core::time::Duration;
use girder::supervisor::{
    Child, Refusal, Shutdown, Strategy, Supervisor, SupervisorAddr, WishError,
};
use girder::{
    Down, Exit, ExitReason, Options, Pid, exit_signal, is_alive, kill, link, monitor, own_pid,
    receive, register, send, sleep, spawn, spawn_monitor, spawn_with, trap_exit, unlink,
    unregister,
};

/// So often that nobody gives up.
fn tireless() -> Supervisor {
    Supervisor::new(Strategy::OneForOne).intensity(1_000_000, Duration::from_secs(1))
}

/// How a maker ends.
#[derive(Clone, Copy, PartialEq)]
enum Maker {
    /// Before what it made has had a turn, perhaps.
    ReturnsAtOnce,
    ReturnsLater,
    IsKilled,
}

#[girder::test]
async fn one_that_is_linked_ends_with_its_maker_however_that_ends() {
    for how in [Maker::ReturnsAtOnce, Maker::ReturnsLater, Maker::IsKilled] {
        let before = girder::processes().count();
        let told = own_pid();
        let maker = spawn_with(move || async move {
            let family = supervisor(Strategy::OneForOne).child(Child::new("idle", pending::<()>));
            let family = family.spawn_link().expect("there is room");
            if how != Maker::ReturnsAtOnce {
                pids(family).await;
            }
            send(told, family.pid()).expect("there is an envelope");
            if how == Maker::IsKilled {
                pending::<()>().await;
            }
        });
        let family: Pid = receive().await;
        if how == Maker::IsKilled {
            kill(maker.expect("there is room"));
        }
        until_gone(family).await;
        while girder::processes().count() > before {
            sleep(Duration::from_millis(1)).await;
        }
    }
}

/// Its end is told none the less, and nobody waits for it for ever.
#[girder::test]
async fn a_child_that_cuts_its_link_is_ended_like_others() {
    for shutdown in [
        Shutdown::Infinity,
        Shutdown::Within(Duration::from_secs(3_600)),
        Shutdown::BrutalKill,
    ] {
        let told = own_pid();
        let naughty = Child::new("naughty", move || async move {
            unlink(receive().await);
            send(told, ()).expect("there is an envelope");
            pending().await
        });
        let family = supervisor(Strategy::OneForOne).child(naughty.shutdown(shutdown));
        let family = family.spawn().expect("there is room");
        let naughty = children(family).await.remove(0);
        for is_last in [false, true] {
            send(pid(family, 0).await, family.pid()).expect("there is an envelope");
            let () = receive().await;
            if is_last {
                stop(family).await;
            } else {
                assert_eq!(family.terminate_child(naughty.id).await, Ok(()));
                family
                    .restart_child(naughty.id)
                    .await
                    .expect("it is there no more");
            }
        }
    }
}

/// What asks it to stop is a signal of somebody who is there. The end of one that is no child of it asks for nothing.
#[girder::test]
async fn the_shutdown_of_a_stranger_is_not_the_supervisors() {
    let starts = Starts::default();
    let family = supervisor(Strategy::OneForOne).child(child(0, &starts));
    let family = family.spawn().expect("there is room");
    let told = own_pid();
    // Before it traps exit signals it ends for them like anybody.
    until_begun(&starts, [1, 0, 0]).await;
    for _ in 0..5 {
        let stranger = spawn(async move {
            link(family.pid()).expect("there is memory");
            send(told, ()).expect("there is an envelope");
            pending::<()>().await;
        });
        let stranger = stranger.expect("there is room");
        let () = receive().await;
        exit_signal(stranger, ExitReason::Shutdown).expect("there is memory");
        until_gone(stranger).await;
        sleep(Duration::from_millis(1)).await;
        assert_eq!(children(family).await.len(), 1);
    }
    monitor(family.pid()).expect("there is memory");
    exit_signal(family.pid(), ExitReason::Shutdown).expect("there is memory");
    let Down { reason, .. } = receive().await;
    assert_eq!(reason, ExitReason::Shutdown);
}

/// Whatever it says in its own name, it is there until it is not.
#[girder::test]
async fn a_signal_of_a_child_is_not_its_end() {
    let starts = Starts::default();
    let told = own_pid();
    let loud = Child::new("loud", move || async move {
        let above: Pid = receive().await;
        exit_signal(above, ExitReason::Killed).expect("there is memory");
        send(told, ()).expect("there is an envelope");
        pending().await
    });
    let family = supervisor(Strategy::OneForOne)
        .child(loud)
        .child(child(1, &starts));
    let family = family.spawn().expect("there is room");
    let before = pids(family).await;
    send(pid(family, 0).await, family.pid()).expect("there is an envelope");
    let () = receive().await;
    assert_eq!(pids(family).await, before);
    stop(family).await;
}

/// It is tried again until it can be, or until nobody wants it any more.
#[girder::test(limit_ms = 60_000)]
async fn a_supervisor_that_tries_in_vain_hears_still() {
    const NAME: &str = "contended";
    let told = own_pid();
    for relents in [true, false] {
        let named = Child::new("named", move || async move {
            send(told, own_pid()).expect("there is an envelope");
            let () = receive().await;
            unregister(NAME).expect("it is its own");
            send(told, ()).expect("there is an envelope");
            let () = receive().await;
        });
        let family = tireless().child(named.options(Options::new().name(NAME)));
        let (family, _) = spawn_monitor(move || family.run()).expect("there is room");
        let named: Pid = receive().await;
        send(named, ()).expect("there is an envelope");
        let () = receive().await;
        register(NAME, told).expect("nobody has it");
        send(named, ()).expect("there is an envelope");
        until_gone(named).await;
        sleep(Duration::from_millis(2)).await;
        if relents {
            unregister(NAME).expect("it is its own");
            let again: Pid = receive().await;
            assert!(again != named);
        }
        SupervisorAddr::of(family)
            .stop()
            .expect("there is an envelope");
        let Down { reason, .. } = receive().await;
        assert_eq!(reason, ExitReason::Returned);
        if !relents {
            unregister(NAME).expect("it is its own");
        }
    }
}

#[girder::test]
async fn one_that_can_not_begin_ends() {
    const NAME: &str = "taken";
    register(NAME, own_pid()).expect("nobody has it");
    let starts = Starts::default();
    let named = child(1, &starts).options(Options::new().name(NAME));
    let family = tireless().child(child(0, &starts)).child(named);
    let (_, _) = spawn_monitor(move || family.run()).expect("there is room");
    let Down { reason, .. } = receive().await;
    assert!(matches!(reason, ExitReason::Exited(_)), "{reason:?}");
    unregister(NAME).expect("it is its own");
    assert_eq!(starts[1].load(core::sync::atomic::Ordering::Relaxed), 0);
}

/// What makes a child runs in the child's process, and fails there.
#[girder::test]
async fn a_maker_that_panics_is_a_child_that_fails() {
    fn make() -> Ready<()> {
        panic!("nothing comes of it")
    }
    let starts = Starts::default();
    let family = Supervisor::new(Strategy::OneForOne)
        .intensity(2, Duration::from_secs(3_600))
        .child(child(0, &starts))
        .child(Child::new("stillborn", make));
    let (_, _) = spawn_monitor(move || family.run()).expect("there is room");
    let Down { reason, .. } = receive().await;
    assert_eq!(reason, ExitReason::Shutdown);
}

/// Each of them would wait for the other.
#[girder::test]
async fn who_asks_the_one_that_ends_it_is_refused() {
    let told = own_pid();
    let polite = Child::new("polite", move || async move {
        trap_exit(true).expect("there is memory");
        send(told, ()).expect("there is an envelope");
        let Exit { pid, .. } = receive().await;
        let above = SupervisorAddr::of(pid);
        let late = Child::new("late", pending::<()>);
        let refused = above.start_child(late).await.map(drop);
        send(told, (refused, above.which_children().await.is_err())).expect("an envelope");
    });
    let starts = Starts::default();
    let family = supervisor(Strategy::OneForOne)
        .child(child(0, &starts))
        .child(polite.shutdown(Shutdown::Infinity));
    let family = family.spawn().expect("there is room");
    let () = receive().await;
    until_begun(&starts, [1, 0, 0]).await;
    stop(family).await;
    let refused: (Result<(), WishError>, bool) = receive().await;
    assert_eq!(refused, (Err(WishError::Refused(Refusal::Busy)), true));
}

/// Who asks and is gone before it is answered changes nothing.
#[girder::test]
async fn a_wish_of_one_that_is_gone_is_fulfilled_or_not() {
    let starts = Starts::default();
    let family = supervisor(Strategy::OneForOne).child(child(0, &starts));
    let family = family.spawn().expect("there is room");
    for _ in 0..10 {
        let asks = spawn(async move {
            let another = Child::new("another", pending::<()>);
            _ = family.start_child(another).await;
        });
        kill(asks.expect("there is room"));
    }
    let all = pids(family).await;
    assert!(all.len() <= 11 && all.into_iter().flatten().all(is_alive));
    send(pid(family, 0).await, Fate::Panics).expect("there is an envelope");
    until_begun(&starts, [2, 0, 0]).await;
    stop(family).await;
}
