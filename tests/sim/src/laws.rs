//! Who may run now, and for how long: what the scheduler owes to whoever is ready.
//!
//! - *Priority*: nobody runs while somebody more urgent is ready.
//! - *Order*: within a level nobody is passed over more than once by each one that was there before.
//! - *Rounds*: while both are ready, a low one comes after seven normal ones, not sooner or later.
//! - *Quantum*: with another one of its level ready, a process does not keep the core for longer than
//!   three quanta of simulated time; and who is interrupted goes on next for half a quantum at least.
//! - *Wishes*: who has been suspended is not polled; who has been killed neither, but in mid-poll has two
//!   quanta to reach its next await.
//! - *Rest*: no core sleeps while somebody is ready, or is woken by a tick that nobody needs.
//!
//! Together they say that whoever is ready runs after a bounded number of turns, as far as those who
//! are more urgent let it.

mod dying;
mod stints;

use dying::Dying;
use girder_core::sched::{Place, Priority};
use girder_lockfree::process::Pid;
use std::collections::{BTreeMap, BTreeSet};
use stints::{Standing, Stints};

/// Normal ones that go before each low one.
const NORMAL_ONES: usize = 7;
/// Alarms are looked at when a tick of the wheel begins; a tick of the scheduler's own hardly ever comes then.
const WHEEL_TICK: u64 = 1_024;

/// Somebody who is ready.
#[derive(Debug)]
struct Ready {
    priority: Priority,
    passes: usize,
    most_passes: usize,
}

/// What has to be remembered to check them.
#[derive(Debug, Default)]
pub(crate) struct Laws {
    ready: BTreeMap<Pid, Ready>,
    last: [Option<Pid>; 4],
    /// Normal ones that were taken since a low one was, and while there was one.
    rounds: usize,
    stints: Stints,
    /// Who has come back of its own accord since the core last looked at its word.
    returned: Option<Pid>,
    /// It came back to wait.
    has_waited: bool,
    /// Who has been taken from the queue, and not begun: it may go to another level.
    in_hand: Option<Pid>,
    dying: Dying,
    suspended: BTreeSet<Pid>,
    /// The level that somebody was moved to, and whether it waited then.
    moved: BTreeMap<Pid, (Priority, bool)>,
    counts: Counts,
}

/// What the core should have counted.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) arrivals: u64,
    pub(crate) quanta: u64,
    pub(crate) waits: u64,
}

impl Laws {
    /// Somebody became ready.
    pub(crate) fn push(&mut self, pid: Pid, priority: Priority, place: Place, now: u64) {
        let stands = self.stints.push(pid, place, now);
        let is_back = self.returned.take_if(|it| *it == pid).is_some()
            || self.in_hand.take_if(|it| *it == pid).is_some();
        if let Some(&(wanted, true)) = self.moved.get(&pid) {
            assert_eq!(priority, wanted, "{pid:?} waited, and comes back");
        }
        self.counts.quanta += u64::from(stands == Standing::HadItsQuantum);
        self.counts.arrivals += u64::from(stands == Standing::Comes && !is_back);
        let last = &mut self.last[usize::from(priority.level())];
        let ahead = match place {
            Place::Back => {
                // When it runs again, that is another turn.
                last.take_if(|last| *last == pid);
                self.count(priority)
            }
            Place::Front => 0,
        };
        // One more for whoever was interrupted and is not in the queue at this moment.
        let most_passes = ahead + 1;
        let ready = Ready {
            priority,
            passes: 0,
            most_passes,
        };
        self.ready.insert(pid, ready);
    }

    /// Somebody was taken, to be run.
    pub(crate) fn pop(&mut self, pid: Pid) {
        self.in_hand = Some(pid);
        let taken = self.ready.remove(&pid).expect("it was pushed");
        let priority = taken.priority;
        let last = &mut self.last[usize::from(priority.level())];
        let is_anew = last.replace(pid) != Some(pid);
        for (other, it) in &mut self.ready {
            assert!(
                !it.priority.is_more_urgent_than(priority),
                "{pid:?}, {priority:?}, was run before {other:?}, {:?}",
                it.priority
            );
            it.passes += usize::from(is_anew && it.priority == priority);
            assert!(
                it.passes <= it.most_passes,
                "{other:?}, {:?}, was passed over {} times",
                it.priority,
                it.passes
            );
        }
        self.take_round(priority);
    }

