//! Runs tests, as far as that can be said without a machine.
//!
//! A state machine with two acts: [`Harness::next`] names the test to run, the caller ([`super::run`])
//! runs it against the clock, and [`Harness::ended`] takes how it ended. Between them
//! the harness holds nothing that the test could break.
//!
//! Seed 0 keeps the order of names; any other shuffles each round; those that want to be last are. Numbers that a test draws come
//! from the run's seed, the test's name and the round, so they stay the same when the filter
//! selects that test alone. See `doc/in-kernel-tests.md`.

use super::filter::Filter;
use super::judge::{Ending, judge};
use super::protocol::{Line, Tally, Verdict};
use super::test::Test;
use crate::config::Config;
use crate::line_buffer::LineBuffer;
use crate::rng::{self, Rng};
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::{self, Write};
use core::ops::Range;

/// Longest cause that is printed; what is beyond is cut and marked.
const CAUSE_BYTES: usize = 512;
/// Causes that are kept until the end of the run, in bytes. They are taken at its beginning, and so is the list of failures: a
/// test that uses all memory up is no reason for the run to end.
const KEPT_BYTES: usize = 16 * CAUSE_BYTES;

/// What to run, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Which tests.
    pub filter: Filter,
    /// How often each.
    pub rounds: u32,
    /// Decides the order and what tests draw; 0 keeps the order of names.
    pub seed: u64,
    /// Time limit of a test that names none.
    pub default_limit_ms: u32,
    /// How many cores are up.
    pub cores: u32,
    /// How many of them schedule.
    pub schedulers: u32,
}

impl Plan {
    /// Makes the plan that the boot arguments ask for.
    pub fn new(config: &Config<'_>, filter: Filter, cores: u32, schedulers: u32) -> Self {
        Self {
            filter,
            rounds: config.rounds,
            seed: config.seed.unwrap_or(0),
            default_limit_ms: config.limit_ms,
            cores,
            schedulers,
        }
    }
}

/// What the caller has to do now.
#[derive(Clone, Copy, Debug)]
pub enum Step<'a> {
    /// Run this test, then tell [`Harness::ended`].
    Run(Job<'a>),
    /// Nothing more; the result has been printed.
    Done(Tally),
}

/// A test to be run now.
#[derive(Clone, Copy, Debug)]
pub struct Job<'a> {
    /// The test.
    pub test: &'a Test,
    /// When to abandon it.
    pub limit_ms: u32,
    /// Seed for the numbers that it draws.
    pub seed: u64,
}

/// A run over the selected tests; see the module's head.
#[derive(Debug)]
pub struct Harness<'a> {
    plan: Plan,
    /// Selected and able to run, in the order of this round.
    order: Vec<&'a Test>,
    /// Selected, each with the reason why it does not run.
    ignored: Vec<(&'a Test, Reason)>,
    shuffling: Rng,
    round: u32,
    position: usize,
    running: Option<&'a Test>,
    stage: Stage,
    tally: Tally,
    failures: Vec<Failure<'a>>,
    /// The causes of all failures, one behind the other.
    causes: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Fresh,
    Announced,
    Done,
}

/// Why a test is not run.
#[derive(Clone, Copy, Debug)]
enum Reason {
    Said(&'static str),
    Cores { needed: u32, up: u32 },
    Schedulers { needed: u32, are: u32 },
}

/// A test that failed at least once, with its first cause.
#[derive(Debug)]
struct Failure<'a> {
    test: &'a Test,
    round: u32,
    /// Where in `causes` it is; nowhere, if there was no room.
    cause: Range<usize>,
}

impl<'a> Harness<'a> {
    /// Prepares a run; prints nothing yet.
    pub fn new(tests: &'a [Test], plan: Plan) -> Self {
        let mut order = Vec::new();
        let mut ignored = Vec::new();
        for test in tests.iter().filter(|test| plan.filter.selects(test.name)) {
            match reason_to_ignore(test, &plan) {
                Some(reason) => ignored.push((test, reason)),
                None => order.push(test),
            }
        }
        order.sort_by_key(|test| (test.last.is_some(), test.name));
        ignored.sort_by_key(|(test, _)| test.name);
        Self {
            shuffling: Rng::new(plan.seed),
            plan,
            failures: Vec::with_capacity(order.len()),
            causes: String::with_capacity(KEPT_BYTES),
            order,
            ignored,
            round: 0,
            position: 0,
            running: None,
            stage: Stage::Fresh,
            tally: Tally::default(),
        }
    }

