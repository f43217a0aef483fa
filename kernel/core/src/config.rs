//! Boot arguments: what the machine is asked to be.
//!
//! Reading them never fails. Unknown arguments warn (boot loaders add theirs, such as `root=` or
//! `quiet`), wrong values say so and leave the default, and where an argument comes twice the
//! last one counts. Everything borrows from the text and nothing is allocated, so that console
//! and log level are known before there is a heap; complaints go to a function, and who has no
//! console yet passes one that forgets them and parses again later.

mod argument;
mod complaint;
mod table;

pub use argument::parse_number;
pub use complaint::{Complaint, Expected, Using};
pub use table::Table;

use crate::logging::LogFilter;
use crate::shell::CrashKind;
use crate::words::words;
use argument::Argument;
use core::num::NonZeroU32;

/// Most cores that the kernel serves.
pub const CORES_MAX: u32 = 512;
/// Time a process runs before the timer takes the core away, unless told otherwise.
pub const QUANTUM_US: u32 = 1_000;
/// Shortest quantum that leaves time for work between two ticks.
pub const QUANTUM_US_MIN: u32 = 50;
/// Longest quantum: ten seconds.
pub const QUANTUM_US_MAX: u32 = 10_000_000;
/// Budget of a process before it yields, unless told otherwise.
pub const REDUCTIONS: u32 = 2_000;
/// Largest budget.
pub const REDUCTIONS_MAX: u32 = 1_000_000_000;
/// Time limit of a test, unless told otherwise: most take milliseconds, but an emulator's host may be busy.
pub const LIMIT_MS: u32 = 60_000;
/// Longest time limit of a test: an hour.
pub const LIMIT_MS_MAX: u32 = 3_600_000;
/// Most rounds over the selected tests.
pub const ROUNDS_MAX: u32 = 1_000_000;

/// All that boot arguments decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config<'a> {
    /// What to do once booted.
    pub mode: Mode<'a>,
    /// `girder.cores`: start no more cores than this; `None` starts all.
    pub cores: Option<NonZeroU32>,
    /// `girder.quantum_us`, as asked for; [`QUANTUM_US`] is the default.
    pub quantum_us: Option<u32>,
    /// `girder.reductions`, as asked for; [`REDUCTIONS`] is the default.
    pub reductions: Option<u32>,
    /// `girder.clock`: count each process's time on its core.
    pub keeps_time: bool,
    /// `girder.deploy`, as asked for; the default is `Deployment::default`.
    pub deployment: Option<Deployment>,
    /// `girder.seed`.
    pub seed: Option<u64>,
    /// `girder.log`.
    pub log: LogFilter<'a>,
    /// `girder.panic` as given; [`Config::on_panic`] knows the default.
    pub panic: Option<OnPanic>,
    /// `girder.crash`: a core that is to crash as it comes up, for whoever wants to see the report.
    pub crash: Option<(CrashKind, u32)>,
    /// `console`: where to speak; `None` takes the machine's own choice.
    pub console: Option<ConsoleChoice<'a>>,
    /// `girder.repeat`: rounds over the selected tests.
    pub rounds: u32,
    /// `girder.limit_ms`: time limit of a test that names none.
    pub limit_ms: u32,
}

/// What to do once booted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode<'a> {
    /// Read commands from the console.
    #[default]
    Shell,
    /// Run the tests that the filter selects (empty: all), then power off.
    Test(&'a str),
    /// Run benchmarks, then power off.
    Bench(BenchChoice<'a>),
    /// Run the named program.
    Run(&'a str),
}

/// Which benchmarks to run: `idle_memory:1000000`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BenchChoice<'a> {
    /// A whole name selects one, any other text those whose names contain it; several have commas between them, and empty
    /// selects all.
    pub filter: &'a str,
    /// Given to a benchmark that takes a count.
    pub count: Option<u64>,
}

/// What lies below the kernel's effects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Deployment {
    /// One core schedules, the others are parked.
    Single,
    /// Cores steal from each other's queues.
    #[default]
    Shared,
    /// Cores send packets and share no scheduler state.
    Message,
}

