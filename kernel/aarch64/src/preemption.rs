//! Whether the running code may be interrupted in favour of the loop.
//!
//! The count of reasons against it belongs to whatever runs, not to the core: it stands in a small
//! record ([`Local`]) that TPIDR_EL0 points to and that travels with a process (spec, second law).
//! The loop has a record of its own whose count never falls to zero.

use aarch64_cpu::registers::{Readable, TPIDR_EL0};
use core::arch::asm;
use core::marker::PhantomData;
use girder_lockfree::process::Local;

/// True if the running code may be interrupted in favour of the loop: a process that nothing keeps on its core.
pub fn may_be_preempted() -> bool {
    current().is_preemptible()
}

/// The `svc` number by which running code leaves to the loop of its own accord.
pub(crate) const LEAVE_CALL: u16 = 1;

/// Returns the record of the code that runs.
#[inline(always)]
pub(crate) fn current() -> &'static Local {
    let record = TPIDR_EL0.get() as *const Local;
    // SAFETY: TPIDR_EL0 is set before any Rust code that asks, to a record in a core's block or in the
    // header of the process that runs; both outlive the call.
    unsafe { &*record }
}

/// The same, for a function that becomes nobody else: the compiler may look once, where [`current`] looks each time. (A
/// process keeps its record wherever it goes; a loop's differs after a process was resumed.)
#[inline(always)]
pub(crate) fn own() -> &'static Local {
    let record: *const Local;
    // SAFETY: reads a register that does not change while the caller runs.
    unsafe {
        asm!("mrs {}, tpidr_el0", out(reg) record, options(pure, nomem, nostack, preserves_flags));
    }
    // SAFETY: as in `current`.
    unsafe { &*record }
}

/// Adds a reason, once there is stack enough for what the kernel does without preemption. A process that
/// has come to the end of its stack overflows here, where that is still its own affair: with the
/// reason it would be the kernel's, and any recursion that allocates could crash it.
#[inline(always)]
pub(crate) fn add_reason(local: &Local) -> u32 {
    local.add_reason_after(look_for_room)
}

/// The same, without asking whether it is the first: for whoever stands on the stack of a process or a loop, where
/// the room is there even if it was looked for already.
#[inline(always)]
pub(crate) fn add_reason_on_full_stack(local: &Local) -> u32 {
    local.add_reason_always_after(look_for_room)
}

#[inline(always)]
pub(crate) fn look_for_room() {
    // SAFETY: reads a word further down the stack, or of the guard below it, which faults. (How far is in a register, so
    // a loop that looks each time loads it once.)
    unsafe {
        asm!("ldr xzr, [sp, {below}]", below = in(reg) -ROOM, options(nostack, readonly, preserves_flags))
    }
}

/// Bytes of stack that the kernel may need while preemption is off.
const ROOM: i64 = 4096;

/// Drops a reason, and leaves if an interrupt has wanted to.
#[inline(always)]
pub(crate) fn drop_reason(local: &Local) {
    if local.drop_reason() {
        leave_now();
    }
}

/// Leaves to the loop, which goes on here later.
pub(crate) fn leave_now() {
    // SAFETY: the handler saves every register and comes back here; memory may change meanwhile,
    // so the call is not `nomem`.
    unsafe { asm!("svc #{call}", call = const LEAVE_CALL) }
}

/// While this lives, the running code stays on its core and is not interrupted in favour of the
/// loop. Interrupts themselves stay on: their handlers only take notes.
#[must_use]
pub struct PreemptionOff {
    not_send: PhantomData<*const ()>,
}

impl PreemptionOff {
    /// Switches preemption off.
    #[expect(
        clippy::new_without_default,
        reason = "taking it is an act, not a value"
    )]
    pub fn new() -> Self {
        add_reason(current());
        Self {
            not_send: PhantomData,
        }
    }
}

impl Drop for PreemptionOff {
    fn drop(&mut self) {
        drop_reason(current());
    }
}
