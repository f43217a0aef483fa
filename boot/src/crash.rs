//! The end of the kernel, told clearly: what happened, where, and which image it was.
//!
//! A panic or fault of a process with preemption on ends that process alone and never gets here. What
//! does get here is the kernel's own. The first core to crash has the others stand still and reports on
//! all (`dump`); one that crashes meanwhile stands still as well. If the reporter itself crashes again, it tries for
//! less each time: a line or two, then only the end that was asked for, then nothing. So the report
//! always ends, whatever is broken.

mod dump;
mod kept;

use crate::console::CrashOutput;
use crate::cores;
use crate::heap;
use core::fmt;
use core::panic::PanicInfo;
use core::sync::atomic::{AtomicU32, Ordering::Relaxed};
use girder_aarch64::cpu::{self, Affinity};
use girder_aarch64::exception::{Fault, Frame};
use girder_aarch64::halt::{self, HaltCause};
use girder_aarch64::{death, power};
use girder_core::check::ExitStatus;
use girder_core::config::OnPanic;
use girder_lockfree::process::was_refused_by_limit;
use girder_lockfree::{Attempt, Reporter};
use kept::Report;

pub(crate) use kept::tell as tell_what_was_kept;

static REPORTER: Reporter = Reporter::new();
static ACTION: AtomicU32 = AtomicU32::new(OnPanic::Halt as u32);

/// Says what follows a crash report.
pub(crate) fn set_action(action: OnPanic) {
    ACTION.store(action as u32, Relaxed);
}

/// Reports a fault of the kernel's own.
pub(crate) fn on_fault(fault: &Fault, frame: &Frame) -> ! {
    report(format_args!("{fault}"), frame)
}

#[panic_handler]
fn on_panic(info: &PanicInfo<'_>) -> ! {
    if was_refused_by_limit() && begins_with(info.message(), "memory allocation of ") {
        death::end_with_panic(format_args!("heap_limit: {}", PanicText(info)));
    }
    death::end_with_panic(format_args!("{}", PanicText(info)));
    report(format_args!("{}", PanicText(info)), &Frame::here())
}

/// True if a text begins with another one. (It may be worded by somebody's code, and no more of it is asked for than that.)
fn begins_with(text: impl fmt::Display, beginning: &str) -> bool {
    /// What is still to come; nothing any more if something else has come.
    struct Left<'a>(Option<&'a str>);

    impl fmt::Write for Left<'_> {
        fn write_str(&mut self, piece: &str) -> fmt::Result {
            let Some(left) = self.0.filter(|left| !left.is_empty()) else {
                return Err(fmt::Error);
            };
            let is_enough = piece.starts_with(left);
            self.0 = if is_enough {
                Some("")
            } else {
                left.strip_prefix(piece)
            };
            Ok(())
        }
    }

    let mut left = Left(Some(beginning));
    // It ends as soon as enough is known.
    let _ = fmt::Write::write_fmt(&mut left, format_args!("{text}"));
    left.0 == Some("")
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

fn report(reason: fmt::Arguments<'_>, frame: &Frame) -> ! {
    cpu::mask_interrupts();
    heap::close();
    match REPORTER.crashed(Affinity::of_this_core().0) {
        Attempt::Whole => {
            let console = CrashOutput::seize();
            cores::halt_others();
            // SAFETY: the first attempt, and the only reporter.
            let mut output = unsafe { Report::new(console, false) };
            output.send_waiting();
            // Nothing is left to do about an output that fails.
            let _ = dump::whole(&mut output, reason, frame);
            output.finish();
        }
        Attempt::Short => {
            // SAFETY: the same core has crashed in its first attempt, which never goes on.
            let mut output = unsafe { Report::new(CrashOutput::seize(), true) };
            output.send_waiting();
            let _ = dump::short(&mut output, reason, frame);
            output.finish();
        }
        Attempt::End => {}
        Attempt::Nothing => halt::stand_still(frame, HaltCause::Crashed),
    }
    let action = ACTION.load(Relaxed);
    if action == OnPanic::Off as u32 {
        power::exit(ExitStatus::Crashed.code().into())
    } else if action == OnPanic::Reset as u32 {
        power::reset()
    }
    cpu::park()
}
