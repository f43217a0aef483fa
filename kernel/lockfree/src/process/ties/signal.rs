//! Exit signals: what comes to the other end of a link when one has ended, or when somebody wants a process to end for a reason.
//!
//! What becomes of a signal is decided and done in one section of the receiver's ring: the link leaves the tree there, and the message is
//! published, or the process is made to end. So who has cut a link, or says that it traps signals or does so no more, has what comes after that as it wants,
//! and need not know who is just telling. A signal ends a process by the transition that kills, if nobody was faster. Its reason stands where the
//! process's own words would, and the process's end finds that it is doomed when it wants to know how it was killed.

use super::carrier::Carrier;
use super::ring::{InRing, Verdict};
use super::tie::Knot;
use crate::process::request::see_through;
use crate::process::{ExitReason, Header, Pid, PreemptionOff, Slot, table};

/// A signal from somebody, for this reason, comes to a process; with preemption off, or in a loop. If it comes by a link, that leaves the
/// process's tree.
pub(super) fn signal(to: Pid, knot: Option<Knot>, carrier: Carrier, from: (Pid, &ExitReason)) {
    let table = table();
    let place = table.slot(to.index()).zip(table.gates().of(to));
    let Some((slot, gate)) = place else {
        return carrier.discard();
    };
    let ring = gate.ring().lock(PreemptionOff::new());
    if let Some(knot) = knot {
        ring.remove(table.ties(), knot);
    }
    deliver(ring, slot, to, carrier, from);
}

/// The same where the lock of the process's ring is held.
pub(super) fn deliver(
    ring: InRing<'_, PreemptionOff>,
    slot: &'static Slot,
    to: Pid,
    carrier: Carrier,
    (from, reason): (Pid, &ExitReason),
) {
    match ring.judge(&slot.word, to, *reason == ExitReason::Returned) {
        Verdict::Nothing => {
            drop(ring);
            carrier.discard();
        }
        Verdict::Message => {
            let untold = carrier.send(to, from, reason.clone());
            drop(ring);
            drop(untold);
        }
        Verdict::Ends(handover) => {
            if let Some(words) = ring.words() {
                // SAFETY: the ring keeps it until the process is buried. Whoever reads it finds the process doomed under this lock, or
                // has ended it; and whoever else would write there has it crash first, so it would not have been killed.
                unsafe { words.write(reason.clone()) };
            }
            drop(ring);
            see_through(slot, to, handover);
            carrier.discard();
        }
    }
}

/// The reason of the signal that ends a process, if one does.
#[cold]
pub(in crate::process) fn reason_of_doom(header: &Header) -> Option<ExitReason> {
    let table = table();
    if !header.local.mailbox.is_tied(table.slabs()) {
        return None;
    }
    let gate = table.gates().of(header.pid())?;
    let ring = gate.ring().lock(PreemptionOff::new());
    // SAFETY: the signal has written it, under this lock, and the ring keeps it.
    ring.doom(header.pid())
        .map(|words| unsafe { words.as_ref() }.clone())
}
