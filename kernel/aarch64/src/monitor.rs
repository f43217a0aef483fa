//! Level 3, if the kernel itself was entered there: what only the Secure state may do.
//!
//! Firmware hands the interrupt controller over in a state in which the Non-secure state, where the
//! kernel runs, can use it. Without firmware (an emulator that starts an ELF file) that is ours
//! to do, and by then the core has left level 3. So it leaves a service there: one word written in
//! the Secure state. It opens nothing that was closed: all code here is the kernel's own.

use crate::probe;
use crate::relax::Once;
use core::arch::asm;
use core::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// The service's number, among those that a monitor's vendor may give out (SMC Calling Convention,
/// "Function Identifier Ranges").
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

/// A GICv2 that the Secure state has to give away: its distributor, and the cores' interface.
static GIC_V2: Once<(usize, usize)> = Once::new();

/// Every interrupt of a word in group 1, which is the Non-secure state's.
const ALL_IN_GROUP_1: u32 = u32::MAX;
/// GICD_IGROUPR0; that of private interrupts is each core's own.
const GROUPS: usize = 0x080;
/// Words of the others: 992 interrupts.
const SHARED_WORDS: core::ops::Range<usize> = 1..32;
/// GICC_PMR, and the value that masks nothing.
const PRIORITY_MASK: usize = 0x004;
const MASK_NOTHING: u32 = 0xff;
/// GICD_ICPIDR2, and the architecture's version in it.
const IDENTIFICATION: usize = 0xfe8;
const VERSION: u32 = 0xf0;
const VERSION_2: u32 = 0x20;

/// Gives the shared interrupts of a GICv2 to the Non-secure state (GICv2 architecture, "GIC support
/// for the Security Extensions"): out of reset they are the Secure state's. Does nothing where
/// firmware has.
///
/// # Safety
///
/// The addresses are those of device memory, mapped for ever, that does no harm when it is asked who
/// it is, and if it is a GICv2, nobody else drives it.
pub unsafe fn give_gic_v2(distributor: usize, interface: usize) {
    if !is_ours() {
        return;
    }
    // SAFETY: the caller's promise.
    let version = unsafe { probe::read_word(distributor + IDENTIFICATION) };
    if version.is_some_and(|word| word & VERSION == VERSION_2) {
        for word in SHARED_WORDS {
            // SAFETY: it is a distributor, with these registers, or zeroes that ignore writes.
            unsafe { store(distributor + GROUPS + 4 * word, ALL_IN_GROUP_1) };
        }
        GIC_V2.call_once(|| (distributor, interface));
    }
}

/// The same for what the running core has of it: its private interrupts, and its priority mask,
/// half of whose values only the Secure state can leave.
pub(crate) fn give_this_core() {
    if let Some(&(distributor, interface)) = GIC_V2.get() {
        // SAFETY: `give_gic_v2` has found a GICv2 and was promised its interface.
        unsafe {
            store(distributor + GROUPS, ALL_IN_GROUP_1);
            store(interface + PRIORITY_MASK, MASK_NOTHING);
        }
    }
}
