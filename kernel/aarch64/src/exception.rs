//! Exceptions: what the vectors save, and which way each kind goes on.
//!
//! An interrupt only takes notes ([`crate::interrupts`]). A fault belongs to whoever was running:
//! a process with preemption on dies alone ([`crate::death`]); anything else (the loop, a handler,
//! code that holds a kernel lock) is the kernel's own fault, and the crash handler gets it.

use crate::core_block::{CoreBlock, count};
use crate::masked::Masked;
use crate::relax::Once;
use crate::syndrome::Syndrome;
use crate::{death, glance, interrupts, preemption, probe, process, stack};
use aarch64_cpu::registers::{
    CurrentEL, DAIF, ESR_EL1, FAR_EL1, Readable, SPSel, VBAR_EL1, Writeable,
};
use core::fmt;
use core::mem::offset_of;
use core::ptr::NonNull;
use girder_lockfree::process::Local;

/// Exceptions inside handlers that a core reports or tries to; at the next one it parks.
const NESTED_LIMIT: u64 = 3;

/// All registers of interrupted code, as the vectors save them.
#[repr(C, align(16))]
#[derive(Clone)]
pub struct Frame {
    /// x0 to x30.
    pub general: [u64; 31],
    /// The stack pointer of the interrupted code.
    pub stack_pointer: u64,
    /// Where it was.
    pub program_counter: u64,
    /// Its processor state.
    pub state: u64,
    float_status: u64,
    float_control: u64,
    vectors: [u128; 32],
}

const _: () = assert!(
    size_of::<Frame>() == 800
        && offset_of!(Frame, stack_pointer) == 248
        && offset_of!(Frame, program_counter) == 256
        && offset_of!(Frame, float_status) == 272
        && offset_of!(Frame, vectors) == 288
);

impl Frame {
    /// The general registers as they are here, for the report of a panic.
    #[inline(always)]
    pub fn here() -> Self {
        let mut frame = Self {
            general: [0; 31],
            stack_pointer: 0,
            program_counter: 0,
            state: DAIF.get() | CurrentEL.get() | SPSel.get(),
            float_status: 0,
            float_control: 0,
            vectors: [0; 32],
        };
        // SAFETY: writes 31 registers to the array of 31 that it is given, and reads two more.
        unsafe {
            core::arch::asm!(
                "stp x0, x1, [{general}, #16 * 0]", "stp x2, x3, [{general}, #16 * 1]",
                "stp x4, x5, [{general}, #16 * 2]", "stp x6, x7, [{general}, #16 * 3]",
                "stp x8, x9, [{general}, #16 * 4]", "stp x10, x11, [{general}, #16 * 5]",
                "stp x12, x13, [{general}, #16 * 6]", "stp x14, x15, [{general}, #16 * 7]",
                "stp x16, x17, [{general}, #16 * 8]", "stp x18, x19, [{general}, #16 * 9]",
                "stp x20, x21, [{general}, #16 * 10]", "stp x22, x23, [{general}, #16 * 11]",
                "stp x24, x25, [{general}, #16 * 12]", "stp x26, x27, [{general}, #16 * 13]",
                "stp x28, x29, [{general}, #16 * 14]", "str x30, [{general}, #16 * 15]",
                "adr {here}, .", "mov {stack}, sp",
                general = in(reg) frame.general.as_mut_ptr(),
                here = lateout(reg) frame.program_counter,
                stack = lateout(reg) frame.stack_pointer,
                options(nostack, preserves_flags));
        }
        frame
    }

    /// Makes it return to the beginning of a function instead, on another stack, with nothing left of what
    /// the interrupted code had set for its arithmetic.
    pub(crate) fn start(&mut self, function: u64, stack_pointer: u64) {
        const FRAME_POINTER: usize = 29;
        const LINK: usize = 30;
        self.program_counter = function;
        self.stack_pointer = stack_pointer;
        self.general[FRAME_POINTER] = 0;
        self.general[LINK] = 0;
        self.float_control = 0;
    }

    /// The frame pointer of the interrupted code.
    pub fn frame_pointer(&self) -> u64 {
        self.general[29]
    }
}

/// What happened, and where.
#[derive(Clone, Copy, Debug)]
pub struct Fault {
    /// Why.
    pub syndrome: Syndrome,
    /// The address that was accessed, if the syndrome has one.
    pub address: u64,
    /// The instruction.
    pub program_counter: u64,
    /// What kind of exception it was.
    pub kind: Kind,
}

/// The kinds of exception that are nobody's wish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Caused by the instruction itself.
    Synchronous,
    /// Reported by the memory system some time after.
    SystemError,
    /// Anything, inside a handler.
    Nested,
}

impl Fault {
    fn read(frame: &Frame, kind: Kind) -> Self {
        Self {
            syndrome: Syndrome(ESR_EL1.get()),
            address: FAR_EL1.get(),
            program_counter: frame.program_counter,
            kind,
        }
    }

    /// True if it came from running into the guard below a stack.
    pub fn is_stack_overflow(&self) -> bool {
        self.syndrome.is_unmapped_access() && stack::is_guard(self.address)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_stack_overflow() {
            f.write_str("stack overflow, ")?;
        }
        write!(f, "{} at pc {:#x}", self.syndrome, self.program_counter)?;
        if self.syndrome.has_address() {
            write!(f, ", address {:#x}", self.address)?;
        }
        match self.kind {
            Kind::Synchronous => Ok(()),
            Kind::SystemError => f.write_str(", reported asynchronously"),
            Kind::Nested => f.write_str(", inside an exception handler"),
        }
    }
}

