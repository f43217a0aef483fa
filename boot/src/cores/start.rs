//! The ways in which a core is started: a call to the firmware, a release word, or the pen's gate.
//!
//! What cores without caches need to see, and in which order, is `girder_aarch64::spin_table`; here
//! the machine's description decides who is started how.

use super::{CORES, Core, State, blocks};
use crate::memory::{MEMORY, is_firmwares};
use crate::{image, provoke};
use alloc::vec::Vec;
use girder_aarch64::core_block::CoreBlock;
use girder_aarch64::exception::Frame;
use girder_aarch64::halt::{self, HaltCause};
use girder_aarch64::spin_table::{self, Caches, Entry, Memory as _, Pen};
use girder_aarch64::{cache, cpu, monitor, power, timer};
use girder_core::patience::Patience;
use girder_core::units::Frequency;
use girder_describe::{Cpu, EnableMethod, Machine};
use girder_lockfree::Verdict;

/// How long the next of the started cores may take to arrive.
pub(super) const PATIENCE_MS: u32 = 10_000;
/// PSCI's answer for a core that is on (Arm PSCI, "Return error codes").
const ALREADY_ON: i64 = -4;

/// Where cores wait that `pen.s` holds.
#[unsafe(link_section = ".data.girder_pen")]
pub(crate) static PEN: Pen = Pen::closed();

unsafe extern "C" {
    fn girder_secondary();
    fn girder_pen();
}

/// How a core is started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// By PSCI.
    Firmware,
    /// By a word in memory, at this physical address.
    Release(u64),
    /// It is in our pen already.
    Pen,
}

impl Way {
    /// Where no firmware is at level 3, all cores have come in together with the boot core, and
    /// what the description says of firmware is not so.
    pub(super) fn to_start(cpu: &Cpu, machine: &Machine) -> Result<Self, State> {
        if monitor::is_ours() {
            return Ok(Self::Pen);
        }
        match cpu.enable_method {
            Some(EnableMethod::Psci) if machine.psci_conduit.is_some() => Ok(Self::Firmware),
            Some(EnableMethod::SpinTable) => match cpu.release_address {
                Some(word) if is_release_word(word, machine) => Ok(Self::Release(word)),
                word => Err(State::NoReleaseWord(word)),
            },
            Some(EnableMethod::Psci) | None => Err(State::NoMethod),
        }
    }
}

/// A release word is aligned and in memory that is reserved (Linux:
/// Documentation/arch/arm64/booting.rst). Writing to any other would break something, perhaps
/// ourselves.
fn is_release_word(word: u64, machine: &Machine) -> bool {
    let (start, end) = image::range();
    let is_aligned = word.is_multiple_of(size_of::<u64>() as u64);
    is_aligned && is_firmwares(machine, word) && !(start..end).contains(&word)
}

/// Publishes the table, starts all cores that are to come up, and waits for them.
#[inline(never)] // it is looked for in the report
pub(crate) fn start(cores: Vec<Core>, frequency: Frequency) {
    let cores = CORES.call_once(|| cores);
    for block in blocks() {
        // A core reads its block with its caches off.
        cache::clean_and_invalidate(&raw const *block as usize, size_of::<CoreBlock>());
    }
    let mut pen = Inmates::default();
    for (core, block) in expected(cores) {
        begin(core, block, &mut pen);
    }
    pen.let_go();
    CoreBlock::with_current(provoke::as_it_comes_up);
    wait_for(cores, frequency);
    for (core, block) in expected(cores) {
        core.settle(match block.admission().give_up() {
            Verdict::Present => State::Up,
            Verdict::LeftOut | Verdict::Failed => {
                block.failure().map_or(State::Silent, State::Failed)
            }
        });
    }
    tell_who_is_missing(cores);
}

/// Those that are to come up, and of which nothing else is known.
fn expected(cores: &[Core]) -> impl Iterator<Item = (&Core, &'static CoreBlock)> {
    let expected = cores.iter().filter(|core| core.state() == State::Expected);
    expected.filter_map(|core| Some((core, core.block?)))
}

/// Starts a core, or notes how the pen is to let it go.
fn begin(core: &Core, block: &'static CoreBlock, pen: &mut Inmates) {
    match core.way {
        Some(Way::Firmware) => {
            let entry = girder_secondary as *const () as u64;
            match power::start_core(block.affinity(), entry, &raw const *block as u64) {
                Ok(()) => {}
                // Whoever started it has sent it here with the boot core.
                Err(ALREADY_ON) => pen.add(core, block),
                Err(error) => core.settle(State::Refused(error)),
            }
        }
        Some(Way::Release(word)) => match alias(word) {
            Some(address) => {
                if !pen.words.contains(&address) {
                    pen.words.push(address);
                }
                pen.add(core, block);
            }
            None => core.settle(State::NoReleaseWord(Some(word))),
        },
        Some(Way::Pen) => pen.add(core, block),
        None => {}
    }
}

/// Those that are in the pen, or come there as soon as they are let go.
#[derive(Default)]
struct Inmates {
    table: Vec<Entry>,
    words: Vec<u64>,
}

impl Inmates {
    fn add(&mut self, core: &Core, block: &'static CoreBlock) {
        self.table.push(Entry {
            affinity: core.mpidr,
            block: &raw const *block as u64,
        });
    }

    /// Without an entry, whoever is there stays for ever: so it is said that there is none.
    fn let_go(self) {
        // For ever: a core that is late still looks itself up.
        let table = self.table.leak();
        // SAFETY: the pen, its table, and words that `is_release_word` and `alias` have let pass.
        let mut memory = unsafe { Caches::new() };
        spin_table::open(&mut memory, &PEN, table);
        let entry = girder_pen as *const () as u64;
        for word in self.words {
            spin_table::release(&mut memory, word, entry);
        }
        memory.send_event();
    }
}

/// Waits as long as one comes now and then. If one of them crashes meanwhile, this core stands still like
/// all others: it takes no interrupts yet.
fn wait_for(cores: &[Core], frequency: Frequency) {
    let undecided = |(_, block): &(&Core, &CoreBlock)| block.admission().verdict().is_none();
    let missing = || expected(cores).filter(undecided).count();
    let ticks = frequency.ticks_in_millis(PATIENCE_MS);
    let mut patience = Patience::new(timer::now(), ticks, missing());
    while patience.lasts(timer::now(), missing()) {
        if halt::is_ordered() {
            halt::stand_still(&Frame::here(), HaltCause::Ordered);
        }
        cpu::wait_for_event();
    }
}

/// Where a release word can be written.
fn alias(word: u64) -> Option<u64> {
    MEMORY.lock().as_mut()?.alias(word).ok()
}

fn tell_who_is_missing(cores: &[Core]) {
    for (index, core) in cores.iter().enumerate() {
        let state = core.state();
        if !matches!(state, State::Boot | State::Up | State::Capped) {
            let mpidr = core.mpidr;
            log::error!("core {index} (mpidr {mpidr:#x}) did not start: {state}");
        }
    }
}
