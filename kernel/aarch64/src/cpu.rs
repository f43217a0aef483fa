//! The core this code runs on: who it is, what it can do, how it waits.

use crate::core_block::CoreBlock;
use crate::registers::{CTR_EL0, CacheType, ID_AA64ISAR0_EL1, ISR_EL1, InstructionSet0, Pending};
use aarch64_cpu::asm;
use aarch64_cpu::registers::{CNTKCTL_EL1, CurrentEL, MIDR_EL1, ReadWriteable, Readable};

#[doc(inline)]
pub use crate::affinity::Affinity;
#[doc(inline)]
pub use crate::relax::relax;

/// A core's part number and revision, the main identification register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part(pub u64);

impl Part {
    /// Returns the running core's part.
    pub fn of_this_core() -> Self {
        Self(MIDR_EL1.get())
    }

    /// Without its revision, so that parts compare.
    fn without_revision(self) -> (u64, u64) {
        (self.0 >> 24 & 0xff, self.0 >> 4 & 0xfff)
    }

    /// True if this is that part, in whatever revision.
    pub fn is(self, implementer: u64, part: u64) -> bool {
        self.without_revision() == (implementer, part)
    }

    /// The name its maker sells it under, where we know it.
    pub fn name(self) -> &'static str {
        match self.without_revision() {
            (0x41, 0xd03) => "Cortex-A53",
            (0x41, 0xd04) => "Cortex-A35",
            (0x41, 0xd05) => "Cortex-A55",
            (0x41, 0xd07) => "Cortex-A57",
            (0x41, 0xd08) => "Cortex-A72",
            (0x41, 0xd09) => "Cortex-A73",
            (0x41, 0xd0a) => "Cortex-A75",
            (0x41, 0xd0b) => "Cortex-A76",
            (0x41, 0xd0c) => "Neoverse N1",
            (0x41, 0xd40) => "Neoverse V1",
            (0x41, 0xd47) => "Cortex-A710",
            (0x41, 0xd49) => "Neoverse N2",
            (0x46, 0x001) => "A64FX",
            (0x61, 0x022) => "Apple Icestorm (M1)",
            (0x61, 0x023) => "Apple Firestorm (M1)",
            (0x61, 0x032) => "Apple Blizzard (M2)",
            (0x61, 0x033) => "Apple Avalanche (M2)",
            (0x00, 0x051) => "QEMU max",
            _ => "unknown part",
        }
    }
}

/// Returns the exception level this code runs at.
pub fn exception_level() -> u64 {
    CurrentEL.read(CurrentEL::EL)
}

/// True if this core runs at level 2: as a host, which it may not be able to leave.
pub fn is_host() -> bool {
    exception_level() == 2
}

/// True if this core has the atomic instructions of the Large System Extensions.
pub fn has_large_system_extensions() -> bool {
    InstructionSet0.read(ID_AA64ISAR0_EL1::Atomic) >= 2
}

/// Returns the size that keeps two cores' data apart: the largest of the cache write-back
/// granule and the exclusives reservation granule, in bytes (Arm ARM, `CTR_EL0`).
/// A field of zero means "not told"; the architecture's upper bound of 2 KiB would be waste
/// there, and no such core is known, so it counts as nothing.
pub fn sharing_granule() -> usize {
    const WORD: usize = 4;
    let granule = |log2: u64| if log2 == 0 { 0 } else { WORD << log2 };
    granule(CacheType.read(CTR_EL0::CWG)).max(granule(CacheType.read(CTR_EL0::ERG)))
}

/// Lets this core take interrupts, as IRQ or FIQ, and system errors.
pub fn unmask_interrupts() {
    // SAFETY: changes no memory; the vectors are in place before anyone calls this.
    unsafe { core::arch::asm!("msr daifclr, #0b0111", options(nostack)) }
}

/// Keeps this core from taking interrupts.
pub fn mask_interrupts() {
    // SAFETY: changes no memory.
    unsafe { core::arch::asm!("msr daifset, #0b0011", options(nostack)) }
}

/// True if an interrupt waits to be taken, masked or not: a look at the core's own lines, which is shorter than
/// asking the controller. What the controller has just been told may not be seen yet.
#[inline(always)]
pub fn is_interrupt_pending() -> bool {
    Pending.any_matching_bits_set(ISR_EL1::I::SET + ISR_EL1::F::SET)
}

/// Sets floating point back to default rounding without traps.
#[inline(always)]
pub fn reset_float_control() {
    // SAFETY: it is what all compiled code assumes.
    unsafe { core::arch::asm!("msr fpcr, xzr", options(nomem, nostack)) }
}

/// Waits for an interrupt unless `refuse` says no, and takes it; interrupts are masked between the
/// question and the wait, so what arrives in between ends the wait at once (Arm ARM, "Wait for Interrupt": a
/// masked pending interrupt is a wake-up event of WFI).
pub fn wait_for_interrupt_unless(refuse: impl FnOnce() -> bool) {
    mask_interrupts();
    let masked = &CoreBlock::current().masked;
    masked.begin();
    let refused = refuse();
    masked.end();
    if !refused {
        asm::wfi();
    }
    unmask_interrupts();
}

/// Waits until another core calls `send_event`, an interrupt arrives, or a moment has passed: the
/// event stream that this switches on sees to that (Arm ARM, "Event streams").
pub fn wait_for_event() {
    /// Every 2^(12+1) ticks of the counter.
    const EVENT_BIT: u64 = 12;
    CNTKCTL_EL1.modify(CNTKCTL_EL1::EVNTEN::SET + CNTKCTL_EL1::EVNTI.val(EVENT_BIT));
    asm::wfe();
}

/// Wakes all cores from `wait_for_event`; what was written before is visible to them then.
pub fn send_event() {
    asm::barrier::dsb(asm::barrier::ISHST);
    asm::sev();
}

/// Stops this core for ever, quietly.
pub fn park() -> ! {
    mask_interrupts();
    loop {
        asm::wfi();
    }
}

/// Spins for ever with interrupts on and a frame pointer that points nowhere, for whoever wants to see
/// that a backtrace survives one.
#[inline(never)]
pub fn spin_without_frame() -> ! {
    // SAFETY: touches no memory, and nothing that uses the frame pointer comes after it.
    unsafe {
        core::arch::asm!(
            "mov x29, #0xdead0000",
            "msr daifclr, #0b0011",
            "1: b 1b",
            options(noreturn, nomem, nostack)
        );
    }
}