    /// Somebody is about to be given the core. Whoever was handed a message while nobody was ready comes by no queue.
    pub(crate) fn choose(&mut self, pid: Pid, priority: Priority, now: u64) {
        if self.in_hand != Some(pid) {
            assert_eq!(self.ready.len(), 0, "{pid:?} passed those who are ready");
            self.push(pid, priority, Place::Back, now);
            self.pop(pid);
        }
    }

    fn take_round(&mut self, priority: Priority) {
        let is_there = |priority| self.count(priority) > 0;
        if priority == Priority::Low {
            let is_in_time = self.rounds == NORMAL_ONES || !is_there(Priority::Normal);
            assert!(is_in_time, "low came after {} normal ones", self.rounds);
            self.rounds = 0;
        } else if priority == Priority::Normal && is_there(Priority::Low) {
            self.rounds += 1;
            assert!(self.rounds <= NORMAL_ONES, "low was passed over too often");
        }
    }

    /// A process was given the core; `held_up` is time for which no interrupt got through, so far.
    pub(crate) fn begin(&mut self, pid: Pid, priority: Priority, now: u64, held_up: u64) {
        self.dying.begin(pid, now, held_up);
        (self.returned, self.in_hand) = (None, None);
        let is_asleep = self.suspended.contains(&pid);
        assert!(!is_asleep, "{pid:?} runs although suspended");
        if let Some(&(wanted, _)) = self.moved.get(&pid) {
            assert_eq!(priority, wanted, "{pid:?} was moved, and runs");
        }
        let has_rival = self.count(priority) > 0;
        self.stints.begin(pid, has_rival, now, held_up);
    }

    /// Something came up before a process could begin.
    pub(crate) fn put_off(&mut self, pid: Pid, now: u64) {
        self.stints.put_off(pid, now);
    }

    /// It was broken off.
    pub(crate) fn break_off(&mut self, pid: Pid, now: u64, held_up: u64) {
        self.stints.break_off(pid, now, held_up);
        self.dying.break_off(pid, now, held_up);
    }

    /// It gave the core back of its own accord.
    pub(crate) fn end(&mut self, pid: Pid, waits: bool) {
        self.stints.end(pid);
        self.dying.end(pid);
        self.returned = Some(pid);
        self.has_waited = waits;
    }

    /// Somebody goes behind the others: if whoever has come back waits, it is not simply back again, but
    /// somebody has woken it.
    pub(crate) fn rotate(&mut self) {
        if self.has_waited {
            self.returned = None;
        }
    }

    /// It was given up in mid-poll.
    pub(crate) fn give_up(&mut self, pid: Pid, now: u64) {
        self.dying.give_up(pid, now);
    }

    /// The core looks at its word: whoever has come back is where it belongs.
    pub(crate) fn look_up(&mut self) {
        self.returned = None;
    }

    /// Somebody has been killed who had not ended.
    pub(crate) fn kill(&mut self, pid: Pid) {
        self.dying.kill(pid);
        self.suspended.remove(&pid);
    }

    /// Somebody has been suspended.
    pub(crate) fn suspend(&mut self, pid: Pid) {
        self.suspended.insert(pid);
    }

    /// Somebody has been resumed.
    pub(crate) fn resume(&mut self, pid: Pid) {
        self.suspended.remove(&pid);
    }

    /// Somebody has been moved to another level; `waits` says that nobody had its token.
    pub(crate) fn set_priority(&mut self, pid: Pid, priority: Priority, waits: bool) {
        self.moved.insert(pid, (priority, waits));
    }

    /// True if somebody has suspended it.
    pub(crate) fn is_suspended(&self, pid: Pid) -> bool {
        self.suspended.contains(&pid)
    }

    /// True if somebody has killed it.
    pub(crate) fn is_killed(&self, pid: Pid) -> bool {
        self.dying.is_killed(pid)
    }

    /// The core goes to sleep until `deadline`; that it may is checked if it `has_to_be_right`.
    pub(crate) fn rest(&mut self, deadline: Option<u64>, has_to_be_right: bool) {
        self.counts.waits += 1;
        if !has_to_be_right {
            return;
        }
        let first = self.ready.keys().next();
        assert_eq!(first, None, "the core sleeps, and that one is ready");
        let is_alarm = deadline.is_none_or(|at| at.is_multiple_of(WHEEL_TICK));
        assert!(is_alarm, "an idle core has a tick");
    }

    /// What the core should have counted.
    pub(crate) fn counts(&self) -> Counts {
        self.counts
    }

    fn count(&self, priority: Priority) -> usize {
        let is_peer = |it: &&Ready| it.priority == priority;
        self.ready.values().filter(is_peer).count()
    }
}
