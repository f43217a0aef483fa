//! The handlers of whichever deployment a run is of: the same simulated hardware is below both.

use super::baton::Baton;
use super::locked::{self, Locked};
use super::packets;
use super::whereabouts::{arrive, leave};
use super::world::hands;
use super::{ManyDeployment, ManyScenario};
use girder_core::sched::{
    Apart, CoreId, Fellows, Migration, Neighbours, Offering, Place, Priority, Ready, Stolen, apart,
    crew_of,
};
use girder_lockfree::Token;
use girder_lockfree::process::crew::{Crew, Load};
use girder_lockfree::process::here::Here;
use girder_lockfree::process::{Pid, Queue};
use std::collections::BTreeSet;

/// The ready processes of a core.
pub(super) enum AnyReady {
    Shared(Offering),
    Message(Apart),
    Locked(Locked),
}

/// The other cores.
pub(super) enum AnyMigration {
    Shared(Fellows),
    Message(Neighbours),
    Locked(Fellows),
}

/// The handlers of one core.
pub(super) fn handlers(
    baton: &Baton,
    crew: &'static Crew,
    here: &'static Here,
) -> Option<(AnyReady, AnyMigration)> {
    Some(match baton.plan.deployment {
        ManyDeployment::Shared => {
            let (ready, migration) = crew_of(crew, here)?;
            (AnyReady::Shared(ready), AnyMigration::Shared(migration))
        }
        ManyDeployment::Message => {
            let (ready, migration) = apart(crew, here)?;
            (AnyReady::Message(ready), AnyMigration::Message(migration))
        }
        ManyDeployment::Locked => {
            let (ready, migration) = locked::handlers(&baton.locked, crew, here)?;
            (AnyReady::Locked(ready), AnyMigration::Locked(migration))
        }
    })
}

/// Has whichever it is do it.
macro_rules! each {
    ($kind:ident, $it:expr, $inner:ident => $does:expr) => {
        match $it {
            $kind::Shared($inner) => $does,
            $kind::Message($inner) => $does,
            $kind::Locked($inner) => $does,
        }
    };
}

impl AnyReady {
    /// Who is in queues that others may have some of, but not of those in them; where somebody wants to know.
    fn private(&self) -> BTreeSet<Pid> {
        let matters = hands().baton.plan.scenario == ManyScenario::Encounters;
        match self {
            _ if !matters => BTreeSet::new(),
            Self::Shared(offering) => offering.levels().pids().collect(),
            // Whoever leaves these is sent.
            Self::Message(_) | Self::Locked(_) => BTreeSet::new(),
        }
    }
}

impl Ready for AnyReady {
    fn push(&mut self, token: Token, place: Place) {
        arrive([token.pid()]);
        each!(AnyReady, self, it => it.push(token, place));
    }

    fn push_all(&mut self, tokens: &mut Queue, levels: u8, count: usize) {
        arrive(tokens.contents().map(|(pid, _)| pid));
        each!(AnyReady, self, it => it.push_all(tokens, levels, count));
    }

    fn pop(&mut self) -> Option<Token> {
        each!(AnyReady, self, it => it.pop())
    }

    fn is_even(&self, running: Priority) -> bool {
        each!(AnyReady, self, it => it.is_even(running))
    }

    fn rotate(&mut self, token: Token) -> Token {
        each!(AnyReady, self, it => it.rotate(token))
    }

    fn steal_from(&mut self, victim: CoreId) -> Stolen {
        let asked = match self {
            Self::Message(_) => packets::ask(victim.0 as usize),
            Self::Shared(_) | Self::Locked(_) => None,
        };
        if let Some(asked) = asked {
            return asked;
        }
        let stolen = each!(AnyReady, self, it => it.steal_from(victim));
        arrive(self.private());
        stolen
    }

    fn offer(&mut self) -> usize {
        let before = self.private();
        let offered = each!(AnyReady, self, it => it.offer());
        let after = self.private();
        leave(before.difference(&after).copied());
        offered
    }

    fn take_back(&mut self) {
        each!(AnyReady, self, it => it.take_back());
        arrive(self.private());
    }

    fn sparable(&self) -> usize {
        each!(AnyReady, self, it => it.sparable())
    }

    fn spare(&mut self) -> Option<Token> {
        let spared = each!(AnyReady, self, it => it.spare());
        leave(spared.as_ref().map(Token::pid));
        spared
    }

    fn is_empty(&self) -> bool {
        each!(AnyReady, self, it => it.is_empty())
    }

    fn count(&self) -> usize {
        each!(AnyReady, self, it => it.count())
    }

    fn length(&self) -> usize {
        each!(AnyReady, self, it => it.length())
    }

    fn has_rivals(&self, others: usize) -> bool {
        each!(AnyReady, self, it => it.has_rivals(others))
    }

    fn most_urgent(&self) -> Option<Priority> {
        each!(AnyReady, self, it => it.most_urgent())
    }
}

impl Migration for AnyMigration {
    const MOVES: bool = true;

    fn owns(&self) -> bool {
        each!(AnyMigration, self, it => it.owns())
    }

    fn to_core(&mut self, token: Token, target: CoreId) -> Option<Token> {
        let pid = token.pid();
        leave([pid]);
        let stays = each!(AnyMigration, self, it => it.to_core(token, target));
        arrive(stays.as_ref().map(Token::pid));
        stays
    }

    fn arrivals(&mut self) -> Queue {
        let arrived = packets::arrive(each!(AnyMigration, self, it => it.arrivals()));
        arrive(arrived.contents().map(|(pid, _)| pid));
        arrived
    }

    fn record(&self, record: [u64; 3]) {
        each!(AnyMigration, self, it => it.record(record));
    }

    fn home_of(&self, token: &Token, choice: usize) -> Option<CoreId> {
        each!(AnyMigration, self, it => it.home_of(token, choice))
    }

    fn claim_for(&mut self, token: &Token) -> Option<CoreId> {
        each!(AnyMigration, self, it => it.claim_for(token))
    }

    fn victim(&self, turn: usize, choice: usize) -> Option<CoreId> {
        each!(AnyMigration, self, it => it.victim(turn, choice))
    }

    fn victims(&self) -> usize {
        each!(AnyMigration, self, it => it.victims())
    }

    fn stand_still(&mut self, rest: impl FnMut(&dyn Fn() -> bool)) {
        each!(AnyMigration, self, it => it.stand_still(rest));
    }

    fn has_asked(&mut self, victim: CoreId) {
        each!(AnyMigration, self, it => it.has_asked(victim));
    }

    fn go_hungry(&mut self) {
        each!(AnyMigration, self, it => it.go_hungry());
    }

    fn is_fed(&mut self) {
        packets::take_back();
        each!(AnyMigration, self, it => it.is_fed());
    }

    fn is_anybody_hungry(&self) -> bool {
        each!(AnyMigration, self, it => it.is_anybody_hungry())
    }

    fn show_load(&mut self, load: Load) {
        each!(AnyMigration, self, it => it.show_load(load));
    }

    fn plan(&mut self, load: Load, choice: usize) -> Option<(CoreId, usize)> {
        each!(AnyMigration, self, it => it.plan(load, choice))
    }

    fn migrate(&mut self, ready: &mut impl Ready, target: CoreId, count: usize) -> usize {
        each!(AnyMigration, self, it => it.migrate(ready, target, count))
    }

    fn feed(&mut self, ready: &mut impl Ready) -> usize {
        each!(AnyMigration, self, it => it.feed(ready))
    }
}
