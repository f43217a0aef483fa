//! What is said of reapers that were kept from their work, or that there could not be.

use super::*;
use crate::heap::charge::{Taken, price};
use crate::process::unburied::tell_debts;
use crate::process::{Hindrance, block_on, spawn_bounded};
use std::future::pending;

/// One that waits, and its token when it is to die.
fn killed_with<M: Send + 'static>(message: M) -> Token {
    let (pid, token) = born(async { next::<()>().await });
    assert!(run(token).park().is_none());
    kill(pid);
    put(pid, message);
    let Start::Die(token) = woken().start() else {
        panic!("to die")
    };
    token
}

/// Nothing else is left, and yet a reaper comes that says so.
#[test]
fn a_reaper_that_a_destructor_has_kept_from_its_work_is_told_of() {
    struct Blocks;

    impl Drop for Blocks {
        fn drop(&mut self) {
            assert!(block_on(std::future::pending::<()>()).is_err());
        }
    }

    core();
    let token = killed_with(Blocks);
    let pid = token.pid();
    token.drop_future().discontinue();
    assert_eq!(platform::take_hindered(), None);
    clear();
    let (reaper, hindrance) = platform::take_hindered().expect("told");
    assert_ne!(reaper, pid);
    assert_eq!(hindrance, Hindrance::Blocking);
    clear();
    assert_eq!(platform::take_hindered(), None, "told once");
}

/// Its slot is free when its mail is there: so whoever has all others keeps a reaper from being born, and it is told.
#[test]
fn a_reaper_that_there_is_no_room_for_is_told_of_and_born_later() {
    core_for(2);
    let drops = Arc::new(AtomicUsize::new(0));
    let token = killed_with(Witness(drops.clone()));
    let (_, first) = born(async { next::<()>().await });
    token.drop_future().discontinue();
    let (_, second) = born(async { next::<()>().await });
    assert_eq!(platform::take_unreaped(), 0);
    clear();
    assert_eq!(platform::take_unreaped(), 1);
    assert_eq!(drops.load(SeqCst), 0, "somebody's code in the loop");
    first.drop_future().discontinue();
    clear();
    assert_eq!(platform::take_unreaped(), 0);
    assert_eq!(drops.load(SeqCst), 1);
    second.drop_future().discontinue();
}

/// What it has left on the heap is freed by others while senders wait in its line: they find it by its slot, so nobody else
/// comes into that before all are told.
#[test]
fn a_slot_is_nobodys_while_senders_wait_for_who_has_ended_there() {
    let table = core_for(3);
    let bound = Bound::new(1, Overflow::Refuse).expect("a limit");
    let pid = spawn_bounded(async { next::<()>().await }, LEVEL, bound).expect("room");
    let mut token = collect().newborn.queue.pop_front().expect("born");
    token.grant(1_000);
    put(pid, ());
    let (_, sender) = born(async move {
        let mut place = join_line(Receiver::of(pid), 7_u8).expect("a place in line");
        let sent = poll_fn(|context| place.poll(context)).await;
        assert_eq!(sent, Sent::ToNobody);
        pending().await
    });
    let sender = run(sender);
    assert!(sender.park().is_none());
    token.header().charge.set(price(64));
    give_up(token);
    let account = table.account(pid.index()).expect("an account");
    if account.take(price(64), || ()).0 == Taken::Last {
        here::with_desk(|here, _| here.give_paid_slot(pid.index()));
    }
    let (other, other_token) = born(pending());
    assert_ne!(other.index(), pid.index(), "the line of the dead");
    tell_debts();
    let sender = run(woken());
    give_up(sender);
    clear();
    give_up(other_token);
    let tokens = [(); 3].map(|()| born(pending()).1);
    tokens.into_iter().for_each(give_up);
}
