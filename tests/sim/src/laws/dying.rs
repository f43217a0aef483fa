//! What a killed process may still do: nothing, if it stood at an await; otherwise go on to its next one,
//! for two quanta.

use crate::machine::QUANTUM;
use girder_lockfree::process::Pid;
use std::collections::{BTreeMap, BTreeSet};

/// Nanoseconds that one may take to its next await: more than two quanta, for it pays for the ticks that
/// find it running, and some find somebody more urgent in its place.
const MOST: u64 = 4 * QUANTUM;
/// Nanoseconds that it may count on: the first of its ticks may be due when it begins.
const LEAST: u64 = 3 * QUANTUM / 2;

/// What is left to one that was killed in mid-poll.
#[derive(Debug, Default)]
struct Grace {
    /// When it was given the core first.
    begun: Option<u64>,
    /// When it was given the core last, and what had been held up until then.
    since: (u64, u64),
    ran: u64,
}

/// Who is killed, and who is in mid-poll.
#[derive(Debug, Default)]
pub(super) struct Dying {
    in_mid_poll: BTreeSet<Pid>,
    /// Nothing is left to those who stood at an await.
    killed: BTreeMap<Pid, Option<Grace>>,
}

impl Dying {
    pub(super) fn kill(&mut self, pid: Pid) {
        let is_in_mid_poll = self.in_mid_poll.contains(&pid);
        self.killed.insert(pid, is_in_mid_poll.then(Grace::default));
    }

    pub(super) fn is_killed(&self, pid: Pid) -> bool {
        self.killed.contains_key(&pid)
    }

    /// It was given the core.
    pub(super) fn begin(&mut self, pid: Pid, now: u64, held_up: u64) {
        let Some(grace) = self.killed.get_mut(&pid) else {
            return;
        };
        assert!(
            self.in_mid_poll.contains(&pid),
            "{pid:?} runs although killed"
        );
        // One that was killed between its last interrupt and its own end of the poll.
        let grace = grace.get_or_insert_default();
        grace.begun.get_or_insert(now);
        grace.since = (now, held_up);
    }

    /// An interrupt took the core from it.
    pub(super) fn break_off(&mut self, pid: Pid, now: u64, held_up: u64) {
        self.in_mid_poll.insert(pid);
        if let Some(Some(grace)) = self.killed.get_mut(&pid) {
            let (since, held_up_before) = grace.since;
            grace.ran += (now - since).saturating_sub(held_up - held_up_before);
            let ran = grace.ran;
            assert!(ran <= MOST, "{pid:?} ran for {ran} ns although killed");
        }
    }

    /// It stands at an await, or is done.
    pub(super) fn end(&mut self, pid: Pid) {
        self.in_mid_poll.remove(&pid);
    }

    /// It was given up in mid-poll.
    pub(super) fn give_up(&mut self, pid: Pid, now: u64) {
        let grace = self.killed.get(&pid).expect("it was killed");
        let begun = grace.as_ref().and_then(|it| it.begun).unwrap_or(now);
        let had = now - begun;
        assert!(had >= LEAST, "{pid:?} was given up after {had} ns");
    }
}
