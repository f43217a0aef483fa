//! What the shell's commands read off the machine.

use crate::{console, cores, heap, memory};
use core::fmt::{self, Write};
use girder_core::reports::{CoreLine, CoreState};
use girder_core::shell::Inspect;
use girder_core::units::Bytes;

/// What the kernel has given out, in bytes: for who wants to see it come back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resources {
    /// Of the heap: blocks, slots.
    pub heap: usize,
    /// Of physical memory: stacks, the heap itself.
    pub physical: usize,
}

/// Returns what the kernel has given out so far.
pub fn resources() -> Resources {
    let physical = memory::MEMORY.lock().as_ref().map(memory::Memory::usage);
    Resources {
        heap: heap::usage().used,
        physical: physical.map_or(0, |usage| usage.total - usage.free),
    }
}

/// The machine.
pub(crate) struct Instruments;

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
        if let Some(each) = cores::memory_each() {
            writeln!(out, "cores     {} each", Bytes(each))?;
        }
        let (tables, room) = crate::pool::usage();
        writeln!(out, "tables    {tables} used of {room}")?;
        let damaged = console::damaged();
        writeln!(out, "console   {damaged} received bytes damaged or lost")
    }
}
