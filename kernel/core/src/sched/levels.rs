//! Four priorities with the meaning that BEAM gives them.
//!
//! All of `max` goes before all of `high`, and that before the two others. `normal` and `low`
//! take turns: low is taken once in every eight rounds, and otherwise only when there is no normal
//! one. Within a level whoever came first goes first. (Erlang does it with a counter in each low
//! process that lets it pass seven times; one counter in the queue gives the same rounds.)

use super::effects::{CoreId, Place, Ready, Stolen};
use girder_lockfree::Token;
use girder_lockfree::process::{KERNELS_LEVEL, ORDINARY, Pid, Queue, Request, set_level};

/// Low is taken once in so many rounds.
pub(super) const ROUNDS: u32 = 8;

/// Pinned processes that are passed by in looking for one that is not.
const PINNED_MAX: usize = 16;

const _: () = assert!(Priority::Normal.level() == ORDINARY);

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

const _: () = assert!(
    Priority::Max.level() == KERNELS_LEVEL,
    "what is set aside for the kernel's own is theirs"
);

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

    /// What it is called.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Max => "max",
            Self::High => "high",
            Self::Normal => "normal",
            Self::Low => "low",
        }
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

/// Gives a process another priority: at once if it waits, else when its turn comes.
pub fn set_priority(pid: Pid, priority: Priority) -> Request {
    set_level(pid, priority.level())
}

/// A core's own queues: nobody steals from them.
#[derive(Debug, Default)]
pub struct Levels {
    normal: Queue,
    /// Processes in the other queues.
    others: usize,
    max: Queue,
    high: Queue,
    low: Queue,
    /// Rounds among `normal` and `low` since low was last taken.
    round: u32,
}

impl Levels {
    /// Who is ready, the most urgent level first and whoever came first within it; for a report.
    pub fn pids(&self) -> impl Iterator<Item = Pid> {
        let queues = [&self.max, &self.high, &self.normal, &self.low];
        let contents = queues.into_iter().flat_map(Queue::contents);
        contents.map(|(pid, _)| pid)
    }
}

impl Ready for Levels {
    #[inline(always)]
    fn push(&mut self, token: Token, place: Place) {
        let queue = match Priority::from_level(token.level()) {
            Priority::Normal => &mut self.normal,
            other => {
                self.others += 1;
                self.other(other)
            }
        };
        match place {
            Place::Back => queue.push_back(token),
            Place::Front => queue.push_front(token),
        }
    }

    fn push_all(&mut self, tokens: &mut Queue, levels: u8, _: usize) {
        if levels == 1 << Priority::Normal.level() {
            return self.normal.append(tokens);
        }
        while let Some(token) = tokens.pop_front() {
            self.push(token, Place::Back);
        }
    }

    #[inline(always)]
    fn pop(&mut self) -> Option<Token> {
        if self.others == 0 {
            return self.normal.pop_front();
        }
        Some(self.pop_any())
    }

    #[inline(always)]
    fn pop_ordinary(&mut self) -> Option<Token> {
        self.normal.pop_front()
    }

    #[inline(always)]
    fn is_even(&self, running: Priority) -> bool {
        self.others == 0 && running == Priority::Normal
    }

    #[inline(always)]
    fn rotate(&mut self, token: Token) -> Token {
        debug_assert!(self.is_even(Priority::from_level(token.level())));
        self.normal.rotate(token)
    }

    #[inline(always)]
    fn has_turns(&self) -> bool {
        !self.normal.is_empty()
    }

    #[inline(always)]
    fn has_several_turns(&self) -> bool {
        self.normal.holds_several()
    }

    fn steal_from(&mut self, _: CoreId) -> Stolen {
        Stolen::None
    }

    #[inline(always)]
    fn is_empty(&self) -> bool {
        self.others == 0 && self.normal.is_empty()
    }

    fn count(&self) -> usize {
        self.normal.count() + self.others
    }

    fn has_rivals(&self, others: usize) -> bool {
        let normal =
            usize::from(!self.normal.is_empty()) + usize::from(self.normal.holds_several());
        normal + self.others + others > 1
    }

