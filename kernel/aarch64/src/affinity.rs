//! How cores are named.

/// A core's affinity value, as device trees and PSCI name cores: Aff3 in bits 39:32, Aff2 to Aff0
/// below 24.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Affinity(pub u64);

impl Affinity {
    /// The affinity fields of `MPIDR_EL1` (Arm ARM).
    #[cfg(target_os = "none")]
    const FIELDS: u64 = 0xff_00ff_ffff;

    /// Returns the running core's affinity.
    #[cfg(target_os = "none")]
    pub fn of_this_core() -> Self {
        use aarch64_cpu::registers::{MPIDR_EL1, Readable};
        Self(MPIDR_EL1.get() & Self::FIELDS)
    }
}
