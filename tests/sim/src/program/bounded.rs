//! Mailboxes with limits, of all kinds, among processes that are killed and replaced.
//!
//! Beside the kernel's mailboxes there is a plain model of them: what has been delivered and not received. A message
//! is refused exactly when the model is full, what is received is what the model says, and in the end both are empty.

use super::mail::insist;
use super::{Shared, any_priority, interruptible, make, point, spawn};
use crate::world::with_state;
use girder_core::mail::{
    Bound, Overflow, Pid, SendError, Sent, receive, receive_any, receive_timeout, receive_where,
    send, traffic, try_receive,
};
use girder_core::rng::Rng;
use girder_core::sched::Priority;
use girder_core::time::timeout;
use girder_lockfree::mail::{envelopes_in_use, gate_report};
use girder_lockfree::process::{
    ExitReason, Request, Watch, is_alive, kill, own_pid, resume, spawn_bounded_watched, suspend,
    yield_now,
};
use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use std::time::Duration;

const SENDERS: usize = 5;
const MESSAGES: u32 = 60;
const POLICIES: [Overflow; 3] = [Overflow::Refuse, Overflow::Drop, Overflow::End];

/// What is delivered and not received, of one process: sender and number, in order.
struct Mailbox {
    bound: Bound,
    unread: VecDeque<(usize, u32)>,
    drops: u64,
}

/// Everything that the processes of a run share.
#[derive(Default)]
struct Model {
    mailboxes: BTreeMap<Pid, Mailbox>,
    /// Who receives now, one of each kind.
    receivers: Vec<Pid>,
    senders: Vec<Pid>,
    /// Letters that were made, and that are gone.
    made: usize,
    gone: usize,
    drops: u64,
    /// Senders and killers that have not come to their end.
    at_work: usize,
    /// Receivers that somebody has killed, or that have been given a message too many.
    killed: Vec<Pid>,
    overrun: Vec<Pid>,
}

type World = Rc<RefCell<Model>>;

/// A message; what it is, the model knows.
struct Letter {
    from: usize,
    number: u32,
    world: World,
}

// SAFETY: a simulation runs on one thread.
unsafe impl Send for Letter {}

impl Drop for Letter {
    fn drop(&mut self) {
        self.world.borrow_mut().gone += 1;
    }
}

/// Spawns it all.
pub(super) fn start(rng: &mut Rng, score: &Shared) {
    with_state(|state| state.has_mail = true);
    let world = World::default();
    world.borrow_mut().at_work = SENDERS + 1;
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
    let mailbox = Mailbox {
        bound,
        unread: VecDeque::new(),
        drops: 0,
    };
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

/// It is the first of those that were wanted.
fn judge(world: &World, letter: &Letter, is_wanted: impl Fn(u32) -> bool) {
    let pid = own_pid().expect("in a process");
    let mut model = world.borrow_mut();
    let mailbox = model.mailboxes.get_mut(&pid).expect("it has one");
    let unread = &mut mailbox.unread;
    let place = unread.iter().position(|&(_, number)| is_wanted(number));
    let expected = place.and_then(|place| unread.remove(place));
    let found = (letter.from, letter.number);
    assert_eq!(expected, Some(found), "lost, doubled or out of order");
    let counted = gate_report(pid).map(|report| (report.count, report.drops));
    let modelled = (mailbox.unread.len() as u64, mailbox.drops);
    assert_eq!(counted, Some(modelled), "lost count");
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
                post(&world, to, from, number);
                point().await;
                if rng.below(5) == 0 {
                    known.clone_from(&world.borrow().receivers);
                }
                if rng.below(4) == 0 {
                    yield_now().await;
                }
            }
            world.borrow_mut().at_work -= 1;
        })
    })
}

fn letter(world: &World, from: usize, number: u32) -> Letter {
    world.borrow_mut().made += 1;
    let world = world.clone();
    Letter {
        from,
        number,
        world,
    }
}

/// Sends a letter, and judges what has become of it.
fn post(world: &World, to: Pid, from: usize, number: u32) {
    let sent = send(to, letter(world, from, number));
    let is_alive = is_alive(to);
    let mut model = world.borrow_mut();
    let model = &mut *model;
    let mailbox = model.mailboxes.get_mut(&to).expect("it has one");
    let is_full = mailbox.unread.len() >= mailbox.bound.limit() as usize;
    let overflow = mailbox.bound.overflow();
    match &sent {
        Ok(Sent::Delivered) => {
            assert!(is_alive && !is_full, "more than has room");
            mailbox.unread.push_back((from, number));
        }
        Ok(Sent::Dropped) => {
            assert!(is_full && overflow == Overflow::Drop, "dropped beside room");
            mailbox.drops += 1;
            model.drops += 1;
        }
        Ok(Sent::ToNobody) if is_alive => {
            assert!(is_full && overflow == Overflow::End, "ended beside room");
            model.overrun.push(to);
        }
        Ok(Sent::ToNobody) => {}
        Err(SendError::Full(_)) => {
            assert!(is_full && overflow == Overflow::Refuse, "full beside room");
        }
        Err(other) => panic!("{other}"),
    }
    let gone_full = matches!(sent, Ok(Sent::ToNobody)) && is_alive;
    if gone_full {
        with_state(|state| state.laws.kill(to));
    }
}

fn kill_receiver(world: &World, victim: Pid) {
    world.borrow_mut().killed.push(victim);
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
                if rng.below(3) == 0 {
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
            world.borrow_mut().at_work -= 1;
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

/// Ends all receivers when nobody sends any more, and counts.
fn closer(score: &Shared, world: &World) {
    insist(|| {
        let world = world.clone();
        spawn(Priority::Low, score, async move {
            while world.borrow().at_work > 0 {
                point().await;
                yield_now().await;
            }
            let receivers = world.borrow().receivers.clone();
            for receiver in receivers {
                kill_receiver(&world, receiver);
            }
            // The reaper has its turns meanwhile.
            for _ in 0..20_000 {
                if envelopes_in_use() == 0 {
                    break;
                }
                yield_now().await;
            }
            assert_eq!(envelopes_in_use(), 0, "an envelope was lost");
            let model = world.borrow();
            assert_eq!(model.made, model.gone, "a message was lost or doubled");
            assert_eq!(traffic().dropped, model.drops, "drops were not counted");
        })
    });
}
