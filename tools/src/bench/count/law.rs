//! What a yield must not do, whatever it costs: the law of the scheduler's shortest path.
//!
//! No write of the interrupt masks, no barrier, and no system register but TPIDR_EL0, which is read once and
//! written at most twice: each of them drains the pipeline or keeps a core from running ahead, so that on silicon it
//! costs what many plain instructions do.

use super::Sample;
use super::decode::{Deed, Register, Way, deed};
use super::trace::Step;

const READS: usize = 1;
const WRITES: usize = 2;

/// The law, as it is told when it is kept.
pub(super) const KEPT: &str = "no mask write, no barrier, no system register but TPIDR_EL0 (read once, written at most twice)";

/// Each way in which an operation breaks the law, once.
pub(super) fn breaches(sample: &Sample) -> Vec<String> {
    let mut breaches: Vec<String> = Vec::new();
    for operation in &sample.operations {
        breaches.extend(breaches_of(&sample.steps[operation.clone()]));
    }
    breaches.sort();
    breaches.dedup();
    breaches
}

fn breaches_of(operation: &[Step]) -> Vec<String> {
    let mut breaches = Vec::new();
    let (mut reads, mut writes) = (0, 0);
    for step in operation {
        let at = |what: &str| format!("{what} at {:#x}", step.address);
        match deed(step.encoding) {
            Deed::MaskWrite => breaches.push(at("a write of the interrupt masks")),
            Deed::Barrier => breaches.push(at("a barrier")),
            Deed::System(Register::TPIDR_EL0, Way::Read) => reads += 1,
            Deed::System(Register::TPIDR_EL0, Way::Write) => writes += 1,
            Deed::System(register, _) => breaches.push(at(&register.name())),
            _ => {}
        }
    }
    if reads > READS {
        breaches.push(format!("TPIDR_EL0 is read {reads} times"));
    }
    if writes > WRITES {
        breaches.push(format!("TPIDR_EL0 is written {writes} times"));
    }
    breaches
}

#[cfg(test)]
mod tests {
    use super::*;

    const READ: u32 = 0xd53b_d040;
    const WRITE: u32 = 0xd51b_d040;

    fn breaches_in(words: &[u32]) -> Vec<String> {
        let step = |(index, &encoding): (usize, &u32)| Step {
            address: index as u64 * 4,
            encoding,
            accesses: Vec::new(),
        };
        breaches_of(&words.iter().enumerate().map(step).collect::<Vec<_>>())
    }

    #[test]
    fn a_lawful_operation_passes() {
        assert_eq!(breaches_in(&[READ, WRITE, WRITE, 0xf940_0020]), [""; 0]);
    }

    #[test]
    fn each_breach_is_named() {
        // dmb ish; msr daifset, #3; mrs x0, tpidr_el1
        for (word, what) in [
            (0xd503_3bbf, "a barrier at 0x4"),
            (0xd503_43df, "a write of the interrupt masks at 0x4"),
            (0xd538_d080, "TPIDR_EL1 at 0x4"),
        ] {
            assert_eq!(breaches_in(&[READ, word]), [what]);
        }
        assert_eq!(breaches_in(&[READ, READ]), ["TPIDR_EL0 is read 2 times"]);
        assert_eq!(breaches_in(&[WRITE; 3]), ["TPIDR_EL0 is written 3 times"]);
    }
}
