//! System registers and fields that `aarch64-cpu` does not name.

use crate::gic_signal::ICC_SGI1R_EL1;
use core::arch::asm;
use tock_registers::interfaces::{Readable, Writeable};
use tock_registers::register_bitfields;

register_bitfields! {u64,
    /// Cache type.
    pub(crate) CTR_EL0 [
        /// Cache write-back granule, log2 of words.
        CWG OFFSET(24) NUMBITS(4) [],
        /// Exclusives reservation granule, log2 of words.
        ERG OFFSET(20) NUMBITS(4) [],
        /// Smallest data cache line, log2 of words.
        DminLine OFFSET(16) NUMBITS(4) [],
    ],
    /// What waits to be taken.
    pub(crate) ISR_EL1 [
        /// An IRQ.
        I OFFSET(7) NUMBITS(1) [],
        /// An FIQ.
        F OFFSET(6) NUMBITS(1) [],
    ],
    /// Instruction set attributes 0.
    pub(crate) ID_AA64ISAR0_EL1 [
        /// Atomic instructions: 2 and above mean LSE.
        Atomic OFFSET(20) NUMBITS(4) [],
    ],
    /// Processor features 0.
    pub(crate) ID_AA64PFR0_EL1 [
        /// System registers of the interrupt controller: 0 means none.
        GIC OFFSET(24) NUMBITS(4) [],
    ],
    /// Interrupt controller control.
    pub(crate) ICC_CTLR_EL1 [
        /// Signals have a range selector.
        RSS OFFSET(18) NUMBITS(1) [],
        /// Signals have Aff3.
        A3V OFFSET(15) NUMBITS(1) [],
        /// Priority bits, less one.
        PRIbits OFFSET(8) NUMBITS(3) [],
        /// Priority drop and deactivation are two steps.
        EOImode OFFSET(1) NUMBITS(1) [],
    ],
    /// Active priorities of our group.
    pub(crate) ICC_AP1R_EL1 [
        ACTIVE OFFSET(0) NUMBITS(32) [],
    ],
    /// Deactivate an interrupt.
    pub(crate) ICC_DIR_EL1 [
        INTID OFFSET(0) NUMBITS(24) [],
    ]
}

macro_rules! readable {
    ($value:ident, $layout:ident, $name:literal) => {
        pub(crate) struct $value;
        impl Readable for $value {
            type T = u64;
            type R = $layout::Register;

            fn get(&self) -> u64 {
                let value: u64;
                // SAFETY: reading this register changes nothing.
                unsafe { asm!(concat!("mrs {}, ", $name), out(reg) value, options(nomem, nostack)) }
                value
            }
        }
    };
}

macro_rules! writeable {
    ($value:ident, $layout:ident, $name:literal) => {
        impl Writeable for $value {
            type T = u64;
            type R = $layout::Register;

            fn set(&self, value: u64) {
                // SAFETY: governs interrupts of this core, no memory.
                unsafe { asm!(concat!("msr ", $name, ", {}"), in(reg) value, options(nostack)) }
            }
        }
    };
}

readable!(Pending, ISR_EL1, "isr_el1");
readable!(CacheType, CTR_EL0, "ctr_el0");
readable!(InstructionSet0, ID_AA64ISAR0_EL1, "id_aa64isar0_el1");
readable!(Features0, ID_AA64PFR0_EL1, "id_aa64pfr0_el1");
readable!(InterruptControl, ICC_CTLR_EL1, "s3_0_c12_c12_4");
writeable!(InterruptControl, ICC_CTLR_EL1, "s3_0_c12_c12_4");
pub(crate) struct ActivePriorities0;
writeable!(ActivePriorities0, ICC_AP1R_EL1, "s3_0_c12_c9_0");
pub(crate) struct ActivePriorities1;
writeable!(ActivePriorities1, ICC_AP1R_EL1, "s3_0_c12_c9_1");
pub(crate) struct ActivePriorities2;
writeable!(ActivePriorities2, ICC_AP1R_EL1, "s3_0_c12_c9_2");
pub(crate) struct ActivePriorities3;
writeable!(ActivePriorities3, ICC_AP1R_EL1, "s3_0_c12_c9_3");
pub(crate) struct Deactivate;
writeable!(Deactivate, ICC_DIR_EL1, "s3_0_c12_c11_1");
pub(crate) struct SendSignal;
writeable!(SendSignal, ICC_SGI1R_EL1, "s3_0_c12_c11_5");
