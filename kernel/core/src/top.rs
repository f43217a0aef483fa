//! Who works most: reductions spent between two looks.
//!
//! A look walks all processes and keeps a number of each, so there is a limit to how many it takes in. What
//! lies beyond is counted and told, never silently missing.

use crate::info::Info;
use alloc::vec::Vec;
use core::cmp::Reverse;
use girder_lockfree::process::Pid;

/// Processes that a look takes in.
pub const PROCESSES_MAX: usize = 10_000;
/// Those that are shown.
pub const ROWS: usize = 16;

/// What a look has found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// The busiest first, each with what it has spent since the look before.
    pub rows: Vec<(Info, u64)>,
    /// Reductions spent by all that were seen.
    pub spent: u64,
    /// Processes that were seen.
    pub processes: usize,
    /// Those beyond [`PROCESSES_MAX`].
    pub unseen: usize,
}

/// Remembers what each process had spent.
#[derive(Debug, Default)]
pub struct Top {
    /// By pid.
    before: Vec<(Pid, u64)>,
}

impl Top {
    /// Compares all processes with the look before. One that is new counts from its beginning.
    pub fn look(&mut self, mut all: impl Iterator<Item = Info>) -> Look {
        let mut now: Vec<_> = all.by_ref().take(PROCESSES_MAX).collect();
        let unseen = all.count();
        let spent = |info: &Info| {
            let total = info.account.map_or(0, |usage| usage.reductions);
            total.saturating_sub(self.spent_before(info.pid))
        };
        let mut rows: Vec<_> = now.iter().map(|info| (*info, spent(info))).collect();
        rows.sort_by_key(|&(info, spent)| (Reverse(spent), info.pid));
        let sum = rows.iter().map(|(_, spent)| spent).sum();
        rows.truncate(ROWS);
        now.sort_by_key(|info| info.pid);
        let of = |info: &Info| Some((info.pid, info.account?.reductions));
        self.before = now.iter().filter_map(of).collect();
        Look {
            rows,
            spent: sum,
            processes: now.len(),
            unseen,
        }
    }

    fn spent_before(&self, pid: Pid) -> u64 {
        let found = self.before.binary_search_by_key(&pid, |&(pid, _)| pid);
        found.map_or(0, |index| self.before[index].1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::info::{Held, Usage};
    use crate::sched::Priority;
    use core::time::Duration;
    use girder_lockfree::process::Activity;

    fn process(slot: usize, generation: usize, reductions: u64) -> Info {
        Info {
            pid: std::format!("{slot}.{generation}").parse().expect("a pid"),
            name: None,
            activity: Activity::Ready,
            account: Some(Usage {
                priority: Priority::Normal,
                reductions,
                run_time: Duration::ZERO,
                messages: 0,
                most_messages: 0,
                has_stack: false,
                memory: 0,
                heap: Held::default(),
                home: 0,
                arena: 0,
                max_heap: None,
                max_runtime: None,
            }),
            gate: None,
        }
    }

    fn rows(look: &Look) -> Vec<(std::string::String, u64)> {
        let row = |(info, spent): &(Info, u64)| (std::format!("{}", info.pid), *spent);
        look.rows.iter().map(row).collect()
    }

    #[test]
    fn the_busiest_since_the_last_look_comes_first() {
        let mut top = Top::default();
        top.look([process(3, 1, 500), process(1, 1, 90)].into_iter());
        let look = top.look([process(3, 1, 510), process(1, 1, 190)].into_iter());
        assert_eq!(rows(&look), [("1.1".into(), 100), ("3.1".into(), 10)]);
        assert_eq!((look.spent, look.processes, look.unseen), (110, 2, 0));
    }

    #[test]
    fn a_new_process_in_an_old_slot_counts_from_its_beginning() {
        let mut top = Top::default();
        top.look([process(3, 1, 500)].into_iter());
        let look = top.look([process(3, 2, 7)].into_iter());
        assert_eq!(rows(&look), [("3.2".into(), 7)]);
    }

    #[test]
    fn those_beyond_the_limit_are_counted() {
        let mut top = Top::default();
        let all = (0..PROCESSES_MAX + 3).map(|slot| process(slot, 1, slot as u64));
        let look = top.look(all);
        assert_eq!((look.processes, look.unseen), (PROCESSES_MAX, 3));
        assert_eq!(look.rows.len(), ROWS);
        assert_eq!(look.rows[0].1, PROCESSES_MAX as u64 - 1);
    }
}
