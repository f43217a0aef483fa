//! The death of a process in mid-poll: a panic or a fault of its own, which harms nobody else.
//!
//! A process stands on the stack on which its core's loop stood when it resumed it, and the loop holds
//! nothing over a resume. So when the process can't go on, nothing on that stack is worth keeping, and a
//! new loop begins at the top of it: after an overflow too, for the top of a stack is never what
//! overflows. Nothing unwinds and no destructor runs; what the process leaves is a [`Finished`] and a
//! reason in plain words.
//!
//! Whose fault it is, is told by the record of what runs (spec, fourth law). A process that holds no
//! reason against preemption dies alone. Code that holds one (a kernel lock, say), the loop, and any
//! handler are the kernel, whose panic or fault ends in a crash report.
//!
//! # A panic
//!
//! Its message is the process's own code, so it is worded with preemption on, by the process
//! itself, into the room at the top of its stack. A message that panics ends with what it has written so
//! far; one that faults makes it a fault; one that never ends is preempted and can be killed. Then
//! preemption goes off, and the process leaves for the new loop of whichever core this is now.
//!
//! A process that exits leaves in the same way; only the reason is another.
//!
//! # A fault
//!
//! The handler leaves what it knows in the same room and returns into the new loop. It takes the
//! stack from the core's block, not from the stack pointer, which may be what was wrong.
//!
//! Where it stood, and who is told of that: `obituary`.

use crate::core_block::{CoreBlock, count};
use crate::exception::{Fault, Frame};
use crate::obituary::{self, Place};
use crate::preemption;
use crate::process::{self, loop_state};
use crate::spares::Top;
use crate::stack;
use aarch64_cpu::registers::{Readable, SPSel, TPIDR_EL0, Writeable};
use core::fmt::{self, Write};
use core::ptr::NonNull;
use girder_lockfree::process::{ExitReason, Finished, Kind, Local, Words};

/// The record of what runs, if that is a process with preemption on.
fn running_process() -> Option<&'static Local> {
    let local = preemption::current();
    (local.kind() == Kind::Process && local.is_preemptible()).then_some(local)
}

/// Called by the panic handler: ends the process that panicked. Returns if the panic is the kernel's.
pub fn end_with_panic(message: fmt::Arguments<'_>) {
    let is_in_handler = SPSel.read(SPSel::SP) != 0;
    let Some(local) = running_process().filter(|_| !is_in_handler) else {
        return;
    };
    end_in_words(
        local,
        message,
        Place::of_caller(own_frame_pointer()),
        after_panic,
    )
}

/// Ends the running process, which wants that, where it stands. The kernel itself does not come to an end
/// like that.
pub fn exit(reason: fmt::Arguments<'_>) -> ! {
    match running_process() {
        Some(local) => end_in_words(local, reason, None, after_exit),
        None => panic!("exit where no process may end: {reason}"),
    }
}

/// Has the process word its end, and leaves for a new loop that begins with `bury`.
fn end_in_words(
    local: &'static Local,
    message: fmt::Arguments<'_>,
    place: Option<Place>,
    bury: extern "C" fn(NonNull<Local>) -> !,
) -> ! {
    let top = Top::of(stack::top_of(process::current_stack_pointer()));
    if local.begin_to_end() {
        // SAFETY: this code stands on that stack, and nobody else uses the room above it before this
        // process has left; an interrupt's frame lies in another part of it.
        let words = unsafe {
            (*top).words = Words::new();
            &mut (*top).words
        };
        // Text that does not fit is cut.
        let _ = words.write_fmt(message);
    }
    local.add_reason();
    CoreBlock::current().note.write(place.as_ref());
    // SAFETY: preemption is off, the stack is this core's now, and nothing on it is used again.
    unsafe { process::begin_loop(bury, local) }
}

/// Called by the handler: makes `frame` return into a new loop, if the fault is a process's own.
/// Otherwise it is the kernel's.
#[must_use]
pub(crate) fn end_with_fault(frame: &mut Frame, fault: &Fault) -> bool {
    let Some(local) = running_process() else {
        return false;
    };
    let core = CoreBlock::current();
    let top = Top::of(core.stack_top());
    // SAFETY: the room is at the top of the stack that this core's process stands on.
    unsafe { (*top).fault = Some(*fault) };
    let place = Place::stopped_at(frame.program_counter, frame.frame_pointer());
    core.note.write(place.as_ref());
    return_into(after_fault, core, frame, local);
    true
}

/// Called by the handlers: ends the process, which goes on for too long while there is no stack to break it off with, where
/// it stands.
pub(crate) fn give_up_without_stack(core: &CoreBlock, frame: &mut Frame, local: &'static Local) {
    core.note.write(None);
    return_into(after_want_of_stack, core, frame, local);
}

/// Makes `frame`, which the process with this record was interrupted with, return into a new loop at the top of its stack.
fn return_into(
    bury: extern "C" fn(NonNull<Local>) -> !,
    core: &CoreBlock,
    frame: &mut Frame,
    local: &'static Local,
) {
    TPIDR_EL0.set(&raw const *core.here.local() as u64);
    frame.start(bury as *const () as u64, Top::below(core.stack_top()));
    frame.state = loop_state();
    frame.general[0] = &raw const *local as u64;
}

extern "C" fn after_panic(local: NonNull<Local>) -> ! {
    begin_after(local, |top| ExitReason::Panicked(top.words.clone()))
}

extern "C" fn after_exit(local: NonNull<Local>) -> ! {
    begin_after(local, |top| ExitReason::Exited(top.words.clone()))
}

extern "C" fn after_fault(local: NonNull<Local>) -> ! {
    begin_after(local, |top| match top.fault.take() {
        Some(fault) if fault.is_stack_overflow() => ExitReason::Overflowed(Words::of(fault)),
        Some(fault) => ExitReason::Faulted(Words::of(fault)),
        None => unreachable!("the handler has left the fault"),
    })
}

extern "C" fn after_want_of_stack(local: NonNull<Local>) -> ! {
    begin_after(local, |_| ExitReason::StackLimit)
}

fn begin_after(local: NonNull<Local>, reason: fn(&mut Top) -> ExitReason) -> ! {
    let finished = bury(local, reason);
    process::go_on_after_death(finished)
}

/// Makes of the dead process what the loop can settle. Not inlined: the reason is some hundred bytes, and
/// the frame of whoever calls the loop stays for ever.
#[inline(never)]
fn bury(local: NonNull<Local>, reason: fn(&mut Top) -> ExitReason) -> Finished {
    let core = CoreBlock::current();
    count(&core.counters().deaths);
    // SAFETY: the room at the top of this stack, which only this loop uses now.
    let reason = reason(unsafe { &mut *Top::of(core.stack_top()) });
    let to_tell = obituary::begin(core, &reason);
    // SAFETY: the process that ran on this core until it panicked or faulted: a new loop stands where
    // it stood, so its poll is never gone on with.
    let (finished, untold) = unsafe { Finished::crashed(local, reason) };
    // Nobody wants to know of one that has gone by itself; and of those for whom there was no stack there may be thousands, who
    // are counted. Neither has left a note.
    if let Some(to_tell) = to_tell {
        obituary::end(core, to_tell, &finished, untold.is_none());
    }
    finished
}

/// The frame of the function that this becomes part of.
#[inline(always)]
fn own_frame_pointer() -> u64 {
    let pointer: u64;
    // SAFETY: reads a register.
    unsafe { core::arch::asm!("mov {}, x29", out(reg) pointer, options(nomem, nostack)) }
    pointer
}
