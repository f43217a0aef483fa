//! Spin loops whose wait is an ISB, which the stock image must not have.
//!
//! `core::hint::spin_loop` is an ISB on AArch64: it empties the pipeline and tells nobody that the core only waits (see
//! `girder_aarch64::relax`, whose YIELD is what we want). It comes in unseen with code of other crates as well, so it is the linked
//! code that is read. An ISB that has a use stands in a line with what it is a barrier for: behind a write to a system register or
//! a DSB, or before a read that must not come early, as of the counter; a few instructions may be between, but no jump leads out of
//! that line or into it. One with neither waits. (A read of the thread's register needs no barrier; it only happens to be
//! what many a loop begins with.)

use std::fmt;

use super::atomics::{entered, is_jump};
use super::elf::{CodeSymbol, Elf};
use super::{Error, symbols, words};

/// Functions that wait so and may.
const FOREIGN: [&str; 1] = [
    // `log` waits for another core that sets the logger, and there is one core then.
    "girder_boot::logger::start",
];

/// Instructions between an ISB and what it is for, at most.
const NEAR: usize = 16;

const ISB: u32 = 0xd503_3fdf;

/// A wait that should be another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wait {
    function: String,
    address: u64,
}

/// Refuses an image with such waits.
pub(super) fn refuse(bytes: &[u8]) -> Result<(), Error> {
    let elf = Elf::parse(bytes)?;
    let waits = find(&elf)?;
    match waits.is_empty() {
        true => Ok(()),
        false => Err(Error::Waits(waits)),
    }
}

fn find(elf: &Elf<'_>) -> Result<Vec<Wait>, Error> {
    let functions = elf.code_symbols()?;
    let mut waits = Vec::new();
    for (first, code) in elf.code()? {
        for at in waits_in(&words(code)) {
            let address = first + 4 * at as u64;
            let function = function_at(&functions, address);
            if !FOREIGN.contains(&function.as_str()) {
                waits.push(Wait { function, address });
            }
        }
    }
    Ok(waits)
}

/// Where in some code such a wait is.
fn waits_in(code: &[u32]) -> impl Iterator<Item = usize> {
    let entered = entered(code);
    let waits = move |&at: &usize| {
        code[at] == ISB && !finishes(code, &entered, at) && !holds_back(&code[at + 1..])
    };
    (0..code.len()).filter(waits)
}

/// True if something of the system is done before this place, on the one way to it.
fn finishes(code: &[u32], entered: &[bool], at: usize) -> bool {
    for place in (0..at).rev().take(NEAR) {
        if entered[place + 1] || is_jump(code[place]) || code[place] == ISB {
            return false;
        }
        if is_finished(code[place]) {
            return true;
        }
    }
    false
}

/// True if what follows, up to the next jump, must not come early.
fn holds_back(following: &[u32]) -> bool {
    for &word in following.iter().take(NEAR) {
        if is_held_back(word) {
            return true;
        }
        if is_jump(word) || word == ISB {
            return false;
        }
    }
    false
}

/// True if an ISB behind it makes it count.
fn is_finished(word: u32) -> bool {
    is_write(word) || is_operation(word) || is_dsb(word)
}

/// True if an ISB before it keeps it from coming early.
fn is_held_back(word: u32) -> bool {
    let is_read = is_register_move(word) && !is_write(word);
    is_read && !reads_thread(word) || is_write(word) || is_operation(word) || word == ERET
}

const ERET: u32 = 0xd69f_03e0;

/// `msr` and `mrs` (Arm ARM, "System register move").
fn is_register_move(word: u32) -> bool {
    word & 0xffd0_0000 == 0xd510_0000
}

/// `msr`, of a register or of a field of the processor's state.
fn is_write(word: u32) -> bool {
    word & 0xfff0_0000 == 0xd510_0000 || word & 0xfff8_f01f == 0xd500_401f
}

/// `sys`, as `tlbi` and `ic` are.
fn is_operation(word: u32) -> bool {
    word & 0xfff8_0000 == 0xd508_0000
}

