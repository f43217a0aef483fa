//! Run queues behind a lock each, which thieves take as well, as in Erlang: what the deployment `shared` is compared with.
//! Everything above them is the same. `--compare` runs both; `doc/run-queues.md` has what came of it.

use girder_core::sched::{CoreId, Fellows, Levels, Place, Priority, Ready, Stolen, crew_of};
use girder_lockfree::Token;
use girder_lockfree::process::Queue;
use girder_lockfree::process::crew::Crew;
use girder_lockfree::process::here::Here;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Processes that a thief takes at a time, at most.
const STOLEN: usize = 16;

/// The queues of all cores.
pub(super) type Queues = Arc<[Mutex<Levels>]>;

/// One core's, with the way to the others.
pub(super) struct Locked {
    queues: Queues,
    own: usize,
}

/// The handlers of one core.
pub(super) fn handlers(
    queues: &Queues,
    crew: &'static Crew,
    here: &'static Here,
) -> Option<(Locked, Fellows)> {
    let (_, fellows) = crew_of(crew, here)?;
    let own = crew.number_of(here)?;
    let queues = queues.clone();
    Some((Locked { queues, own }, fellows))
}

impl Locked {
    fn lock(&self, core: usize) -> MutexGuard<'_, Levels> {
        self.queues[core]
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn of_own<R>(&self, f: impl FnOnce(&mut Levels) -> R) -> R {
        f(&mut self.lock(self.own))
    }
}

/// Takes so many that may run anywhere.
fn take_some(levels: &mut Levels, count: usize) -> Vec<Token> {
    let (mut taken, mut bound) = (Vec::new(), Vec::new());
    while taken.len() < count
        && let Some(token) = levels.pop()
    {
        match token.is_pinned() {
            true => bound.push(token),
            false => taken.push(token),
        }
    }
    while let Some(token) = bound.pop() {
        levels.push(token, Place::Front);
    }
    taken
}

impl Ready for Locked {
    fn push(&mut self, token: Token, place: Place) {
        self.of_own(|levels| levels.push(token, place));
    }

    fn push_all(&mut self, tokens: &mut Queue, levels: u8, count: usize) {
        self.of_own(|own| own.push_all(tokens, levels, count));
    }

    fn pop(&mut self) -> Option<Token> {
        self.of_own(Ready::pop)
    }

    fn is_even(&self, running: Priority) -> bool {
        self.of_own(|levels| levels.is_even(running))
    }

    fn rotate(&mut self, token: Token) -> Token {
        self.of_own(|levels| levels.rotate(token))
    }

    fn steal_from(&mut self, victim: CoreId) -> Stolen {
        let taken = {
            let mut levels = self.lock(victim.0 as usize);
            let count = levels.count().div_ceil(2).min(STOLEN);
            take_some(&mut levels, count)
        };
        let mut taken = taken.into_iter();
        let Some(first) = taken.next() else {
            return Stolen::None;
        };
        let more = taken.len();
        taken.for_each(|token| self.push(token, Place::Back));
        Stolen::Taken(first, more)
    }

    /// It is all there to be taken: this only says how many may be told.
    fn offer(&mut self) -> usize {
        self.count() / 2
    }

    fn spare(&mut self) -> Option<Token> {
        self.of_own(|levels| take_some(levels, 1)).pop()
    }

    fn is_empty(&self) -> bool {
        self.of_own(|levels| levels.is_empty())
    }

    fn count(&self) -> usize {
        self.of_own(|levels| levels.count())
    }

    fn has_rivals(&self, others: usize) -> bool {
        self.of_own(|levels| levels.has_rivals(others))
    }

    fn most_urgent(&self) -> Option<Priority> {
        self.of_own(|levels| levels.most_urgent())
    }
}
