//! Lending a stack to a function that may be interrupted, and may fail, without harm to the loop.
//!
//! The loop of a core calls [`Stack::run`]. The function then runs on that stack, with preemption
//! on, until one of four things happens, each of which brings the core back into the loop:
//!
//! 1. it returns;
//! 2. an interrupt arrives: all its registers are saved at the top of its own stack, and the loop
//!    gets a [`Suspended`] that owns the stack and can be resumed, on any core, or given up;
//! 3. it faults;
//! 4. it panics.
//!
//! In the last two nothing unwinds and no destructor runs; what it held is the caller's to sort
//! out. If it holds a reason against preemption (a kernel lock, say) none of this happens: an
//! interrupt is noted and takes effect when the reason is gone, a fault or panic is the kernel's.
//!
//! # The way back
//!
//! TPIDR_EL0 always names the `Preemption` record of what runs, and it changes together with the
//! stack: on the way out with preemption off in both records, on the way back likewise, or inside
//! the handler that returns straight to `girder_leave`. So an interrupt in between finds a record
//! that says "off", and just takes its note. The frame at the bottom of a lent stack holds no
//! reference to a core: `girder_leave` asks TPIDR_EL1 anew.
//!
//! On the way out an interrupt may come after the loop's last look at its status word and before
//! there is anything to leave. Nothing would interrupt again, so the word is looked at once more:
//! by `enter` with the new record in place, by `girder_resume` with interrupts masked.

use crate::core_block::{CoreBlock, count};
use crate::exception::{Fault, Frame};
use crate::preemption;
use crate::process::{self, LOOP_STATE};
use crate::stack::{FRAME_ROOM, Stack};
use aarch64_cpu::registers::{Readable, SPSel, TPIDR_EL0, Writeable};
use core::fmt::{self, Write};
use core::mem::offset_of;
use girder_lockfree::Doorbell;
use girder_lockfree::process::here::Here;
use girder_lockfree::process::{Kind, Local};

/// Longest panic message that is kept.
const MESSAGE: usize = 256;

const FINISHED: u64 = 0;
const INTERRUPTED: u64 = 1;
const FAULTED: u64 = 2;
const PANICKED: u64 = 3;

/// What the top of a lent stack holds. `preemption` is first: TPIDR_EL0 points to it.
#[repr(C, align(16))]
struct Record {
    preemption: Local,
    frame: Option<Frame>,
    fault: Option<Fault>,
    /// The message of a panic, once there is one.
    message: Option<Message>,
}

/// A panic's message, cut to what fits.
struct Message {
    bytes: [u8; MESSAGE],
    length: usize,
}

/// How the core came back into the loop.
pub enum Return {
    /// The function returned.
    Finished(Stack),
    /// An interrupt broke in.
    Interrupted(Suspended),
    /// The function faulted; its destructors have not run.
    Faulted(Stack, Fault),
    /// The function panicked; its destructors have not run.
    Panicked(Panicked),
}

/// A stack with the message of the panic that ended its function.
pub struct Panicked(Stack);

/// A function that an interrupt broke into, and the stack it stands on.
#[must_use = "a suspended function holds a stack: resume it or give it up"]
pub struct Suspended(Stack);

core::arch::global_asm!(
    include_str!("asm/lend.s"),
    LOOP_SP = const offset_of!(CoreBlock, loop_stack_pointer),
    LOOP_PREEMPTION = const offset_of!(CoreBlock, here),
    FINISHED = const FINISHED,
    INTERRUPTED = const INTERRUPTED,
    DOORBELL = const offset_of!(CoreBlock, here) + Here::DOORBELL,
    CAUSES = const Doorbell::CAUSES,
);

unsafe extern "C" {
    fn girder_lend(
        entry: extern "C" fn(*const ()),
        function: *const (),
        stack_top: u64,
        preemption: *const (),
    ) -> u64;
    fn girder_resume(frame: *const Frame, preemption: *const ()) -> u64;
    fn girder_leave(why: u64) -> !;
    fn girder_switch_stack(stack_top: u64, function: extern "C" fn(u64) -> !, argument: u64) -> !;
}

impl Stack {
    /// Runs `function` on this stack. Only a core's loop may call it; anyone else panics.
    pub fn run(self, function: fn()) -> Return {
        assert_in_loop();
        let record = record_of(&self);
        let fresh = Record {
            preemption: Local::new(Kind::Lent),
            frame: None,
            fault: None,
            message: None,
        };
        // SAFETY: the record lies inside the stack that this value owns, aligned, in mapped memory;
        // the stack below it is free; `enter` takes one argument.
        let why = unsafe {
            record.write(fresh);
            girder_lend(
                enter,
                function as *const (),
                record as u64,
                (&raw const (*record).preemption).cast(),
            )
        };
        came_back(self, why)
    }

    /// Leaves the present stack for ever and goes on in `function(argument)` on this one.
    pub fn enter_for_ever(self, function: extern "C" fn(u64) -> !, argument: u64) -> ! {
        // SAFETY: this value owns the stack, and it is never given back.
        unsafe { girder_switch_stack(self.top() - FRAME_ROOM, function, argument) }
    }
}

impl Suspended {
    /// Goes on where the interrupt broke in. Only a core's loop may call it; anyone else panics.
    pub fn resume(self) -> Return {
        assert_in_loop();
        let record = record_of(&self.0);
        // SAFETY: the handler saved a frame here before it made this value, and only this value
        // can use it; resuming consumes it.
        let why = unsafe {
            let Some(frame) = &(*record).frame else {
                unreachable!("suspended without a frame")
            };
            girder_resume(frame, (&raw const (*record).preemption).cast())
        };
        came_back(self.0, why)
    }

