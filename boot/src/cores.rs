//! Bringing every core up, and talking to the ones that came.
//!
//! Blocks and stacks are laid out for all usable cores of the description, up to the limit that was
//! asked for, and the table is published, before any is started. Then all are started, then all are
//! waited for together, as long as now and then one comes. A core that can't be started, or doesn't
//! arrive, is named and left out; if it arrives too late after all, its admission word sends it to sleep
//! for ever. That word says who is up, from the first moment on: whoever crashes while others are still
//! coming finds those that are there.

mod start;

pub(crate) use start::{PEN, start};

use crate::attend::secondary_core;
use crate::memory::{Memory, MemoryError};
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;
use core::sync::atomic::AtomicU64;
use core::sync::atomic::Ordering::Relaxed;
use girder_aarch64::core_block::{CoreBlock, Start};
use girder_aarch64::cpu::{self, Affinity};
use girder_aarch64::interrupts;
use girder_aarch64::interrupts::ControllerError;
use girder_aarch64::mmu::Regime;
use girder_aarch64::relax::Once;
use girder_aarch64::{halt, timer};
use girder_core::causes::Cause;
use girder_core::patience::Patience;
use girder_core::units::Frequency;
use girder_describe::{Cpu, Machine};
use girder_lockfree::{Ring, Verdict};
use start::Way;

/// How long the next of the others may take to stand still. What they wait for is an interrupt, so it is
/// microseconds really; but an emulator has to wake a thread for each of them, on a host that may be busy.
const HALT_PATIENCE_MS: u32 = 2_000;
/// Two cores' blocks are at least this far apart: a pair of common cache lines.
const LEAST_DISTANCE: usize = 128;

/// A core of the description.
pub struct Core {
    block: Option<&'static CoreBlock>,
    mpidr: u64,
    /// What was known before anybody was started.
    planned: State,
    /// What became of it, if that is something else.
    outcome: Once<State>,
    /// How it is started, if it is.
    way: Option<Way>,
}

/// What became of a core.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It runs this boot.
    Boot,
    /// It is to come up, and nothing is decided yet.
    Expected,
    /// It was started and has arrived.
    Up,
    /// The limit on the number of cores left it out.
    Capped,
    /// It can't be started: the description names no way that we know.
    NoMethod,
    /// The description names no release word for it, or one that can't be.
    NoReleaseWord(Option<u64>),
    /// The firmware refused, with this number.
    Refused(i64),
    /// It was started and could not set itself up.
    Failed(ControllerError),
    /// It was started and did not arrive in time.
    Silent,
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Boot | Self::Up => f.write_str("up"),
            Self::Expected => f.write_str("not up yet"),
            Self::Capped => f.write_str("girder.cores"),
            Self::NoMethod => f.write_str("no enable method"),
            Self::NoReleaseWord(None) => f.write_str("no cpu-release-addr"),
            Self::NoReleaseWord(Some(word)) => write!(f, "no cpu-release-addr can be {word:#x}"),
            Self::Refused(error) => write!(f, "psci {error}"),
            Self::Failed(error) => write!(f, "{error}"),
            Self::Silent => write!(f, "no answer in {} ms", start::PATIENCE_MS),
        }
    }
}

/// Bytes that were laid out for all of them.
static MEMORY_TAKEN: AtomicU64 = AtomicU64::new(0);

static CORES: Once<Vec<Core>> = Once::new();

/// All cores of the description, in its order.
pub fn all() -> &'static [Core] {
    CORES.get().map_or(&[], Vec::as_slice)
}

/// The cores that are up, while others may still be coming.
pub fn up() -> impl Iterator<Item = &'static CoreBlock> {
    blocks().filter(|block| block.admission().verdict() == Some(Verdict::Present))
}

/// The cores that have a block: those that are up, and those that were to come up.
pub(crate) fn blocks() -> impl Iterator<Item = &'static CoreBlock> {
    all().iter().filter_map(|core| core.block)
}

impl Core {
    /// Its block, unless it never got one.
    pub fn block(&self) -> Option<&'static CoreBlock> {
        self.block
    }

    /// Its affinity.
    pub fn mpidr(&self) -> u64 {
        self.mpidr
    }

    /// What became of it.
    pub fn state(&self) -> State {
        self.outcome.get().copied().unwrap_or(self.planned)
    }

    fn new(mpidr: u64, planned: State, way: Option<Way>) -> Self {
        Self {
            block: None,
            mpidr,
            planned,
            outcome: Once::new(),
            way,
        }
    }

    /// Notes what has become of it, once and for all.
    fn settle(&self, state: State) {
        self.outcome.call_once(|| state);
    }
}

