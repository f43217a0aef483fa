//! Where gates are: beside the slots, but only where somebody has wanted one.
//!
//! A chunk of gates is made when the first process that wants one comes into any of its slots, and never taken
//! away. So a machine without gates pays a pointer for each thousand slots. Who finds none, although its
//! receiver's word says that there is one, has got the pid out of thin air, and a moment ago there was none.

use super::gate::Gate;
use crate::chunks::Chunks;
use crate::heap::Source;
use crate::process::Pid;
use crate::scarcity::Purpose;

/// Gates that are made at a time; few where a model has to follow each.
const CHUNK: usize = if cfg!(loom) { 2 } else { 1024 };

/// The gates of one machine.
#[derive(Debug)]
pub(crate) struct Gates(Chunks<Gate, CHUNK>);

impl Gates {
    /// Creates room for the gates of so many slots.
    pub(crate) fn new(slots: u32) -> Self {
        Self(Chunks::new(slots, Purpose::Gates, |_| Gate::new()))
    }

    /// The gate of the slot of this process, if one was ever made.
    pub(crate) fn of(&self, pid: Pid) -> Option<&'static Gate> {
        self.0.at(pid.index())
    }

    /// The same, made if there was none; nothing if there is no memory.
    pub(crate) fn of_or_new(&self, pid: Pid) -> Option<&'static Gate> {
        self.0.at_or_new(pid.index())
    }

    /// Makes the chunk that the gate of this slot is in, unless somebody else is faster.
    pub(crate) fn make(&self, index: u32) -> Option<()> {
        self.0.make(index)
    }

    /// Bytes of the chunks that were made, which are never taken away.
    pub(crate) fn bytes(&self, source: &impl Source) -> usize {
        self.0.bytes(source)
    }

    /// The process has ended; if it had a gate, that is nobody's now. True if somebody waits there. For a loop, which
    /// nothing preempts.
    pub(crate) fn close(&self, pid: Pid) -> bool {
        self.of(pid).is_some_and(|gate| gate.close(pid, ()))
    }
}