    /// Says what to do now, and prints what is due before that.
    pub fn next(&mut self, out: &mut dyn Write) -> Step<'a> {
        assert!(self.running.is_none(), "a test is still running");
        if self.stage == Stage::Fresh {
            self.announce(out);
        }
        if self.position == self.order.len() {
            self.begin_round();
        }
        match self.order.get(self.position) {
            Some(test) if self.round <= self.plan.rounds && self.stage != Stage::Done => {
                self.start(test, out)
            }
            _ => self.finish(out),
        }
    }

    /// Takes how the running test ended, and prints the verdict.
    pub fn ended(&mut self, ending: Ending<'_>, out: &mut dyn Write) {
        let test = self.running.take().expect("a test is running");
        let outcome = judge(test.expect, ending).map_err(LineBuffer::<CAUSE_BYTES>::of);
        match outcome {
            Ok(()) => {
                self.tally.passed = self.tally.passed.saturating_add(1);
                say(out, Line::Verdict(test.name, Verdict::Ok));
            }
            Err(cause) => {
                self.tally.failed = self.tally.failed.saturating_add(1);
                say(out, Line::Verdict(test.name, Verdict::Failed));
                say(out, Line::Cause(cause.as_str()));
                self.remember(test, cause.as_str());
            }
        }
    }

    /// The seed from which `test` draws its numbers in this round.
    pub fn seed_for(&self, test: &Test) -> u64 {
        let of_test = rng::combine(self.plan.seed, rng::seed_of_name(test.name));
        rng::combine(of_test, u64::from(self.round))
    }

    /// What the run amounts to so far.
    pub fn tally(&self) -> Tally {
        self.tally
    }

    /// Ignored tests are told once, not every round.
    fn announce(&mut self, out: &mut dyn Write) {
        self.stage = Stage::Announced;
        let selected = self.order.len() + self.ignored.len();
        say(
            out,
            Line::Plan {
                tests: count(selected),
                rounds: self.plan.rounds,
                seed: self.plan.seed,
            },
        );
        for (test, reason) in &self.ignored {
            say(out, Line::Verdict(test.name, Verdict::Ignored));
            let cause = LineBuffer::<CAUSE_BYTES>::of(reason);
            say(out, Line::Cause(cause.as_str()));
        }
        self.tally.ignored = count(self.ignored.len());
        self.position = self.order.len(); // the first round begins as every other does
    }

    fn begin_round(&mut self) {
        self.round = self.round.saturating_add(1);
        self.position = 0;
        if self.plan.seed != 0 {
            self.shuffling.shuffle(&mut self.order);
            // In place: there may be no memory any more.
            self.order.sort_unstable_by_key(|test| test.last.is_some());
        }
    }

    fn start(&mut self, test: &'a Test, out: &mut dyn Write) -> Step<'a> {
        self.position += 1;
        self.running = Some(test);
        say(out, Line::Running(test.name));
        Step::Run(Job {
            test,
            limit_ms: test.limit_ms.unwrap_or(self.plan.default_limit_ms),
            seed: self.seed_for(test),
        })
    }

    fn remember(&mut self, test: &'a Test, cause: &str) {
        let is_known = |failure: &Failure<'_>| core::ptr::eq(failure.test, test);
        if !self.failures.iter().any(is_known) {
            let start = self.causes.len();
            if cause.len() <= self.causes.capacity() - start {
                self.causes.push_str(cause);
            }
            self.failures.push(Failure {
                test,
                round: self.round,
                cause: start..self.causes.len(),
            });
        }
    }

    fn finish(&mut self, out: &mut dyn Write) -> Step<'a> {
        if self.stage != Stage::Done {
            self.stage = Stage::Done;
            self.repeat_failures(out);
            say(out, Line::Result(self.tally));
        }
        Step::Done(self.tally)
    }

    /// Prints each test that failed once more, with the boot arguments that repeat it.
    fn repeat_failures(&self, out: &mut dyn Write) {
        if !self.failures.is_empty() {
            say(out, "failures:");
        }
        for Failure { test, round, cause } in &self.failures {
            let (name, seed) = (test.name, self.plan.seed);
            let cause = match &self.causes[cause.clone()] {
                "" => "(told above)",
                cause => cause,
            };
            say(out, format_args!("    {name}: {cause}"));
            say(
                out,
                format_args!("    again: test=={name} girder.seed={seed} girder.repeat={round}"),
            );
        }
    }
}

fn reason_to_ignore(test: &Test, plan: &Plan) -> Option<Reason> {
    let said = test.ignored.map(Reason::Said);
    let (needed, up) = (test.cores, plan.cores);
    let lacks_cores = || (needed > up).then_some(Reason::Cores { needed, up });
    let (needed, are) = (test.schedulers, plan.schedulers);
    let lacks_schedulers = || (needed > are).then_some(Reason::Schedulers { needed, are });
    let is_not_alone = || (are > 1).then_some(test.alone?).map(Reason::Said);
    let is_too_long = || {
        (!plan.filter.asks())
            .then_some(test.long?)
            .map(Reason::Said)
    };
    said.or_else(lacks_cores)
        .or_else(lacks_schedulers)
        .or_else(is_not_alone)
        .or_else(is_too_long)
}

/// Prints one line. A console that can't print is no reason to stop: the status still tells.
fn say(out: &mut dyn Write, line: impl fmt::Display) {
    let _ = writeln!(out, "{line}");
}

fn count(tests: usize) -> u32 {
    u32::try_from(tests).unwrap_or(u32::MAX)
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Said(words) => f.write_str(words),
            Self::Cores { needed, up: 1 } => write!(f, "needs {needed} cores, 1 is up"),
            Self::Cores { needed, up } => write!(f, "needs {needed} cores, {up} are up"),
            Self::Schedulers { needed, are: 1 } => {
                write!(f, "needs {needed} cores that schedule, 1 does")
            }
            Self::Schedulers { needed, are } => {
                write!(f, "needs {needed} cores that schedule, {are} do")
            }
        }
    }
}

#[cfg(test)]
mod tests;
