//! What the end of a process has to do with its ties: those that watch it are told, those that it watches lose a watcher, and those that are
//! linked to it get its exit signal. Its core's loop does so, some at a turn; nothing of it is anybody's code.

use super::ring::Words;
use super::signal::signal;
use super::tie::WATCHED;
use crate::process::finished::Manner;
use crate::process::unburied::note_doomed;
use crate::process::{ExitReason, Gate, Header, PreemptionOff, platform, table};
use crate::scarcity::{Purpose, may_take};
use core::alloc::Layout;

/// Room for the words of a process; with preemption off, until somebody knows it.
pub(super) fn new_words() -> Option<Words> {
    if !may_take(Purpose::Words) {
        return None;
    }
    // SAFETY: a reason has a size.
    let words: Words = unsafe { platform::kernel_block(Layout::new::<ExitReason>()) }?.cast();
    // SAFETY: just allocated with this layout.
    unsafe { words.write(ExitReason::Killed) };
    Some(words)
}

/// Gives that back.
pub(super) fn old_words(words: Option<Words>) {
    if let Some(words) = words {
        // SAFETY: from `new_words`, and taken out of the ring; a reason owns nothing.
        unsafe { platform::old_kernel_block(words.cast(), Layout::new::<ExitReason>()) }
    }
}

/// Leaves the words of a process that has crashed, for those that watch it. From here on nobody can be tied to it.
#[cold]
#[inline(never)]
pub(in crate::process) fn note_words(header: &Header, reason: &ExitReason) {
    let table = table();
    let is_wished = header.slot.word.crash();
    if !is_wished && !header.local.mailbox.is_tied(table.slabs()) {
        return;
    }
    let gate = table.gates().of(header.pid());
    let words = gate.and_then(|gate| gate.ring().lock(PreemptionOff::new()).crash(header.pid()));
    if let Some(words) = words {
        // SAFETY: the ring keeps it until the process is buried, and nobody reads it before.
        unsafe { words.write(reason.clone()) };
    }
}

/// The process has ended: its ring takes no more ties. True if there is something left to do: see [`untie_next`].
#[cold]
pub(in crate::process) fn close(header: &Header) -> bool {
    let table = table();
    header.local.mailbox.untie(table.slabs());
    let gate = table.gates().of(header.pid());
    gate.is_some_and(|gate| gate.ring().lock(PreemptionOff::new()).close(header.pid()))
}

/// Works off one tie of a process that has ended, and whose slot is held. False if there are no more.
#[cold]
#[inline(never)]
pub(in crate::process) fn untie_next(header: &Header, manner: Manner) -> bool {
    let (table, pid) = (table(), header.pid());
    let Some(gate) = table.gates().of(pid) else {
        return false;
    };
    let ties = table.ties();
    // One section: whoever has claimed it takes the lock later, and finds it out.
    let ring = gate.ring().lock(PreemptionOff::new());
    let Some((index, side)) = ring.pop(ties).and_then(|knot| knot.parts()) else {
        let words = ring.take_words();
        drop(ring);
        old_words(words);
        return false;
    };
    let Some(tie) = ties.at(index).filter(|tie| tie.seize()) else {
        return true;
    };
    let words = ring.words();
    drop(ring);
    let reason = || {
        manner.reason().or_else(|| {
            // SAFETY: whoever tied itself to it has left this, the crash or the signal that ended it has written it, and the ring keeps it
            // until the last is told.
            words.map(|words| unsafe { words.as_ref() }.clone())
        })
    };
    let other = tie.end(1 - side);
    let carrier = tie.unload();
    if let Some(carrier) = carrier {
        let reason = || reason().unwrap_or(ExitReason::Killed);
        if carrier.is_signal() {
            if signal(other, tie.knot(1 - side), carrier, (pid, &reason())) {
                note_doomed();
            }
        } else {
            let mut rings = [None, None];
            rings[1 - side] = table.gates().of(other).map(Gate::ring);
            ties.take_out(tie, rings, PreemptionOff::new);
            match side {
                WATCHED => drop(carrier.send(other, pid, reason())),
                _ => carrier.discard(),
            }
        }
    }
    ties.give(tie);
    true
}
