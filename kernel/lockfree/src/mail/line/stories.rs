//! What races for a line, on modelled atomics.

use super::*;
use crate::mail::gate::{Entry, Gate, Share, Standing};
use crate::mail::{Bound, Overflow};
use crate::process::word::StateWord;
use loom::cell::UnsafeCell;
use loom::thread;
use std::sync::Arc;
use std::vec::Vec;

/// Places of a story, by number; 0 is none. The model lets only one thread at a time touch each.
struct Rooms([UnsafeCell<Waiting>; 3]);

// SAFETY: the model checks that the accesses are ordered.
unsafe impl Sync for Rooms {}

impl Places for Rooms {
    fn read(&self, number: u32) -> Waiting {
        // SAFETY: the pointer is valid; that nobody else writes there is what the model checks.
        self.0[number as usize].with(|place| unsafe { *place })
    }

    fn write(&self, number: u32, waiting: Waiting) {
        // SAFETY: as above.
        self.0[number as usize].with_mut(|place| unsafe { *place = waiting });
    }
}

/// A process whose mailbox has room for one, and is full.
struct Full {
    gate: Gate,
    rooms: Rooms,
    pid: Pid,
}

impl Full {
    fn new() -> Arc<Self> {
        let pid = StateWord::new().next_pid(0);
        let rooms = [(); 3].map(|()| UnsafeCell::new(Waiting::new(pid, 0)));
        let gate = Gate::new();
        gate.open(pid, Bound::new(1, Overflow::Refuse).ok());
        assert_eq!(gate.enter(pid, Share::Ordinary), Entry::Free);
        let rooms = Rooms(rooms);
        Arc::new(Self { gate, rooms, pid })
    }

    /// As a sender does that waits if there is no room; its ticket, or none if it has got in.
    fn send_or_join(&self, number: u32) -> Option<u64> {
        let line = self.gate.line().lock(());
        match self.gate.queue_up(self.pid) {
            Standing::Inside => None,
            Standing::Nowhere => panic!("it lives"),
            Standing::InLine => {
                let waiting = Waiting::new(self.pid, number);
                Some(line.join(&self.rooms, number, waiting))
            }
        }
    }

    /// As a sender does that gives up. True if it was in line.
    fn give_up(&self, number: u32, ticket: u64) -> bool {
        let line = self.gate.line().lock(());
        let has_left = line.leave(&self.rooms, number, ticket).is_some();
        if line.is_empty() {
            self.gate.end_queue(self.pid);
        }
        has_left
    }

    /// As the process does that receives one; who has got the place.
    fn receive(&self) -> Option<u32> {
        if self.gate.leave() {
            return None;
        }
        let line = self.gate.line().lock(());
        let served = line.serve(&self.rooms);
        match served {
            None => self.gate.leave_at_once(),
            Some(_) if line.is_empty() => self.gate.end_queue(self.pid),
            Some(_) => {}
        }
        served.map(|(number, _)| number)
    }

    fn counted(&self) -> u64 {
        self.gate.report(self.pid).map_or(0, |report| report.count)
    }
}

/// The last room is freed while a sender goes to wait: it gets in, or is served, and never waits beside room.
#[test]
pub(crate) fn who_goes_to_wait_is_served_or_finds_room() {
    loom::model(|| {
        let full = Full::new();
        let sender = {
            let full = full.clone();
            thread::spawn(move || full.send_or_join(1))
        };
        let mut served = full.receive();
        let ticket = sender.join().unwrap();
        let waits = ticket.is_some() && served.is_none();
        assert!(!(waits && full.counted() == 0), "waits beside room");
        assert_eq!(full.counted(), 1, "lost count");
        if waits {
            served = full.receive();
        }
        assert_eq!(served.is_some(), ticket.is_some(), "nobody was served");
        assert_eq!(full.counted(), 1, "lost count");
        assert_eq!(full.gate.line().length(), 0);
    });
}

/// Two senders wait and one of them gives up, while the process receives: each place is somebody's, in order.
#[test]
pub(crate) fn who_gives_up_takes_no_place_with_it() {
    loom::model(|| {
        let full = Full::new();
        let [first, _] = [1, 2].map(|number| full.send_or_join(number).expect("it is full"));
        let doubtful = {
            let full = full.clone();
            thread::spawn(move || full.give_up(1, first))
        };
        let mut served = Vec::from_iter(full.receive());
        let has_left = doubtful.join().unwrap();
        // Whoever is still in line is served next, and then nobody.
        while full.gate.line().length() > 0 {
            served.extend(full.receive());
        }
        let expected: &[u32] = if has_left { &[2] } else { &[1, 2] };
        assert_eq!(served, expected, "lost, doubled or out of order");
        assert_eq!(full.counted(), 1, "lost count");
        assert_eq!(full.receive(), None);
        assert_eq!(full.counted(), 0, "lost count");
    });
}
