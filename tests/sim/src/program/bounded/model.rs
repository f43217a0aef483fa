//! A plain model of mailboxes with limits: what has been delivered and not received, and who waits for room.

use crate::world::{lacking, with_state};
use girder_core::mail::{Bound, Overflow, Pid, SendError, Sent, traffic};
use girder_lockfree::mail::gate_report;
use girder_lockfree::process::{is_alive, own_pid};
use girder_lockfree::scarcity::Purpose;
use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

/// What is delivered and not received, of one process: sender and number, in order.
pub(super) struct Mailbox {
    bound: Bound,
    unread: VecDeque<(usize, u32)>,
    drops: u64,
}

impl Mailbox {
    pub(super) fn new(bound: Bound) -> Self {
        let (unread, drops) = (VecDeque::new(), 0);
        Self {
            bound,
            unread,
            drops,
        }
    }
}

/// Everything that the processes of a run share.
#[derive(Default)]
pub(super) struct Model {
    pub(super) mailboxes: BTreeMap<Pid, Mailbox>,
    /// Who receives now, one of each kind.
    pub(super) receivers: Vec<Pid>,
    pub(super) senders: Vec<Pid>,
    /// Letters whose senders wait for room, in order of arrival.
    pub(super) in_line: BTreeMap<Pid, VecDeque<(usize, u32)>>,
    /// Letters that were made, and that are gone.
    pub(super) made: usize,
    pub(super) gone: usize,
    pub(super) drops: u64,
    /// Somebody still kills.
    pub(super) is_killing: bool,
    /// Receivers that somebody has killed, or that have been given a message too many.
    pub(super) killed: Vec<Pid>,
    pub(super) overrun: Vec<Pid>,
}

pub(super) type World = Rc<RefCell<Model>>;

/// A message; what it is, the model knows.
pub(super) struct Letter {
    from: usize,
    pub(super) number: u32,
    world: World,
}

// SAFETY: a simulation runs on one thread.
unsafe impl Send for Letter {}

impl Drop for Letter {
    fn drop(&mut self) {
        self.world.borrow_mut().gone += 1;
    }
}

/// It is the first of those that were wanted.
pub(super) fn judge(world: &World, letter: &Letter, is_wanted: impl Fn(u32) -> bool) {
    let pid = own_pid().expect("in a process");
    let model = &mut *world.borrow_mut();
    let mailbox = model.mailboxes.get_mut(&pid).expect("it has one");
    let unread = &mut mailbox.unread;
    let place = unread.iter().position(|&(_, number)| is_wanted(number));
    let expected = place.and_then(|place| unread.remove(place));
    let found = (letter.from, letter.number);
    assert_eq!(expected, Some(found), "lost, doubled or out of order");
    // The first in line has the place now.
    let line = model.in_line.entry(pid).or_default();
    unread.extend(line.pop_front());
    let seen = gate_report(pid).expect("it has a gate");
    let (count, waiting) = (unread.len() as u64, line.len());
    assert_eq!(seen.count, count, "lost count");
    assert_eq!(seen.waiting as usize, waiting, "waits for nothing");
    let has_room = count < u64::from(mailbox.bound.limit());
    assert!(waiting == 0 || !has_room, "waits beside room");
    assert_eq!(seen.drops, mailbox.drops, "lost count of drops");
}

type Wait = dyn Future<Output = Result<Sent, SendError<Letter>>>;

/// A wait for room, with which the model keeps up.
pub(super) struct Waits {
    wait: Pin<Box<Wait>>,
    has_begun: bool,
    world: World,
    to: Pid,
    what: (usize, u32),
}

impl Waits {
    pub(super) fn new(
        wait: impl Future<Output = Result<Sent, SendError<Letter>>> + 'static,
        world: &World,
        to: Pid,
        what: (usize, u32),
    ) -> Self {
        let (wait, world) = (Box::pin(wait), world.clone());
        Self {
            wait,
            has_begun: false,
            world,
            to,
            what,
        }
    }
}

impl Future for Waits {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let is_new = !std::mem::replace(&mut self.has_begun, true);
        let (to, what) = (self.to, self.what);
        let before = traffic().expect("all cores come to rest").refused;
        let (outcome, mut lacked) = lacking(|| self.wait.as_mut().poll(context));
        // Without a record it only has more to look through.
        lacked.retain(|&it| it != Purpose::Record);
        let is_refused = matches!(outcome, Poll::Ready(Err(SendError::NoEnvelope(_))));
        assert_eq!(is_refused, !lacked.is_empty(), "refused beside memory");
        let counted = traffic().expect("all cores come to rest").refused - before;
        assert_eq!(counted, u64::from(is_refused), "refusals are counted");
        match outcome {
            Poll::Ready(sent) if is_new => settle(&self.world, to, what, &sent),
            Poll::Ready(sent) => {
                let sent = sent.expect("it was in line");
                let line = &self.world.borrow().in_line[&to];
                let is_in_line = line.contains(&what) && is_alive(to);
                assert!(!is_in_line, "served out of turn");
                assert!(sent == Sent::Delivered || !is_alive(to), "told {sent:?}");
            }
            Poll::Pending => {
                if is_new {
                    join(&self.world, to, what);
                }
                return Poll::Pending;
            }
        }
        Poll::Ready(())
    }
}

impl Drop for Waits {
    fn drop(&mut self) {
        let mut model = self.world.borrow_mut();
        let line = model.in_line.entry(self.to).or_default();
        line.retain(|&it| it != self.what);
    }
}

/// It was found to be full, and waits.
fn join(world: &World, to: Pid, what: (usize, u32)) {
    let model = &mut *world.borrow_mut();
    let mailbox = &model.mailboxes[&to];
    let is_full = mailbox.unread.len() >= mailbox.bound.limit() as usize;
    let refuses = mailbox.bound.overflow() == Overflow::Refuse;
    assert!(is_full && refuses && is_alive(to), "waits beside room");
    model.in_line.entry(to).or_default().push_back(what);
}

pub(super) fn letter(world: &World, from: usize, number: u32) -> Letter {
    world.borrow_mut().made += 1;
    let world = world.clone();
    Letter {
        from,
        number,
        world,
    }
}

/// Judges what has become of a letter that did not wait.
pub(super) fn settle(
    world: &World,
    to: Pid,
    what: (usize, u32),
    sent: &Result<Sent, SendError<Letter>>,
) {
    let is_alive = is_alive(to);
    let mut model = world.borrow_mut();
    let model = &mut *model;
    let mailbox = model.mailboxes.get_mut(&to).expect("it has one");
    let is_full = mailbox.unread.len() >= mailbox.bound.limit() as usize;
    let overflow = mailbox.bound.overflow();
    match sent {
        Ok(Sent::Delivered) => {
            assert!(is_alive && !is_full, "more than has room");
            mailbox.unread.push_back(what);
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
        Err(SendError::NoEnvelope(letter)) => assert_eq!((letter.from, letter.number), what),
    }
    let gone_full = matches!(sent, Ok(Sent::ToNobody)) && is_alive;
    if gone_full {
        with_state(|state| state.laws.kill(to));
    }
}
