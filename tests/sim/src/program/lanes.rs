//! Mailboxes with urgent lanes, that are opened and closed again, with and without a limit, among processes that are
//! killed and replaced.
//!
//! Beside each mailbox there is a plain model of it: what has been delivered and not received, in the order in which it
//! is to be received. An urgent message goes behind the urgent ones at the front, any other behind all. What is
//! received is what the model says, so order within a lane is kept, urgent ones come first, and nothing is lost or doubled.

use super::honest::{honest, send_honestly};
use super::mail::insist;
use super::received::received;
use super::trouble::kill;
use super::{Shared, any_priority, attempt, counted, interruptible, make, point, spawn};
use crate::world::with_state;
use girder_core::mail::{
    Bound, Lane, LaneError, Overflow, Pid, SendError, Sent, UrgentAddr, receive, receive_timeout,
    receive_where, send, try_receive, urgent_lane,
};
use girder_core::rng::Rng;
use girder_core::sched::Priority;
use girder_core::time::timeout;
use girder_lockfree::mail::envelopes_in_use;
use girder_lockfree::process::{self, is_alive, own_pid, yield_now};
use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use std::time::Duration;

const RECEIVERS: usize = 3;
const SENDERS: usize = 4;
const MESSAGES: u32 = 60;
const DEATHS: usize = 12;

/// What is delivered and not received, of one process.
#[derive(Default)]
struct Mailbox {
    limit: Option<u32>,
    unread: VecDeque<Unread>,
    /// The lane that is open.
    open: Option<Address>,
    /// All that there ever were.
    lanes: Vec<Address>,
}

/// A lane's address, and its number among those of its process.
#[derive(Clone, Copy)]
struct Address(UrgentAddr<Letter>, usize);

#[derive(Clone, Copy)]
struct Unread {
    from: usize,
    number: u32,
    is_urgent: bool,
}

/// Everything that the processes of a run share.
#[derive(Default)]
struct Model {
    mailboxes: BTreeMap<Pid, Mailbox>,
    /// Who receives now.
    receivers: Vec<Pid>,
    /// Letters that were made, and that are gone.
    made: usize,
    gone: usize,
    /// Who sends or kills.
    at_work: usize,
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
    for _ in 0..RECEIVERS {
        let pid = receiver(rng, score, &world);
        world.borrow_mut().receivers.push(pid);
    }
    for from in 0..SENDERS {
        sender(from, rng, score, &world);
    }
    killer(rng, score, &world);
    closer(score, &world);
}

fn receiver(rng: &mut Rng, score: &Shared, world: &World) -> Pid {
    let limit = (rng.below(2) == 0).then(|| 1 + rng.below(4) as u32);
    let pid = insist(|| {
        let mut rng = Rng::new(rng.next_u64());
        let (level, world) = (any_priority(&mut rng).level(), world.clone());
        let body = make(score, async move {
            let mut lane = None;
            loop {
                if rng.below(6) == 0 {
                    change(&mut lane, &world);
                }
                point().await;
                take_one(&mut rng, &world).await;
                point().await;
            }
        });
        let made = attempt(|| match limit {
            None => process::spawn(body, level),
            Some(limit) => {
                let bound = Bound::new(limit, Overflow::Refuse).expect("a limit");
                process::spawn_bounded(body, level, bound)
            }
        });
        counted(score, made.map(|pid| (pid, ()))).map(|(pid, ())| pid)
    });
    let mailbox = Mailbox {
        limit,
        ..Mailbox::default()
    };
    world.borrow_mut().mailboxes.insert(pid, mailbox);
    pid
}

/// Opens a lane, or closes the one that is open.
fn change(lane: &mut Option<Lane>, world: &World) {
    let pid = own_pid().expect("in a process");
    if lane.take().is_some() {
        let mut model = world.borrow_mut();
        model.mailboxes.get_mut(&pid).expect("it has one").open = None;
        return;
    }
    *lane = honest(urgent_lane, |made| matches!(made, Err(LaneError::NoMemory))).ok();
    let Some(lane) = lane else { return };
    let mut model = world.borrow_mut();
    let mailbox = model.mailboxes.get_mut(&pid).expect("it has one");
    let address = Address(UrgentAddr::of(lane), mailbox.lanes.len());
    mailbox.lanes.push(address);
    mailbox.open = Some(address);
}

/// Receives in one of many ways. Nothing is held while an interrupt may strike.
async fn take_one(rng: &mut Rng, world: &World) {
    match rng.below(4) {
        0 => {
            let odd = |letter: &Letter| letter.number % 2 == 1;
            let wait = timeout(Duration::from_micros(100), receive_where(odd));
            if let Ok(letter) = interruptible(wait).await {
                judge(world, &letter, |number| number % 2 == 1);
            }
        }
        1 => {
            if let Some(letter) = try_receive() {
                received(letter, try_receive, |it| judge(world, it, |_| true));
            }
        }
        2 => {
            let wait = receive_timeout::<Letter>(Duration::from_micros(50));
            if let Ok(letter) = interruptible(wait).await {
                judge(world, &letter, |_| true);
            }
        }
        _ => judge(world, &interruptible(receive::<Letter>()).await, |_| true),
    }
}

