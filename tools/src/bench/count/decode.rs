//! What an instruction does that costs more than arithmetic, read from its encoding.
//!
//! Arm ARM, "A64 instruction set encoding": loads and stores, and system instructions. Only the fields that
//! tell them apart are looked at.

/// What an instruction does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    /// Nothing of the sort.
    Other,
    /// Loads; a pair is one load.
    Load,
    /// Stores.
    Store,
    /// Loads or stores with an order: `ldar`, `stlr`, `ldapr` and their like.
    Ordered,
    /// An exclusive load or store, or one of the Large System Extensions' atomics.
    Atomic,
    /// `dmb`, `dsb`, `isb`, `sb`.
    Barrier,
    /// Writes the interrupt masks.
    MaskWrite,
    /// Accesses this system register, or executes an instruction that is encoded as one.
    System(Register, Way),
}

/// op0, op1, CRn, CRm and op2 of a system register, as the encoding has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Register(pub(super) u32);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Way {
    Read,
    Write,
}

/// `eret`
pub(super) const ERET: u32 = 0xd69f_03e0;

impl Register {
    pub(super) const TPIDR_EL0: Self = Self::new(3, 3, 13, 0, 2);
    const DAIF: Self = Self::new(3, 3, 4, 2, 1);
    /// Those whose name says more than their numbers.
    const NAMES: [(Self, &'static str); 20] = [
        (Self::TPIDR_EL0, "TPIDR_EL0"),
        (Self::DAIF, "DAIF"),
        (Self::new(3, 0, 13, 0, 4), "TPIDR_EL1"),
        (Self::new(3, 3, 14, 0, 2), "CNTVCT_EL0"),
        (Self::new(3, 3, 14, 3, 1), "CNTV_CTL_EL0"),
        (Self::new(3, 3, 14, 3, 2), "CNTV_CVAL_EL0"),
        (Self::new(3, 3, 4, 2, 0), "NZCV"),
        (Self::new(3, 3, 4, 4, 0), "FPCR"),
        (Self::new(3, 3, 4, 4, 1), "FPSR"),
        (Self::new(3, 0, 4, 0, 0), "SPSR_EL1"),
        (Self::new(3, 0, 4, 0, 1), "ELR_EL1"),
        (Self::new(3, 0, 4, 1, 0), "SP_EL0"),
        (Self::new(3, 0, 4, 2, 0), "SPSel"),
        (Self::new(3, 0, 4, 2, 2), "CurrentEL"),
        (Self::new(3, 0, 5, 2, 0), "ESR_EL1"),
        (Self::new(3, 0, 6, 0, 0), "FAR_EL1"),
        (Self::new(3, 0, 12, 11, 1), "ICC_DIR_EL1"),
        (Self::new(3, 0, 12, 12, 0), "ICC_IAR1_EL1"),
        (Self::new(3, 0, 12, 12, 1), "ICC_EOIR1_EL1"),
        (Self::new(3, 0, 12, 11, 5), "ICC_SGI1R_EL1"),
    ];

    const fn new(op0: u32, op1: u32, n: u32, m: u32, op2: u32) -> Self {
        Self(op0 << 14 | op1 << 11 | n << 7 | m << 3 | op2)
    }

    pub(super) fn name(self) -> String {
        let known = Self::NAMES.iter().find(|(register, _)| *register == self);
        known.map_or_else(|| self.generic_name(), |(_, name)| (*name).to_owned())
    }

    fn generic_name(self) -> String {
        let field = |shift: u32, bits: u32| self.0 >> shift & ((1 << bits) - 1);
        format!(
            "S{}_{}_C{}_C{}_{}",
            field(14, 2),
            field(11, 3),
            field(7, 4),
            field(3, 4),
            field(0, 3)
        )
    }
}

pub(super) fn deed(word: u32) -> Deed {
    const LOADS_AND_STORES: u32 = 0x0a00_0000;
    if word & LOADS_AND_STORES == 0x0800_0000 {
        memory(word)
    } else if word & 0xffc0_0000 == 0xd500_0000 {
        system(word)
    } else {
        Deed::Other
    }
}

fn bit(word: u32, number: u32) -> bool {
    word >> number & 1 != 0
}

fn load_if(is_load: bool) -> Deed {
    match is_load {
        true => Deed::Load,
        false => Deed::Store,
    }
}

fn memory(word: u32) -> Deed {
    // Bits 29 to 24 without 26, which only says whether the register is a vector.
    let class = (word >> 24 & 0b11_1011, bit(word, 26));
    match class {
        // Bits 23 and 21 tell exclusives, ordered accesses and compare-and-swap apart.
        (0b00_1000, false) if bit(word, 23) && !bit(word, 21) => Deed::Ordered,
        (0b00_1000, false) => Deed::Atomic,
        // Structures of vectors.
        (0b00_1000 | 0b00_1001, true) => load_if(bit(word, 22)),
        (0b01_1001, false) if !bit(word, 21) && word & 0xc00 == 0 => Deed::Ordered,
        // Literals: only `prfm` loads nothing.
        (0b01_1000, is_vector) => match word >> 30 == 3 && !is_vector {
            true => Deed::Other,
            false => Deed::Load,
        },
        (0b10_1000 | 0b10_1001, _) => load_if(bit(word, 22)),
        (0b11_1000, false) if bit(word, 21) && word & 0xc00 == 0 => atomic(word),
        (0b11_1000 | 0b11_1001, is_vector) => single(word, is_vector),
        _ => Deed::Other,
    }
}

/// Atomic memory operations, among which `ldapr` is but an ordered load.
fn atomic(word: u32) -> Deed {
    match word >> 12 & 0xf {
        0b1100 => Deed::Ordered,
        _ => Deed::Atomic,
    }
}

/// One register, with any kind of offset.
fn single(word: u32, is_vector: bool) -> Deed {
    let operation = word >> 22 & 3;
    match (is_vector, word >> 30, operation) {
        (true, ..) => load_if(bit(word, 22)),
        // `prfm`
        (false, 3, 2) => Deed::Other,
        (false, _, operation) => load_if(operation != 0),
    }
}

fn system(word: u32) -> Deed {
    let register = Register(word >> 5 & 0xffff);
    let way = match bit(word, 21) {
        true => Way::Read,
        false => Way::Write,
    };
    let (op0, op1, n, op2) = (
        word >> 19 & 3,
        word >> 16 & 7,
        word >> 12 & 0xf,
        word >> 5 & 7,
    );
    match (op0, op1, n, op2) {
        (0, 3, 2, _) => Deed::Other, // hints
        (0, 3, 3, 2) => Deed::Other, // clrex
        (0, 3, 3, _) => Deed::Barrier,
        (0, 3, 4, 6 | 7) => Deed::MaskWrite,
        _ if register == Register::DAIF && way == Way::Write => Deed::MaskWrite,
        _ => Deed::System(register, way),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(expected: Deed, words: &[u32]) {
        for &word in words {
            assert_eq!(deed(word), expected, "{word:#010x}");
        }
    }

    #[test]
    fn plain_accesses() {
        // ldr x0, [x1]; ldp x0, x1, [sp], #16; ldr q0, [x0, #16]; ldrb w0, [x1, x2]; ldr x0, literal; ldrsw
        all(
            Deed::Load,
            &[
                0xf940_0020,
                0xa8c1_07e0,
                0x3dc0_0400,
                0x3862_6820,
                0x5800_0000,
                0xb980_0020,
            ],
        );
        // ld1 {v0.16b}, [x0]
        all(Deed::Load, &[0x4c40_7000]);
        // str x0, [x1]; stp x29, x30, [sp, #-16]!; stp q0, q1, [x0, #288]; stur w0, [x1, #-4]; str b0, [x0]
        all(
            Deed::Store,
            &[
                0xf900_0020,
                0xa9bf_7bfd,
                0xad09_0400,
                0xb81f_c020,
                0x3d00_0000,
            ],
        );
        // prfm pldl1keep, [x0]; add x0, x0, #1; b .; ret
        all(
            Deed::Other,
            &[0xf980_0000, 0x9100_0400, 0x1400_0000, 0xd65f_03c0],
        );
    }

    #[test]
    fn ordered_accesses_and_atomics() {
        // ldar x0, [x1]; stlr x0, [x1]; ldapr x0, [x1]; ldapur x0, [x1]
        all(
            Deed::Ordered,
            &[0xc8df_fc20, 0xc89f_fc20, 0xf8bf_c020, 0xd940_0020],
        );
        // ldxr x0, [x1]; stlxr w2, x0, [x1]; casal x0, x2, [x1]; ldaddal x0, x2, [x1]; swp w0, w2, [x1]
        all(
            Deed::Atomic,
            &[
                0xc85f_7c20,
                0xc802_fc20,
                0xc8e0_fc22,
                0xf8e0_0022,
                0xb820_8022,
            ],
        );
    }

    #[test]
    fn system_instructions() {
        // dmb ish; dsb sy; isb
        all(Deed::Barrier, &[0xd503_3bbf, 0xd503_3f9f, 0xd503_3fdf]);
        // msr daifset, #3; msr daifclr, #7; msr daif, x0
        all(Deed::MaskWrite, &[0xd503_43df, 0xd503_47ff, 0xd51b_4220]);
        // nop; hint #0x70; clrex
        all(Deed::Other, &[0xd503_201f, 0xd503_2e1f, 0xd503_3f5f]);
        // mrs x0, tpidr_el0; msr tpidr_el0, x0
        all(Deed::System(Register::TPIDR_EL0, Way::Read), &[0xd53b_d040]);
        all(
            Deed::System(Register::TPIDR_EL0, Way::Write),
            &[0xd51b_d040],
        );
    }

    #[test]
    fn a_register_without_a_name_has_its_numbers() {
        // mrs x0, s3_5_c15_c2_1
        let Deed::System(register, Way::Read) = deed(0xd53d_f220) else {
            panic!("not decoded");
        };
        assert_eq!(register.name(), "S3_5_C15_C2_1");
        assert_eq!(Register::TPIDR_EL0.name(), "TPIDR_EL0");
    }
}
