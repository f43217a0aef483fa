//! A family of children named by letters, which does what it is ordered and writes that down.

mod intensities;
mod sequences;
mod stops;
mod table;
mod wishes;

use super::*;
use std::collections::{BTreeMap, BTreeSet};
use std::string::String;
use std::vec::Vec;

/// A supervision whose orders are carried out: whoever is killed ends at once, and who is asked to, too, unless it is stubborn.
pub(super) struct Family {
    pub(super) machine: Supervision<char>,
    pub(super) now: Instant,
    pub(super) trace: Vec<String>,
    /// Those that do not end when they are asked to.
    pub(super) stubborn: BTreeSet<char>,
    /// How often each can't be started from now on.
    pub(super) failing: BTreeMap<char, u32>,
    /// What it says last: to wait, or that it is over.
    pub(super) last: Order,
}

/// Rules that allow as many restarts as a test needs.
pub(super) fn rules(strategy: Strategy) -> Rules {
    Rules {
        strategy,
        intensity: 1_000,
        ..Rules::default()
    }
}

pub(super) fn child(restart: Restart) -> ChildRules {
    ChildRules {
        restart,
        ..ChildRules::default()
    }
}

impl Family {
    /// Begins, and forgets how.
    pub(super) fn new(rules: Rules, children: &[(char, ChildRules)]) -> Self {
        let mut family = Self::unborn(rules, children);
        family.settle();
        family.trace.clear();
        family
    }

    pub(super) fn unborn(rules: Rules, children: &[(char, ChildRules)]) -> Self {
        let children = children.iter().map(|&(name, rules)| (rules, name));
        Self {
            machine: Supervision::new(rules, children).expect("sensible rules"),
            now: Instant::from_nanos(0),
            trace: Vec::new(),
            stubborn: BTreeSet::new(),
            failing: BTreeMap::new(),
            last: Order::Wait(None),
        }
    }

    /// Does what is ordered until nothing is.
    pub(super) fn settle(&mut self) {
        loop {
            let order = self.machine.next(self.now);
            match order {
                Order::Start(id) => self.start(id),
                Order::Ask(id) => {
                    let name = self.name(id);
                    self.say("ask", name);
                    if !self.stubborn.contains(&name) {
                        self.machine.ended(id, Ended::Shutdown);
                    }
                }
                Order::Kill(id) => {
                    self.say("kill", self.name(id));
                    self.machine.ended(id, Ended::Abnormal);
                }
                Order::Wait(_) | Order::Over(_) => {
                    self.last = order;
                    return;
                }
            }
        }
    }

    fn start(&mut self, id: ChildId) {
        let name = self.name(id);
        match self.failing.get_mut(&name).filter(|left| **left > 0) {
            Some(left) => {
                *left -= 1;
                self.say("fail", name);
                self.machine.start_failed(id);
            }
            None => {
                self.say("start", name);
                self.machine.started(id);
            }
        }
    }

    fn say(&mut self, act: &str, name: char) {
        self.trace.push(std::format!("{act} {name}"));
    }

    pub(super) fn name(&self, id: ChildId) -> char {
        *self.machine.child(id).expect("ordered, so there is one")
    }

    pub(super) fn id(&self, name: char) -> ChildId {
        let mut all = self.machine.children();
        let found = all.find(|&(_, &other)| other == name);
        found.expect("there is one of that name").0
    }

    /// What has been done since this was asked last.
    pub(super) fn told(&mut self) -> String {
        core::mem::take(&mut self.trace).join(", ")
    }

    /// A child ends by itself, and what follows is done; which that is.
    pub(super) fn end(&mut self, name: char, how: Ended) -> String {
        self.machine.ended(self.id(name), how);
        self.settle();
        self.told()
    }

    /// Children in order; those in brackets are not running.
    pub(super) fn members(&self) -> String {
        let show = |(id, &name): (ChildId, &char)| match self.machine.is_running(id) {
            true => String::from(name),
            false => std::format!("({name})"),
        };
        self.machine.children().map(show).collect()
    }
}
