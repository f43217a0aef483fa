//! Links: who fails takes along whoever is linked to it, or tells it; once, for the reason that it was, and nobody else.

mod crowds;
mod races;

use crate::support::{NORMAL, overflow_stack, until_it_waits};
use alloc::boxed::Box;
use core::future::pending;
use core::hint::black_box;
use core::pin::Pin;
use girder::{
    Down, Exit, ExitReason, Pid, exit_signal, kill, link, monitor, own_pid, receive, send,
    spawn_link, spawn_monitor, trap_exit, try_receive,
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
    let (told, passed_on) = ends_of(async { _ = black_box(overflow_stack(0)) }).await;
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

/// The same by a link: its core may tick for nobody, and is told to look.
#[girder::test]
async fn who_spins_is_ended_by_its_link_too() {
    for _ in 0..5 {
        let victim = born(async {
            let () = receive().await;
            girder::exit("enough");
        });
        let own = own_pid();
        let (_, watch) = spawn_watched(
            move || async move {
                link(victim).expect("there is memory");
                send(own, ()).expect("there is an envelope");
                loop {
                    cpu::relax();
                }
            },
            NORMAL,
        )
        .expect("there is room");
        let () = receive().await;
        send(victim, ()).expect("there is an envelope");
        assert!(matches!(watch.await, ExitReason::Exited(_)));
    }
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
