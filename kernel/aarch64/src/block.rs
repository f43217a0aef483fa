//! Blocking: a process waits in the middle of ordinary, synchronous code, and its stack stays with it.
//!
//! The process calls, so the compiler has saved what a call may change; what remains (x19 to x30,
//! the lower halves of v8 to v15, the rounding) is pushed onto its own stack. The core goes on in a
//! new loop on a spare stack, as after an interrupt, and the process is a token with a frame: the address
//! of what was pushed, marked with [`Token::BLOCKED`], since going on with it is another few instructions
//! than going on with an interrupted one.
//!
//! From the moment that a spare stack is taken until the process has left, and from the moment that it
//! is given a core until it stands on its own stack again, its preemption is off: an interrupt in
//! between is noted. So that none is overlooked, the process looks at the status word of its new core
//! when it is back.

use crate::core_block::CoreBlock;
use crate::preemption;
use crate::process;
use crate::spares::{self, Top};
use crate::stack;
use crate::without_stack;
use core::num::NonZero;
use core::ptr::NonNull;
use girder_lockfree::Token;
use girder_lockfree::process::{Kind, Local};

unsafe extern "C" {
    /// Saves what a call leaves alone, then goes on in `function(local, saved)` at another place.
    fn girder_block(
        stack_pointer: u64,
        function: extern "C" fn(NonNull<Local>, NonZero<usize>) -> !,
        local: *const (),
    );
    /// Comes back from the call of `girder_block` that saved this, as the process with `local`.
    fn girder_unblock(saved: usize, local: *const ()) -> !;
}

/// True if the frame is that of a process that has blocked.
pub(crate) fn is_blocked(frame: NonZero<usize>) -> bool {
    frame.get() & Token::BLOCKED != 0
}

/// Goes on with a process that has blocked, on its own stack; the present one is a spare now.
///
/// # Safety
///
/// The frame is this process's, whose token has been given up for it, on a core's loop.
pub(crate) unsafe fn go_on(frame: NonZero<usize>, local: &Local) -> ! {
    local.set_here(process::this_core());
    local.add_reason();
    // SAFETY: the caller's promise.
    unsafe { girder_unblock(frame.get() & !Token::BLOCKED, (&raw const *local).cast()) }
}

/// Called by a process: waits for its next turn with its stack. False if there is no spare stack for
/// the core to go on with, or it is no process that asks.
#[unsafe(no_mangle)]
fn girder_block_here() -> bool {
    let local = preemption::current();
    if local.kind() != Kind::Process {
        return false;
    }
    assert!(local.is_preemptible(), "blocked while preemption is off");
    local.add_reason();
    let core = CoreBlock::current();
    let own = core.spares.pop();
    let Some(spare) = own.or_else(spares::take_left_over) else {
        without_stack::note(core);
        preemption::drop_reason(local);
        return false;
    };
    core.stand_on(spare);
    // SAFETY: a spare stack of this core, which preemption stays off on until the process has left.
    unsafe { girder_block(Top::below(spare), begin_without, (&raw const *local).cast()) };
    if !CoreBlock::current().doorbell().is_quiet() {
        local.note_pending();
    }
    preemption::drop_reason(local);
    true
}

/// First on a spare stack.
extern "C" fn begin_without(local: NonNull<Local>, saved: NonZero<usize>) -> ! {
    // SAFETY: the record of the process that has just left.
    let record = unsafe { local.as_ref() };
    record.clear_pending(); // it has left
    let _ = record.drop_reason();
    let frame = saved | Token::BLOCKED;
    // SAFETY: `girder_block` has just saved this for this process, once.
    let token = unsafe { Token::broken_off(local, frame) };
    process::go_on_after_block(token.blocked())
}

/// The top of the stack that a frame is on.
pub(crate) fn stack_of(frame: NonZero<usize>) -> u64 {
    stack::top_of(frame.get() as u64)
}
