//! Several simulated cores: the real scheduler on each, and an adversary that decides which of them moves.
//!
//! Each core is a host thread, so that a process can stand in the middle of a poll while another core goes on. Only the
//! thread that has the *baton* runs; at each point where something else could happen it is passed, to whom the seed
//! says. So the same seed gives the same run, event by event, as with one core.
//!
//! ```text
//!   baton     who moves, what time it is, which signals are on their way; who sleeps, and until when
//!   either    the handlers of the deployments `shared` and `message`
//!   world     what lies below them, on the baton's hardware
//!   programs  what processes do
//!   looking   one of them has all cores stand still
//!   bound     processes that may run on some cores only, and who sees that they do
//!   judge     everybody has come to an end, once; nothing is left over
//! ```
//!
//! A wake-up that is lost leaves all cores asleep beside a process that has not ended, or lets the run go on beyond its
//! bound: both are failures. A process that two cores run at a time is found at once.

mod baton;
mod bound;
mod either;
mod judge;
mod looking;
mod programs;
mod world;

use baton::{Baton, Hands};
use girder_core::rng::Rng;
use girder_core::sched::{Core, Statistics, Terms, World, turn};
use girder_lockfree::process::Table;
use girder_lockfree::process::crew::Seat;
use girder_lockfree::process::here::Here;
use girder_lockfree::process::inspect::{Stock, simulate_signals, simulate_waiting, stock};
use std::sync::Arc;
use std::thread;
use world::{Clockwork, Seeded, Several};

/// Processes that a run may have at a time.
const PROCESSES: u32 = 1024;
/// Messages under way at a time: each core takes a thousand and more for itself.
const MESSAGES: u32 = 32 * 1024;
/// Nanoseconds that a process may compute while others are ready.
const QUANTUM: u64 = 1_000_000;

/// What to run.
#[derive(Clone, Copy, Debug)]
pub struct ManyPlan {
    /// Decides everything that could be otherwise.
    pub seed: u64,
    /// What the processes do.
    pub scenario: ManyScenario,
    /// How many cores there are.
    pub cores: usize,
    /// What lies below their effects.
    pub deployment: ManyDeployment,
    /// What goes wrong, to show that it is found.
    pub sabotage: Option<ManySabotage>,
}

/// What a run has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ManyScenario {
    /// Processes of all priorities that yield.
    Yielders,
    /// As many spinners as cores, of which none ends before it has seen all cores at work.
    Rendezvous,
    /// Pairs that send each other numbered messages.
    Pairs,
    /// Many that send to one.
    FanIn,
    /// Sleepers, and sleeps that are given up.
    Sleepers,
    /// A tree of processes that spawn.
    Tree,
    /// Everything, while others kill, suspend, resume and wake at random.
    Trouble,
    /// The same, while others have all cores stand still and look at them.
    Looks,
    /// Processes that may run on some cores only, while others choose for them.
    Bound,
    /// Very many equal spinners that begin on one core. Not among `ALL`: it takes long, and nothing goes wrong in it.
    Spread,
}

impl ManyScenario {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Yielders,
        Self::Rendezvous,
        Self::Pairs,
        Self::FanIn,
        Self::Sleepers,
        Self::Tree,
        Self::Trouble,
        Self::Looks,
        Self::Bound,
    ];
}

/// How cores come by each other's processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ManyDeployment {
    /// They steal from each other.
    Shared,
    /// They send each other packets.
    Message,
}

impl ManyDeployment {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Shared, Self::Message];
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ManySabotage {
    /// No signal arrives.
    LoseSignals,
    /// Nobody takes notice of being rung at by another core.
    LoseRings,
    /// Whoever is killed is not told of.
    LoseKills,
}

/// What a run came to.
#[derive(Debug, PartialEq, Eq)]
pub struct ManyReport {
    /// What happened, where and when.
    pub trace: Vec<(u64, usize, ManyEvent)>,
    /// What each core has counted.
    pub statistics: Vec<Statistics>,
    /// How often the baton was passed.
    pub passes: u64,
    /// What each core has done in the scenario `Spread`.
    pub work: Vec<u64>,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ManyEvent {
    /// A process, by its number, was given a core.
    Resume(u64),
    /// It was broken off.
    Preempt(u64),
    /// It came to its end, by itself or not.
    End(u64),
    /// The core fell asleep.
    Sleep,
    /// Another core, by its number, was signalled.
    Signal(usize),
}

/// What a core leaves.
struct Remains {
    statistics: Statistics,
    stock: Stock,
}

/// Runs a plan to its end; panics if an invariant breaks, and says how to repeat it.
pub fn simulate_many(plan: ManyPlan) -> ManyReport {
    let mut rng = Rng::new(plan.seed);
    let heres: Vec<&'static Here> = (0..plan.cores).map(|_| leak(Here::new())).collect();
    let seat = |(number, &here): (usize, &&'static Here)| Seat {
        here,
        address: number as u64,
    };
    let seats = heres.iter().enumerate().map(seat);
    let table = leak(Table::with_crew(PROCESSES, MESSAGES, seats));
    let terms = Terms {
        quantum: QUANTUM,
        reductions: 1 + rng.below(200) as i32,
        keeps_time: rng.below(2) == 0,
    };
    let baton = Arc::new(Baton::new(plan, Rng::new(rng.next_u64()), &heres));
    let cores: Vec<_> = (0..plan.cores)
        .map(|number| {
            let baton = baton.clone();
            thread::spawn(move || run_core(Hands { baton, number }, table, terms))
        })
        .collect();
    let remains: Vec<_> = cores.into_iter().map(thread::JoinHandle::join).collect();
    let Ok(remains) = remains.into_iter().collect::<Result<Vec<Remains>, _>>() else {
        let ManyPlan {
            seed,
            scenario,
            cores,
            deployment,
            ..
        } = plan;
        panic!(
            "again: cargo run --profile sim -p girder-sim -- --seed {seed} --cores {cores} --deploy {deployment:?} --scenario {scenario:?}"
        );
    };
    let work = baton.work();
    let (trace, score, passes) = baton.end();
    judge::check(&score, &remains);
    let statistics = remains.iter().map(|remains| remains.statistics).collect();
    ManyReport {
        trace,
        statistics,
        passes,
        work,
    }
}

fn leak<T>(value: T) -> &'static T {
    Box::leak(Box::new(value))
}

/// One core, from its beginning to the end of the run.
fn run_core(hands: Hands, table: &'static Table, terms: Terms) -> Remains {
    let (number, plan) = (hands.number, hands.baton.plan);
    let here = hands.here();
    here.simulate_one_of_several(number as u32, table);
    simulate_signals(world::signal);
    simulate_waiting(looking::wait);
    let handlers = either::handlers(plan.deployment, table.crew(), here)
        .expect("each core takes its seat once");
    let core = Core::new(handlers, Clockwork, Seeded, terms, here);
    let _underway = world::Underway::new(hands.clone(), core);
    // All are there before anybody is spawned.
    hands.arrive();
    if number == 0 {
        programs::start(plan);
    }
    let mut next = Several::visit(Core::decide);
    while !hands.is_over() {
        hands.pass();
        next = turn::<Several>(next);
    }
    world::forget(next);
    Remains {
        statistics: Several::visit(|core| core.statistics()),
        stock: stock(),
    }
}
