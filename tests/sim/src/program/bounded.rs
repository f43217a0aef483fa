//! Mailboxes with limits, of all kinds, among processes that are killed and replaced.
//!
//! Beside the kernel's mailboxes there is a plain model of them: what has been delivered and not received. A message
//! is refused exactly when the model is full, what is received is what the model says, and in the end both are empty.

mod model;

use super::mail::insist;
use super::{Shared, any_priority, interruptible, make, point, send_honestly, spawn};
use crate::world::with_state;
use girder_core::mail::{
    Bound, Overflow, Pid, receive, receive_any, receive_timeout, receive_where, send, send_wait,
    traffic, try_receive,
};
use girder_core::rng::Rng;
use girder_core::sched::Priority;
use girder_core::time::timeout;
use girder_lockfree::mail::envelopes_in_use;
use girder_lockfree::process::{
    ExitReason, Request, Watch, is_alive, kill, resume, spawn_bounded_watched, suspend, yield_now,
};
use model::{Letter, Mailbox, Waits, World, judge, letter, settle};
use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

const SENDERS: usize = 5;
const MESSAGES: u32 = 60;
const POLICIES: [Overflow; 3] = [Overflow::Refuse, Overflow::Drop, Overflow::End];

/// Spawns it all.
pub(super) fn start(rng: &mut Rng, score: &Shared) {
    with_state(|state| state.has_mail = true);
    let world = World::default();
    world.borrow_mut().is_killing = true;
    for overflow in POLICIES {
        let pid = receiver(rng, score, &world, overflow);
        world.borrow_mut().receivers.push(pid);
    }
    for from in 0..SENDERS {
        let pid = sender(from, rng, score, &world);
        world.borrow_mut().senders.push(pid);
    }
    killer(rng, score, &world);
    closer(score, &world);
}

fn receiver(rng: &mut Rng, score: &Shared, world: &World, overflow: Overflow) -> Pid {
    let bound = Bound::new(1 + rng.below(4) as u32, overflow).expect("a limit");
    let told = insist(|| {
        let mut rng = Rng::new(rng.next_u64());
        let level = any_priority(&mut rng).level();
        let model = world.clone();
        let body = make(score, async move {
            loop {
                take_one(&mut rng, &model).await;
                point().await;
            }
        });
        let made = super::attempt(|| spawn_bounded_watched(move || body, level, bound));
        super::counted(score, made)
    });
    let (pid, watch) = told;
    let mailbox = Mailbox::new(bound);
    world.borrow_mut().mailboxes.insert(pid, mailbox);
    coroner(score, world, pid, watch);
    pid
}

/// Judges what a receiver's end is put down to.
fn coroner(score: &Shared, world: &World, pid: Pid, watch: Watch) {
    // Until it runs: it may be refused, and asked for again.
    let watch = Rc::new(RefCell::new(Some(watch)));
    insist(|| {
        let (world, watch) = (world.clone(), watch.clone());
        spawn(Priority::Max, score, async move {
            let watch = watch.borrow_mut().take().expect("it runs once");
            let reason = watch.await;
            let model = world.borrow();
            match reason {
                ExitReason::MailboxLimit => assert!(model.overrun.contains(&pid), "for nothing"),
                ExitReason::Killed => assert!(model.killed.contains(&pid), "nobody killed it"),
                other => panic!("{pid} {other}"),
            }
        })
    });
}

/// Receives in one of many ways. Nothing is held while an interrupt may strike.
async fn take_one(rng: &mut Rng, world: &World) {
    match rng.below(6) {
        0 => {
            let odd = |letter: &Letter| letter.number % 2 == 1;
            let wait = timeout(Duration::from_micros(100), receive_where(odd));
            if let Ok(letter) = interruptible(wait).await {
                judge(world, &letter, |number| number % 2 == 1);
            }
        }
        1 => {
            if let Some(letter) = try_receive::<Letter>() {
                judge(world, &letter, |_| true);
            }
        }
        2 => {
            let wait = receive_timeout::<Letter>(Duration::from_micros(50));
            if let Ok(letter) = interruptible(wait).await {
                judge(world, &letter, |_| true);
            }
        }
        3 => {
            let wait = timeout(Duration::from_micros(50), receive_any());
            if let Ok(message) = interruptible(wait).await {
                let letter = message.downcast::<Letter>().expect("nothing else is sent");
                judge(world, &letter, |_| true);
            }
        }
        _ => judge(world, &interruptible(receive::<Letter>()).await, |_| true),
    }
}

