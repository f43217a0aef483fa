//! The end of the kernel, told clearly: what happened, where, and which image it was.
//!
//! A panic or fault of a process with preemption on ends that process alone and never gets here. What
//! does get here is the kernel's own. The first core to crash stops the others and
//! reports; one that crashes meanwhile parks. If the reporter itself crashes again, it tries for
//! less each time: a line or two, then only the end that was asked for, then nothing. So the report
//! always ends, whatever is broken.

use crate::console::CrashOutput;
use crate::cores;
use crate::image::ShortBuildId;
use core::fmt::{self, Write};
use core::panic::PanicInfo;
use core::sync::atomic::{AtomicU32, Ordering::Relaxed};
use girder_aarch64::backtrace::Backtrace;
use girder_aarch64::cpu::{self, Affinity};
use girder_aarch64::exception::{Fault, Frame};
use girder_aarch64::{death, power};
use girder_core::check::ExitStatus;
use girder_core::check::protocol::Line;
use girder_core::config::OnPanic;
use girder_core::line_buffer::LineBuffer;
use girder_lockfree::{Attempt, Reporter};

/// Longest reason that is told; what is beyond is cut and marked.
const REASON: usize = 512;

static REPORTER: Reporter = Reporter::new();
static ACTION: AtomicU32 = AtomicU32::new(OnPanic::Halt as u32);

/// Says what follows a crash report.
pub(crate) fn set_action(action: OnPanic) {
    ACTION.store(action as u32, Relaxed);
}

/// Reports a fault of the kernel's own.
pub(crate) fn on_fault(fault: &Fault, frame: &Frame) -> ! {
    let backtrace = Backtrace::from_frame_pointer(frame.frame_pointer());
    report(format_args!("{fault}"), frame, backtrace)
}

#[panic_handler]
fn on_panic(info: &PanicInfo<'_>) -> ! {
    death::end_with_panic(format_args!("{}", PanicText(info)));
    let frame = Frame::here();
    let backtrace = Backtrace::here();
    report(format_args!("{}", PanicText(info)), &frame, backtrace)
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

fn report(reason: fmt::Arguments<'_>, frame: &Frame, backtrace: Backtrace) -> ! {
    cpu::mask_interrupts();
    match REPORTER.crashed(Affinity::of_this_core().0) {
        Attempt::Whole => {
            cores::stop_others();
            let mut output = CrashOutput::seize();
            // Nothing is left to do about an output that fails.
            let _ = dump(&mut output, reason, frame, backtrace);
            output.finish();
        }
        Attempt::Short => {
            let mut output = CrashOutput::seize();
            let _ = short_dump(&mut output, reason, frame);
            output.finish();
        }
        Attempt::End => {}
        Attempt::Nothing => cpu::park(),
    }
    let action = ACTION.load(Relaxed);
    if action == OnPanic::Off as u32 {
        power::exit(ExitStatus::Crashed.code().into())
    } else if action == OnPanic::Reset as u32 {
        power::reset()
    }
    cpu::park()
}

fn dump(
    output: &mut CrashOutput,
    reason: fmt::Arguments<'_>,
    frame: &Frame,
    backtrace: Backtrace,
) -> fmt::Result {
    let reason = LineBuffer::<REASON>::of(reason);
    writeln!(output, "\n{}", Line::Crash(reason.as_str()))?;
    let affinity = Affinity::of_this_core().0;
    writeln!(output, "  core       mpidr {affinity:#x}")?;
    writeln!(output, "  build      {ShortBuildId}")?;
    registers(output, frame)?;
    for (depth, address) in backtrace.enumerate() {
        writeln!(output, "  frame {depth:2}   {address:#018x}")?;
    }
    writeln!(output, "{}", Line::CrashEnd)
}

fn short_dump(output: &mut CrashOutput, reason: fmt::Arguments<'_>, frame: &Frame) -> fmt::Result {
    let reason = LineBuffer::<REASON>::of(format_args!("{reason}; while reporting a crash"));
    writeln!(output, "\n{}", Line::Crash(reason.as_str()))?;
    registers(output, frame)?;
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
