//! The processes that the kernel begins with, and who looks after them.
//!
//! What runs is itself a process and may die alone like any other. A shell that does is replaced. A run
//! of tests or benchmarks that does has no result to tell, and a script waits for one, so that is
//! the kernel's own end.

use crate::{bench, shell, suite};
use girder_aarch64::preemption::PreemptionOff;
use girder_core::config::{Config, Mode};
use girder_core::sched::{ExitReason, Priority};
use girder_lockfree::process::{NoProcess, spawn, spawn_watched};

/// The system's own come before everything that they look after.
const SYSTEM: u8 = Priority::Max.level();

/// Spawns what the boot arguments ask for.
pub(crate) fn spawn_all(config: &'static Config<'static>) -> Result<(), NoProcess> {
    match config.mode {
        Mode::Shell | Mode::Run(_) => spawn(keep_shell(config), SYSTEM)?,
        Mode::Test(filter) => spawn(
            run_once(
                "the test run",
                move || suite::run_tests_and_power_off(config, filter),
                SYSTEM,
            ),
            SYSTEM,
        )?,
        Mode::Bench(choice) => spawn(
            run_once(
                "the benchmark run",
                move || bench::run(choice, config.keeps_time),
                bench::LEVEL,
            ),
            SYSTEM,
        )?,
    };
    Ok(())
}

async fn keep_shell(config: &'static Config<'static>) {
    loop {
        let reason = end_of(move || shell::serve(config), SYSTEM).await;
        log::error!("the shell {reason}; here is another one");
    }
}

/// Runs what powers the machine off when it is done.
async fn run_once<F>(name: &str, make: impl FnOnce() -> F + Send + 'static, level: u8)
where
    F: Future<Output = ()> + 'static,
{
    let reason = end_of(make, level).await;
    let _kernel = PreemptionOff::new();
    panic!("{name} is over without a result: it {reason}");
}

/// Runs a process to its end.
async fn end_of<F>(make: impl FnOnce() -> F + Send + 'static, level: u8) -> ExitReason
where
    F: Future<Output = ()> + 'static,
{
    match spawn_watched(make, level) {
        Ok((_, watch)) => watch.await,
        Err(NoProcess) => {
            let _kernel = PreemptionOff::new();
            panic!("no room for one of the kernel's own processes")
        }
    }
}
