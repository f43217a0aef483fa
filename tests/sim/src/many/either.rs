//! The handlers of whichever deployment a run is of: the same simulated hardware is below both.

use super::ManyDeployment;
use girder_core::sched::{
    Apart, CoreId, Fellows, Migration, Neighbours, Offering, Place, Priority, Ready, Stolen, apart,
    crew_of,
};
use girder_lockfree::Token;
use girder_lockfree::process::Queue;
use girder_lockfree::process::crew::{Crew, Load};
use girder_lockfree::process::here::Here;

/// The ready processes of a core.
pub(super) enum AnyReady {
    Shared(Offering),
    Message(Apart),
}

/// The other cores.
pub(super) enum AnyMigration {
    Shared(Fellows),
    Message(Neighbours),
}

/// The handlers of one core.
pub(super) fn handlers(
    deployment: ManyDeployment,
    crew: &'static Crew,
    here: &'static Here,
) -> Option<(AnyReady, AnyMigration)> {
    Some(match deployment {
        ManyDeployment::Shared => {
            let (ready, migration) = crew_of(crew, here)?;
            (AnyReady::Shared(ready), AnyMigration::Shared(migration))
        }
        ManyDeployment::Message => {
            let (ready, migration) = apart(crew, here)?;
            (AnyReady::Message(ready), AnyMigration::Message(migration))
        }
    })
}

/// Has whichever it is do it.
macro_rules! each {
    ($kind:ident, $it:expr, $inner:ident => $does:expr) => {
        match $it {
            $kind::Shared($inner) => $does,
            $kind::Message($inner) => $does,
        }
    };
}

impl Ready for AnyReady {
    fn push(&mut self, token: Token, place: Place) {
        each!(AnyReady, self, it => it.push(token, place));
    }

    fn push_all(&mut self, tokens: &mut Queue, levels: u8, count: usize) {
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
        each!(AnyReady, self, it => it.steal_from(victim))
    }

    fn offer(&mut self) -> usize {
        each!(AnyReady, self, it => it.offer())
    }

    fn take_back(&mut self) {
        each!(AnyReady, self, it => it.take_back());
    }

    fn sparable(&self) -> usize {
        each!(AnyReady, self, it => it.sparable())
    }

    fn spare(&mut self) -> Option<Token> {
        each!(AnyReady, self, it => it.spare())
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
        each!(AnyMigration, self, it => it.to_core(token, target))
    }

    fn arrivals(&mut self) -> Queue {
        each!(AnyMigration, self, it => it.arrivals())
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
