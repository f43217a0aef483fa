//! What the exception syndrome register says, in words.
//!
//! Arm ARM, `ESR_EL1`. Pure arithmetic, so that it is tested on the host.

use core::fmt;
use tock_registers::{LocalRegisterCopy, register_bitfields};

register_bitfields! {u64,
    SYNDROME [
        /// Exception class.
        EC OFFSET(26) NUMBITS(6) [],
        /// Instruction-specific syndrome.
        ISS OFFSET(0) NUMBITS(25) [],
        /// Write, not read (data aborts).
        WNR OFFSET(6) NUMBITS(1) [],
        /// The fault address register is not valid (aborts).
        FNV OFFSET(10) NUMBITS(1) [],
        /// Fault status (aborts).
        FSC OFFSET(0) NUMBITS(6) [],
        /// Immediate of SVC, HVC, SMC, BRK.
        IMMEDIATE OFFSET(0) NUMBITS(16) [],
    ]
}

const CLASS_UNKNOWN: u64 = 0x00;
const CLASS_FP_TRAPPED: u64 = 0x07;
const CLASS_ILLEGAL_STATE: u64 = 0x0e;
const CLASS_SVC64: u64 = 0x15;
const CLASS_SYSREG: u64 = 0x18;
const CLASS_INSTRUCTION_LOWER: u64 = 0x20;
const CLASS_INSTRUCTION: u64 = 0x21;
const CLASS_PC_ALIGNMENT: u64 = 0x22;
const CLASS_DATA_LOWER: u64 = 0x24;
const CLASS_DATA: u64 = 0x25;
const CLASS_SP_ALIGNMENT: u64 = 0x26;
const CLASS_FLOAT: u64 = 0x2c;
const CLASS_SERROR: u64 = 0x2f;
const CLASS_BREAKPOINT: u64 = 0x3c;

/// An exception syndrome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Syndrome(pub u64);

impl Syndrome {
    fn register(self) -> LocalRegisterCopy<u64, SYNDROME::Register> {
        LocalRegisterCopy::new(self.0)
    }

    fn class(self) -> u64 {
        self.register().read(SYNDROME::EC)
    }

    /// The immediate of the `svc` instruction that caused this, if one did.
    pub fn supervisor_call(self) -> Option<u16> {
        let is_call = self.class() == CLASS_SVC64;
        is_call.then(|| self.register().read(SYNDROME::IMMEDIATE) as u16)
    }

    /// True for an access to memory that failed with an address to show.
    pub fn has_address(self) -> bool {
        match self.class() {
            CLASS_DATA | CLASS_DATA_LOWER | CLASS_INSTRUCTION | CLASS_INSTRUCTION_LOWER => {
                !self.register().is_set(SYNDROME::FNV)
            }
            CLASS_PC_ALIGNMENT => true,
            _ => false,
        }
    }

    /// True for a data access without a translation: what touching a guard page causes.
    pub fn is_unmapped_access(self) -> bool {
        self.class() == CLASS_DATA && self.register().read(SYNDROME::FSC) & !0b11 == 0b00_0100
    }

    fn access(self) -> &'static str {
        if self.register().is_set(SYNDROME::WNR) {
            "write"
        } else {
            "read"
        }
    }
}

impl fmt::Display for Syndrome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let register = self.register();
        match self.class() {
            CLASS_UNKNOWN => f.write_str("undefined instruction"),
            CLASS_FP_TRAPPED => f.write_str("floating point not allowed"),
            CLASS_ILLEGAL_STATE => f.write_str("illegal execution state"),
            CLASS_SVC64 => write!(f, "supervisor call {}", register.read(SYNDROME::IMMEDIATE)),
            CLASS_SYSREG => f.write_str("trapped system register access"),
            CLASS_INSTRUCTION | CLASS_INSTRUCTION_LOWER => {
                write!(
                    f,
                    "instruction abort, {}",
                    FaultStatus(register.read(SYNDROME::FSC))
                )
            }
            CLASS_DATA | CLASS_DATA_LOWER => {
                let status = FaultStatus(register.read(SYNDROME::FSC));
                write!(f, "data abort on {}, {status}", self.access())
            }
            CLASS_PC_ALIGNMENT => f.write_str("misaligned program counter"),
            CLASS_SP_ALIGNMENT => f.write_str("misaligned stack pointer"),
            CLASS_FLOAT => f.write_str("floating point exception"),
            CLASS_SERROR => f.write_str("asynchronous system error"),
            CLASS_BREAKPOINT => {
                write!(f, "breakpoint {}", register.read(SYNDROME::IMMEDIATE))
            }
            class => write!(f, "exception class {class:#x}"),
        }
    }
}

/// The fault status code of an abort.
struct FaultStatus(u64);

impl fmt::Display for FaultStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let level = self.0 & 0b11;
        match self.0 {
            0x00..=0x03 => write!(f, "address size fault at level {level}"),
            0x04..=0x07 => write!(f, "translation fault at level {level}"),
            0x08..=0x0b => write!(f, "access flag fault at level {level}"),
            0x0c..=0x0f => write!(f, "permission fault at level {level}"),
            0x10 => f.write_str("external abort"),
            0x14..=0x17 => write!(f, "external abort on table walk at level {level}"),
            0x18 => f.write_str("parity or ECC error"),
            0x21 => f.write_str("alignment fault"),
            0x30 => f.write_str("TLB conflict"),
            status => write!(f, "fault status {status:#x}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn syndrome(class: u64, iss: u64) -> Syndrome {
        Syndrome(class << 26 | 1 << 25 | iss)
    }

    #[test]
    fn aborts_are_told_apart() {
        let read = syndrome(CLASS_DATA, 0x07);
        assert_eq!(
            read.to_string(),
            "data abort on read, translation fault at level 3"
        );
        assert!(read.is_unmapped_access() && read.has_address());
        let write = syndrome(CLASS_DATA, 0x4f);
        assert_eq!(
            write.to_string(),
            "data abort on write, permission fault at level 3"
        );
        assert!(!write.is_unmapped_access());
        let fetch = syndrome(CLASS_INSTRUCTION, 0x0f);
        assert_eq!(
            fetch.to_string(),
            "instruction abort, permission fault at level 3"
        );
        let external = syndrome(CLASS_DATA, 1 << 10 | 0x10);
        assert!(!external.has_address());
    }

    #[test]
    fn calls_carry_their_number() {
        assert_eq!(syndrome(CLASS_SVC64, 7).supervisor_call(), Some(7));
        assert_eq!(syndrome(CLASS_UNKNOWN, 7).supervisor_call(), None);
        assert_eq!(
            syndrome(CLASS_UNKNOWN, 0).to_string(),
            "undefined instruction"
        );
        assert_eq!(syndrome(0x3f, 0).to_string(), "exception class 0x3f");
    }
}
