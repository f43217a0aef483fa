//! Several simulated cores: the real scheduler on each, and an adversary that decides which of them moves.
//!
//! Each core is a host thread, so that a process can stand in the middle of a poll while another core goes on. Only the
//! thread that has the *baton* runs; at each point where something else could happen it is passed, to whom the seed
//! says. So the same seed gives the same run, event by event, as with one core.
//!
//! ```text
//!   baton     who moves, what time it is, which signals are on their way; who sleeps, and until when
//!   either    the handlers of the deployments `shared` and `message`, and of queues behind locks (locked)
//!   world     what lies below them, on the baton's hardware
//!   programs  what processes do
//!   packets   what cores send each other, late
//!   looking   one of them has all cores stand still
//!   bound     processes that may run on some cores only, and who sees that they do
//!   alarms    what is called off on another core than its own
//!   encounters  each operation against a process in each condition (whereabouts)
//!   even      work that is to be shared out evenly
//!   services  questions and answers, limits to mailboxes, arenas, hibernation, who waits for the end of others
//!   want      what there is no memory for, and what becomes of whoever wanted it
//!   judge     everybody has come to an end, once; nothing is left over
//! ```
//!
//! A wake-up that is lost leaves all cores asleep beside a process that has not ended, or lets the run go on beyond its
//! bound: both are failures. A process that two cores run at a time is found at once.

mod alarms;
mod baton;
mod bound;
mod either;
mod encounters;
mod even;
mod judge;
mod locked;
mod looking;
mod packets;
mod programs;
mod services;
mod want;
mod whereabouts;
mod world;

use crate::machine::{Shortage, explain_failures};
use baton::{Baton, Hands};
pub use encounters::Deed;
use girder_core::rng::Rng;
use girder_core::sched::{Core, Statistics, Terms, World, turn};
use girder_lockfree::process::crew::Seat;
use girder_lockfree::process::here::Here;
use girder_lockfree::process::inspect::{
    Stock, simulate_packets, simulate_signals, simulate_waiting, stock,
};
use girder_lockfree::process::{Table, simulate_counting_alarms};
use girder_lockfree::scarcity::{self, Purpose};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread;
pub use whereabouts::Condition;
use world::{Clockwork, Seeded, Several};

/// Processes that most runs may have at a time.
const PROCESSES: u32 = 1024;
/// The same where there are 100,000.
const CROWD: u32 = 128 * 1024;
/// Messages under way at a time: each core takes a thousand and more for itself.
const MESSAGES: u32 = 32 * 1024;
/// Nanoseconds that a process may compute while others are ready.
const QUANTUM: u64 = 1_000_000;

impl ManyPlan {
    /// The command that repeats it.
    pub fn command(&self) -> String {
        let Self {
            seed,
            scenario,
            cores,
            deployment,
            shortage,
            ..
        } = self;
        let short = shortage.map_or(String::new(), |shortage| format!(" {shortage}"));
        format!(
            "cargo run --profile sim -p girder-sim -- --seed {seed} --cores {cores} --deploy {deployment:?} --scenario {scenario:?}{short}"
        )
    }
}

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
    /// For which allocations there is no memory, of those of processes and of the cores' loops; without this there is for all. With
    /// it, who dies for want of memory takes all others along, in their time.
    pub shortage: Option<Shortage>,
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
    /// Alarms that are called off on other cores than their own, and alarms of the dead.
    Alarms,
    /// Alarms that are called off elsewhere, of processes that have their cores to themselves and never wait.
    Alone,
    /// Questions and answers, mailboxes with limits, arenas, hibernation, and who waits for the end of others.
    Services,
    /// Each operation against a process in each condition.
    Encounters,
    /// Equal spinners that begin on one core. Not among `ALL`, like the next two: it takes long, and nothing goes wrong in it.
    Spread,
    /// The same with 100,000, each of which has little to do.
    Crowd,
    /// A tree of 111,111 processes that adds up numbers.
    Skynet,
}

impl ManyScenario {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::Yielders,
        Self::Rendezvous,
        Self::Pairs,
        Self::FanIn,
        Self::Sleepers,
        Self::Tree,
        Self::Trouble,
        Self::Looks,
        Self::Bound,
        Self::Alarms,
        Self::Alone,
        Self::Services,
        Self::Encounters,
    ];
    /// Those in which cores share work out evenly.
    pub const EVEN: [Self; 3] = [Self::Spread, Self::Crowd, Self::Skynet];

    /// Processes that it may have at a time, and messages under way.
    fn limits(self) -> (u32, u32) {
        match self {
            Self::Crowd => (CROWD, MESSAGES),
            Self::Skynet => (CROWD, 2 * CROWD),
            _ => (PROCESSES, MESSAGES),
        }
    }
}

