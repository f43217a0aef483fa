//! What a process has received, by way of sabotage: lost, doubled or swapped now and then, as a faulty mailbox would give it.

use crate::sabotage::Sabotage;
use crate::world::strikes_sabotage;

/// Has a message judged that was received; `next` receives another one, if there is one.
pub(super) fn received<M>(message: M, next: impl FnOnce() -> Option<M>, mut judge: impl FnMut(&M)) {
    if strikes_sabotage(Sabotage::LoseMessage, 10) {
        return std::mem::forget(message);
    }
    if strikes_sabotage(Sabotage::SwapMessages, 3) {
        next().iter().for_each(&mut judge);
    }
    judge(&message);
    if strikes_sabotage(Sabotage::DoubleMessage, 10) {
        judge(&message);
    }
}
