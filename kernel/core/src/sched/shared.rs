//! The handlers of the deployment in which cores steal from each other: the same on the machine and in the simulator.
//!
//! A core's processes are in queues of its own, which nobody else touches, as in a deployment of one core. While
//! somebody is hungry it *offers* some: they go into a deque that others steal from. Pinned ones stay where they
//! are, so they are never in a thief's way. What nobody has wanted for a tick comes back.
//!
//! `doc/many-cores.md` has who owns what; `girder_lockfree::process::crew`, how cores find each other.

use super::effects::{CoreId, Migration, Place, Ready, Stolen};
use super::levels::{Levels, Priority};
use super::order::Order;
use girder_lockfree::process::Queue;
use girder_lockfree::process::crew::{Crew, Load, Pace, Surplus};
use girder_lockfree::process::here::Here;
use girder_lockfree::{Steal, Token};

/// Processes that are offered at a time.
const OFFERED: usize = 32;
/// Processes that a thief takes at a time.
const STOLEN: usize = 16;
/// Processes that are sent away at a time because there are too many here.
const MIGRATED: usize = 128;
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
}

/// The other cores.
#[derive(Debug)]
pub struct Fellows {
    crew: &'static Crew,
    own: usize,
    order: Order,
}

/// The handlers of a core of a crew, for its loop: once.
pub fn crew_of(crew: &'static Crew, here: &'static Here) -> Option<(Offering, Fellows)> {
    let own = crew.number_of(here)?;
    let surplus = crew.surplus(own)?;
    let levels = Levels::default();
    let offering = Offering {
        levels,
        length: 0,
        surplus,
        crew,
    };
    let order = Order::of(crew, own);
    Some((offering, Fellows { crew, own, order }))
}

impl Offering {
    /// Those that nobody steals.
    pub fn levels(&self) -> &Levels {
        &self.levels
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

impl Migration for Fellows {
    const MOVES: bool = true;

    fn to_core(&mut self, token: Token, target: CoreId) -> Option<Token> {
        let target = target.0 as usize;
        if target == self.own {
            return Some(token);
        }
        match self.crew.deliver(target, token) {
            Ok(()) => {
                self.crew.call(target);
                None
            }
            Err(token) => Some(token),
        }
    }

    fn arrivals(&mut self) -> Queue {
        self.crew.take_delivered(self.own)
    }

    fn record(&self, record: [u64; 3]) {
        self.crew.record(self.own, record);
    }

    fn home_of(&self, token: &Token, choice: usize) -> Option<CoreId> {
        let home = self.crew.home_of(token, self.own, choice)?;
        Some(CoreId(home as u32))
    }

    fn claim_for(&mut self, token: &Token) -> Option<CoreId> {
        let hungry = self.crew.claim_hungry_for(token, self.own)?;
        Some(CoreId(hungry as u32))
    }

    fn victims(&self) -> usize {
        self.crew.count() - 1
    }

    fn victim(&self, turn: usize, choice: usize) -> Option<CoreId> {
        let load = |core| self.crew.load_of(core);
        let victim = self.order.victim(turn, choice, load)?;
        Some(CoreId(victim as u32))
    }

    fn go_hungry(&mut self) {
        self.crew.go_hungry(self.own);
    }

    fn is_fed(&mut self) {
        self.crew.is_fed(self.own);
    }

    fn is_anybody_hungry(&self) -> bool {
        self.crew.is_anybody_hungry()
    }

    fn stand_still(&mut self, rest: impl FnMut(&dyn Fn() -> bool)) {
        self.crew.stand_still(rest);
    }

    fn show_load(&mut self, load: Load) {
        self.crew.show_load(self.own, load);
    }

    fn plan(&mut self, load: Load, choice: usize) -> Option<(CoreId, usize)> {
        let of = |core| self.crew.load_of(core);
        let (target, least) = self.order.least_loaded(choice, of)?;
        let count = load.excess_over(least).min(MIGRATED);
        (count > 0).then_some((CoreId(target as u32), count))
    }

    fn migrate(&mut self, ready: &mut impl Ready, target: CoreId, count: usize) -> usize {
        let target = target.0 as usize;
        self.crew.announce(target, count);
        let mut sent = 0;
        while sent < count {
            let Some(token) = ready.spare() else { break };
            if let Err(token) = self.crew.deliver(target, token) {
                ready.push(token, Place::Front);
                break;
            }
            sent += 1;
        }
        self.crew.call(target);
        sent
    }

    /// Offers half, and calls as many as there are of those.
    fn feed(&mut self, ready: &mut impl Ready) -> usize {
        let offered = ready.offer();
        for _ in 0..offered {
            let Some(hungry) = self.crew.claim_hungry(self.own) else {
                break;
            };
            self.crew.call(hungry);
        }
        offered
    }
}
