//! How long a process has the core at a time, with all the interrupts in between.

use crate::machine::QUANTUM;
use girder_core::sched::Place;
use girder_lockfree::process::Pid;
use std::collections::BTreeMap;

/// Nanoseconds that a process may run among rivals: more than a quantum, for it pays for the ticks
/// that find it running, and some may find somebody more urgent in its place.
const MOST: u64 = 3 * QUANTUM;
/// Nanoseconds that it may count on.
const LEAST: u64 = QUANTUM / 2;

/// A process's turn, from its last await on.
#[derive(Debug)]
struct Stint {
    begun: u64,
    /// Time that it ran while another one of its level was ready, and interrupts got through.
    among_rivals: u64,
    /// When it was resumed, if a rival was ready then, and what had been held up until then.
    since: Option<(u64, u64)>,
    /// It has been interrupted, and is not in a queue yet.
    is_broken_off: bool,
}

impl Stint {
    fn new(now: u64) -> Self {
        Self {
            begun: now,
            among_rivals: 0,
            since: None,
            is_broken_off: false,
        }
    }
}

/// How somebody comes into a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// To go on: its turn is not over.
    GoesOn,
    /// Because its turn is over.
    HadItsQuantum,
    /// From a desk, or of its own accord.
    Comes,
}

/// The turns that are not over.
#[derive(Debug, Default)]
pub(super) struct Stints(BTreeMap<Pid, Stint>);

impl Stints {
    /// It was given the core.
    pub(super) fn begin(&mut self, pid: Pid, has_rival: bool, now: u64, held_up: u64) {
        let stint = self.0.entry(pid).or_insert(Stint::new(now));
        stint.since = has_rival.then_some((now, held_up));
    }

    /// An interrupt took the core from it.
    pub(super) fn break_off(&mut self, pid: Pid, now: u64, held_up: u64) {
        let stint = self.0.get_mut(&pid).expect("it has begun");
        if let Some((since, held_up_before)) = stint.since {
            stint.among_rivals += (now - since).saturating_sub(held_up - held_up_before);
        }
        let ran = stint.among_rivals;
        assert!(ran <= MOST, "{pid:?} has kept the core for {ran} ns");
        stint.is_broken_off = true;
    }

    /// It was to have the core, and did not even begin.
    pub(super) fn put_off(&mut self, pid: Pid, now: u64) {
        let stint = self.0.entry(pid).or_insert(Stint::new(now));
        stint.is_broken_off = true;
    }

    /// It gave the core back.
    pub(super) fn end(&mut self, pid: Pid) {
        self.0.remove(&pid);
    }

    /// It was put into a queue.
    pub(super) fn push(&mut self, pid: Pid, place: Place, now: u64) -> Standing {
        match (self.0.get_mut(&pid), place) {
            (Some(stint), Place::Front) if stint.is_broken_off => {
                stint.is_broken_off = false;
                Standing::GoesOn
            }
            (Some(stint), Place::Back) if stint.is_broken_off => {
                let had = now - stint.begun;
                assert!(had >= LEAST, "{pid:?} lost its turn after {had} ns");
                self.0.remove(&pid);
                Standing::HadItsQuantum
            }
            // If it had a turn before, it was held in the middle of it.
            (_, Place::Back) => {
                self.end(pid);
                Standing::Comes
            }
            (_, Place::Front) => panic!("{pid:?} jumps the queue"),
        }
    }
}
