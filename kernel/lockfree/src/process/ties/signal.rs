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

/// A signal from somebody, for this reason, comes to a process by a link, which leaves the process's tree; in a loop. True as in [`deliver`].
#[must_use]
pub(super) fn signal(to: Pid, knot: Knot, carrier: Carrier, from: (Pid, &ExitReason)) -> bool {
    let table = table();
    let place = table.slot(to.index()).zip(table.gates().of(to));
    let Some((slot, gate)) = place else {
        carrier.discard();
        return false;
    };
    let ring = gate.ring().lock(PreemptionOff::new());
    ring.remove(table.ties(), knot);
    deliver(ring, slot, to, carrier, from)
}

/// A signal comes where the lock of the receiver's ring is held; with preemption off, or in a loop. True if whoever has the receiver's token
/// is to be told to look at what is wanted: see [`see_through`].
#[must_use]
pub(super) fn deliver(
    ring: InRing<'_, PreemptionOff>,
    slot: &'static Slot,
    to: Pid,
    carrier: Carrier,
    (from, reason): (Pid, &ExitReason),
) -> bool {
    match ring.judge(&slot.word, to, *reason == ExitReason::Returned) {
        Verdict::Nothing => {
            drop(ring);
            carrier.discard();
            false
        }
        Verdict::Message => {
            let untold = carrier.send(to, from, reason.clone());
            drop(ring);
            drop(untold);
            false
        }
        Verdict::Ends(handover) => {
            if let Some(words) = ring.words() {
                // SAFETY: the ring keeps it until the process is buried. Whoever reads it finds the process doomed under this lock, or
                // has ended it; and whoever else would write there has it crash first, so it would not have been killed.
                unsafe { words.write(reason.clone()) };
            }
            drop(ring);
            carrier.discard();
            see_through(slot, to, handover)
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