    /// Gives the function up where it stands: its destructors never run.
    pub fn give_up(self) -> Stack {
        self.0
    }
}

impl Panicked {
    /// What it said, cut to what fits.
    pub fn message(&self) -> &str {
        // SAFETY: the record was written by `Stack::run`, and what ran on the stack has left it.
        let message = unsafe { &(*record_of(&self.0)).message };
        message.as_ref().map_or("", Message::text)
    }

    /// Gives the stack back.
    pub fn into_stack(self) -> Stack {
        self.0
    }
}

fn record_of(stack: &Stack) -> *mut Record {
    const ALIGN: u64 = align_of::<Record>() as u64;
    const SIZE: u64 = (size_of::<Record>() as u64).next_multiple_of(ALIGN);
    (stack.top() - SIZE) as *mut Record
}

fn came_back(stack: Stack, why: u64) -> Return {
    // SAFETY: the record was written by `run`, and what ran on the stack has left it.
    let record = unsafe { &*record_of(&stack) };
    match (why, &record.fault) {
        (FINISHED, _) => Return::Finished(stack),
        (INTERRUPTED, _) => Return::Interrupted(Suspended(stack)),
        (FAULTED, Some(fault)) => Return::Faulted(stack, *fault),
        (PANICKED, _) => Return::Panicked(Panicked(stack)),
        _ => unreachable!("a lent stack came back for reason {why}"),
    }
}

/// The loop's stack pointer stands in one place in the core's block: lending from a lent stack would
/// overwrite it. A lent stack's record is never a core's own, whichever core this is.
fn assert_in_loop() {
    let own = &raw const *CoreBlock::current().here.local();
    assert!(
        core::ptr::eq(own, preemption::current()),
        "only a core's loop lends stacks"
    );
}

/// First on the lent stack: switches preemption on for as long as `function` runs.
extern "C" fn enter(function: *const ()) {
    // SAFETY: `Stack::run` made the pointer from a function of this type.
    let function = unsafe { core::mem::transmute::<*const (), fn()>(function) };
    let preemption = preemption::current();
    // An interrupt between the loop's last look at the status word and the change of stacks has
    // left its note with the loop's record. One that comes from here on finds this one.
    if CoreBlock::current().doorbell().is_rung() {
        preemption.note_pending();
    }
    preemption::drop_reason(preemption);
    function();
    preemption.add_reason();
}

/// The record of the lent stack that runs with preemption on, if that is what runs.
fn running() -> Option<*mut Record> {
    // Only a lent stack's record ever reaches zero: the loop's count starts at one. The pointer is
    // made from the register, not from the reference, which covers the record's first field alone.
    let current = preemption::current();
    let is_lent = current.kind() == Kind::Lent && current.is_preemptible();
    is_lent.then(|| TPIDR_EL0.get() as *mut Record)
}

/// Called by the handlers: makes `frame` return to the loop instead, if preemption is on, and
/// notes the wish otherwise.
pub(crate) fn leave_interrupted(frame: &mut Frame) {
    if process::leave_interrupted(frame) {
        return;
    }
    let Some(record) = running() else {
        return preemption::current().note_pending();
    };
    count(&CoreBlock::current().counters().preemptions);
    // SAFETY: the code that owns the record is interrupted, on this core.
    unsafe {
        (*record).preemption.clear_pending();
        (*record).frame = Some(frame.clone());
    }
    return_to_loop(frame, INTERRUPTED);
}

/// Called by the handlers: makes `frame` return to the loop with `fault`, if it is the fault of
/// code on a lent stack with preemption on. Otherwise the fault is the kernel's.
#[must_use]
pub(crate) fn end_with_fault(frame: &mut Frame, fault: &Fault) -> bool {
    let Some(record) = running() else {
        return false;
    };
    // SAFETY: the code that owns the record is stopped, on this core.
    unsafe { (*record).fault = Some(*fault) };
    return_to_loop(frame, FAULTED);
    true
}

/// Called by the panic handler: ends the code on this lent stack with a message. Returns if it
/// is not such code that panicked, or if preemption is off: then the panic is the kernel's. A
/// handler's panic is the kernel's too, whatever it interrupted.
///
/// The message is the code's own doing as well: it is formatted with preemption on, so that one
/// that loops runs into the time limit, and one that panics ends with what it has written so far.
pub fn end_with_panic(message: fmt::Arguments<'_>) {
    let is_in_handler = SPSel.read(SPSel::SP) != 0;
    let Some(record) = running().filter(|_| !is_in_handler) else {
        return;
    };
    // SAFETY: this code runs on the stack that the record belongs to, and nobody else looks at the
    // message before it has left.
    unsafe {
        if (*record).message.is_none() {
            let text = (*record).message.insert(Message::empty());
            let _ = text.write_fmt(message);
        }
        preemption::current().add_reason();
        girder_leave(PANICKED)
    }
}

fn return_to_loop(frame: &mut Frame, why: u64) {
    let core = CoreBlock::current();
    TPIDR_EL0.set(&raw const *core.here.local() as u64);
    frame.general[0] = why;
    frame.program_counter = girder_leave as *const () as u64;
    // Nothing of the interrupted code's state goes along: not its masks, not an illegal state.
    frame.state = LOOP_STATE;
}

impl Write for Message {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for character in text.chars() {
            let end = self.length + character.len_utf8();
            let Some(room) = self.bytes.get_mut(self.length..end) else {
                return Err(fmt::Error);
            };
            character.encode_utf8(room);
            self.length = end;
        }
        Ok(())
    }
}

impl Message {
    const fn empty() -> Self {
        Self {
            bytes: [0; MESSAGE],
            length: 0,
        }
    }

    fn text(&self) -> &str {
        str::from_utf8(&self.bytes[..self.length]).unwrap_or("(not text)")
    }
}