fn is_dsb(word: u32) -> bool {
    word & 0xffff_f0ff == 0xd503_309f
}

/// `mrs` of TPIDR_EL0 or TPIDR_EL1.
fn reads_thread(word: u32) -> bool {
    [0xd53b_d040, 0xd538_d080].contains(&(word & !0x1f))
}

fn function_at(functions: &[CodeSymbol<'_>], address: u64) -> String {
    // A label has no length: what follows it is its own until the next one.
    let before = functions.iter().filter(|it| it.address <= address);
    let nearest = before.max_by_key(|it| it.address);
    nearest.map_or_else(String::new, |it| symbols::readable(it.name))
}

impl fmt::Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x} in {}", self.address, self.function)
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::Sample;
    use super::*;

    const LOAD: u32 = 0x0885_fc00 | 1 << 22;
    /// To the second instruction before it.
    const BRANCH_BACK: u32 = 0x35ff_ffc0;
    const READ_COUNTER: u32 = 0xd53b_e048;
    const READ_THREAD: u32 = 0xd53b_d048;
    const SET_TIMER: u32 = 0xd51b_e328;
    const DSB_ISH: u32 = 0xd503_3b9f;
    const INVALIDATE: u32 = 0xd508_871f;
    const MASK: u32 = 0xd503_43df;
    const YIELD: u32 = 0xd503_203f;

    fn waits(code: &[u32]) -> Vec<usize> {
        waits_in(code).collect()
    }

    #[test]
    fn an_isb_in_line_with_nothing_of_the_system_waits() {
        assert_eq!(waits(&[LOAD, ISB, BRANCH_BACK]), [1]);
        assert_eq!(waits(&[ISB, BRANCH_BACK]), [0]);
        assert_eq!(waits(&[BRANCH_BACK, ISB]), [1]);
        // Unrolled, and before a look at the clock, whose own barrier is the second one.
        assert_eq!(waits(&[ISB, ISB, ISB, READ_COUNTER]), [0, 1]);
        assert_eq!(waits(&[LOAD, ISB, READ_THREAD, LOAD]), [1]);
        // What is behind the loop, and what is before it, is not what it is for.
        assert_eq!(waits(&[LOAD, ISB, BRANCH_BACK, READ_COUNTER]), [1]);
        assert_eq!(waits(&[SET_TIMER, ISB, LOAD, BRANCH_BACK]), [1]);
        assert!(waits(&[LOAD, YIELD, BRANCH_BACK]).is_empty());
    }

    #[test]
    fn a_barrier_does_not() {
        for code in [
            [LOAD, ISB, READ_COUNTER],
            [SET_TIMER, ISB, LOAD],
            [DSB_ISH, ISB, LOAD],
            [INVALIDATE, ISB, LOAD],
            [MASK, ISB, LOAD],
            [LOAD, ISB, SET_TIMER],
            [LOAD, ISB, ERET],
            // The compiler has put something between.
            [ISB, LOAD, READ_COUNTER],
            [SET_TIMER, LOAD, ISB],
        ] {
            assert!(waits(&code).is_empty(), "{code:x?}");
        }
    }

    #[test]
    fn an_image_with_one_is_refused_with_its_place() {
        let mut bytes = Sample::default().bytes();
        assert_eq!(refuse(&bytes), Ok(()));
        // In the function of the sample, which begins 0x40 bytes behind the start of its text.
        let text = bytes.windows(4).position(|it| it == b"ARM\x64");
        let at = text.expect("a header") - 0x38 + 0x44;
        bytes[at..at + 4].copy_from_slice(&ISB.to_le_bytes());
        let wait = Wait {
            function: "wanted".to_owned(),
            address: 0x4020_0044,
        };
        assert_eq!(wait.to_string(), "0x40200044 in wanted");
        assert_eq!(refuse(&bytes), Err(Error::Waits(vec![wait])));
    }
}
