//! Benchmarks: processes that measure processes, printed as the contract words it.
//!
//! One process, the *suite*, runs them one after the other and sleeps while others are measured. Under
//! `-icount shift=0` one instruction takes one nanosecond, so the figures are instructions. Where a figure
//! has to be exact, set the counter's frequency to a gigahertz as well (`-cpu NAME,cntfrq=1000000000`): the
//! clock then counts instructions, where at the usual 62.5 MHz it counts sixteens of them.
//!
//! What is measured stands between two [`marks`], so that a tracing emulator finds it.

mod arena;
mod cross;
mod latency;
mod mail;
mod marks;
mod masked;
mod memory;
mod preempt;
mod queues;
mod room;
mod spawn;
mod team;
mod ties;
mod time;
mod yields;

use crate::console::println;
use crate::first::{end_of, no_result, take_wish};
use crate::power_down;
use alloc::boxed::Box;
use core::fmt::Display;
use core::pin::Pin;
use girder_core::check::ExitStatus;
use girder_core::config::{BenchChoice, Config, Mode};
use girder_core::program;
use girder_core::sched::{ExitReason, Priority};
use girder_lockfree::process::{PINNED, cores, here, spawn};

const NORMAL: u8 = Priority::Normal.level();
/// The same, for one that stays with the suite, which stays on its core: where the measure is of two on one core.
const NORMAL_HERE: u8 = NORMAL | PINNED;
const HIGH: u8 = Priority::High.level();

/// A benchmark under way.
pub type Run = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A benchmark, and how often it does its operation unless told otherwise.
pub struct Bench {
    name: &'static str,
    count: u64,
    run: fn(u64) -> Run,
}

impl Bench {
    /// One that an image adds to ours: of something that stands above this package.
    pub const fn new(name: &'static str, count: u64, run: fn(u64) -> Run) -> Self {
        bench(name, count, run)
    }
}

/// Measures what so many operations take, and reports it.
pub async fn measure(name: &str, ops: u64, operations: impl Future<Output = ()>) {
    marks::begin();
    let start = here::now();
    operations.await;
    let nanos = here::now() - start;
    marks::end();
    report(name, ops, nanos);
}

const fn bench(name: &'static str, count: u64, run: fn(u64) -> Run) -> Bench {
    Bench { name, count, run }
}

/// The one that is about time being kept: left out where it is not.
const YIELD_CLOCK: &str = "yield_clock";

/// Those that want several cores: left out where one runs all processes.
const PING_PONG_CROSS: &str = "ping_pong_cross";
const STEAL: &str = "steal";
const SPREAD: &str = "spread";
const OF_SEVERAL_CORES: [&str; 3] = [PING_PONG_CROSS, STEAL, SPREAD];

/// All of them, in the order in which they run.
static BENCHES: [Bench; 35] = [
    bench("yield", 1_000_000, |count| {
        Box::pin(yields::run("yield", count))
    }),
    bench(YIELD_CLOCK, 1_000_000, |count| {
        Box::pin(yields::run(YIELD_CLOCK, count))
    }),
    bench("spawn_end", 100_000, |count| Box::pin(spawn::one(count))),
    bench("spawn_end_batch", 100_000, |count| {
        Box::pin(spawn::batch(count))
    }),
    bench("yield_beside_spinner", 100, |count| {
        Box::pin(yields::beside_spinner(count))
    }),
    bench("preempt_switch", 500, |count| {
        Box::pin(preempt::switch(count))
    }),
    bench("preempt_latency", 1_000, |count| {
        Box::pin(latency::run(count))
    }),
    bench("crash_latency", 300, |count| {
        Box::pin(latency::crashes(count))
    }),
    // `timers_remove` as well: it takes back what that one has set.
    bench("timers_insert", 100_000, |count| {
        Box::pin(time::insert_and_remove(count))
    }),
    bench("timers_cancel", 100_000, |count| {
        Box::pin(time::cancel(count))
    }),
    bench("sleep_wake", 100_000, |count| {
        Box::pin(time::sleep_wake(count))
    }),
    bench("timers_wake", 100_000, |count| Box::pin(time::wake(count))),
    bench("ping_pong_local", 200_000, |count| {
        Box::pin(mail::measure(
            "ping_pong_local",
            count,
            mail::ping_pong_local,
        ))
    }),
    bench("pairs", 200_000, |count| {
        Box::pin(mail::measure("pairs", count, mail::pairs))
    }),
    bench("ring", 300_000, |count| {
        Box::pin(mail::measure("ring", count, mail::ring))
    }),
    bench("fan_in", 1_000_000, |count| {
        Box::pin(mail::measure("fan_in", count, mail::fan_in))
    }),
    bench("big", 200, |count| {
        Box::pin(mail::measure("big", count, mail::big))
    }),
    bench("send_bounded", 200_000, |count| {
        Box::pin(mail::measure("send_bounded", count, room::bounded))
    }),
    bench("send_wait", 50_000, |count| {
        Box::pin(mail::measure("send_wait", count, room::waiting))
    }),
    bench("call", 100_000, |count| {
        Box::pin(mail::measure("call", count, mail::calls))
    }),
    bench("spawn_exit", 100_000, |count| {
        Box::pin(mail::measure("spawn_exit", count, mail::spawn_exit))
    }),
    bench("spawn_join", 50_000, |count| {
        Box::pin(mail::measure("spawn_join", count, mail::spawn_join))
    }),
    // Three lines: a process alone, and tied in either way.
    bench("spawn_link", 100_000, |count| Box::pin(ties::births(count))),
    bench("monitor_down", 50_000, |count| {
        Box::pin(mail::measure("monitor_down", count, ties::down))
    }),
    bench("link_storm", 100_000, |count| Box::pin(ties::storm(count))),
    bench("skynet", 100_000, |count| {
        Box::pin(mail::measure("skynet", count, mail::skynet))
    }),
    bench("alloc_local", 100_000, |count| {
        Box::pin(memory::local(count))
    }),
    bench("alloc_free_64", 100_000, |count| {
        Box::pin(memory::batch(count))
    }),
    bench("arena_alloc", 1_000_000, |count| {
        Box::pin(arena::blocks(count))
    }),
    bench("arena_crash", 2_000, |count| {
        Box::pin(arena::crashes(count))
    }),
    bench("idle_memory", 100_000, |count| {
        Box::pin(memory::idle(count))
    }),
    // Four lines: a turn and a theft, with a queue of the core's own and with one behind a lock.
    bench("queue", 160_000, |count| Box::pin(queues::run(count))),
    bench(PING_PONG_CROSS, 50_000, |count| {
        Box::pin(mail::measure(PING_PONG_CROSS, count, cross::ping_pong))
    }),
    bench(SPREAD, 100_000, |count| Box::pin(cross::spread(count))),
    bench(STEAL, 5_000, |count| Box::pin(cross::steal(count))),
];