/// It is the first of those that were wanted.
fn judge(world: &World, letter: &Letter, is_wanted: impl Fn(u32) -> bool) {
    let pid = own_pid().expect("in a process");
    let model = &mut *world.borrow_mut();
    let unread = &mut model.mailboxes.get_mut(&pid).expect("it has one").unread;
    let place = unread.iter().position(|it| is_wanted(it.number));
    let expected = place.and_then(|place| unread.remove(place));
    let expected = expected.map(|it| (it.from, it.number));
    let found = (letter.from, letter.number);
    assert_eq!(expected, Some(found), "lost, doubled or out of order");
}

fn sender(from: usize, rng: &mut Rng, score: &Shared, world: &World) {
    insist(|| {
        let mut rng = Rng::new(rng.next_u64());
        let world = world.clone();
        spawn(any_priority(&mut rng), score, async move {
            // Whom it knows, perhaps for too long.
            let mut known = world.borrow().receivers.clone();
            for number in 0..MESSAGES {
                let to = known[rng.below(known.len() as u64) as usize];
                post(&mut rng, &world, to, (from, number));
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
    });
}

/// Sends a letter, by a lane of the receiver's if it ever had one, open or not, or like any other.
fn post(rng: &mut Rng, world: &World, to: Pid, (from, number): (usize, u32)) {
    world.borrow_mut().made += 1;
    let letter = Letter {
        from,
        number,
        world: world.clone(),
    };
    let lane = {
        let model = world.borrow();
        let lanes = &model.mailboxes[&to].lanes;
        let any = rng.below(1 + lanes.len() as u64) as usize;
        // Mostly the newest, which may be open.
        let newest = lanes.last().filter(|_| rng.below(3) > 0);
        newest.or(lanes.get(any)).copied()
    };
    let sent = match lane {
        Some(Address(lane, _)) => send_honestly(|| lane.send(letter)),
        None => send_honestly(|| send(to, letter)),
    };
    settle(world, to, (from, number), lane, &sent);
}

/// Judges what has become of a letter.
fn settle(
    world: &World,
    to: Pid,
    (from, number): (usize, u32),
    lane: Option<Address>,
    sent: &Result<Sent, SendError<Letter>>,
) {
    let is_alive = is_alive(to);
    let mut model = world.borrow_mut();
    let mailbox = model.mailboxes.get_mut(&to).expect("it has one");
    let of_lane = |lane: Option<Address>| lane.map(|Address(_, number)| number);
    let is_urgent = lane.is_some() && of_lane(lane) == of_lane(mailbox.open);
    let room = mailbox.limit.map(|limit| limit << u32::from(is_urgent));
    let has_room = room.is_none_or(|room| mailbox.unread.len() < room as usize);
    match sent {
        Ok(Sent::Delivered) => {
            assert!(is_alive && has_room, "more than has room");
            let is_before = |it: &&Unread| is_urgent && it.is_urgent;
            let place = match is_urgent {
                true => mailbox.unread.iter().take_while(is_before).count(),
                false => mailbox.unread.len(),
            };
            let unread = Unread {
                from,
                number,
                is_urgent,
            };
            mailbox.unread.insert(place, unread);
        }
        Ok(Sent::ToNobody) => assert!(!is_alive, "{to} is there"),
        Ok(Sent::Dropped) => panic!("nobody wants that"),
        Err(SendError::Full(_)) => assert!(!has_room, "full beside room"),
        Err(SendError::NoEnvelope(letter)) => {
            assert_eq!((letter.from, letter.number), (from, number));
        }
    }
}

/// Kills receivers, and replaces them.
fn killer(rng: &mut Rng, score: &Shared, world: &World) {
    insist(|| {
        let mut rng = Rng::new(rng.next_u64());
        let (score_of_all, world) = (score.clone(), world.clone());
        spawn(Priority::High, score, async move {
            for _ in 0..DEATHS {
                let place = rng.below(RECEIVERS as u64) as usize;
                let victim = world.borrow().receivers[place];
                kill(victim);
                point().await;
                let newcomer = receiver(&mut rng, &score_of_all, &world);
                world.borrow_mut().receivers[place] = newcomer;
                for _ in 0..rng.below(20) {
                    yield_now().await;
                    point().await;
                }
            }
            world.borrow_mut().at_work -= 1;
        })
    });
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
            receivers.into_iter().for_each(kill);
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
        })
    });
}
