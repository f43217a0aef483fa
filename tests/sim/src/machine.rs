//! One run: a seed, a scenario, and the turns until nothing is left to happen.

use crate::checks::Trace;
use crate::program::{self, Scenario, Score};
use crate::world::{self, Clockwork, STATE, Seeded, Simulated, State, with_state};
use girder_core::rng::Rng;
use girder_core::sched::{Core, Levels, Statistics, Terms, World, turn};
use girder_lockfree::process::here::{self, Here};
use girder_lockfree::process::{Table, is_alive};
use std::cell::RefCell;
use std::rc::Rc;

/// Processes that a run may have at a time.
const PROCESSES: u32 = 1024;
/// Turns that no run needs: one that takes them is going in circles.
const TURNS: u64 = 200_000;

/// What to run.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Decides everything that could be otherwise.
    pub seed: u64,
    /// What the processes do.
    pub scenario: Scenario,
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
}

/// Runs a plan to its end; panics if an invariant breaks.
pub fn simulate(plan: Plan) -> Report {
    let table = Box::leak(Box::new(Table::new(PROCESSES)));
    let here: &'static Here = Box::leak(Box::new(Here::new()));
    here.simulate(table);
    here::simulate_time(0);
    let mut rng = Rng::new(plan.seed);
    let score = Rc::new(RefCell::new(Score::default()));
    STATE.set(Some(State {
        rng: Rng::new(rng.next_u64()),
        here,
        now: 0,
        deadline: None,
        trace: Trace::default(),
        is_quiet: false,
    }));
    let terms = Terms {
        quantum: 1_000_000,
        reductions: 1 + rng.below(200) as i32,
        keeps_time: true,
    };
    world::set_core(Some(Core::new(
        Levels::default(),
        Clockwork,
        Seeded,
        terms,
        here,
    )));
    program::start(plan.scenario, &mut rng, &score);
    let turns = run_out();
    let statistics = Simulated::visit(|core| core.statistics());
    world::set_core(None);
    let state = STATE.take().expect("it was set above");
    judge(plan, &score.borrow(), &state.trace, statistics);
    Report {
        trace: state.trace,
        statistics,
        turns,
    }
}

fn run_out() -> u64 {
    let mut next = Simulated::visit(Core::decide);
    for turns in 1..=TURNS {
        next = turn::<Simulated>(next);
        if with_state(|state| state.is_quiet) {
            return turns;
        }
    }
    panic!("not done after {TURNS} turns");
}

/// What must be true when nothing is left to happen.
fn judge(plan: Plan, score: &Score, trace: &Trace, statistics: Statistics) {
    let ended = trace.ended().count();
    let left: Vec<_> = score.born.iter().filter(|&&pid| is_alive(pid)).collect();
    assert_eq!(ended + left.len(), score.born.len(), "processes were lost");
    assert_eq!(
        statistics.ended as usize, ended,
        "the core counts otherwise"
    );
    if score.may_not_finish == 0 {
        assert!(left.is_empty(), "{left:?} never ran to their end: {plan:?}");
        assert_eq!(score.finished, score.born.len());
    }
    assert!(
        left.len() <= score.may_not_finish,
        "{left:?} wait for ever: {plan:?}"
    );
}
