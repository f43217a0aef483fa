//! Where the two ends of a tie are found, and what has to be there before they can be tied.

use super::end::{new_words, old_words};
use super::ring::{InRing, Ring};
use crate::process::word::{Handover, StateWord};
use crate::process::{
    Gate, Header, Kind, Pid, PreemptionOff, Slot, is_alive, local, platform, table,
};
use core::ptr::NonNull;

/// The running process.
pub(super) fn running() -> &'static Header {
    let local = local();
    assert!(local.kind() == Kind::Process, "only a process has ties");
    // SAFETY: a process's record is the first field of its header, which lives while it runs.
    unsafe { NonNull::from(local).cast().as_ref() }
}

/// Once more if there was no memory, and something was kept that could be done without: whoever may not be kept waiting gets no
/// room made, so it is asked for where preemption is on.
pub(super) fn once_more<T>(mut attempt: impl FnMut() -> Option<T>) -> Option<T> {
    match attempt() {
        None if platform::make_room() => attempt(),
        made => made,
    }
}

/// A process that lived just now, and its ring.
#[derive(Clone, Copy)]
pub(super) struct End {
    pub(super) pid: Pid,
    pub(super) slot: &'static Slot,
    pub(super) gate: &'static Gate,
}

/// Somebody, as far as there is such a process.
pub(super) enum Found {
    Here(End),
    Gone,
}

impl End {
    /// The running process, whose ring serves it from now on, and has room for its words if that is wanted. Nothing without memory.
    pub(super) fn own(header: &'static Header, wants_words: bool) -> Option<Self> {
        let (table, pid) = (table(), header.pid());
        let gate = table.gates().of_or_new(pid)?;
        let _stays = PreemptionOff::new();
        let ring = gate.ring().lock(PreemptionOff::new());
        ring.serve(pid);
        let wants_words = wants_words && ring.wants_words(pid);
        drop(ring);
        // It runs, so its end comes after this.
        header.local.mailbox.tie(table.slabs());
        if wants_words {
            let mut words = Some(new_words()?);
            gate.ring()
                .lock(PreemptionOff::new())
                .leave_words(&mut words);
            old_words(words);
        }
        let slot = header.slot;
        Some(Self { pid, slot, gate })
    }

    /// Looks for a process. Nothing without memory; for one that is gone none is taken.
    pub(super) fn find(pid: Pid) -> Option<Found> {
        let table = table();
        let Some(slot) = table.slot(pid.index()).filter(|_| is_alive(pid)) else {
            return Some(Found::Gone);
        };
        let gate = table.gates().of_or_new(pid)?;
        Some(Found::Here(Self { pid, slot, gate }))
    }

    /// True if somebody has to bring room for its words.
    pub(super) fn wants_words(self) -> bool {
        let ring = self.gate.ring().lock(PreemptionOff::new());
        ring.wants_words(self.pid)
    }

    /// Takes the lock of its ring, which serves it; nothing if it has ended.
    pub(super) fn enter(self) -> Option<InRing<'static, PreemptionOff>> {
        let Self { pid, slot, gate } = self;
        enter(gate.ring(), &slot.word, pid, PreemptionOff::new())
    }
}

/// Takes the lock of a process's ring, and has its end look at that; nothing if it has ended.
pub(super) fn enter<'a, K>(
    ring: &'a Ring,
    word: &StateWord,
    pid: Pid,
    kept: K,
) -> Option<InRing<'a, K>> {
    let ring = ring.lock(kept);
    if !ring.serves(pid) {
        if word.bind(pid) == Handover::Nothing {
            return None;
        }
        ring.serve(pid);
    }
    Some(ring)
}
