//! Monitors on a core that is driven by hand.

use super::*;
use crate::mail::{
    Bound, Look, Overflow, Position, Receiver, envelopes_in_use, poll_receive, reap, receive, send,
};
use crate::process::here::{Here, collect};
use crate::process::{
    ExitReason, Finished, Pid, Polled, Start, Table, Token, Words, is_alive, kill, spawn,
    spawn_bounded, spawn_watched,
};

mod links;

use std::boxed::Box;
use std::future::{pending, poll_fn};
use std::sync::{Arc, Mutex};
use std::vec::Vec;

const LEVEL: u8 = 2;

/// A core of its own.
fn core(processes: u32) -> &'static Table {
    let table = Box::leak(Box::new(Table::new(processes)));
    Box::leak(Box::new(Here::new())).simulate(table);
    table
}

/// What was told, in order.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<Down>>>);

impl Log {
    fn add(&self, down: Down) {
        self.0.lock().expect("whole").push(down);
    }

    fn reasons(&self) -> Vec<ExitReason> {
        let log = self.0.lock().expect("whole");
        log.iter().map(|down| down.reason.clone()).collect()
    }
}

fn born(body: impl Future<Output = ()> + Send + 'static) -> (Pid, Token) {
    let pid = spawn(body, LEVEL).expect("room");
    (pid, newborn())
}

fn newborn() -> Token {
    let mut token = collect().newborn.queue.pop_front().expect("born");
    token.grant(1_000);
    token
}

/// Gives it a turn, after which it waits.
fn run(token: Token) -> Token {
    let mut token = token;
    loop {
        token = match token.start() {
            Start::Run(process) => match process.poll() {
                Polled::Waiting(token) | Polled::Listening(token) => return token,
                other => panic!("does not wait: {other:?}"),
            },
            Start::Moved(token) => token,
            other => panic!("not to be run: {other:?}"),
        };
    }
}

fn park(token: Token) {
    assert!(run(token).park().is_none());
}

fn end(token: Token) {
    let mut token = token;
    loop {
        token = match token.start() {
            Start::Run(process) => match process.poll() {
                Polled::Done(finished) => return finished.discontinue(),
                other => panic!("not done: {other:?}"),
            },
            Start::Moved(token) => token,
            Start::Die(token) => return token.drop_future().discontinue(),
            other => panic!("not to be run: {other:?}"),
        };
    }
}

/// Ends it where it stands, by a fault of its own.
fn crash(token: Token, reason: ExitReason) {
    let local = token.into_header().cast();
    // SAFETY: the token above is not used again, and there is no frame.
    let (finished, _): (Finished, _) = unsafe { Finished::crashed(local, reason) };
    finished.discontinue();
}

fn woken() -> Token {
    let mut token = collect().woken.queue.pop_front().expect("woken");
    token.grant(1_000);
    token
}

/// Has the loop tell all there is to tell.
fn tell() {
    for _ in 0..100 {
        crate::process::unburied::tell_debts();
    }
}

/// Runs reapers until nothing is left unread.
fn bury() {
    tell();
    reap(LEVEL, LEVEL);
    while let Some(mut token) = collect().newborn.queue.pop_front() {
        token.grant(1_000);
        end(token);
        reap(LEVEL, LEVEL);
    }
}

/// One that monitors those, and logs what it is told.
async fn watch(whom: Vec<Pid>, log: Log) {
    for pid in whom {
        monitor(pid).expect("room");
    }
    loop {
        log.add(next().await);
    }
}

async fn next<M: Send + 'static>() -> M {
    let mut position = Position::default();
    poll_fn(|context| poll_receive(context, &mut position)).await
}

fn nothing_is_left() {
    bury();
    assert_eq!(ties_in_use(), 0, "a tie is lost");
}

