//! The ready queues, watched: what goes in and out has to keep the laws.

use super::{is_sabotaged, strikes_sabotage, with_state};
use crate::sabotage::Sabotage;
use girder_core::sched::{CoreId, Levels, Place, Priority, Ready, Stolen};
use girder_lockfree::Token;
use girder_lockfree::process::inspect::on_desk;
use girder_lockfree::process::{Pid, Queue};

/// The real queues, and who looks on.
#[derive(Debug, Default)]
pub(crate) struct Watched {
    pub(crate) levels: Levels,
}

fn priority_of(token: &Token) -> Priority {
    Priority::from_level(token.level())
}

/// Whoever goes behind all others goes behind those on the desk too: they were ready before it.
fn nobody_was_before(pid: Pid) {
    let (newborn, woken) = on_desk();
    let first = newborn.first().or(woken.first());
    assert_eq!(first, None, "{pid:?} was put before whoever is on the desk");
}

impl Ready for Watched {
    fn push(&mut self, token: Token, place: Place) {
        if strikes_sabotage(Sabotage::LoseToken, 50) {
            std::mem::forget(token);
            return;
        }
        let (pid, priority) = (token.pid(), priority_of(&token));
        if place == Place::Back {
            nobody_was_before(pid);
        }
        with_state(|state| state.laws.push(pid, priority, place, state.now));
        let wrong = match token.has_frame() {
            true => Sabotage::NeverGiveWay,
            false => Sabotage::NewestFirst,
        };
        let place = match is_sabotaged(wrong) {
            true => Place::Front,
            false => place,
        };
        self.levels.push(token, place);
    }

    fn push_all(&mut self, tokens: &mut Queue, levels: u8, count: usize) {
        with_state(|state| {
            for (pid, level) in tokens.contents() {
                let priority = Priority::from_level(level);
                state.laws.push(pid, priority, Place::Back, state.now);
            }
        });
        self.levels.push_all(tokens, levels, count);
    }

    fn pop(&mut self) -> Option<Token> {
        let token = self.pop_somebody()?;
        let pid = token.pid();
        with_state(|state| state.laws.pop(pid));
        Some(token)
    }

    fn is_even(&self, running: Priority) -> bool {
        self.levels.is_even(running)
    }

    fn rotate(&mut self, token: Token) -> Token {
        let (pid, priority) = (token.pid(), priority_of(&token));
        nobody_was_before(pid);
        let next = match is_sabotaged(Sabotage::NewestFirst) {
            true => token,
            false => self.levels.rotate(token),
        };
        with_state(|state| {
            state.laws.rotate();
            state.laws.push(pid, priority, Place::Back, state.now);
            state.laws.pop(next.pid());
        });
        next
    }

    fn steal_from(&mut self, victim: CoreId) -> Stolen {
        self.levels.steal_from(victim)
    }

    fn is_empty(&self) -> bool {
        self.levels.is_empty()
    }

    fn count(&self) -> usize {
        self.levels.count()
    }

    fn has_rivals(&self, others: usize) -> bool {
        self.levels.has_rivals(others)
    }

    fn most_urgent(&self) -> Option<Priority> {
        self.levels.most_urgent()
    }
}

impl Watched {
    fn pop_somebody(&mut self) -> Option<Token> {
        if is_sabotaged(Sabotage::StarveLow) {
            return self.pop_preferably(|token| priority_of(token) != Priority::Low);
        }
        let most_urgent = self.levels.most_urgent();
        let is_ordinary = matches!(most_urgent, Some(Priority::Normal | Priority::Low));
        if is_ordinary && is_sabotaged(Sabotage::PreferLow) {
            return self.pop_preferably(|token| priority_of(token) == Priority::Low);
        }
        if is_sabotaged(Sabotage::IgnorePriority) {
            let mut left = self.levels.count();
            return self.pop_preferably(|_| {
                left -= 1;
                left == 0
            });
        }
        self.levels.pop()
    }

    /// Takes the first one that is wanted, else the first one.
    fn pop_preferably(&mut self, mut is_wanted: impl FnMut(&Token) -> bool) -> Option<Token> {
        let mut others = Vec::new();
        let mut found = None;
        while let Some(token) = self.levels.pop() {
            if is_wanted(&token) {
                found = Some(token);
                break;
            }
            others.push(token);
        }
        while let Some(token) = others.pop() {
            self.levels.push(token, Place::Front);
        }
        found.or_else(|| self.levels.pop())
    }
}
