//! Whoever sits at the console: the prompt, and the tests it starts.
//!
//! Work for the boot core's loop, a little at a time. A test runs on a lent stack; each interrupt
//! brings the core back here, where the time limit is looked at and the test goes on. The loop
//! stays what it is: handlers take notes, the console is served between two pieces of a test.

use crate::{console, cores, heap, memory, power_down, provoke};
use core::fmt::{self, Write};
use core::sync::atomic::{AtomicU64, Ordering::Relaxed};
use girder_aarch64::core_block::CoreBlock;
use girder_aarch64::lend::{Return, Suspended};
use girder_aarch64::stack::Stack;
use girder_aarch64::{power, timer};
use girder_core::check::protocol::Tally;
use girder_core::check::{Ending, ExitStatus, Filter, Harness, Plan, Step, Test};
use girder_core::config::Config;
use girder_core::reports::{CoreLine, CoreState};
use girder_core::shell::{self, Action, Inspect, LineEditor};
use girder_core::turn::Progress;
use girder_core::units::{Bytes, Frequency};

/// Bytes of input handled in one turn.
const BYTES_PER_TURN: usize = 64;

/// The seed of the running test.
static SEED: AtomicU64 = AtomicU64::new(0);

/// Returns the seed for whatever the running test draws; the same seed, filter or not.
pub fn test_seed() -> u64 {
    SEED.load(Relaxed)
}

/// The prompt's state.
pub(crate) struct Operator {
    config: &'static Config<'static>,
    tests: &'static [Test],
    frequency: Frequency,
    editor: LineEditor,
    /// The stack that tests run on, while none does.
    stack: Option<Stack>,
    run: Option<Run>,
}

/// A run of tests.
struct Run {
    harness: Harness<'static>,
    /// The test that an interrupt broke into.
    suspended: Option<Suspended>,
    limit_ms: u32,
    deadline: u64,
    then: Then,
}

/// What follows the last test.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Then {
    Prompt,
    PowerOff,
}

impl Run {
    /// True if a test has been interrupted and its time is over.
    fn is_overdue(&self) -> bool {
        self.suspended.is_some() && timer::now() >= self.deadline
    }

    /// Sees to it that the time limit interrupts. A deadline that the test has set for itself stays,
    /// if it comes before.
    fn watch(&self) {
        if timer::deadline().is_none_or(|at| at > self.deadline) {
            timer::set_deadline(self.deadline);
        }
    }
}

impl Operator {
    pub(crate) fn new(
        config: &'static Config<'static>,
        tests: &'static [Test],
        frequency: Frequency,
        stack: Stack,
    ) -> Self {
        let editor = LineEditor::new(shell::NAMES);
        Self {
            config,
            tests,
            frequency,
            editor,
            stack: Some(stack),
            run: None,
        }
    }

    /// Shows the first prompt.
    pub(crate) fn prompt(&self) {
        self.editor.show_prompt(&mut console::Output::new());
    }

    /// Runs the tests that `filter` selects, then powers the machine off.
    pub(crate) fn run_tests_and_power_off(&mut self, filter: &str) {
        self.start_tests(Filter::new(filter), Then::PowerOff);
    }

    /// Does a piece of work, if there is any.
    pub(crate) fn work(&mut self, core: &CoreBlock) -> Progress {
        let Some(run) = self.run.take() else {
            return self.read();
        };
        // Whoever wants something of this core must signal it from now on. If somebody has wanted
        // something since the loop looked, that goes first; but not for ever.
        self.run = if run.is_overdue() || core.doorbell().try_leave() {
            self.go_on(run)
        } else {
            Some(run)
        };
        Progress::Did
    }

    fn start_tests(&mut self, filter: Filter, then: Then) {
        let cores = cores::up().count() as u32;
        let plan = Plan::new(self.config, filter, cores);
        let harness = Harness::new(self.tests, plan);
        self.run = Some(Run {
            harness,
            suspended: None,
            limit_ms: 0,
            deadline: 0,
            then,
        });
    }