fn sender(from: usize, rng: &mut Rng, score: &Shared, world: &World) -> Pid {
    insist(|| {
        let mut rng = Rng::new(rng.next_u64());
        let world = world.clone();
        spawn(any_priority(&mut rng), score, async move {
            // Whom it knows, perhaps for too long.
            let mut known = world.borrow().receivers.clone();
            for number in 0..MESSAGES {
                let to = known[rng.below(known.len() as u64) as usize];
                if rng.below(3) == 0 {
                    wait(&mut rng, &world, to, from, number).await;
                } else {
                    let letter = letter(&world, from, number);
                    let sent = send_honestly(|| send(to, letter));
                    settle(&world, to, (from, number), &sent);
                }
                point().await;
                if rng.below(5) == 0 {
                    known.clone_from(&world.borrow().receivers);
                }
                if rng.below(4) == 0 {
                    yield_now().await;
                }
            }
        })
    })
}

/// Sends a letter, and waits for room, perhaps not for ever.
async fn wait(rng: &mut Rng, world: &World, to: Pid, from: usize, number: u32) {
    let letter = letter(world, from, number);
    let wait = Waits::new(send_wait(to, letter), world, to, (from, number));
    if rng.below(3) == 0 {
        let limit = Duration::from_micros(rng.below(100));
        let _ = interruptible(Box::pin(timeout(limit, wait))).await;
    } else {
        interruptible(wait).await;
    }
}

fn kill_receiver(world: &World, victim: Pid) {
    world.borrow_mut().killed.push(victim);
    kill_noted(victim);
}

fn kill_noted(victim: Pid) {
    if kill(victim) == Request::Taken {
        with_state(|state| state.laws.kill(victim));
    }
}

/// Kills receivers, and replaces each that has ended for whatever reason.
fn killer(rng: &mut Rng, score: &Shared, world: &World) {
    insist(|| {
        let mut rng = Rng::new(rng.next_u64());
        let (score_of_all, world) = (score.clone(), world.clone());
        spawn(Priority::High, score, async move {
            for _ in 0..20 {
                let place = rng.below(POLICIES.len() as u64) as usize;
                let victim = world.borrow().receivers[place];
                if rng.below(6) == 0 {
                    let senders = &world.borrow().senders;
                    kill_noted(senders[rng.below(SENDERS as u64) as usize]);
                } else if rng.below(3) == 0 {
                    suspend(victim);
                    point().await;
                    resume(victim);
                } else {
                    kill_receiver(&world, victim);
                }
                point().await;
                replace_the_dead(&mut rng, &score_of_all, &world);
                for _ in 0..rng.below(10) {
                    yield_now().await;
                    point().await;
                }
            }
            world.borrow_mut().is_killing = false;
        })
    });
}

fn replace_the_dead(rng: &mut Rng, score: &Shared, world: &World) {
    for (place, overflow) in POLICIES.into_iter().enumerate() {
        let old = world.borrow().receivers[place];
        if !is_alive(old) {
            let newcomer = receiver(rng, score, world, overflow);
            world.borrow_mut().receivers[place] = newcomer;
        }
    }
}

fn is_at_work(world: &World) -> bool {
    let model = world.borrow();
    model.is_killing || model.senders.iter().any(|&sender| is_alive(sender))
}

/// Ends all receivers when nobody sends any more, and counts.
fn closer(score: &Shared, world: &World) {
    insist(|| {
        let world = world.clone();
        spawn(Priority::Low, score, async move {
            while is_at_work(&world) {
                point().await;
                yield_now().await;
            }
            let receivers = world.borrow().receivers.clone();
            for receiver in receivers {
                kill_receiver(&world, receiver);
            }
            // The reaper has its turns meanwhile.
            for _ in 0..20_000 {
                if envelopes_in_use().expect("all cores come to rest") == 0 {
                    break;
                }
                yield_now().await;
            }
            assert_eq!(
                envelopes_in_use().expect("all cores come to rest"),
                0,
                "an envelope was lost"
            );
            let model = world.borrow();
            assert_eq!(model.made, model.gone, "a message was lost or doubled");
            assert_eq!(
                traffic().expect("all cores come to rest").dropped,
                model.drops,
                "drops were not counted"
            );
        })
    });
}
