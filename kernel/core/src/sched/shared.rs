//! The handlers of the deployment in which cores steal from each other: the same on the machine and in the simulator.
//!
//! A core's processes are in queues of its own, which nobody else touches, as in a deployment of one core. While
//! somebody is hungry it *offers* some: they go into a deque that others steal from. Pinned ones stay where they
//! are, so they are never in a thief's way. What nobody has wanted for a tick comes back.
//!
//! `doc/many-cores.md` has who owns what; `girder_lockfree::process::crew`, how cores find each other.

use super::effects::{CoreId, Place, Ready, Stolen};
use super::levels::{Levels, Priority};
use super::moving::{Exchange, Moving, Others};
use girder_lockfree::process::Queue;
use girder_lockfree::process::crew::{Crew, Pace, Surplus};
use girder_lockfree::process::here::Here;
use girder_lockfree::{Steal, Token};

/// Processes that are offered at a time.
const OFFERED: usize = 128;
/// Processes that a thief takes at a time.
const STOLEN: usize = 64;
/// Times that a thief tries again when another one was faster.
const TRIES: usize = 4;

/// A core's queues, of which others may have some.
#[derive(Debug)]
pub struct Offering {
    levels: Levels,
    /// Those that nobody steals: counting them would take too long.
    length: usize,
    surplus: Surplus,
    crew: &'static Crew,
    own: usize,
}

/// The other cores.
pub type Fellows = Moving<Hunger>;

/// The hungry say so by a bit, and those who have plenty offer, and call them.
#[derive(Debug)]
pub struct Hunger;

/// The handlers of a core of a crew, for its loop: once.
pub fn crew_of(crew: &'static Crew, here: &'static Here) -> Option<(Offering, Fellows)> {
    let others = Others::of(crew, here)?;
    let surplus = crew.surplus(others.own)?;
    let levels = Levels::default();
    let offering = Offering {
        levels,
        length: 0,
        surplus,
        crew,
        own: others.own,
    };
    let exchange = Hunger;
    Some((offering, Moving { others, exchange }))
}

impl Offering {
    /// Those that nobody steals.
    pub fn levels(&self) -> &Levels {
        &self.levels
    }

    /// What a core offered is gone, and somebody else wants work too: it need not wait for that core's tick.
    fn ask_for_others(&self, victim: usize) {
        if self.crew.offered_by(victim) == 0 && self.crew.is_anybody_else_hungry(self.own) {
            self.crew.make_eager(victim);
            self.crew.call(victim);
        }
    }

    fn steal_one(&self, victim: usize) -> Option<Token> {
        for _ in 0..TRIES {
            match self.crew.steal_from(victim) {
                Steal::Taken(token) => return Some(token),
                Steal::Empty => return None,
                Steal::Lost => {}
            }
        }
        None
    }
}

impl Ready for Offering {
    #[inline(always)]
    fn push(&mut self, token: Token, place: Place) {
        self.length += 1;
        self.levels.push(token, place);
    }

    fn push_all(&mut self, tokens: &mut Queue, levels: u8, count: usize) {
        self.length += count;
        self.levels.push_all(tokens, levels, count);
    }

    #[inline(always)]
    fn pop(&mut self) -> Option<Token> {
        let Some(token) = self.levels.pop() else {
            return self.surplus.take_back();
        };
        self.length -= 1;
        Some(token)
    }

    #[inline(always)]
    fn pop_ordinary(&mut self) -> Option<Token> {
        self.levels
            .pop_ordinary()
            .or_else(|| self.surplus.take_back())
    }

    #[inline(always)]
    fn is_even(&self, running: Priority) -> bool {
        self.levels.is_even(running)
    }

    #[inline(always)]
    fn rotate(&mut self, token: Token) -> Token {
        self.levels.rotate(token)
    }

    #[inline(always)]
    fn has_turns(&self) -> bool {
        self.levels.has_turns()
    }

    #[inline(always)]
    fn has_several_turns(&self) -> bool {
        self.levels.has_several_turns()
    }

    fn steal_from(&mut self, victim: CoreId) -> Stolen {
        let victim = victim.0 as usize;
        let Some(first) = self.steal_one(victim) else {
            return match self.crew.pace_of(victim) {
                Pace::Ticking => {
                    self.crew.make_eager(victim);
                    self.crew.call(victim);
                    Stolen::Asked
                }
                Pace::Busy | Pace::Idle => Stolen::None,
            };
        };
        let mut more = 0;
        while more < STOLEN.min(self.crew.offered_by(victim) / 2) {
            let Some(token) = self.steal_one(victim) else {
                break;
            };
            self.push(token, Place::Back);
            more += 1;
        }
        self.ask_for_others(victim);
        Stolen::Taken(first, more)
    }

    /// Half of them, so one always stays.
    fn offer(&mut self) -> usize {
        if !self.levels.has_rivals(0) {
            return 0;
        }
        let count = self.levels.count_up_to(2 * OFFERED) / 2;
        for offered in 0..count {
            let Some(token) = self.spare() else {
                return offered;
            };
            if let Err(token) = self.surplus.offer(token) {
                self.push(token, Place::Front);
                return offered;
            }
        }
        count
    }

    /// The newest first, before all others: so they stand in the order in which they stood.
    fn take_back(&mut self) {
        while let Some(token) = self.surplus.take_back() {
            self.push(token, Place::Front);
        }
    }

    fn spare(&mut self) -> Option<Token> {
        let token = self.levels.pop_to_spare()?;
        self.length -= 1;
        Some(token)
    }

    #[inline(always)]
    fn is_empty(&self) -> bool {
        self.levels.is_empty() && self.surplus.is_empty()
    }

    fn count(&self) -> usize {
        self.levels.count() + self.surplus.count()
    }

    fn length(&self) -> usize {
        self.length + self.surplus.count()
    }

    fn has_rivals(&self, others: usize) -> bool {
        self.levels.has_rivals(others + self.surplus.count())
    }

    fn most_urgent(&self) -> Option<Priority> {
        self.levels.most_urgent()
    }
}

impl Exchange for Hunger {
    /// A random one, and the most loaded of some.
    const ASKED_AT_ONCE: usize = 2;

    fn home_of(&self, others: &Others, token: &Token, choice: usize) -> Option<usize> {
        others.crew.home_of(token, others.own, choice)
    }

    fn claim_for(&mut self, others: &Others, token: &Token) -> Option<usize> {
        others.crew.claim_hungry_for(token, others.own)
    }

    fn go_hungry(&mut self, others: &Others) {
        others.crew.go_hungry(others.own);
    }

    fn is_fed(&mut self, others: &Others) {
        others.crew.is_fed(others.own);
    }

    fn is_anybody_hungry(&self, others: &Others) -> bool {
        others.crew.is_anybody_hungry()
    }

    /// Offers half, and calls as many as there are of those.
    fn feed(&mut self, others: &Others, ready: &mut impl Ready) -> usize {
        let offered = ready.offer();
        for _ in 0..offered {
            let Some(hungry) = others.crew.claim_hungry(others.own) else {
                break;
            };
            others.crew.call_to(others.own, hungry);
        }
        offered
    }

    fn announce(&self, others: &Others, target: usize, count: usize) {
        others.crew.announce(target, count);
    }
}