#[test]
fn each_way_to_end_is_told_as_it_was() {
    let words = || Words::of("no");
    let ways: [(fn(Token), ExitReason); 4] = [
        (end, ExitReason::Returned),
        (
            |token| token.drop_future().discontinue(),
            ExitReason::Killed,
        ),
        (
            |token| token.simulate_frame().give_up().discontinue(),
            ExitReason::Killed,
        ),
        (
            |token| crash(token, ExitReason::Panicked(Words::of("no"))),
            ExitReason::Panicked(words()),
        ),
    ];
    for (way, reason) in ways {
        core(100);
        let (pid, victim) = born(async {});
        let log = Log::default();
        let (_, watcher) = born(watch([pid].into(), log.clone()));
        park(watcher);
        assert_eq!(ties_in_use(), 1);
        way(victim);
        assert!(!is_alive(pid));
        tell();
        let watcher = run(woken());
        assert_eq!(log.reasons(), [reason]);
        watcher.drop_future().discontinue();
        nothing_is_left();
    }
}

#[test]
fn who_is_gone_is_told_of_at_once() {
    core(100);
    let (pid, victim) = born(async {});
    end(victim);
    let log = Log::default();
    let never = Pid::from_number(99);
    let (_, watcher) = born(watch([pid, never].into(), log.clone()));
    let watcher = run(watcher);
    let gone = ExitReason::NoProcess;
    assert_eq!(log.reasons(), [gone.clone(), gone]);
    watcher.drop_future().discontinue();
    nothing_is_left();
}

/// Between its crash and its end there is nobody to be tied to any more, and who was is told the words.
#[test]
fn who_has_crashed_is_gone() {
    core(100);
    let (pid, victim) = born(pending());
    let [early, late] = [Log::default(), Log::default()];
    let (_, watcher) = born(watch([pid].into(), early.clone()));
    park(watcher);
    let local = victim.into_header().cast();
    let reason = ExitReason::Faulted(Words::of("a wild one"));
    // SAFETY: the token is not used again.
    let (finished, untold) = unsafe { Finished::crashed(local, reason.clone()) };
    assert_eq!(untold, Some(reason.clone()), "and the log has it");
    let (_, other) = born(watch([pid].into(), late.clone()));
    let other = run(other);
    assert_eq!(late.reasons(), [ExitReason::NoProcess]);
    finished.discontinue();
    tell();
    let watcher = run(woken());
    assert_eq!(early.reasons(), [reason]);
    for token in [watcher, other] {
        token.drop_future().discontinue();
    }
    nothing_is_left();
}

#[test]
fn what_was_sent_before_the_end_is_there_before_it_is_told() {
    core(100);
    let (sender, mut receiver) = (Log::default(), None);
    let log = sender.clone();
    let (watcher, token) = born(async move {
        let victim: Pid = next().await;
        monitor(victim).expect("room");
        let mut position = Position::default();
        poll_fn(|context| poll_receive::<u8>(context, &mut position)).await;
        // The second is there as well, and behind it what is told.
        let Look::Found(second) = receive::<u8>(&mut Position::default()) else {
            panic!("overtaken")
        };
        assert_eq!(second, 2);
        let Look::Found(down) = receive::<Down>(&mut Position::default()) else {
            panic!("not told")
        };
        log.add(down);
        pending().await
    });
    park(token);
    let (pid, victim) = born(async move {
        let go: u16 = next().await;
        for number in 1..=go as u8 {
            assert!(send(Receiver::of(watcher), number).is_ok());
        }
    });
    park(victim);
    assert!(send(Receiver::of(watcher), pid).is_ok());
    park(woken());
    assert!(send(Receiver::of(pid), 2_u16).is_ok());
    let victim = woken();
    end(victim);
    tell();
    receiver.replace(run(woken()));
    assert_eq!(sender.reasons(), [ExitReason::Returned]);
    receiver
        .into_iter()
        .for_each(|token| token.drop_future().discontinue());
    nothing_is_left();
}

#[test]
fn who_thinks_better_of_it_is_told_nothing() {
    core(100);
    let (pid, victim) = born(async {});
    let (_, watcher) = born(async move {
        let first = monitor(pid).expect("room");
        let second = monitor(pid).expect("room");
        assert_ne!(first, second);
        assert!(demonitor(first));
        assert!(!demonitor(first), "cut twice");
        assert_eq!(ties_in_use(), 1);
        assert!(demonitor_and_flush(second));
        let own = monitor(crate::process::own_pid().expect("a process")).expect("room");
        assert!(!demonitor(own), "of oneself there is nothing");
        let Down { .. } = next().await;
        panic!("told");
    });
    park(watcher);
    assert_eq!(ties_in_use(), 0);
    end(victim);
    tell();
    assert!(collect().woken.queue.is_empty());
}

