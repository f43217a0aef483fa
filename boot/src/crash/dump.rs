//! What a crash report says: the reason, then each core's registers and backtrace, then the last lines of
//! the log.
//!
//! It is written on a machine that is broken somewhere, so it allocates nothing, takes no lock, and reads
//! stacks through probes that may fail. The other cores stand still by now, or have not answered; those
//! are named.

use super::kept::Report;
use crate::image::{self, ShortBuildId};
use crate::{cores, logger};
use core::fmt::{self, Write};
use girder_aarch64::backtrace::Backtrace;
use girder_aarch64::core_block::CoreBlock;
use girder_aarch64::cpu::Affinity;
use girder_aarch64::exception::Frame;
use girder_aarch64::halt::HaltCause;
use girder_core::check::protocol::Line;
use girder_core::line_buffer::LineBuffer;
use girder_core::symbols::Symbols;
use girder_lockfree::Verdict;
use girder_lockfree::process::{Pid, own_pid};

/// Longest reason that is told; what is beyond is cut and marked.
const REASON: usize = 512;
/// Lines of the log that are told.
const LOG_LINES: usize = 20;

/// Tells everything.
pub(super) fn whole(output: &mut Report, reason: fmt::Arguments<'_>, frame: &Frame) -> fmt::Result {
    let reason = LineBuffer::<REASON>::of(reason);
    writeln!(output, "\n{}", Line::Crash(reason.as_str()))?;
    writeln!(output, "  build      {ShortBuildId}")?;
    let symbols = image::symbols();
    if let Err(error) = &symbols {
        writeln!(output, "  symbols    none: {error}")?;
    }
    let symbols = symbols.ok();
    let me = Affinity::of_this_core();
    let index = CoreBlock::with_current(CoreBlock::index);
    heading(output, index, me, "crashed")?;
    state(output, frame, own_pid(), symbols)?;
    for core in cores::blocks().filter(|core| core.affinity() != me) {
        other(output, core, symbols)?;
    }
    log(output)?;
    writeln!(output, "{}", Line::CrashEnd)
}

/// Tells what can be told when telling everything has failed.
pub(super) fn short(output: &mut Report, reason: fmt::Arguments<'_>, frame: &Frame) -> fmt::Result {
    let reason = LineBuffer::<REASON>::of(format_args!("{reason}; while reporting a crash"));
    writeln!(output, "\n{}", Line::Crash(reason.as_str()))?;
    registers(output, frame)?;
    writeln!(output, "{}", Line::CrashEnd)
}

fn heading(output: &mut Report, index: u32, affinity: Affinity, word: &str) -> fmt::Result {
    writeln!(output, "core {index}, mpidr {:#x}: {word}", affinity.0)
}

/// A core that did not crash first.
fn other(output: &mut Report, core: &CoreBlock, symbols: Option<Symbols<'_>>) -> fmt::Result {
    let (index, affinity) = (core.index(), core.affinity());
    let Some(halted) = core.halted() else {
        return match core.admission().verdict() {
            Some(Verdict::Present) => heading(output, index, affinity, "does not answer"),
            Some(Verdict::LeftOut | Verdict::Failed) => Ok(()),
            None => heading(output, index, affinity, "is not up yet"),
        };
    };
    let word = match halted.cause {
        HaltCause::Ordered => "stopped",
        HaltCause::Crashed => "crashed as well",
    };
    heading(output, index, affinity, word)?;
    state(output, halted.frame, halted.process, symbols)
}

/// What a core was doing.
fn state(
    output: &mut Report,
    frame: &Frame,
    process: Option<Pid>,
    symbols: Option<Symbols<'_>>,
) -> fmt::Result {
    match process {
        Some(pid) => writeln!(output, "  runs       process {pid}")?,
        None => writeln!(output, "  runs       its loop")?,
    }
    registers(output, frame)?;
    trace_line(output, 0, frame.program_counter, 0, symbols)?;
    let callers = Backtrace::from_frame_pointer(frame.frame_pointer());
    for (depth, address) in (1..).zip(callers) {
        trace_line(output, depth, address, CALL, symbols)?;
    }
    Ok(())
}

/// Bytes of the instruction before a return address: the call, which may be the last one of its
/// function.
const CALL: u64 = 4;

/// `frame  3   0x00000000402158ac girder_core::sched::turn+0x40`; where a call comes back to, the call
/// counts.
fn trace_line(
    output: &mut Report,
    depth: u32,
    address: u64,
    back: u64,
    symbols: Option<Symbols<'_>>,
) -> fmt::Result {
    write!(output, "  frame {depth:2}   {address:#018x}")?;
    let (start, end) = image::range();
    let called_at = address.saturating_sub(back);
    let offset = u32::try_from(called_at.wrapping_sub(start)).ok();
    let offset = offset.filter(|_| called_at < end);
    let symbol = offset.and_then(|offset| symbols?.find(offset));
    match symbol {
        Some(symbol) => {
            let inside = address - start - u64::from(symbol.start);
            writeln!(output, " {symbol}+{inside:#x}")
        }
        None => writeln!(output),
    }
}

fn registers(output: &mut Report, frame: &Frame) -> fmt::Result {
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

fn log(output: &mut Report) -> fmt::Result {
    writeln!(output, "the last lines of the log:")?;
    let mut is_at_start = true;
    for byte in logger::recent(LOG_LINES) {
        if is_at_start {
            output.write_str("  | ")?;
        }
        is_at_start = byte == b'\n';
        // A line that was being written when its core stopped may hold anything.
        let letter = match byte {
            b'\n' | b' '..=b'~' => char::from(byte),
            _ => '?',
        };
        output.write_char(letter)?;
    }
    Ok(())
}
