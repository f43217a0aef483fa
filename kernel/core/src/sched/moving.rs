//! What a core has to do with others in every deployment in which processes move: it sends some there, takes in who was
//! sent here, shows how much it has to do and compares that with others.
//!
//! How a core that has nobody comes to have somebody is each deployment's own: an [`Exchange`].

use super::effects::{CoreId, Migration, Place, Ready};
use super::order::Order;
use girder_lockfree::Token;
use girder_lockfree::process::Queue;
use girder_lockfree::process::crew::{Crew, Load};
use girder_lockfree::process::here::Here;

/// Processes that are sent away at a time because there are too many here.
const MIGRATED: usize = 128;

/// The other cores, as one of them sees them.
#[derive(Debug)]
pub struct Others {
    pub(super) crew: &'static Crew,
    pub(super) own: usize,
    pub(super) order: Order,
}

impl Others {
    /// For the loop of a core of a crew.
    pub(super) fn of(crew: &'static Crew, here: &'static Here) -> Option<Self> {
        let own = crew.number_of(here)?;
        let order = Order::of(crew, own);
        Some(Self { crew, own, order })
    }

    /// Sends so many of these there, or as many as may go; how many it became.
    pub(super) fn send_some(&self, ready: &mut impl Ready, core: usize, count: usize) -> usize {
        let mut sent = 0;
        while sent < count {
            let Some(token) = ready.spare() else { break };
            if let Err(token) = self.crew.deliver(core, token) {
                ready.push(token, Place::Front);
                break;
            }
            sent += 1;
        }
        if sent > 0 {
            self.crew.call(core);
        }
        sent
    }
}

/// How those who have plenty and those who have nobody find each other.
pub trait Exchange {
    /// See [`Migration::owns`].
    const OWNS: bool = false;
    /// See [`Migration::ASKED_AT_ONCE`].
    const ASKED_AT_ONCE: usize = 1;

    /// See [`Migration::home_of`].
    fn home_of(&self, others: &Others, token: &Token, choice: usize) -> Option<usize>;
    /// See [`Migration::claim_for`].
    fn claim_for(&mut self, others: &Others, token: &Token) -> Option<usize>;
    /// See [`Migration::has_asked`].
    fn has_asked(&mut self, victim: usize) {
        let _ = victim;
    }
    /// See [`Migration::go_hungry`].
    fn go_hungry(&mut self, others: &Others);
    /// See [`Migration::is_fed`].
    fn is_fed(&mut self, others: &Others);
    /// See [`Migration::is_anybody_hungry`].
    fn is_anybody_hungry(&self, others: &Others) -> bool;
    /// See [`Migration::feed`].
    fn feed(&mut self, others: &Others, ready: &mut impl Ready) -> usize;
    /// Has a core show at once that so many come, so that nobody else sends as many for the same reason.
    fn announce(&self, others: &Others, target: usize, count: usize) {
        let _ = (others, target, count);
    }
}

/// The other cores, and how work is exchanged with them.
#[derive(Debug)]
pub struct Moving<E> {
    pub(super) others: Others,
    pub(super) exchange: E,
}

fn core_id(core: usize) -> CoreId {
    CoreId(core as u32)
}

impl<E: Exchange> Migration for Moving<E> {
    const MOVES: bool = true;
    const ASKED_AT_ONCE: usize = E::ASKED_AT_ONCE;

    #[inline(always)]
    fn owns(&self) -> bool {
        E::OWNS
    }

    fn to_core(&mut self, token: Token, target: CoreId) -> Option<Token> {
        let Others { crew, own, .. } = self.others;
        let target = target.0 as usize;
        if target == own {
            return Some(token);
        }
        let stays = crew.deliver(target, token).err();
        if stays.is_none() {
            crew.call(target);
        }
        stays
    }

    fn arrivals(&mut self) -> Queue {
        self.others.crew.take_delivered(self.others.own)
    }

    fn record(&self, record: [u64; 3]) {
        self.others.crew.record(self.others.own, record);
    }

    fn home_of(&self, token: &Token, choice: usize) -> Option<CoreId> {
        let home = self.exchange.home_of(&self.others, token, choice);
        home.map(core_id)
    }

    fn claim_for(&mut self, token: &Token) -> Option<CoreId> {
        let hungry = self.exchange.claim_for(&self.others, token);
        hungry.map(core_id)
    }

    fn victims(&self) -> usize {
        self.others.crew.count() - 1
    }

    fn victim(&self, turn: usize, choice: usize) -> Option<CoreId> {
        let Others { crew, own, order } = &self.others;
        let caller = if turn == 0 {
            crew.take_caller(*own)
        } else {
            None
        };
        let victim = caller.or_else(|| order.victim(turn, choice, |core| crew.load_of(core)));
        victim.map(core_id)
    }

    fn has_asked(&mut self, victim: CoreId) {
        self.exchange.has_asked(victim.0 as usize);
    }

    fn go_hungry(&mut self) {
        self.exchange.go_hungry(&self.others);
    }

    fn is_fed(&mut self) {
        self.exchange.is_fed(&self.others);
    }

    fn is_anybody_hungry(&self) -> bool {
        self.exchange.is_anybody_hungry(&self.others)
    }

    fn feed(&mut self, ready: &mut impl Ready) -> usize {
        self.exchange.feed(&self.others, ready)
    }

    fn show_load(&mut self, load: Load) {
        self.others.crew.show_load(self.others.own, load);
    }

    fn plan(&mut self, load: Load, choice: usize) -> Option<(CoreId, usize)> {
        let Others { crew, order, .. } = &self.others;
        let (target, least) = order.least_loaded(choice, |core| crew.load_of(core))?;
        let count = load.excess_over(least).min(MIGRATED);
        (count > 0).then_some((core_id(target), count))
    }

    fn migrate(&mut self, ready: &mut impl Ready, target: CoreId, count: usize) -> usize {
        let target = target.0 as usize;
        self.exchange.announce(&self.others, target, count);
        self.others.send_some(ready, target, count)
    }

    fn stand_still(&mut self, rest: impl FnMut(&dyn Fn() -> bool)) {
        self.others.crew.stand_still(rest);
    }
}
