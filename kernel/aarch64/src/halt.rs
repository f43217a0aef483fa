//! Stopping the other cores where they are, for the report of a crash.
//!
//! Whoever reports sets a flag, leaves each core an order (`glance`) and signals them all. The interrupt handler of a core that finds the
//! order leaves a reference to the registers that the vectors have just saved, and stands still for ever.
//! So whatever the core did (its loop, a process, a wait), its registers and its stack are as they were,
//! and the report can read them from another core. A core that has masked interrupts does not answer.
//!
//! A core's answer is written once and read afterwards; `Once` orders the two. The flag needs no order:
//! the signal comes after it (the controllers see to that), and a core that happens to take an
//! interrupt before its signal may stand still a little earlier.

use crate::core_block::CoreBlock;
use crate::exception::Frame;
use crate::{cpu, interrupts, timer};
use core::ptr::NonNull;
use core::sync::atomic::{AtomicBool, Ordering::Relaxed};
use girder_lockfree::process::{Pid, own_pid};

static IS_ORDERED: AtomicBool = AtomicBool::new(false);

/// What a core that stands still has left.
#[derive(Clone, Copy)]
pub struct Halted {
    /// Its registers.
    pub frame: &'static Frame,
    /// The process that it ran; none: its loop.
    pub process: Option<Pid>,
    /// Why it stands still.
    pub cause: HaltCause,
}

/// Why a core stands still.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HaltCause {
    /// Another core crashed.
    Ordered,
    /// It crashed itself while another core was reporting.
    Crashed,
}

/// Has each core stand still that comes up or begins to schedule from now on; those that are there are given the order one by one
/// ([`CoreBlock::order_to_halt`]) and signalled, by who calls this, with its own interrupts masked.
pub fn order() {
    IS_ORDERED.store(true, Relaxed);
}

/// True if this core, which does not take interrupts yet, shall stand still.
#[inline(always)]
pub fn is_ordered() -> bool {
    IS_ORDERED.load(Relaxed)
}

/// Leaves the registers of what runs on this core, and stands still.
#[cold]
#[inline(never)]
pub fn stand_still(frame: &Frame, cause: HaltCause) -> ! {
    cpu::mask_interrupts();
    // SAFETY: this function does not return, and nothing unwinds, so whoever owns the frame never goes
    // on and the frame lives for ever. Nobody writes to it: this core does nothing any more.
    let frame = unsafe { NonNull::from_ref(frame).as_ref() };
    let halted = Halted {
        frame,
        process: own_pid(),
        cause,
    };
    let core = CoreBlock::current();
    core.halted.call_once(|| halted);
    cpu::send_event();
    // A pending interrupt ends a wait at once, masked or not, and hundreds of cores that spin leave an
    // emulator no time for the one that reports.
    timer::disarm();
    interrupts::acknowledge(core);
    cpu::park()
}
