//! Starting cores, switching off, and telling an emulator how it went.
//!
//! PSCI goes through SMC or HVC as the machine's description says; the wrong one is an undefined
//! instruction, so nothing is tried on luck. A Raspberry Pi without PSCI has registers for it.

use crate::bcm2835_power::PowerBlock;
use crate::cpu::{self, Affinity};
use crate::relax::Once;
use core::arch::asm;
use smccc::{Hvc, Smc, psci};

/// Which instruction reaches the firmware.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conduit {
    /// Hypervisor call.
    Hvc,
    /// Secure monitor call.
    Smc,
}

static CONDUIT: Once<Conduit> = Once::new();

/// Says how the firmware is reached.
pub fn install(conduit: Conduit) {
    CONDUIT.call_once(|| conduit);
}

static BLOCK: Once<PowerBlock> = Once::new();

/// Says that the machine is a board with this block of registers, for where no firmware switches it
/// off.
pub fn install_block(block: PowerBlock) {
    BLOCK.call_once(|| block);
}

/// Starts a core at `entry` with `argument` in x0. The error is PSCI's number.
pub fn start_core(target: Affinity, entry: u64, argument: u64) -> Result<(), i64> {
    /// What PSCI answers to a call that it does not know; we say it where there is no PSCI.
    const NOT_SUPPORTED: i64 = -1;
    let result = match CONDUIT.get() {
        Some(Conduit::Hvc) => psci::cpu_on::<Hvc>(target.0, entry, argument),
        Some(Conduit::Smc) => psci::cpu_on::<Smc>(target.0, entry, argument),
        None => return Err(NOT_SUPPORTED),
    };
    result.map_err(i64::from)
}

/// Switches the machine off; parks this core where nothing can.
pub fn off() -> ! {
    let _ = match CONDUIT.get() {
        Some(Conduit::Hvc) => psci::system_off::<Hvc>(),
        Some(Conduit::Smc) => psci::system_off::<Smc>(),
        None => Ok(()),
    };
    // Here still: there is no firmware, or it does not know how.
    BLOCK.get().inspect(|block| block.off());
    cpu::park()
}

/// Starts the machine anew; parks this core where nothing can.
pub fn reset() -> ! {
    let _ = match CONDUIT.get() {
        Some(Conduit::Hvc) => psci::system_reset::<Hvc>(),
        Some(Conduit::Smc) => psci::system_reset::<Smc>(),
        None => Ok(()),
    };
    BLOCK.get().inspect(|block| block.reset());
    cpu::park()
}

/// Leaves the emulator with `status`, if one listens for semihosting calls; else switches off.
pub fn exit(status: u64) -> ! {
    /// SYS_EXIT_EXTENDED (Arm semihosting, 7.10).
    const EXIT_EXTENDED: u64 = 0x20;
    /// ADP_Stopped_ApplicationExit.
    const APPLICATION_EXIT: u64 = 0x20026;
    let arguments = [APPLICATION_EXIT, status];
    // SAFETY: the routine is one `hlt` and a return. A listener never comes back; without one the
    // instruction is undefined, which `recovery` catches. The block outlives the call.
    unsafe {
        asm!("bl girder_semihosting", in("x0") EXIT_EXTENDED, in("x1") arguments.as_ptr(),
            lateout("x0") _, out("x30") _, options(nostack));
    }
    off()
}

/// Where to go on after an undefined instruction at `program_counter`, if it is the call to an
/// emulator that is not listening.
pub(crate) fn recovery(program_counter: u64) -> Option<u64> {
    unsafe extern "C" {
        static girder_semihosting: u8;
        static girder_semihosting_failed: u8;
    }
    let call = &raw const girder_semihosting as u64;
    (program_counter == call).then_some(&raw const girder_semihosting_failed as u64)
}
