//! The in-kernel tests: a run of those that a filter selects, reported on the console.

use crate::ledger::Watched;
use crate::{console, cores, heart, image, power_down};
use core::sync::atomic::{AtomicU64, Ordering::Relaxed};
use girder_core::check::protocol::Tally;
use girder_core::check::{self, ExitStatus, Filter, Harness, Plan, Test};
use girder_core::config::Config;

/// The seed of the running test.
static SEED: AtomicU64 = AtomicU64::new(0);

/// Returns the seed for whatever the running test draws; the same seed, filter or not.
pub fn test_seed() -> u64 {
    SEED.load(Relaxed)
}

/// Runs the tests that `filter` selects, each as a process.
pub(crate) async fn run_tests(config: &Config<'_>, filter: Filter) -> Tally {
    let schedulers = heart::schedulers() as u32;
    let plan = Plan::new(config, filter, cores::up().count() as u32, schedulers);
    let mut harness = Harness::new(image::tests(), plan);
    let out = &mut console::Output::new();
    let before_each = |seed| SEED.store(seed, Relaxed);
    let mut watched = Watched::open().await;
    let after_each = async |test: &Test| watched.check(test).await;
    check::run(&mut harness, out, before_each, after_each).await
}

/// Runs them, then powers the machine off.
pub(crate) async fn run_tests_and_power_off(config: &'static Config<'static>, filter: &str) {
    let tally = run_tests(config, Filter::new(filter)).await;
    power_down(ExitStatus::from(tally))
}
