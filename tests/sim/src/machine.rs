//! One run: a seed, a scenario, and the turns until nothing is left to happen.

use crate::checks::Trace;
use crate::judge;
use crate::places;
use crate::program::{self, Scenario, Score};
use crate::sabotage::Sabotage;
use crate::world::{self, Clockwork, Queues, Seeded, Simulated, State, with_state};
use girder_core::rng::Rng;
use girder_core::sched::{Core, Statistics, Terms, World, turn};
use girder_lockfree::process::Table;
use girder_lockfree::process::here::{self, Here};
use girder_lockfree::process::inspect::{simulate_forgetting_places, simulate_heap};
use girder_lockfree::scarcity::{OutOfMemory, Purpose};
use std::cell::{Cell, RefCell};
use std::fmt;
use std::rc::Rc;
use std::sync::Once;

/// Processes that a run may have at a time.
const PROCESSES: u32 = 1024;
/// Turns that no run needs: one that takes them is going in circles.
const TURNS: u64 = 200_000;
/// Nanoseconds that a process may compute while others are ready.
pub(crate) const QUANTUM: u64 = 1_000_000;

/// What to run.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Decides everything that could be otherwise.
    pub seed: u64,
    /// What the processes do.
    pub scenario: Scenario,
    /// What goes wrong, to show that it is found.
    pub sabotage: Option<Sabotage>,
    /// For which allocations there is no memory; without this, for any now and then, if the seed wants it.
    pub shortage: Option<Shortage>,
}

/// Allocations of a run for which there is no memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shortage {
    /// Only those for this purpose count.
    pub of: Option<Purpose>,
    /// The number of the first; from 0.
    pub first: u64,
    /// How many there are.
    pub count: u64,
}

impl Shortage {
    /// There is memory for everything.
    pub const NONE: Self = Self {
        of: None,
        first: 0,
        count: 0,
    };

    /// True if an allocation for this purpose is among them, after these.
    pub(crate) fn has(self, purpose: Purpose, before: &[Purpose]) -> bool {
        let counts = |it: Purpose| self.of.is_none_or(|of| of == it);
        let number = before.iter().filter(|&&it| counts(it)).count() as u64;
        counts(purpose) && (self.first..self.first.saturating_add(self.count)).contains(&number)
    }
}

/// What a run came to.
#[derive(Debug, PartialEq, Eq)]
pub struct Report {
    /// Everything that happened.
    pub trace: Trace,
    /// What the core counted.
    pub statistics: Statistics,
    /// Turns that it took.
    pub turns: u64,
    /// What it asked memory for, in order.
    pub allocations: Vec<Purpose>,
}

thread_local! {
    /// What this thread runs.
    static PLAN: Cell<Option<Plan>> = const { Cell::new(None) };
}

impl fmt::Display for Plan {
    /// The arguments by which it is repeated.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, scenario, .. } = self;
        write!(f, "--seed {seed} --scenario {scenario:?}")?;
        self.shortage
            .map_or(Ok(()), |shortage| write!(f, " {shortage}"))
    }
}

impl fmt::Display for Shortage {
    /// The arguments that say so.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { of, first, count } = self;
        write!(f, "--short {first}..{}", first + count)?;
        match of {
            Some(purpose) => write!(f, " --of {purpose:?}"),
            None => Ok(()),
        }
    }
}

/// Makes every failure say how to repeat the run, whether the program ends with it or not.
pub(crate) fn explain_failures() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |failure| {
            // A process ends, and that is as it should be, if it can be done.
            let is_meant = cfg!(panic = "unwind") && failure.payload().is::<OutOfMemory>();
            if is_meant {
                return;
            }
            before(failure);
            if let Some(plan) = PLAN.get().filter(|plan| plan.sabotage.is_none()) {
                eprintln!("again: cargo run --profile sim -p girder-sim -- {plan}");
            }
        }));
    });
}

/// A run that has not come to its end.
struct Underway;

impl Drop for Underway {
    fn drop(&mut self) {
        PLAN.set(None);
        if std::thread::panicking() {
            world::abandon();
        }
    }
}

/// Runs a plan to its end; panics if an invariant breaks, and says how to repeat it.
pub fn simulate(plan: Plan) -> Report {
    explain_failures();
    PLAN.set(Some(plan));
    let _underway = Underway;
    let table = Box::leak(Box::new(Table::new(PROCESSES)));
    let here: &'static Here = Box::leak(Box::new(Here::new()));
    here.simulate(table);
    here::simulate_time(0);
    let mut rng = Rng::new(plan.seed);
    let score = Rc::new(RefCell::new(Score::default()));
    world::set_up(State::new(here, Rng::new(rng.next_u64()), plan));
    simulate_heap(|purpose| with_state(|state| state.has_memory(purpose)));
    simulate_forgetting_places(|| world::strikes_sabotage(Sabotage::LosePlace, 10));
    let terms = Terms {
        quantum: QUANTUM,
        reductions: 1 + rng.below(200) as i32,
        keeps_time: rng.below(2) == 0,
    };
    let (queues, oracle) = (Queues::default(), Seeded);
    let handlers = (queues, world::Alone);
    world::set_core(Core::new(handlers, Clockwork, oracle, terms, here));
    program::start(plan.scenario, &mut rng, &score);
    let turns = run_out(&score);
    let statistics = Simulated::visit(|core| core.statistics());
    let state = world::tear_down();
    judge::check(&score.borrow(), &state, statistics);
    Report {
        allocations: state.memory.asked().to_vec(),
        trace: state.trace,
        statistics,
        turns,
    }
}

fn run_out(score: &program::Shared) -> u64 {
    let mut next = Simulated::visit(Core::decide);
    for turns in 1..=TURNS {
        places::check(&next, &mut score.borrow_mut());
        next = turn::<Simulated>(next);
        if with_state(|state| state.is_quiet) {
            return turns;
        }
    }
    panic!("not done after {TURNS} turns");
}
