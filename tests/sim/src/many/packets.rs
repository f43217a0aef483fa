//! Packets between cores that are late, and overtake each other: processes that are sent, and requests for work.
//!
//! What one core sends to another is in that core's inbox at once, and the sender rings. In some runs that is
//! not when it arrives: each packet is under way for as long as the seed says, from nothing to longer than a process has the core
//! at a time. Between one pair of cores the order is kept; packets of different pairs overtake each other. The sender's
//! ring has gone ahead by then and found nothing, so the wire rings once more when the packet is there, as a sender does.
//!
//! ```text
//!   leaves    whoever puts a process into an inbox, a waker or a loop: here its time is drawn
//!   arrive    whoever empties the inbox: what is not due yet is held back, the rest comes in the order of its arrival
//!   ask       a core that has nobody asks another one: the request is there when its time has come, unless it was taken back
//!   ring_due  the core at the other end is rung at
//! ```

use super::ManySabotage;
use super::baton::{Baton, State};
use super::world::{hands, with_state};
use girder_core::sched::Stolen;
use girder_lockfree::Token;
use girder_lockfree::process::crew::{Crew, Pace};
use girder_lockfree::process::{Pid, Queue};
use std::cell::RefCell;
use std::collections::BTreeMap;

/// Nanoseconds that packets are under way at most: most of them, and some.
const SOON: u64 = 30_000;
const LATE: u64 = 1_200_000;

/// What is under way.
pub(super) struct Packets {
    crew: &'static Crew,
    are_late: bool,
    processes: BTreeMap<Pid, Packet>,
    /// By who asks, and whom.
    requests: BTreeMap<(usize, usize), Packet>,
    /// Whom each core has asked last.
    asked: BTreeMap<usize, usize>,
    /// When the last one of each pair of cores arrives.
    latest: BTreeMap<(usize, usize), u64>,
    sent: u64,
    /// Processes that their core has looked for, and they were not there yet.
    missed: u64,
    /// Processes that came before one that was sent there earlier.
    overtook: u64,
}

#[derive(Clone, Copy, Debug)]
struct Packet {
    target: usize,
    due: u64,
    /// How many were sent before.
    number: u64,
    has_rung: bool,
}

thread_local! {
    /// Processes that are in this core's inbox as far as the kernel knows, and have not arrived.
    static HELD_BACK: RefCell<Queue> = const { RefCell::new(Queue::new()) };
}

impl Packets {
    pub(super) fn new(crew: &'static Crew, are_late: bool) -> Self {
        Self {
            crew,
            are_late,
            processes: BTreeMap::new(),
            requests: BTreeMap::new(),
            asked: BTreeMap::new(),
            latest: BTreeMap::new(),
            sent: 0,
            missed: 0,
            overtook: 0,
        }
    }

    /// When something arrives that the core at the other end has not been rung at for.
    pub(super) fn next(&self) -> Option<u64> {
        let processes = self.processes.values().filter(|packet| !packet.has_rung);
        processes
            .chain(self.requests.values())
            .map(|packet| packet.due)
            .min()
    }

    /// What comes first.
    fn order_of(&self, pid: Pid) -> Option<(u64, u64)> {
        let packet = self.processes.get(&pid)?;
        Some((packet.due, packet.number))
    }

    /// Whether a process is there for its core; and if so, it is not under way any more.
    fn has_arrived(&mut self, pid: Pid, now: u64) -> bool {
        let Some(&packet) = self.processes.get(&pid) else {
            return true;
        };
        if packet.due > now {
            self.missed += 1;
            return false;
        }
        self.processes.remove(&pid);
        let is_older = |it: &Packet| it.target == packet.target && it.number < packet.number;
        self.overtook += u64::from(self.processes.values().any(is_older));
        true
    }
}

impl Baton {
    /// How many were missed, and how many overtook.
    pub(super) fn late(&self) -> (u64, u64) {
        let packets = &self.lock().packets;
        (packets.missed, packets.overtook)
    }
}

impl State {
    /// What was just sent from one core to another.
    fn send_packet(&mut self, from: usize, target: usize) -> Packet {
        let longest = match self.rng.below(4) {
            0 => 1,
            1 | 2 => SOON,
            _ => LATE,
        };
        let due = self.now + self.rng.below(longest);
        let latest = self.packets.latest.entry((from, target)).or_default();
        *latest = due.max(*latest);
        self.packets.sent += 1;
        Packet {
            target,
            due: *latest,
            number: self.packets.sent,
            has_rung: false,
        }
    }

    /// Rings at a core where something has arrived.
    pub(super) fn ring_due(&mut self, core: usize) {
        let (now, packets) = (self.now, &mut self.packets);
        let is_due = |it: &Packet| it.target == core && it.due <= now && !it.has_rung;
        let mut has_come = false;
        for packet in packets.processes.values_mut().filter(|it| is_due(it)) {
            (packet.has_rung, has_come) = (true, true);
        }
        let crew = packets.crew;
        packets.requests.retain(|&(asks, _), packet| {
            let stays = !is_due(packet);
            if !stays {
                crew.ask(core, asks);
                has_come = true;
            }
            stays
        });
        let rings = has_come && self.sabotage != Some(ManySabotage::OvertakingRings);
        if rings && crew.ring(core) {
            self.send_signal(core);
        }
    }
}

/// This process is about to be in the inbox of the core with this address.
pub(super) fn leaves(address: u64, pid: Pid) {
    let from = hands().number;
    with_state(|state| {
        if state.packets.are_late {
            let packet = state.send_packet(from, address as usize);
            let before = state.packets.processes.insert(pid, packet);
            assert!(before.is_none(), "{pid:?} was sent twice");
        }
    });
}

/// Of those that the kernel has taken from this core's inbox: who has arrived.
pub(super) fn arrive(taken: Queue) -> Queue {
    if !with_state(|state| state.packets.are_late) {
        return taken;
    }
    HELD_BACK.with_borrow_mut(|held| {
        let mut taken = taken;
        held.append(&mut taken);
        let mut all: Vec<Token> = std::iter::from_fn(|| held.pop_front()).collect();
        with_state(|state| {
            let (now, packets) = (state.now, &mut state.packets);
            all.sort_by_key(|token| packets.order_of(token.pid()));
            for token in all {
                match packets.has_arrived(token.pid(), now) {
                    true => taken.push_back(token),
                    false => held.push_back(token),
                }
            }
        });
        taken
    })
}

/// Leaves those that are held back where a run has gone wrong to themselves.
pub(super) fn forget_held_back() {
    std::mem::forget(HELD_BACK.take());
}

/// What this core comes to by asking another one for work, if that takes time.
pub(super) fn ask(target: usize) -> Option<Stolen> {
    let own = hands().number;
    with_state(|state| {
        if !state.packets.are_late {
            return None;
        }
        if state.packets.crew.pace_of(target) != Pace::Ticking {
            return Some(Stolen::None);
        }
        let packet = state.send_packet(own, target);
        state.packets.asked.insert(own, target);
        state
            .packets
            .requests
            .entry((own, target))
            .or_insert(packet);
        Some(Stolen::Asked)
    })
}

/// This core takes its last request back: if that is under way, both come to nothing.
pub(super) fn take_back() {
    let own = hands().number;
    with_state(|state| {
        if let Some(target) = state.packets.asked.remove(&own) {
            state.packets.requests.remove(&(own, target));
        }
    });
}