#[test]
fn what_was_told_already_can_be_flushed() {
    core(100);
    let (pid, victim) = born(async {});
    let (watcher, token) = born(async move {
        let [kept, flushed] = [(); 2].map(|()| monitor(pid).expect("room"));
        let () = next().await;
        assert!(!demonitor_and_flush(flushed));
        assert!(!demonitor(kept));
        let down: Down = next().await;
        assert_eq!(down.reference, kept);
        assert!(matches!(
            receive::<Down>(&mut Position::default()),
            Look::Nothing
        ));
        pending().await
    });
    park(token);
    end(victim);
    tell();
    park(woken());
    assert!(send(Receiver::of(watcher), ()).is_ok());
    let token = run(woken());
    token.drop_future().discontinue();
    nothing_is_left();
}

/// Nobody else can cut it.
#[test]
fn a_monitor_is_its_owners() {
    core(100);
    let (pid, victim) = born(pending());
    let (watcher, token) = born(async move {
        let reference = monitor(pid).expect("room");
        let other: Pid = next().await;
        assert!(send(Receiver::of(other), reference).is_ok());
        pending().await
    });
    park(token);
    let (other, token) = born(async {
        assert!(!demonitor(next().await));
        pending().await
    });
    park(token);
    assert!(send(Receiver::of(watcher), other).is_ok());
    park(woken());
    park(woken());
    assert_eq!(ties_in_use(), 1);
    end_all([pid, other, watcher], victim);
    nothing_is_left();
}

fn end_all(pids: impl IntoIterator<Item = Pid>, ready: Token) {
    ready.drop_future().discontinue();
    for pid in pids {
        if is_alive(pid) {
            let _ = kill(pid);
            end(woken());
        }
    }
}

/// The watcher's end, at an await and in mid-poll, leaves nothing behind.
#[test]
fn a_watcher_may_end_first() {
    for in_mid_poll in [false, true] {
        core(100);
        let (pid, victim) = born(pending());
        let (_, watcher) = born(watch([pid, pid, pid].into(), Log::default()));
        let watcher = run(watcher);
        assert_eq!(ties_in_use(), 3);
        match in_mid_poll {
            true => watcher.simulate_frame().give_up().discontinue(),
            false => watcher.drop_future().discontinue(),
        }
        nothing_is_left();
        victim.drop_future().discontinue();
        nothing_is_left();
    }
}

/// More than a loop tells at a turn, of whom some have ended meanwhile.
#[test]
fn many_are_told_some_at_a_time() {
    core(1_000);
    let (pid, victim) = born(pending());
    let log = Log::default();
    let mut watchers = Vec::new();
    for _ in 0..100 {
        let (watcher, token) = born(watch([pid].into(), log.clone()));
        park(token);
        watchers.push(watcher);
    }
    victim.drop_future().discontinue();
    crate::process::unburied::tell_debts();
    assert_eq!(ties_in_use(), 100 - 16);
    // The first that is left.
    let _ = kill(watchers[0]);
    while let Some(token) = collect_woken() {
        match token.pid() == watchers[0] {
            true => end(token),
            false => park(token),
        }
    }
    tell();
    while let Some(token) = collect_woken() {
        park(token);
    }
    assert_eq!(log.reasons().len(), 99);
    nothing_is_left();
}

/// One that is watched by many has ended before or after one that is watched by few.
#[test]
fn who_has_many_watchers_keeps_nobody_elses_waiting() {
    for few_first in [false, true] {
        core(1_000);
        let [many, few] = [(); 2].map(|()| born(pending()));
        let log = Log::default();
        for _ in 0..200 {
            park(born(watch([many.0].into(), Log::default())).1);
        }
        park(born(watch([few.0].into(), log.clone())).1);
        let victims = match few_first {
            true => [few.1, many.1],
            false => [many.1, few.1],
        };
        victims
            .into_iter()
            .for_each(|token| token.drop_future().discontinue());
        for _ in 0..3 {
            crate::process::unburied::tell_debts();
        }
        assert!(ties_in_use() > 100, "the other one's are under way");
        while let Some(token) = collect_woken() {
            park(token);
        }
        assert_eq!(log.reasons(), [ExitReason::Killed]);
        tell();
        while let Some(token) = collect_woken() {
            park(token);
        }
        nothing_is_left();
    }
}

