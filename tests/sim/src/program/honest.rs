//! Calls that may be refused for want of memory: exactly when there was none, and then they say so.

use crate::world::{lacking, with_state};
use girder_core::mail::{SendError, Sent, traffic};
use girder_lockfree::process::NoProcess;
use girder_lockfree::scarcity::Purpose;

/// Failures of one call that are not too many: whoever has no memory says so, and does not ask on and on.
const PATIENCE: usize = 3;

/// Makes a process, which is refused for want of memory and for nothing else.
pub(super) fn attempt<R>(spawn: impl FnOnce() -> Result<R, NoProcess>) -> Result<R, NoProcess> {
    let before = with_state(|state| state.memory.asked().len());
    let (outcome, lacked) = lacking(spawn);
    let makes_gate = with_state(|state| state.memory.asked()[before..].contains(&Purpose::Gates));
    let can_do_without = |it: &Purpose| match it {
        // There may be slots that others have left.
        Purpose::Slots | Purpose::Accounts => true,
        // Who had to make a gate as well begins anew with that.
        Purpose::Watch | Purpose::Record => makes_gate,
        _ => false,
    };
    let is_right = match outcome {
        Ok(_) => lacked.iter().all(can_do_without),
        Err(NoProcess) => !lacked.is_empty() && lacked.len() <= PATIENCE,
    };
    let is_made = outcome.is_ok();
    assert!(is_right, "made: {is_made}, without memory for {lacked:?}");
    outcome
}

/// Makes a call that says whether it was refused for want of memory: exactly if there was none.
pub(super) fn honest<R>(call: impl FnOnce() -> R, is_refused: impl FnOnce(&R) -> bool) -> R {
    let (outcome, lacked) = lacking(call);
    let is_refused = is_refused(&outcome);
    let is_right = is_refused != lacked.is_empty() && lacked.len() <= PATIENCE;
    assert!(
        is_right,
        "refused: {is_refused}, without memory for {lacked:?}"
    );
    outcome
}

/// Sends something, which comes back for want of memory and is counted.
pub(super) fn send_honestly<M>(
    send: impl FnOnce() -> Result<Sent, SendError<M>>,
) -> Result<Sent, SendError<M>> {
    let before = traffic().expect("all cores come to rest").refused;
    let is_refused = |sent: &_| matches!(sent, Err(SendError::NoEnvelope(_)));
    let sent = honest(send, is_refused);
    let counted = traffic().expect("all cores come to rest").refused - before;
    assert_eq!(
        counted,
        u64::from(is_refused(&sent)),
        "refusals are counted"
    );
    sent
}