    /// Takes a run one step further: a test until it ends or is interrupted, or the next one.
    fn go_on(&mut self, mut run: Run) -> Option<Run> {
        let is_overdue = run.is_overdue();
        let back = match run.suspended.take() {
            Some(test) if is_overdue => {
                self.stack = Some(test.give_up());
                let limit_ms = run.limit_ms;
                run.harness
                    .ended(Ending::TimedOut { limit_ms }, &mut console::Output::new());
                return Some(run);
            }
            Some(test) => {
                run.watch();
                test.resume()
            }
            None => match self.next(&mut run) {
                Ok(back) => back,
                Err(tally) => return self.finish(run.then, tally),
            },
        };
        self.take_back(&mut run, back);
        Some(run)
    }

    fn next(&mut self, run: &mut Run) -> Result<Return, Tally> {
        let Step::Run(job) = run.harness.next(&mut console::Output::new()) else {
            return Err(run.harness.tally());
        };
        run.limit_ms = job.limit_ms;
        run.deadline = timer::now() + self.frequency.ticks_in_millis(job.limit_ms);
        SEED.store(job.seed, Relaxed);
        let stack = self
            .stack
            .take()
            .expect("the last test's stack has come back");
        timer::set_deadline(run.deadline);
        Ok(stack.run(job.test.run))
    }

    /// Files a test's return from the lent stack.
    fn take_back(&mut self, run: &mut Run, back: Return) {
        let out = &mut console::Output::new();
        let stack = match back {
            Return::Interrupted(suspended) => {
                run.suspended = Some(suspended);
                return;
            }
            Return::Finished(stack) => {
                run.harness.ended(Ending::Returned, out);
                stack
            }
            Return::Faulted(stack, fault) => {
                let words = alloc::format!("{fault}");
                run.harness.ended(Ending::Faulted(&words), out);
                stack
            }
            Return::Panicked(panicked) => {
                run.harness.ended(Ending::Panicked(panicked.message()), out);
                panicked.into_stack()
            }
        };
        timer::disarm();
        self.stack = Some(stack);
    }

    fn finish(&mut self, then: Then, tally: Tally) -> Option<Run> {
        if then == Then::PowerOff {
            power_down(ExitStatus::from(tally));
        }
        self.prompt();
        None
    }

    fn read(&mut self) -> Progress {
        let mut progress = Progress::Nothing;
        for _ in 0..BYTES_PER_TURN {
            let Some(byte) = console::read() else { break };
            progress = Progress::Did;
            let out = &mut console::Output::new();
            let Some(line) = self.editor.feed(byte, out) else {
                continue;
            };
            let action = shell::execute(line, &Instruments, out);
            self.act(action);
            if self.run.is_some() {
                break;
            }
            self.editor.show_prompt(out);
        }
        progress
    }

    fn act(&mut self, action: Action) {
        match action {
            Action::Nothing => {}
            Action::StartTests(filter) => self.start_tests(filter, Then::Prompt),
            Action::PowerOff => {
                console::flush();
                power::off()
            }
            Action::Reboot => {
                console::flush();
                power::reset()
            }
            Action::Crash(kind) => provoke::crash(kind),
        }
    }
}

/// What the commands read.
struct Instruments;

impl Inspect for Instruments {
    fn cores(&self, out: &mut dyn Write) -> fmt::Result {
        writeln!(out, "{}", CoreLine::HEADING)?;
        for (id, core) in cores::all().iter().enumerate() {
            let reason = cores::reason(core.state());
            let state = match core.state() {
                cores::State::Boot => CoreState::Boot,
                cores::State::Up => CoreState::Up,
                _ => CoreState::LeftOut(&reason),
            };
            let part = core.block().map_or("", |block| block.part().name());
            writeln!(
                out,
                "{}",
                CoreLine {
                    id: id as u32,
                    mpidr: core.mpidr(),
                    part,
                    state
                }
            )?;
        }
        Ok(())
    }

    fn mem(&self, out: &mut dyn Write) -> fmt::Result {
        let physical = memory::MEMORY.lock().as_ref().map(memory::Memory::usage);
        if let Some(memory::Usage { free, total }) = physical {
            let (free, total) = (Bytes(free as u64), Bytes(total as u64));
            writeln!(out, "physical  {free} free of {total}")?;
        }
        let heap::Usage { used, size } = heap::usage();
        writeln!(
            out,
            "heap      {} used of {}",
            Bytes(used as u64),
            Bytes(size as u64)
        )?;
        let (tables, room) = crate::pool::usage();
        writeln!(out, "tables    {tables} used of {room}")?;
        let damaged = console::damaged();
        writeln!(out, "console   {damaged} received bytes damaged or lost")
    }
}