fn collect_woken() -> Option<Token> {
    std::thread_local! {
        static KEPT: std::cell::RefCell<Vec<Token>> = const { std::cell::RefCell::new(Vec::new()) };
    }
    KEPT.with_borrow_mut(|kept| {
        let mut arrived = collect().woken.queue;
        while let Some(mut token) = arrived.pop_front() {
            token.grant(1_000);
            kept.insert(0, token);
        }
        kept.pop()
    })
}

/// A slot whose ties are not worked off is nobody's, even if all that its process has left on the heap is freed.
#[test]
fn a_slot_is_held_while_ties_are_worked_off() {
    use crate::heap::charge::{Taken, price};
    let table = core(3);
    let (pid, victim) = born(pending());
    let log = Log::default();
    let (_, watcher) = born(watch([pid].into(), log.clone()));
    park(watcher);
    victim.header().charge.set(price(64));
    victim.simulate_frame().give_up().discontinue();
    let account = table.account(pid.index()).expect("an account");
    assert_ne!(
        account.take(price(64), || ()).0,
        Taken::Last,
        "the ring of the dead"
    );
    let (other, other_token) = born(pending());
    assert_ne!(other.index(), pid.index());
    tell();
    assert_eq!(log.reasons(), []);
    let watcher = run(woken());
    assert_eq!(log.reasons(), [ExitReason::Killed]);
    let (heir, heir_token) = born(pending());
    assert_eq!(heir.index(), pid.index(), "the slot is lost");
    for token in [watcher, other_token, heir_token] {
        token.drop_future().discontinue();
    }
    nothing_is_left();
}

/// A message of this kind needs no room, and leaves none when it is read.
#[test]
fn a_full_mailbox_is_told_all_the_same() {
    core(100);
    let (pid, victim) = born(pending());
    let bound = Bound::new(1, Overflow::Refuse).expect("a limit");
    let log = Log::default();
    let told = log.clone();
    let body = async move {
        monitor(pid).expect("room");
        told.add(next().await);
        let _: u8 = next().await;
        pending().await
    };
    let watcher = spawn_bounded(body, LEVEL, bound).expect("room");
    park(newborn());
    assert!(send(Receiver::of(watcher), 1_u8).is_ok());
    park(woken());
    assert!(send(Receiver::of(watcher), 2_u8).is_err(), "not full");
    victim.drop_future().discontinue();
    tell();
    let token = run(woken());
    assert_eq!(log.reasons(), [ExitReason::Killed]);
    let report = crate::mail::gate_report(watcher).expect("a gate");
    assert_eq!(report.count, 0, "one place, left once");
    token.drop_future().discontinue();
    nothing_is_left();
}

/// The block that tells who watches a spawn is told as well, and both say the same.
#[test]
fn a_watch_and_a_monitor_agree() {
    core(100);
    let (pid, dies) = spawn_watched(pending::<()>, LEVEL).expect("room");
    let victim = newborn();
    let log = Log::default();
    let (_, watcher) = born(watch([pid].into(), log.clone()));
    park(watcher);
    let reason = ExitReason::Exited(Words::of("enough"));
    crash(victim, reason.clone());
    tell();
    let watcher = run(woken());
    assert_eq!(log.reasons(), core::slice::from_ref(&reason));
    assert_eq!(dies.reason(), Some(reason));
    watcher.drop_future().discontinue();
    nothing_is_left();
}

/// Without memory for any of its parts there is no monitor, and nothing is left of the attempt.
#[test]
fn without_memory_there_is_no_monitor() {
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
        let (_, watcher) = born(async move {
            SCARCE.set(Some(purpose));
            assert_eq!(monitor(pid), Err(NoMonitor), "{purpose:?}");
            SCARCE.set(None);
            let reference = monitor(pid).expect("room");
            assert!(demonitor(reference));
            pending().await
        });
        simulate(|purpose| SCARCE.get() != Some(purpose));
        let watcher = run(watcher);
        simulate(|_| true);
        for token in [victim, watcher] {
            token.drop_future().discontinue();
        }
        nothing_is_left();
        assert_eq!(envelopes_in_use(), Ok(0));
    }
}
