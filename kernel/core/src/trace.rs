//! What a core has decided about processes that move, in three words each: so that a person can see them move.
//!
//! Each core writes its own ring ([`Recorder`](girder_lockfree::Recorder)); whoever reads puts those of all cores together.

use crate::sched::CoreId;
use alloc::vec::Vec;
use core::fmt;
use girder_lockfree::process::Pid;

/// A decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// So many processes were taken from that core, of which this is the first.
    Stole(Pid, u32, CoreId),
    /// So many were offered, or sent, to those that have none.
    Fed(u32),
    /// A process was sent to that core, where it stays.
    Sent(Pid, CoreId),
    /// A process was sent here.
    Came(Pid),
}

const STOLE: u64 = 1;
const FED: u64 = 2;
const SENT: u64 = 3;
const CAME: u64 = 4;

const COUNT_SHIFT: u32 = 8;
const CORE_SHIFT: u32 = 32;
const COUNT: u64 = (1 << (CORE_SHIFT - COUNT_SHIFT)) - 1;

impl Decision {
    /// The words of a record: when, about whom, what.
    pub fn at(self, nanos: u64) -> [u64; 3] {
        let count = |count: u32| (u64::from(count) & COUNT) << COUNT_SHIFT;
        let core = |core: CoreId| u64::from(core.0) << CORE_SHIFT;
        let (pid, what) = match self {
            Self::Stole(pid, some, from) => (pid.get(), STOLE | count(some) | core(from)),
            Self::Fed(some) => (0, FED | count(some)),
            Self::Sent(pid, to) => (pid.get(), SENT | core(to)),
            Self::Came(pid) => (pid.get(), CAME),
        };
        [nanos, pid, what]
    }

    /// What a record says, and when that was; nothing, if it is none.
    pub fn of([nanos, pid, what]: [u64; 3]) -> Option<(u64, Self)> {
        let pid = Pid::of_number(pid);
        let count = (what >> COUNT_SHIFT & COUNT) as u32;
        let core = CoreId((what >> CORE_SHIFT) as u32);
        let decision = match what & ((1 << COUNT_SHIFT) - 1) {
            STOLE => Self::Stole(pid?, count, core),
            FED => Self::Fed(count),
            SENT => Self::Sent(pid?, core),
            CAME => Self::Came(pid?),
            _ => return None,
        };
        Some((nanos, decision))
    }
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stole(pid, 1, from) => write!(f, "stole {pid} from core {}", from.0),
            Self::Stole(pid, count, from) => {
                write!(f, "stole {pid} and {} more from core {}", count - 1, from.0)
            }
            Self::Fed(count) => write!(f, "spared {count} for others"),
            Self::Sent(pid, to) => write!(f, "sent {pid} to core {}", to.0),
            Self::Came(pid) => write!(f, "was sent {pid}"),
        }
    }
}

/// One core's decision, and when that was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Nanoseconds.
    pub at: u64,
    /// Which core.
    pub core: u32,
    /// What.
    pub decision: Decision,
}

/// The last `count` of these, in the order in which they were made.
pub fn last(records: impl Iterator<Item = (u32, [u64; 3])>, count: usize) -> Vec<Entry> {
    let entry = |(core, record)| {
        let (at, decision) = Decision::of(record)?;
        Some(Entry { at, core, decision })
    };
    let mut entries: Vec<_> = records.filter_map(entry).collect();
    // Those of one core come in their order, and stay in it.
    entries.sort_by_key(|entry| entry.at);
    let unwanted = entries.len().saturating_sub(count);
    entries.drain(..unwanted);
    entries
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pid() -> Pid {
        "5.9".parse().expect("this is one")
    }

    #[test]
    fn what_is_written_is_read() {
        for decision in [
            Decision::Stole(pid(), 17, CoreId(511)),
            Decision::Fed(COUNT as u32),
            Decision::Sent(pid(), CoreId(3)),
            Decision::Came(pid()),
        ] {
            assert_eq!(Decision::of(decision.at(77)), Some((77, decision)));
        }
    }

    #[test]
    fn what_nobody_has_written_is_nothing() {
        for record in [[0; 3], [1, 0, STOLE], [1, 1, 99]] {
            assert_eq!(Decision::of(record), None);
        }
    }

    #[test]
    fn cores_are_put_together_by_time_and_the_last_are_shown() {
        let came = |at| Decision::Came(pid()).at(at);
        let records = [
            (0, came(3)),
            (0, came(9)),
            (1, came(1)),
            (1, [0; 3]),
            (1, came(5)),
        ];
        let order: Vec<_> = last(records.into_iter(), 3)
            .iter()
            .map(|entry| (entry.at, entry.core))
            .collect();
        assert_eq!(order, [(3, 0), (5, 1), (9, 0)]);
    }
}
