//! Turning translation on, and the change from the boot tables to the lasting ones.
//!
//! Memory is mapped to itself (see the decision record `identity-map.md`): the image may lie
//! anywhere, devices and tables are reached by the addresses that the machine's description gives,
//! and the step from translation off to on is none at all. Stacks alone live elsewhere, in a window
//! of the upper half, because only there can each have an unmapped page below it.
//!
//! The boot tables map a few 2 MiB blocks, readable, writable and executable; the lasting ones map
//! the same addresses in other sizes with other rights. Changing live entries that way would need
//! break-before-make (Arm ARM, "TLB maintenance"), which is impossible for the code that runs through them.
//! So the boot entries are not global and carry address space identifier 0, the lasting ones are
//! global, and both change in the one write of TTBR0 that also changes the identifier to 1: no
//! lookup can match an entry of each kind. What is left of the boot entries is then invalidated.

use aarch64_cpu::asm::barrier;
use aarch64_cpu::registers::{
    ID_AA64MMFR0_EL1, MAIR_EL1, Readable, SCTLR_EL1, TCR_EL1, TTBR0_EL1, TTBR1_EL1, Writeable,
};
use core::arch::asm;

/// The address space identifier of the lasting tables.
const LASTING_ASID: u64 = 1;

/// The values of the registers that govern translation, for every core the same.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Regime {
    /// Root of the lower half, with its address space identifier.
    pub ttbr0: u64,
    /// Root of the upper half.
    pub ttbr1: u64,
    /// Memory attributes: 0 normal write-back, 1 device without gathering and reordering.
    pub mair: u64,
    /// Sizes, granule, cacheability of the walks.
    pub tcr: u64,
    /// The system control register with translation and caches on.
    pub sctlr: u64,
}

impl Regime {
    /// The regime of the first moments: the roots of the boot tables, writable code allowed.
    pub fn boot(root0: u64, root1: u64) -> Self {
        let sctlr = SCTLR_EL1::M::Enable
            + SCTLR_EL1::C::Cacheable
            + SCTLR_EL1::I::Cacheable
            + SCTLR_EL1::SA::Enable;
        Self {
            ttbr0: root0,
            ttbr1: root1,
            mair: (MAIR_EL1::Attr0_Normal_Outer::WriteBack_NonTransient_ReadWriteAlloc
                + MAIR_EL1::Attr0_Normal_Inner::WriteBack_NonTransient_ReadWriteAlloc
                + MAIR_EL1::Attr1_Device::nonGathering_nonReordering_EarlyWriteAck)
                .value,
            tcr: tcr(),
            sctlr: SCTLR_RESERVED_ONES | sctlr.value,
        }
    }

    /// The lasting regime: its own roots, nothing both writable and executable.
    pub fn lasting(root0: u64, root1: u64) -> Self {
        let boot = Self::boot(root0, root1);
        Self {
            ttbr0: root0 | LASTING_ASID << 48,
            sctlr: boot.sctlr | SCTLR_EL1::WXN::Enable.value,
            ..boot
        }
    }
}

/// Bits of SCTLR_EL1 that read as one on cores without the features they control, and that keep
/// the old behaviour on cores with them (Arm ARM, SCTLR_EL1: bits 29, 28, 23, 22, 20, 11).
const SCTLR_RESERVED_ONES: u64 = 0x30d0_0800;

fn tcr() -> u64 {
    /// 48 bits in both halves.
    const SIZE: u64 = 64 - 48;
    /// The largest physical range that 4 KiB pages without LPA2 can name: 48 bits.
    const LARGEST_RANGE: u64 = 0b101;
    let range = ID_AA64MMFR0_EL1
        .read(ID_AA64MMFR0_EL1::PARange)
        .min(LARGEST_RANGE);
    (TCR_EL1::T0SZ.val(SIZE)
        + TCR_EL1::T1SZ.val(SIZE)
        + TCR_EL1::TG0::KiB_4
        + TCR_EL1::TG1::KiB_4
        + TCR_EL1::SH0::Inner
        + TCR_EL1::SH1::Inner
        + TCR_EL1::IRGN0::WriteBack_ReadAlloc_WriteAlloc_Cacheable
        + TCR_EL1::ORGN0::WriteBack_ReadAlloc_WriteAlloc_Cacheable
        + TCR_EL1::IRGN1::WriteBack_ReadAlloc_WriteAlloc_Cacheable
        + TCR_EL1::ORGN1::WriteBack_ReadAlloc_WriteAlloc_Cacheable
        + TCR_EL1::A1::TTBR0
        + TCR_EL1::IPS.val(range))
    .value
}

/// Returns the address after the last one that this core and our tables can name.
pub fn physical_end() -> u64 {
    /// Bits of an address by the value of PARange; what is new since names no more than we use.
    const BITS: [u32; 6] = [32, 36, 40, 42, 44, 48];
    let range = ID_AA64MMFR0_EL1.read(ID_AA64MMFR0_EL1::PARange) as usize;
    1 << BITS[range.min(BITS.len() - 1)]
}

/// Makes new entries visible to the walkers of all cores (Arm ARM, "TLB maintenance": an entry that was
/// invalid needs no TLB invalidation, only that the write is complete and the pipeline knows).
pub fn publish_entries() {
    barrier::dsb(barrier::ISHST);
    barrier::isb(barrier::SY);
}

/// Goes over from the boot tables to the lasting ones.
///
/// # Safety
///
/// The lasting tables map everything that is in use to where it is now.
pub unsafe fn switch_to(regime: &Regime) {
    // The tables' entries before anyone walks them.
    barrier::dsb(barrier::ISH);
    TTBR1_EL1.set(regime.ttbr1);
    TTBR0_EL1.set(regime.ttbr0);
    barrier::isb(barrier::SY);
    SCTLR_EL1.set(regime.sctlr);
    barrier::isb(barrier::SY);
    // WXN may be held in the TLB (SCTLR_EL1), and the boot entries have served.
    // SAFETY: invalidating a TLB changes no translation.
    unsafe { asm!("tlbi vmalle1", options(nostack, preserves_flags)) }
    barrier::dsb(barrier::NSH);
    barrier::isb(barrier::SY);
}
