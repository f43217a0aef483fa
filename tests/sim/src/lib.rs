//! The deterministic simulator: the real scheduler on simulated cores, from a seed.
//!
//! One host thread, virtual time, and an oracle that is the adversary: it decides when interrupts
//! come, how late timers are, which processes are woken for nothing, which of two arrivals is first.
//! The same seed gives the same run, event by event. Between any two turns the invariants are
//! checked, and a run that does not come to its end within its bound of turns has failed.

mod checks;
mod machine;
mod program;
mod world;

pub use checks::{Event, Trace};
pub use machine::{Plan, Report, simulate};
pub use program::{Scenario, point};
