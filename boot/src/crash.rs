//! The end of the kernel, told clearly: what happened, where, and which image it was.
//!
//! A panic or fault of code on a lent stack with preemption on ends that code alone and never gets
//! here. What does get here is the kernel's own. One core reports; a second one that crashes
//! meanwhile parks, and so does a crash inside the report, so the report always ends.

use crate::console::CrashOutput;
use crate::image::ShortBuildId;
use core::fmt::{self, Write};
use core::panic::PanicInfo;
use core::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
use girder_aarch64::backtrace::Backtrace;
use girder_aarch64::cpu::{self, Affinity};
use girder_aarch64::exception::{Fault, Frame};
use girder_aarch64::{lend, power};
use girder_core::check::protocol::Line;
use girder_core::config::OnPanic;

/// The emulator's status after a crash (contract).
const STATUS_CRASHED: u64 = 2;

static IS_CRASHING: AtomicBool = AtomicBool::new(false);
static ACTION: AtomicU32 = AtomicU32::new(OnPanic::Halt as u32);

/// Says what follows a crash report.
pub(crate) fn set_action(action: OnPanic) {
    ACTION.store(action as u32, Relaxed);
}

/// Reports a fault of the kernel's own.
pub(crate) fn on_fault(fault: &Fault, frame: &Frame) -> ! {
    let backtrace = Backtrace::from_frame_pointer(frame.frame_pointer());
    report(format_args!("{fault}"), Some(frame), backtrace)
}

#[panic_handler]
fn on_panic(info: &PanicInfo<'_>) -> ! {
    lend::end_with_panic(format_args!("{}", PanicText(info)));
    report(format_args!("{}", PanicText(info)), None, Backtrace::here())
}

/// A panic in one line: `panicked at FILE:LINE: MESSAGE`.
struct PanicText<'a>(&'a PanicInfo<'a>);

impl fmt::Display for PanicText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("panicked")?;
        if let Some(place) = self.0.location() {
            write!(f, " at {}:{}", place.file(), place.line())?;
        }
        write!(f, ": {}", self.0.message())
    }
}

fn report(reason: fmt::Arguments<'_>, frame: Option<&Frame>, backtrace: Backtrace) -> ! {
    cpu::mask_interrupts();
    if IS_CRASHING.swap(true, Relaxed) {
        cpu::park();
    }
    let mut output = CrashOutput::seize();
    // Nothing is left to do about an output that fails.
    let _ = dump(&mut output, reason, frame, backtrace);
    output.finish();
    let action = ACTION.load(Relaxed);
    if action == OnPanic::Off as u32 {
        power::exit(STATUS_CRASHED)
    } else if action == OnPanic::Reset as u32 {
        power::reset()
    }
    cpu::park()
}

fn dump(
    output: &mut CrashOutput,
    reason: fmt::Arguments<'_>,
    frame: Option<&Frame>,
    backtrace: Backtrace,
) -> fmt::Result {
    writeln!(output, "\n{}", Line::Crash(""))?;
    writeln!(output, "  reason     {reason}")?;
    writeln!(
        output,
        "  core       mpidr {:#x}",
        Affinity::of_this_core().0
    )?;
    writeln!(output, "  build      {ShortBuildId}")?;
    if let Some(frame) = frame {
        registers(output, frame)?;
    }
    for (depth, address) in backtrace.enumerate() {
        writeln!(output, "  frame {depth:2}   {address:#018x}")?;
    }
    writeln!(output, "{}", Line::CrashEnd)
}

fn registers(output: &mut CrashOutput, frame: &Frame) -> fmt::Result {
    for (index, pair) in frame.general.chunks(4).enumerate() {
        write!(
            output,
            "  x{:<2}-x{:<2}  ",
            index * 4,
            index * 4 + pair.len() - 1
        )?;
        for value in pair {
            write!(output, " {value:016x}")?;
        }
        writeln!(output)?;
    }
    let (sp, pc, state) = (frame.stack_pointer, frame.program_counter, frame.state);
    writeln!(output, "  sp {sp:016x}  pc {pc:016x}  state {state:08x}")
}
