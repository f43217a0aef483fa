//! The ways in which a core is started: a call to the firmware, a release word, or the pen's gate.
//!
//! What cores without caches need to see, and in which order, is `girder_aarch64::spin_table`; here
//! the machine's description decides who is started how.

use super::{CORES, Core, State};
use crate::image;
use crate::memory::{MEMORY, is_firmwares};
use alloc::vec::Vec;
use girder_aarch64::core_block::CoreBlock;
use girder_aarch64::spin_table::{self, Caches, Entry, Memory as _, Pen};
use girder_aarch64::{cache, cpu, monitor, power, timer};
use girder_core::units::Frequency;
use girder_describe::{Cpu, EnableMethod, Machine};
use girder_lockfree::Verdict;

/// How long all started cores together may take to arrive.
pub(super) const PATIENCE_MS: u32 = 10_000;

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

/// Starts all cores that are to come up, waits for them, and publishes the table.
pub(crate) fn start(mut cores: Vec<Core>, frequency: Frequency) {
    for core in cores.iter().filter(|core| core.state == State::Up) {
        if let Some(block) = core.block {
            // The core reads its block with its caches off.
            cache::clean_and_invalidate(&raw const *block as usize, size_of::<CoreBlock>());
        }
    }
    start_by_firmware(&mut cores);
    let table = open_pen(&mut cores);
    let deadline = timer::now() + frequency.ticks_in_millis(PATIENCE_MS);
    for core in cores.iter_mut().filter(|core| core.state == State::Up) {
        let Some(block) = core.block else { continue };
        while block.admission().verdict().is_none() && timer::now() < deadline {
            cpu::wait_for_event();
        }
        core.state = match block.admission().give_up() {
            Verdict::Present => State::Up,
            Verdict::LeftOut | Verdict::Failed => {
                block.failure().map_or(State::Silent, State::Failed)
            }
        };
    }
    // A core that is late still looks itself up.
    table.leak();
    tell_who_is_missing(&cores);
    CORES.call_once(|| cores);
}

fn start_by_firmware(cores: &mut [Core]) {
    let entry = girder_secondary as *const () as u64;
    for core in cores {
        let (State::Up, Some(Way::Firmware), Some(block)) = (core.state, core.way, core.block)
        else {
            continue;
        };
        if let Err(error) = power::start_core(block.affinity(), entry, &raw const *block as u64) {
            core.state = State::Refused(error);
        }
    }
}

/// Lets everybody go who is in the pen or polls a release word; returns the pen's table.
fn open_pen(cores: &mut [Core]) -> Vec<Entry> {
    let mut words = Vec::new();
    let mut table = Vec::new();
    for core in cores.iter_mut().filter(|core| core.state == State::Up) {
        let (Some(way), Some(block)) = (core.way, core.block) else {
            continue;
        };
        match way {
            Way::Firmware => continue,
            Way::Pen => {}
            Way::Release(word) => match alias(word) {
                Some(address) if words.contains(&address) => {}
                Some(address) => words.push(address),
                None => {
                    core.state = State::NoReleaseWord(Some(word));
                    continue;
                }
            },
        }
        table.push(Entry {
            affinity: core.mpidr,
            block: &raw const *block as u64,
        });
    }
    if !table.is_empty() || monitor::is_ours() {
        // SAFETY: the pen, its table, and words that `is_release_word` and `alias` have let pass.
        let mut memory = unsafe { Caches::new() };
        spin_table::open(&mut memory, &PEN, &table);
        let entry = girder_pen as *const () as u64;
        for word in words {
            spin_table::release(&mut memory, word, entry);
        }
        memory.send_event();
    }
    table
}

/// Where a release word can be written.
fn alias(word: u64) -> Option<u64> {
    MEMORY.lock().as_mut()?.alias(word).ok()
}

fn tell_who_is_missing(cores: &[Core]) {
    for (index, core) in cores.iter().enumerate().filter(|(_, core)| !core.is_up()) {
        if core.state != State::Capped {
            log::error!(
                "core {index} (mpidr {:#x}) did not start: {}",
                core.mpidr,
                core.state
            );
        }
    }
}
