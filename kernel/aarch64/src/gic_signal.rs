//! How a core is named when it is signalled through system registers (`ICC_SGI1R_EL1`).
//!
//! Nobody is signalled but one core: a broadcast would reach those that sleep for ever. Two fields of
//! the name may be missing, and what they would be needed for is then out of reach. Plain
//! arithmetic, tested on the host.

use crate::affinity::Affinity;
use crate::controller::gic::SIGNAL;
use tock_registers::LocalRegisterCopy;
use tock_registers::register_bitfields;

register_bitfields! {u64,
    /// Send an inter-core interrupt.
    pub(crate) ICC_SGI1R_EL1 [
        Aff3 OFFSET(48) NUMBITS(8) [],
        /// Which sixteen of the cores in the last field.
        RangeSelector OFFSET(44) NUMBITS(4) [],
        Aff2 OFFSET(32) NUMBITS(8) [],
        INTID OFFSET(24) NUMBITS(4) [],
        Aff1 OFFSET(16) NUMBITS(8) [],
        TargetList OFFSET(0) NUMBITS(16) [],
    ]
}

/// Cores that one signal can name at once.
const LIST: u64 = 16;

/// What a controller's names can have.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Names {
    /// Cores beyond the first sixteen that differ in the last field alone.
    pub(crate) has_ranges: bool,
    /// Cores whose first field is not zero.
    pub(crate) has_first_field: bool,
}

impl Names {
    /// True if this core has a name.
    pub(crate) fn reach(self, core: Affinity) -> bool {
        let [aff0, _, _, aff3] = fields(core);
        (aff0 < LIST || self.has_ranges) && (aff3 == 0 || self.has_first_field)
    }
}

/// The word that signals this core.
pub(crate) fn word(target: Affinity) -> u64 {
    let [aff0, aff1, aff2, aff3] = fields(target);
    let mut word = LocalRegisterCopy::<u64, ICC_SGI1R_EL1::Register>::new(0);
    word.write(
        ICC_SGI1R_EL1::Aff3.val(aff3)
            + ICC_SGI1R_EL1::Aff2.val(aff2)
            + ICC_SGI1R_EL1::Aff1.val(aff1)
            + ICC_SGI1R_EL1::RangeSelector.val(aff0 / LIST)
            + ICC_SGI1R_EL1::TargetList.val(1 << (aff0 % LIST))
            + ICC_SGI1R_EL1::INTID.val(SIGNAL.into()),
    );
    word.get()
}

/// Aff0 to Aff3.
fn fields(core: Affinity) -> [u64; 4] {
    let [aff0, aff1, aff2, _, aff3, ..] = core.0.to_le_bytes().map(u64::from);
    [aff0, aff1, aff2, aff3]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_affinity_has_its_word() {
        for (affinity, expected) in [
            (0x00_0000_0000, 0x0000_0000_0000_0001),
            (0x00_0000_000f, 0x0000_0000_0000_8000),
            (0x00_0000_1f0f, 0x0000_0000_001f_8000),
            (0x00_0000_0010, 0x0000_1000_0000_0001),
            (0x00_0000_00ff, 0x0000_f000_0000_8000),
            (0x00_0001_0203, 0x0000_0001_0002_0008),
            (0x07_00aa_bb25, 0x0007_20aa_00bb_0020),
            (0xff_00ff_ffff, 0x00ff_f0ff_00ff_8000),
        ] {
            assert_eq!(word(Affinity(affinity)), expected, "{affinity:#x}");
        }
    }

    #[test]
    fn no_two_cores_have_the_same_word() {
        let words = (0..0x1_0000).map(|affinity| word(Affinity(affinity)));
        let different: std::collections::HashSet<_> = words.collect();
        assert_eq!(different.len(), 0x1_0000);
    }

    #[test]
    fn what_the_names_lack_is_out_of_reach() {
        let none = Names {
            has_ranges: false,
            has_first_field: false,
        };
        let all = Names {
            has_ranges: true,
            has_first_field: true,
        };
        for affinity in [0x10, 0xff, 0x01_0000_0000].map(Affinity) {
            assert!(all.reach(affinity) && !none.reach(affinity));
        }
        assert!(none.reach(Affinity(0xff_ff0f)));
    }
}
