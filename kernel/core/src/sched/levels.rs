//! Four priorities with the meaning that BEAM gives them.
//!
//! All of `max` goes before all of `high`, and that before the two others. `normal` and `low`
//! take turns: low is taken once in every eight rounds, and otherwise only when there is no normal
//! one. Within a level whoever came first goes first. (Erlang does it with a counter in each low
//! process that lets it pass seven times; one counter in the queue gives the same rounds.)

use super::effects::{CoreId, Place, Ready, Stolen};
use girder_lockfree::Token;
use girder_lockfree::process::Queue;

/// Low is taken once in so many rounds.
pub(super) const ROUNDS: u32 = 8;

/// How urgent a process is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Priority {
    /// The system's own.
    Max = 0,
    /// Before all ordinary ones.
    High = 1,
    /// Ordinary.
    #[default]
    Normal = 2,
    /// Once in eight rounds.
    Low = 3,
}

impl Priority {
    /// All of them, the most urgent first.
    pub const ALL: [Self; 4] = [Self::Max, Self::High, Self::Normal, Self::Low];

    /// The priority that a level's index stands for.
    pub fn from_level(level: u8) -> Self {
        Self::ALL[usize::from(level).min(3)]
    }

    /// The index of its level.
    pub const fn level(self) -> u8 {
        self as u8
    }

    /// True if processes of this one go before those of `other` whenever both could run.
    pub fn is_more_urgent_than(self, other: Self) -> bool {
        let rank = |priority| match priority {
            Self::Max => 0,
            Self::High => 1,
            Self::Normal | Self::Low => 2,
        };
        rank(self) < rank(other)
    }
}

/// A core's own queues: nobody steals from them.
#[derive(Debug, Default)]
pub struct Levels {
    queues: [Queue; 4],
    /// Rounds among `normal` and `low` since low was last taken.
    round: u32,
}

impl Ready for Levels {
    #[inline(always)]
    fn push(&mut self, token: Token, place: Place) {
        let queue = &mut self.queues[usize::from(token.level() & 3)];
        match place {
            Place::Back => queue.push_back(token),
            Place::Front => queue.push_front(token),
        }
    }

    #[inline(always)]
    fn pop(&mut self) -> Option<Token> {
        let [max, high, normal, low] = &mut self.queues;
        if let Some(token) = max.pop_front() {
            return Some(token);
        }
        if let Some(token) = high.pop_front() {
            return Some(token);
        }
        if low.is_empty() {
            return normal.pop_front();
        }
        self.round += 1;
        if self.round >= ROUNDS || normal.is_empty() {
            self.round = 0;
            return low.pop_front();
        }
        normal.pop_front()
    }

    fn steal_from(&mut self, _: CoreId) -> Stolen {
        Stolen::None
    }

    fn count(&self) -> usize {
        self.queues.iter().map(Queue::count).sum()
    }

    fn has_rivals(&self, others: usize) -> bool {
        let occupied = self.queues.iter().filter(|queue| !queue.is_empty()).count();
        let has_several = self.queues.iter().any(Queue::holds_several);
        occupied + usize::from(has_several) + others > 1
    }

    fn most_urgent(&self) -> Option<Priority> {
        let is_there = |priority: &Priority| !self.queues[usize::from(priority.level())].is_empty();
        Priority::ALL.into_iter().find(is_there)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::boxed::Box;
    use alloc::vec::Vec;
    use girder_lockfree::process::here::{self, Here, with_desk};
    use girder_lockfree::process::{Table, spawn};

    fn core() {
        let table = Box::leak(Box::new(Table::new(64)));
        here::simulate(Box::leak(Box::new(Here::new(table))));
    }

    fn born(priority: Priority) -> Token {
        spawn(async {}, priority.level()).expect("there is room");
        with_desk(|desk| desk.newborn.pop_front()).expect("it was just born")
    }

    /// Takes so many turns; whoever had one goes behind the others of its level.
    fn turns(levels: &mut Levels, count: usize) -> Vec<Priority> {
        (0..count)
            .map(|_| {
                let token = levels.pop().expect("nobody leaves");
                let priority = Priority::from_level(token.level());
                levels.push(token, Place::Back);
                priority
            })
            .collect()
    }

    fn clear(mut levels: Levels) {
        while let Some(token) = levels.pop() {
            token.give_up().discontinue();
        }
    }

    #[test]
    fn a_low_one_among_normal_ones_runs_once_in_eight_rounds() {
        core();
        let mut levels = Levels::default();
        for priority in [
            Priority::Normal,
            Priority::Low,
            Priority::Normal,
            Priority::Normal,
        ] {
            levels.push(born(priority), Place::Back);
        }
        for round in turns(&mut levels, 80).chunks(8) {
            let low = round
                .iter()
                .filter(|&&priority| priority == Priority::Low)
                .count();
            assert_eq!((low, round[7]), (1, Priority::Low));
        }
        clear(levels);
    }

    #[test]
    fn max_goes_before_high_and_high_before_the_rest() {
        core();
        let mut levels = Levels::default();
        for priority in [
            Priority::Low,
            Priority::Normal,
            Priority::High,
            Priority::Max,
        ] {
            levels.push(born(priority), Place::Back);
        }
        assert_eq!(turns(&mut levels, 20), [Priority::Max; 20]);
        levels.pop().unwrap().give_up().discontinue();
        assert_eq!(turns(&mut levels, 20), [Priority::High; 20]);
        assert_eq!(levels.most_urgent(), Some(Priority::High));
        assert_eq!(levels.count(), 3);
        clear(levels);
    }

    #[test]
    fn low_ones_alone_run_all_the_time() {
        core();
        let mut levels = Levels::default();
        levels.push(born(Priority::Low), Place::Back);
        assert_eq!(turns(&mut levels, 5), [Priority::Low; 5]);
        clear(levels);
    }

    #[test]
    fn who_was_interrupted_goes_on_first() {
        core();
        let mut levels = Levels::default();
        let [first, second] = [(); 2].map(|()| born(Priority::Normal));
        let pids = [first.pid(), second.pid()];
        levels.push(first, Place::Back);
        levels.push(second, Place::Front);
        let order = [(); 2].map(|()| {
            let token = levels.pop().unwrap();
            let pid = token.pid();
            token.give_up().discontinue();
            pid
        });
        assert_eq!(order, [pids[1], pids[0]]);
    }
}
