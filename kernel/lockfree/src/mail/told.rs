//! Messages for which everything was reserved before, so that telling wants for nothing. No limit of a mailbox is meant for
//! them.

use super::envelope::Packing;
use super::question::send_back;
use super::{Envelope, Message};
use crate::process::Pid;
use crate::process::here::{with_desk, with_own_desk};
use alloc::boxed::Box;

/// Takes an envelope out of the pool, for later; with preemption off.
pub(crate) fn take_envelope() -> Option<&'static Envelope> {
    with_desk(|here, desk| {
        if let Some(envelope) = desk.pool.take() {
            return Some(envelope);
        }
        desk.pool.fill(here.table().slabs(), here);
        let taken = desk.pool.take();
        desk.pool.traffic.refused += u64::from(taken.is_none());
        taken
    })
}

/// Gives it back, with nothing in it.
pub(crate) fn give_envelope(envelope: &'static Envelope) {
    with_desk(|here, desk| desk.pool.give(here, envelope));
}

/// Sends a message to a process, past its gate; what finds nobody comes back, to be dropped, and must be nobody's code. With preemption
/// off, or in a loop.
#[must_use = "to be dropped where nothing is locked"]
pub(crate) fn send_told<M: Send + 'static>(
    to: Pid,
    envelope: &'static Envelope,
    message: Box<M>,
) -> Option<Message> {
    const { assert!(!Packing::<M>::IS_INLINE) };
    envelope.fill(message, Packing::<M>::told());
    with_own_desk(|here, local, desk| {
        if send_back(here, local, desk, to, envelope) {
            return None;
        }
        let message = envelope.take_message();
        desk.pool.give(here, envelope);
        Some(message)
    })
}