/// Who is told of a fault of the kernel's own.
pub type CrashHandler = fn(&Fault, &Frame) -> !;

static CRASH_HANDLER: Once<CrashHandler> = Once::new();

/// Says who is told of a fault of the kernel's own. Before that, a core that faults parks.
pub fn on_crash(handler: CrashHandler) {
    CRASH_HANDLER.call_once(|| handler);
}

/// Puts the vectors in place on this core.
pub fn install() {
    unsafe extern "C" {
        static girder_vectors: u8;
    }
    VBAR_EL1.set(&raw const girder_vectors as u64);
    aarch64_cpu::asm::barrier::isb(aarch64_cpu::asm::barrier::SY);
}

/// Takes exceptions on this stack from now on, for ever; the one before is not used any more.
pub fn use_stack(stack: stack::Stack) {
    // SAFETY: no exception is being handled: this code runs with SPSel = 0. The switch is two
    // instructions with interrupts masked, and the other stack pointer is left as it was.
    unsafe {
        core::arch::asm!(
            "mrs {saved}, daif", "msr daifset, #0xf",
            "msr spsel, #1", "mov sp, {top}", "msr spsel, #0",
            "msr daif, {saved}",
            saved = out(reg) _, top = in(reg) stack.top(), options(nostack));
    }
}

/// Loses the exception stack, then takes an exception: the vector's first store faults in the
/// vector itself. This is how an overflow of the exception stack looks, for whoever wants to see
/// it reported; the core never comes back.
pub fn fault_inside_handler() -> ! {
    // SAFETY: the guard is never mapped, so nothing is overwritten; nothing goes on after it.
    unsafe {
        core::arch::asm!(
            "msr daifset, #0xf", "msr spsel, #1", "mov sp, {guard}", "msr spsel, #0", "brk #0",
            guard = in(reg) stack::FIRST_GUARD_TOP, options(noreturn));
    }
}

/// What the syndrome register holds after `svc #LEAVE_CALL` (Arm ARM, `ESR_EL1`): the class, a 32-bit
/// instruction, the immediate.
const LEAVE_SYNDROME: u32 = 0x15 << 26 | 1 << 25 | preemption::LEAVE_CALL as u32;

core::arch::global_asm!(
    include_str!("asm/macros.s"),
    include_str!("asm/exceptions.s"),
    include_str!("asm/macros_end.s"),
    FRAME_SIZE = const size_of::<Frame>(),
    NESTED_SCRATCH = const offset_of!(CoreBlock, nested_scratch),
    NESTED_SP = const offset_of!(CoreBlock, nested_stack_pointer),
    NESTED_DEPTH = const offset_of!(CoreBlock, nested_depth),
    NESTED_LIMIT = const NESTED_LIMIT,
    EMERGENCY_TOP = const offset_of!(CoreBlock, emergency_top),
    FRAME_ROOM = const offset_of!(CoreBlock, frame_room),
    REASONS = const Local::REASONS,
    MASKED_SINCE = const offset_of!(CoreBlock, masked) + offset_of!(Masked, since),
    MASKED_LONGEST = const offset_of!(CoreBlock, masked) + offset_of!(Masked, longest),
    LEAVE_LOW = const LEAVE_SYNDROME & 0xffff,
    LEAVE_HIGH = const LEAVE_SYNDROME >> 16,
);

/// Called by the vectors: an instruction failed, or asked for something that nobody knows.
#[unsafe(no_mangle)]
extern "C" fn girder_synchronous(frame: &mut Frame) {
    let program_counter = frame.program_counter;
    let recovery = probe::recovery(program_counter).or(crate::power::recovery(program_counter));
    if let Some(recovery) = recovery {
        frame.program_counter = recovery;
        return;
    }
    let fault = Fault::read(frame, Kind::Synchronous);
    if !death::end_with_fault(frame, &fault) {
        crash(&fault, frame)
    }
}

/// Who has just lost the core, for its new loop; nobody if the frame goes on.
type Left = Option<NonNull<Local>>;

/// Called by the vectors: some device wants attention.
#[unsafe(no_mangle)]
extern "C" fn girder_interrupt(frame: &mut Frame) -> Left {
    let core = CoreBlock::current();
    if core.glance.has_orders() {
        glance::obey(core, frame);
    }
    count(&core.counters().interrupts);
    let causes = interrupts::acknowledge(core);
    // Whether this core must be signalled is no question: it is awake, in its own handler.
    let _ = core.doorbell().ring(causes);
    process::leave_interrupted(core, frame)
}

/// Called by the vectors: the running code leaves to the loop of its own accord.
#[unsafe(no_mangle)]
extern "C" fn girder_leave_call(frame: &mut Frame) -> Left {
    process::leave_interrupted(CoreBlock::current(), frame)
}

/// Called by the vectors: the memory system reports a failure whose author is long gone.
#[unsafe(no_mangle)]
extern "C" fn girder_system_error(frame: &mut Frame) {
    crash(&Fault::read(frame, Kind::SystemError), frame)
}

/// Called by the vectors on the emergency stack: a handler failed.
#[unsafe(no_mangle)]
extern "C" fn girder_nested(frame: &mut Frame) -> ! {
    frame.stack_pointer = CoreBlock::current()
        .nested_stack_pointer
        .load(core::sync::atomic::Ordering::Relaxed);
    crash(&Fault::read(frame, Kind::Nested), frame)
}

fn crash(fault: &Fault, frame: &Frame) -> ! {
    match CRASH_HANDLER.get() {
        Some(report) => report(fault, frame),
        None => crate::cpu::park(),
    }
}