/// Gives a core a cause to look at, and wakes it if it sleeps. One that schedules is signalled in any
/// case: while a process runs there, it does not look by itself, and saying so in its word before each
/// process would cost every turn an atomic step.
pub fn ring(core: &CoreBlock, cause: Cause) {
    let ring = core.doorbell().ring(cause.bit());
    if ring == Ring::MustSignal || core.is_scheduling() {
        interrupts::signal(core.affinity());
    }
}

/// Asks a core to show that its loop still turns, and waits until it has.
pub fn ping(core: &CoreBlock) {
    let answered = || core.counters().pings.load(Relaxed);
    let before = answered();
    ring(core, Cause::Ping);
    while answered() == before {
        cpu::wait_for_event();
    }
}

/// Has all cores but this one stand still where they are, and waits until they do, for a bounded
/// time.
pub(crate) fn halt_others() {
    let me = Affinity::of_this_core();
    let others = || up().filter(|core| core.affinity() != me);
    halt::order();
    others().for_each(|core| {
        core.order_to_halt();
        interrupts::signal(core.affinity());
    });
    let Some(frequency) = Frequency::new(timer::frequency()) else {
        return; // then boot did not get as far as other cores
    };
    let running = || others().filter(|core| core.halted().is_none()).count();
    let ticks = frequency.ticks_in_millis(HALT_PATIENCE_MS);
    let mut patience = Patience::new(timer::now(), ticks, running());
    while patience.lasts(timer::now(), running()) {
        cpu::wait_for_event();
    }
}

/// Makes the boot core's own block, before the others'.
pub(crate) fn lay_out(
    machine: &Machine,
    limit: Option<u32>,
    memory: &mut Memory,
    regime: Regime,
) -> Result<Vec<Core>, MemoryError> {
    let boot = Affinity::of_this_core();
    let free_before = memory.usage().free;
    let distance =
        size_of::<CoreBlock>().next_multiple_of(cpu::sharing_granule().max(LEAST_DISTANCE));
    let mut cores = Vec::with_capacity(machine.cpus.len() + 1);
    let mut room = limit.unwrap_or(u32::MAX).saturating_sub(1);
    for cpu in &machine.cpus {
        let (state, way) = state_before_start(cpu, boot, machine, &mut room);
        cores.push(Core::new(cpu.mpidr.0, state, way));
    }
    if !cores.iter().any(|core| core.planned == State::Boot) {
        log::warn!(
            "the description does not know this core, mpidr {:#x}",
            boot.0
        );
        cores.push(Core::new(boot.0, State::Boot, None));
    }
    for (index, core) in (0..).zip(&mut cores) {
        if !matches!(core.planned, State::Boot | State::Expected) {
            continue;
        }
        let block = block(index, Affinity(core.mpidr), distance, memory, regime)?;
        if core.planned == State::Boot {
            // Nobody else knows it, so nobody has left it out.
            let _ = block.admission().arrive();
        }
        core.block = Some(block);
    }
    let taken = free_before - memory.usage().free;
    MEMORY_TAKEN.store(taken as u64, Relaxed);
    Ok(cores)
}

/// What each core has for itself from the beginning, its block and its stacks, in bytes.
pub(crate) fn memory_each() -> Option<u64> {
    let with_memory = all().iter().filter(|core| core.block.is_some()).count() as u64;
    MEMORY_TAKEN.load(Relaxed).checked_div(with_memory)
}

fn state_before_start(
    cpu: &Cpu,
    boot: Affinity,
    machine: &Machine,
    room: &mut u32,
) -> (State, Option<Way>) {
    if cpu.mpidr.0 == boot.0 {
        return (State::Boot, None);
    }
    if *room == 0 {
        return (State::Capped, None);
    }
    match Way::to_start(cpu, machine) {
        Ok(way) => {
            *room -= 1;
            (State::Expected, Some(way))
        }
        Err(state) => (state, None),
    }
}

fn block(
    index: u32,
    affinity: Affinity,
    distance: usize,
    memory: &mut Memory,
    regime: Regime,
) -> Result<&'static CoreBlock, MemoryError> {
    let start = Start {
        regime,
        // Below the room that the top of a stack has, for processes may come to stand on it.
        loop_stack: memory.stack()?.begin(),
        exception_stack: memory.stack()?.top(),
        main: secondary_core as *const () as u64,
        level: cpu::exception_level(),
    };
    let place = memory
        .allocate(distance)
        .ok_or(MemoryError::Exhausted("a core's block"))?;
    let place = place.cast::<CoreBlock>();
    // SAFETY: page-aligned memory of sufficient size, just allocated and never given back.
    let block: &'static CoreBlock = unsafe {
        place.write(CoreBlock::new(index, affinity, start));
        place.as_ref()
    };
    block.use_emergency_stack(memory.stack()?);
    Ok(block)
}

/// The reason why a core is left out, for a table that keeps it.
pub(crate) fn reason(state: State) -> Box<str> {
    alloc::format!("{state}").into_boxed_str()
}
