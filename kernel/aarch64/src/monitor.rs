//! Level 3, if the kernel itself was entered there: what only the Secure state may do.
//!
//! Firmware hands the interrupt controller over in a state in which the Non-secure state, where the
//! kernel runs, can use it. Without firmware (an emulator that starts an ELF file) that is ours
//! to do, and by then the core has left level 3. So it leaves a service there: one word written in
//! the Secure state. It opens nothing that was closed: all code here is the kernel's own.

use core::arch::asm;
use core::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// The service's number, among those that a monitor's vendor may give out (SMC Calling Convention, "Function
/// Identifier Ranges").
pub const STORE: u64 = 0xc700_0001;

static IS_OURS: AtomicBool = AtomicBool::new(false);

/// Says that this boot began at level 3, so that the service is there, on every core.
pub fn install() {
    IS_OURS.store(true, Relaxed);
}

/// True if nobody but us is at level 3.
pub fn is_ours() -> bool {
    IS_OURS.load(Relaxed)
}

/// Writes a device register in the Secure state; does nothing where level 3 is somebody else's.
///
/// # Safety
///
/// `address` is that of a device's register, a multiple of 4, for which `word` is a value that does
/// no harm.
pub unsafe fn store(address: usize, word: u32) {
    if !is_ours() {
        return;
    }
    // SAFETY: `install` has promised that the service is there: it writes the word, answers for
    // which the caller does, and changes x0 and x3 only.
    unsafe {
        asm!("smc #0", inout("x0") STORE => _, in("x1") address, in("w2") word, out("x3") _,
            options(nostack));
    }
}