impl Deployment {
    /// What it is called.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Single => "single",
            Self::Shared => "shared",
            Self::Message => "message",
        }
    }
}

/// What follows a crash dump.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnPanic {
    /// Stop all cores and stay, so that a person can read the dump.
    Halt,
    /// Start again.
    Reset,
    /// Power off, so that a script goes on.
    Off,
}

/// A console chosen by hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConsoleChoice<'a> {
    /// The device tree's node of this path.
    Path(&'a str),
    /// A PL011 at this CPU address, for a machine whose tree tells nothing of use.
    Pl011(u64),
}

impl Default for Config<'_> {
    fn default() -> Self {
        Self {
            mode: Mode::default(),
            cores: None,
            quantum_us: None,
            reductions: None,
            keeps_time: false,
            deployment: None,
            seed: None,
            log: LogFilter::default(),
            panic: None,
            crash: None,
            console: None,
            rounds: 1,
            limit_ms: LIMIT_MS,
        }
    }
}

impl<'a> Config<'a> {
    /// Reads boot arguments, telling `complain` in their order what is of no use.
    pub fn parse(arguments: &'a str, complain: &mut dyn FnMut(Complaint<'a>)) -> Self {
        let mut config = Self::default();
        for word in words(arguments) {
            if !word.is_closed {
                complain(Complaint::UnclosedQuote(word.raw));
            }
            config.apply(Argument::new(word.raw), complain);
        }
        config
    }

    /// What follows a crash dump: as told, else power off where a script waits for the end of
    /// tests or benchmarks, else halt where a person may be reading.
    pub fn on_panic(&self) -> OnPanic {
        let usual = match self.mode {
            Mode::Test(_) | Mode::Bench(_) => OnPanic::Off,
            Mode::Shell | Mode::Run(_) => OnPanic::Halt,
        };
        self.panic.unwrap_or(usual)
    }

    /// What holds, a line for each argument.
    pub fn table(&self) -> Table<'_> {
        Table(self)
    }

    fn apply(&mut self, argument: Argument<'a>, complain: &mut dyn FnMut(Complaint<'a>)) {
        let default = Self::default();
        let outcome = match argument.name {
            "shell" | "test" | "bench" | "run" => set(&mut self.mode, argument.mode()),
            "girder.cores" => set(&mut self.cores, argument.cores()),
            "girder.quantum_us" => set(
                &mut self.quantum_us,
                argument.optional(QUANTUM_US, QUANTUM_US_MIN, QUANTUM_US_MAX),
            ),
            "girder.reductions" => set(
                &mut self.reductions,
                argument.optional(REDUCTIONS, 1, REDUCTIONS_MAX),
            ),
            "girder.clock" => set(&mut self.keeps_time, argument.switch(default.keeps_time)),
            "girder.deploy" => set(&mut self.deployment, argument.deployment()),
            "girder.seed" => set(&mut self.seed, argument.seed()),
            "girder.log" => {
                self.log = LogFilter::parse(argument.text(), &mut |it| complain(it.into()));
                Ok(())
            }
            "girder.panic" => set(&mut self.panic, argument.on_panic()),
            "girder.crash" => set(&mut self.crash, argument.crash()),
            "console" => set(&mut self.console, argument.console()),
            "girder.repeat" => set(
                &mut self.rounds,
                argument.number(default.rounds, 1, ROUNDS_MAX),
            ),
            "girder.limit_ms" => set(
                &mut self.limit_ms,
                argument.number(default.limit_ms, 1, LIMIT_MS_MAX),
            ),
            _ => Err(Complaint::Unknown(argument.raw)),
        };
        outcome.unwrap_or_else(complain);
    }
}

/// What an argument says, and a complaint where that is not what was written.
type Read<'a, T> = (T, Result<(), Complaint<'a>>);

fn set<'a, T>(field: &mut T, (value, outcome): Read<'a, T>) -> Result<(), Complaint<'a>> {
    *field = value;
    outcome
}

#[cfg(test)]
mod tests;
