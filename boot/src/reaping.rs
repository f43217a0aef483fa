//! What the kernel says when a message's destructor has kept a reaper from its work, or when there is no room for one.

use core::sync::atomic::{AtomicU64, Ordering::Relaxed};
use girder_aarch64::core_block::CoreBlock;
use girder_aarch64::timer;
use girder_lockfree::process::{Hindrance, Pid};

/// How often whoever looks at the log is told of the same.
const SILENCE_NANOS: u64 = 1_000_000_000;

/// When it was last told that there is no room for a reaper.
static TOLD: AtomicU64 = AtomicU64::new(0);
/// How many reapers that was.
static HINDERED: AtomicU64 = AtomicU64::new(0);

/// How many reapers had to be ended, because a message's destructor did not let them go on.
pub fn hindered_reapers() -> u64 {
    HINDERED.load(Relaxed)
}

/// The kernel's part of `girder_lockfree::process`: the next reaper says so, which is a process like any other.
#[unsafe(export_name = "girder_hindered_reaper")]
fn tell(reaper: Pid, hindrance: Hindrance) {
    HINDERED.fetch_add(1, Relaxed);
    log::warn!(
        "process {reaper} dropped what nobody has read, and was ended: the destructor of a message {hindrance}"
    );
}

/// The same: it is a core's loop that says so, turn after turn.
#[unsafe(export_name = "girder_no_reaper")]
fn tell_of_none() {
    let (now, told) = (timer::nanos(), TOLD.load(Relaxed));
    let is_due = told == 0 || now.saturating_sub(told) >= SILENCE_NANOS;
    if is_due && TOLD.compare_exchange(told, now, Relaxed, Relaxed).is_ok() {
        let core = CoreBlock::with_current(CoreBlock::index);
        log::warn!(
            "core {core} has no slot or no memory for a reaper: what ended processes have left unread stays until it has"
        );
    }
}