/// Comes last: over all that has run before.
static MASKED_MAX: Bench = bench("masked_max", 1, |_| Box::pin(masked::run()));

/// Ours, and those that the image has added.
fn all(added: &'static [Bench]) -> impl Iterator<Item = &'static Bench> + Clone {
    BENCHES.iter().chain(added).chain([&MASKED_MAX])
}

/// The benchmarks, for an image that holds them and perhaps some of its own: what its program of the role `Benches` runs.
pub fn run_benches(config: &'static Config<'static>, added: &'static [Bench]) -> program::Run {
    let keeps_time = config.keeps_time;
    match (config.mode, take_wish()) {
        (Mode::Bench(choice), _) => Box::pin(async move {
            let suite = async move || {
                let is_chosen = |bench: &Bench| is_chosen(bench, &choice, added);
                power_down(run(added, is_chosen, choice.count, keeps_time).await)
            };
            match end_of(suite, NORMAL_HERE).await {
                Ok(reason) => no_result("the benchmark run", reason),
                Err(error) => {
                    log::error!("the benchmark run can't begin: {error}");
                    ExitStatus::Crashed
                }
            }
        }),
        (_, wish) => Box::pin(async move {
            let suite = async move || {
                let is_chosen = |bench: &Bench| wish.selects(bench.name);
                run(added, is_chosen, None, keeps_time).await;
            };
            match end_of(suite, NORMAL_HERE).await {
                Ok(ExitReason::Returned) => ExitStatus::AllPassed,
                Ok(reason) => {
                    println!("the benchmarks: {reason}");
                    ExitStatus::Failed
                }
                Err(error) => {
                    println!("there is no room for the benchmarks: {error}");
                    ExitStatus::Failed
                }
            }
        }),
    }
}

/// Runs the benchmarks that are chosen. The suite runs among what it measures, as a
/// process of its own, for each layer of futures around it would be part of each of its yields.
async fn run(
    added: &'static [Bench],
    is_chosen: impl Fn(&Bench) -> bool,
    count: Option<u64>,
    keeps_time: bool,
) -> ExitStatus {
    let mut status = ExitStatus::NothingToRun;
    let has_sense = |bench: &&Bench| {
        (keeps_time || bench.name != YIELD_CLOCK)
            && (cores() > 1 || !OF_SEVERAL_CORES.contains(&bench.name))
    };
    let chosen = all(added).filter(|bench| is_chosen(bench));
    for bench in chosen.filter(has_sense) {
        (bench.run)(count.unwrap_or(bench.count).max(1)).await;
        status = ExitStatus::AllPassed;
    }
    if status == ExitStatus::NothingToRun {
        println!("there is no such benchmark");
    }
    status
}

/// A whole name selects one benchmark; any other text all whose names contain it. There may be several, with commas between
/// them; none selects all.
fn is_chosen(bench: &Bench, choice: &BenchChoice<'_>, added: &'static [Bench]) -> bool {
    let fits = |pattern: &str| match all(added).any(|bench| bench.name == pattern) {
        true => bench.name == pattern,
        false => bench.name.contains(pattern),
    };
    choice.filter.is_empty()
        || choice
            .filter
            .split(',')
            .any(|one| !one.is_empty() && fits(one))
}

/// Spawns what is measured.
#[inline(always)]
fn start_process(level: u8, work: impl Future<Output = ()> + Send + 'static) {
    spawn(work, level).expect("a benchmark's few processes have room");
}

fn report(name: impl Display, ops: u64, nanos: u64) {
    report_as(name, ops, nanos, "ns");
}

fn report_as(name: impl Display, ops: u64, sum: u64, unit: &str) {
    let hundredths = u128::from(sum) * 100 / u128::from(ops.max(1));
    println!(
        "{name} {ops} ops, {sum} {unit}, {}.{:02} {unit}/op",
        hundredths / 100,
        hundredths % 100
    );
}
