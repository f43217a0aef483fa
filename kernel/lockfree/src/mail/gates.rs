//! Where gates are: beside the slots, but only where somebody has wanted one.
//!
//! A chunk of gates is made when the first process that wants one comes into any of its slots, and never taken
//! away. So a machine without gates pays a pointer for each thousand slots.
//!
//! # Orderings
//!
//! Whoever makes a chunk releases its words, and whoever finds it acquires them. Who finds none, although its
//! receiver's word says that there is one, has got the pid out of thin air, and a moment ago there was none.

use super::gate::Gate;
use crate::atomic::{AtomicPtr, Relaxed};
use crate::heap::{Source, array_bytes, list_of_kernel};
use crate::order::Site;
use crate::process::{Pid, PreemptionOff, make_room};
use crate::scarcity::{Purpose, may_take};
use alloc::boxed::Box;
use core::ptr::{NonNull, null_mut};

/// Gates that are made at a time; few where a model has to follow each.
const CHUNK: usize = if cfg!(loom) { 2 } else { 1024 };

/// The gates of one machine.
#[derive(Debug)]
pub(crate) struct Gates {
    chunks: Box<[AtomicPtr<Gate>]>,
}

impl Gates {
    /// Creates room for the gates of so many slots.
    pub(crate) fn new(slots: u32) -> Self {
        let chunks = (slots as usize).div_ceil(CHUNK);
        let chunks = (0..chunks).map(|_| AtomicPtr::new(null_mut())).collect();
        Self { chunks }
    }

    /// The gate of the slot of this process, if one was ever made.
    pub(crate) fn of(&self, pid: Pid) -> Option<&'static Gate> {
        let index = pid.index() as usize;
        let chunk = self.chunks.get(index / CHUNK)?;
        let chunk = chunk.load(Site::GateFind.ordering());
        // SAFETY: a chunk that is not null has `CHUNK` gates and lives for ever.
        (!chunk.is_null()).then(|| unsafe { &*chunk.add(index % CHUNK) })
    }

    /// The same, made if there was none; nothing if there is no memory.
    pub(crate) fn of_or_new(&self, pid: Pid) -> Option<&'static Gate> {
        if let Some(gate) = self.of(pid) {
            return Some(gate);
        }
        self.make(pid.index())?;
        self.of(pid)
    }

    /// Makes the chunk that the gate of this slot is in, unless somebody else is faster.
    pub(crate) fn make(&self, index: u32) -> Option<()> {
        let place = self.chunks.get(index as usize / CHUNK)?;
        Self::fill(place).or_else(|| make_room().then(|| Self::fill(place))?)
    }

    /// Preemption is off, for in the hands of one who is killed the chunk would be lost.
    fn fill(place: &AtomicPtr<Gate>) -> Option<()> {
        let _stays = PreemptionOff::new();
        if !may_take(Purpose::Gates) {
            return None;
        }
        let mut gates = list_of_kernel(CHUNK)?;
        gates.extend((0..CHUNK).map(|_| Gate::new()));
        let made = Box::into_raw(gates.into_boxed_slice());
        let added =
            place.compare_exchange(null_mut(), made.cast(), Site::GateAdd.ordering(), Relaxed);
        if added.is_err() {
            // SAFETY: from a box, and nobody has seen it.
            drop(unsafe { Box::from_raw(made) });
        }
        Some(())
    }

    /// Bytes of the chunks that were made, which are never taken away.
    pub(crate) fn bytes(&self, source: &impl Source) -> usize {
        let chunks = self.chunks.iter();
        let made = chunks.filter_map(|chunk| NonNull::new(chunk.load(Relaxed)));
        // SAFETY: a chunk that is not null was made so and lives for ever.
        let bytes = made.map(|chunk| unsafe { array_bytes(chunk, CHUNK, source) });
        bytes.sum()
    }

    /// The process has ended; if it had a gate, that is nobody's now. True if somebody waits there. For a loop, which
    /// nothing preempts.
    pub(crate) fn close(&self, pid: Pid) -> bool {
        self.of(pid).is_some_and(|gate| gate.close(pid, ()))
    }
}
