//! What happened, and what must be true of it.

use girder_lockfree::process::Pid;
use std::collections::BTreeMap;

/// Something that happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// A process was given the core, at this level.
    Resume(Pid, u8),
    /// It was to have the core, and something came up first.
    PutOff(Pid),
    /// It let others go first.
    Yield(Pid),
    /// It waits.
    Wait(Pid),
    /// An interrupt took the core from it.
    Preempt(Pid),
    /// It has ended of its own accord.
    Done(Pid),
    /// It was made to end at an await, and dropped what it owned.
    Killed(Pid),
    /// It has ended in mid-poll for want of memory, and what it owned is lost.
    Crashed(Pid),
    /// It was made to end in mid-poll, and what it owned is lost.
    Abandoned(Pid),
}

/// Everything that happened, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trace {
    events: Vec<(u64, Event)>,
    /// Processes that have been resumed and not come back, or ended: there is one core.
    running: Option<Pid>,
    ended: BTreeMap<Pid, u64>,
}

impl Trace {
    /// Notes an event, and checks that it may follow what came before.
    pub(crate) fn note(&mut self, now: u64, event: Event) {
        match event {
            Event::Resume(pid, _) => {
                assert_eq!(self.running, None, "{pid:?} resumed beside another");
                assert!(
                    !self.ended.contains_key(&pid),
                    "{pid:?} resumed after its end"
                );
                self.running = Some(pid);
            }
            Event::PutOff(pid) => {
                assert_eq!(self.running, None, "{pid:?} was next beside another");
            }
            Event::Yield(pid) | Event::Wait(pid) | Event::Preempt(pid) => {
                assert_eq!(self.running.take(), Some(pid), "{pid:?} came back unasked");
            }
            Event::Done(pid) | Event::Crashed(pid) => {
                assert_eq!(self.running.take(), Some(pid), "{pid:?} ended unasked");
                assert_eq!(self.ended.insert(pid, now), None, "{pid:?} ended twice");
            }
            Event::Killed(pid) | Event::Abandoned(pid) => {
                assert_ne!(self.running, Some(pid), "{pid:?} killed while it ran");
                assert_eq!(self.ended.insert(pid, now), None, "{pid:?} ended twice");
            }
        }
        if let Some(&(before, _)) = self.events.last() {
            assert!(now >= before, "time went back");
        }
        self.events.push((now, event));
    }

    /// All events.
    pub fn events(&self) -> &[(u64, Event)] {
        &self.events
    }
}
