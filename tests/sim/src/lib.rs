//! The deterministic simulator: the real scheduler on simulated cores, from a seed.
//!
//! One host thread, virtual time, and an oracle that is the adversary: it decides when interrupts
//! come and of which kind, how late timers are, which processes are woken for nothing, when memory
//! has run out, which of two arrivals is first. The same seed gives the same run, event by event.
//!
//! ```text
//!   program    what simulated processes do; broken off at points before and after each call
//!   world      the handlers of the simulated deployment, and the adversary behind them
//!   laws       who may run now, and for how long: priorities, rounds, quanta
//!   places     each process is in one place, and slots and blocks add up; between any two turns
//!   judge      everybody has come to an end, and what was counted adds up; when all is quiet
//!   checks     the trace, in which nothing happens that could not
//!   sabotage   the handlers misbehaving, to show that each of these can fail
//!   many       the same with several cores, which has a machine and programs of its own
//! ```
//!
//! Memory is asked for by what it is for (`girder_lockfree::scarcity`), so the allocations of a run have numbers. In some runs
//! any of them fails now and then; `tests/shortage.rs` lets each single one fail, one run after the other, and `tests/many_shortage.rs` those
//! of several cores.
//!
//! A run that does not come to its end within its bound of turns has failed too. A failing run says
//! which command repeats it, and `cargo run --profile sim -p girder-sim -- --seed N --scenario NAME` prints it.

mod checks;
mod judge;
mod laws;
mod machine;
mod many;
mod places;
mod program;
mod sabotage;
mod world;

pub use checks::{Event, Trace};
pub use machine::{Plan, Report, Shortage, simulate};
pub use many::{
    Condition, Deed, ManyDeployment, ManyEvent, ManyPlan, ManyReport, ManySabotage, ManyScenario,
    simulate_many,
};
pub use program::{Scenario, point};
pub use sabotage::Sabotage;