/// How cores come by each other's processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ManyDeployment {
    /// They steal from each other.
    Shared,
    /// They send each other packets.
    Message,
    /// They steal from queues behind locks. Not among `ALL`: it is no deployment of the kernel's, but what `Shared` is compared
    /// with.
    Locked,
}

impl ManyDeployment {
    /// Those of the kernel.
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
    /// Who sends a process rings before it is there, and not again.
    OvertakingRings,
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
    /// What each core has done in one of the scenarios `EVEN`.
    pub work: Vec<u64>,
    /// Alarms that were called off on another core than their own, in the scenario `Alarms`.
    pub elsewhere: u64,
    /// Processes that their core has looked for before they were there.
    pub missed: u64,
    /// Processes that came to a core before one that was sent there earlier.
    pub overtook: u64,
    /// Which operations have met a target in which condition, in the scenario `Encounters`, and how often.
    pub met: BTreeMap<(Deed, Condition), u32>,
    /// What processes and loops have asked memory for, in order.
    pub allocations: Vec<Purpose>,
    /// Processes that have died for want of memory.
    pub crashed: usize,
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
    alarms: usize,
}

/// Says how to repeat a run that fails.
struct Underway(ManyPlan);

impl Drop for Underway {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("again: {}", self.0.command());
        }
    }
}

/// Runs a plan to its end; panics if an invariant breaks, and says how to repeat it.
pub fn simulate_many(plan: ManyPlan) -> ManyReport {
    explain_failures();
    let _underway = Underway(plan);
    let mut rng = Rng::new(plan.seed);
    let heres: Vec<&'static Here> = (0..plan.cores).map(|_| leak(Here::new())).collect();
    let seat = |(number, &here): (usize, &&'static Here)| Seat {
        here,
        address: number as u64,
    };
    let seats = heres.iter().enumerate().map(seat);
    let (processes, messages) = plan.scenario.limits();
    let table = leak(Table::with_crew(processes, messages, seats));
    let terms = Terms {
        quantum: QUANTUM,
        reductions: 1 + rng.below(200) as i32,
        keeps_time: rng.below(2) == 0,
    };
    let baton = Arc::new(Baton::new(
        plan,
        Rng::new(rng.next_u64()),
        &heres,
        table.crew(),
    ));
    let cores: Vec<_> = (0..plan.cores)
        .map(|number| {
            let baton = baton.clone();
            thread::spawn(move || run_core(Hands { baton, number }, table, terms))
        })
        .collect();
    let remains: Vec<_> = cores.into_iter().map(thread::JoinHandle::join).collect();
    let Ok(remains) = remains.into_iter().collect::<Result<Vec<Remains>, _>>() else {
        panic!("a core has failed");
    };
    let (work, allocations) = (baton.work(), baton.allocations());
    let uncalled = baton.lacks_of(Purpose::CallingOff);
    let (missed, overtook) = baton.late();
    let (trace, score, passes) = baton.end();
    judge::check(&score, &remains, uncalled);
    let statistics = remains.iter().map(|remains| remains.statistics).collect();
    ManyReport {
        trace,
        statistics,
        passes,
        work,
        elsewhere: score.elsewhere,
        missed,
        overtook,
        met: score.met,
        allocations,
        crashed: score.crashed,
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
    simulate_packets(packets::leaves);
    simulate_waiting(looking::wait);
    let handlers =
        either::handlers(&hands.baton, table.crew(), here).expect("each core takes its seat once");
    let core = Core::new(handlers, Clockwork, Seeded, terms, here);
    let _underway = world::Underway::new(hands.clone(), core);
    // All are there before anybody is spawned.
    hands.arrive();
    if number == 0 {
        want::bear_the_first(plan);
        programs::start(plan);
        want::start(plan);
    }
    scarcity::simulate(want::has_memory);
    let mut next = Several::visit(Core::decide);
    while !hands.is_over() {
        hands.pass();
        next = turn::<Several>(next);
    }
    world::forget(next);
    Remains {
        statistics: Several::visit(|core| core.statistics()),
        stock: stock(),
        alarms: simulate_counting_alarms(),
    }
}
