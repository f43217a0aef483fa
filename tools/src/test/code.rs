//! The few instructions that stubs are made of, as the assembler has them.

/// `str xzr, [x1]`
pub(super) const CLEAR_AT_X1: u32 = 0xf900_003f;
/// `str w2, [x1]`
pub(super) const STORE_AT_X1: u32 = 0xb900_0022;
/// `str x2, [x1]`
pub(super) const STORE_LONG_AT_X1: u32 = 0xf900_0022;
/// `ldr x2, [x1]`
pub(super) const LOAD_LONG_AT_X1: u32 = 0xf940_0022;
/// `str x0, [x1]`
pub(super) const STORE_X0_AT_X1: u32 = 0xf900_0020;
/// `ldr x0, [x1]`
pub(super) const LOAD_X0_AT_X1: u32 = 0xf940_0020;
/// `br x2`
pub(super) const GO_TO_X2: u32 = 0xd61f_0040;
/// `cbz x2, . - 8`
pub(super) const BACK_TWO_IF_X2_IS_ZERO: u32 = 0xb4ff_ffc2;
/// `wfe`
pub(super) const WAIT_FOR_EVENT: u32 = 0xd503_205f;
/// `sev`
pub(super) const SEND_EVENT: u32 = 0xd503_209f;
/// `dsb sy`
pub(super) const DSB: u32 = 0xd503_3f9f;
/// `isb`
pub(super) const ISB: u32 = 0xd503_3fdf;
/// `smc #0`
pub(super) const SMC: u32 = 0xd400_0003;
/// `hvc #0`
pub(super) const HVC: u32 = 0xd400_0002;
/// `msr hcr_el2, x1`
pub(super) const SET_HCR_TO_X1: u32 = 0xd51c_1101;

/// The instructions that put `value` into a register: `movz` and three `movk`.
pub(super) fn load(register: u32, value: u64) -> [u32; 4] {
    const MOVZ: u32 = 0xd280_0000;
    const MOVK: u32 = 0xf280_0000;
    [0, 1, 2, 3].map(|part| {
        let immediate = (value >> (16 * part)) as u32 & 0xffff;
        let operation = if part == 0 { MOVZ } else { MOVK };
        operation | part << 21 | immediate << 5 | register
    })
}

/// Waits until the word at this address is not zero, and goes there.
pub(super) fn poll(word: u64) -> Vec<u32> {
    let wait = [
        WAIT_FOR_EVENT,
        LOAD_LONG_AT_X1,
        BACK_TWO_IF_X2_IS_ZERO,
        GO_TO_X2,
    ];
    [&load(1, word)[..], &wait].concat()
}

/// The bytes of instructions.
pub(super) fn bytes(code: &[u32]) -> Vec<u8> {
    code.iter().flat_map(|word| word.to_le_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_register_is_loaded_in_four_parts() {
        // As the assembler has them: movz x2, #0x5000; movk x2, #0x4123, lsl #16; and two of zero.
        let expected = [0xd28a_0002, 0xf2a8_2462, 0xf2c0_0002, 0xf2e0_0002];
        assert_eq!(load(2, 0x4123_5000), expected);
    }
}