    fn most_urgent(&self) -> Option<Priority> {
        let [max, high, normal, low] = [&self.max, &self.high, &self.normal, &self.low];
        let queues = [max, high, normal, low].into_iter();
        let mut levels = Priority::ALL.into_iter().zip(queues);
        levels
            .find(|(_, queue)| !queue.is_empty())
            .map(|(priority, _)| priority)
    }
}

impl Levels {
    /// True if there are at least so many; counts no more.
    pub(super) fn count_up_to(&self, limit: usize) -> usize {
        self.pids().take(limit).count()
    }

    /// Takes one that may go to another core: of the ordinary ones if there is one, whoever came first.
    pub(super) fn pop_to_spare(&mut self) -> Option<Token> {
        let order = [
            Priority::Normal,
            Priority::Low,
            Priority::High,
            Priority::Max,
        ];
        order
            .into_iter()
            .find_map(|priority| self.pop_unpinned(priority))
    }

    /// One of that level. Those that stay keep their turns: else whoever is hungry elsewhere would decide who of
    /// them runs here.
    fn pop_unpinned(&mut self, priority: Priority) -> Option<Token> {
        let queue = self.queue(priority);
        let mut passed = Queue::new();
        let mut found = None;
        for _ in 0..PINNED_MAX {
            let Some(token) = queue.pop_front() else {
                break;
            };
            if !token.is_pinned() {
                found = Some(token);
                break;
            }
            passed.push_back(token);
        }
        passed.append(queue);
        core::mem::swap(queue, &mut passed);
        if found.is_some() && priority != Priority::Normal {
            self.others -= 1;
        }
        found
    }

    fn queue(&mut self, priority: Priority) -> &mut Queue {
        match priority {
            Priority::Normal => &mut self.normal,
            other => self.other(other),
        }
    }

    #[cold]
    fn other(&mut self, priority: Priority) -> &mut Queue {
        match priority {
            Priority::Max => &mut self.max,
            Priority::High => &mut self.high,
            Priority::Normal => &mut self.normal,
            Priority::Low => &mut self.low,
        }
    }

    /// Takes the one whose turn it is, while there are others than normal ones.
    #[cold]
    #[inline(never)]
    fn pop_any(&mut self) -> Token {
        let urgent = self.max.pop_front().or_else(|| self.high.pop_front());
        let other = urgent.or_else(|| self.low_one());
        match other {
            Some(token) => {
                self.others -= 1;
                token
            }
            None => self
                .normal
                .pop_front()
                .expect("low waits only while there is a normal one"),
        }
    }

    /// The low one whose turn it is: in the last of every eight rounds, or if there is nobody else.
    fn low_one(&mut self) -> Option<Token> {
        if self.low.is_empty() {
            return None;
        }
        self.round += 1;
        if self.round < ROUNDS && !self.normal.is_empty() {
            return None;
        }
        self.round = 0;
        self.low.pop_front()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::boxed::Box;
    use alloc::vec::Vec;
    use girder_lockfree::process::here::{self, Here};
    use girder_lockfree::process::{PINNED, Table, spawn};

    fn core() {
        let table = Box::leak(Box::new(Table::new(64)));
        Box::leak(Box::new(Here::new())).simulate(table);
    }

    fn born(priority: Priority) -> Token {
        spawn(async {}, priority.level()).expect("there is room");
        let newborn = here::collect().newborn.queue.pop_front();
        newborn.expect("it was just born")
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

    fn pinned() -> Token {
        spawn(async {}, Priority::Normal.level() | PINNED).expect("there is room");
        let newborn = here::collect().newborn.queue.pop_front();
        newborn.expect("it was just born")
    }

    #[test]
    fn looking_for_one_to_spare_changes_nobodys_turn() {
        core();
        let mut levels = Levels::default();
        let some = [(); 3].map(|()| pinned());
        let pids = [some[0].pid(), some[1].pid(), some[2].pid()];
        for token in some {
            levels.push(token, Place::Back);
        }
        assert!(levels.pop_to_spare().is_none());
        levels.push(born(Priority::Normal), Place::Back);
        let spared = levels.pop_to_spare().expect("one may go");
        spared.give_up().discontinue();
        let order = [(); 3].map(|()| {
            let token = levels.pop().expect("three stay");
            let pid = token.pid();
            token.give_up().discontinue();
            pid
        });
        assert_eq!(order, pids);
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
