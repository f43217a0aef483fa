//! What races at a gate, on modelled atomics.

use super::*;
use crate::mail::Gates;
use crate::process::word::{MAIL_SHIFT, Sent, StateWord};
use loom::thread;
use std::sync::Arc;

/// A process with a limit to its mailbox. Messages are numbers; each leads to the one before it.
struct Bounded {
    state: StateWord,
    gate: Gate,
    before: [AtomicU64; 4],
}

impl Bounded {
    fn new(limit: u32) -> (Arc<Self>, Pid) {
        let state = StateWord::new();
        let before = [(); 4].map(|()| AtomicU64::new(0));
        let gate = Gate::new();
        let bounded = Self {
            state,
            gate,
            before,
        };
        let pid = bounded.be_born(limit);
        (Arc::new(bounded), pid)
    }

    fn be_born(&self, limit: u32) -> Pid {
        let pid = self.state.next_pid(0);
        self.gate
            .open(pid, Bound::new(limit, Overflow::Refuse).ok());
        self.state.occupy_gated(pid);
        pid
    }

    /// As a sender does that was sent here by the word.
    fn send(&self, pid: Pid, message: u32) -> Entry {
        let entry = self.gate.enter(pid, Share::Ordinary);
        if entry != Entry::Free {
            return entry;
        }
        let link = |before| self.before[message as usize].store(before >> MAIL_SHIFT, Relaxed);
        match self.state.send_past_gate(pid, message, link) {
            Sent::Nobody => Entry::Nobody,
            _ => Entry::Free,
        }
    }

    fn count(&self, newest: u32) -> u64 {
        let (mut next, mut count) = (newest, 0);
        while next != 0 {
            next = self.before[next as usize].load(Relaxed) as u32;
            count += 1;
        }
        count
    }

    /// As the process does that takes everything; returns how many there were.
    fn take(&self) -> u64 {
        let count = self.count(self.state.take());
        (0..count).for_each(|_| assert!(self.gate.leave(), "nobody waits"));
        count
    }

    fn counted(&self, pid: Pid) -> u64 {
        self.gate.report(pid).map_or(0, |report| report.count)
    }
}

/// Two senders race for the last place, and the process for what they bring: there is never more than has room, and
/// what is counted in the end is there.
#[test]
fn the_last_place_is_had_by_one() {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(3);
    model.check(|| {
        let (bounded, pid) = Bounded::new(1);
        let senders = [1, 2].map(|message| {
            let bounded = bounded.clone();
            thread::spawn(move || bounded.send(pid, message))
        });
        let taken = bounded.take();
        let entries = senders.map(|sender| sender.join().unwrap());
        let let_in = entries.iter().filter(|&&it| it == Entry::Free).count() as u64;
        assert!(let_in >= 1, "both were refused");
        assert!(taken <= 1, "more than has room");
        assert_eq!(bounded.counted(pid), let_in - taken, "lost count");
        assert_eq!(bounded.take(), let_in - taken, "lost or doubled");
        assert_eq!(bounded.counted(pid), 0, "lost count");
    });
}

/// A sender races the end of the process and the birth of the next one in its slot, whose count it never touches.
#[test]
fn a_latecomer_takes_no_place_from_the_next_process() {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(3);
    model.check(|| {
        let (bounded, old) = Bounded::new(1);
        let sender = {
            let bounded = bounded.clone();
            thread::spawn(move || bounded.send(old, 1))
        };
        let taken = bounded.take();
        let (_, rest) = bounded.state.vacate(old);
        assert!(rest.is_gated());
        let left = bounded.count(rest.newest());
        bounded.gate.close(old, ());
        let new = bounded.be_born(1);
        assert_eq!(bounded.send(new, 2), Entry::Free, "its place was taken");
        let entry = sender.join().unwrap();
        assert_eq!(bounded.counted(new), 1, "lost count");
        assert_eq!(bounded.take(), 1, "a stranger's message");
        assert_eq!(bounded.counted(new), 0, "lost count");
        let found = u64::from(entry == Entry::Free);
        assert_eq!(taken + left, found, "lost or doubled");
    });
}

/// A gate is made for the first process of a slot while a core that has the pid out of thin air comes by: it finds
/// nobody, or all of it.
#[test]
pub(crate) fn a_gate_that_is_found_has_been_made() {
    loom::model(|| {
        let gates = Arc::new(Gates::new(2));
        let pid = StateWord::new().next_pid(1);
        let maker = {
            let gates = gates.clone();
            thread::spawn(move || {
                gates.make(1).expect("there is memory");
                let bound = Bound::new(1, Overflow::Refuse).ok();
                gates.of(pid).expect("just made").open(pid, bound);
            })
        };
        let found = gates
            .of(pid)
            .map_or(Entry::Nobody, |gate| gate.enter(pid, Share::Ordinary));
        maker.join().unwrap();
        let counted = gates.of(pid).and_then(|gate| gate.report(pid));
        let is_free = found == Entry::Free;
        assert!(is_free || found == Entry::Nobody, "{found:?}");
        assert_eq!(counted.map(|it| it.count), Some(u64::from(is_free)));
    });
}

/// A process gets a gate in the middle of its life while somebody sends to it, who never takes it for gone.
#[test]
pub(crate) fn who_gets_a_gate_is_not_taken_for_gone() {
    loom::model(|| {
        let state = StateWord::new();
        let pid = state.next_pid(0);
        state.occupy(pid);
        let process = Arc::new((state, Gate::new()));
        let opener = {
            let process = process.clone();
            thread::spawn(move || {
                let (state, gate) = &*process;
                gate.open(pid, None);
                state.show_gate();
            })
        };
        let (state, gate) = &*process;
        match state.send(pid, 1, |_| ()) {
            Sent::Left => {}
            Sent::Gated => {
                state.see_gate();
                let entry = gate.enter(pid, Share::Ordinary);
                assert_eq!(entry, Entry::Free, "taken for gone");
            }
            other => panic!("{other:?}"),
        }
        opener.join().unwrap();
    });
}
