//! What operations do on average: the columns of the page's table.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::decode::{Deed, ERET, Register, Way, deed};
use super::trace::Step;

/// Bytes of a cache line on most cores that we know.
const LINE: u64 = 64;

/// Bytes of the vectors that only branch to their bodies (Arm ARM, "Exception vectors").
const VECTORS: u64 = 0x800;

/// Sums over operations.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) operations: u64,
    pub(super) instructions: u64,
    /// Distinct lines of data of each operation.
    pub(super) lines: u64,
    pub(super) loads: u64,
    pub(super) stores: u64,
    pub(super) ordered: u64,
    pub(super) atomics: u64,
    pub(super) barriers: u64,
    pub(super) mask_writes: u64,
    /// Most instructions from where interrupts are masked to where they are let in.
    pub(super) longest_masked: u64,
    pub(super) registers: BTreeMap<(Register, Way), u64>,
}

impl Tally {
    pub(super) fn of(steps: &[Step], operations: &[Range<usize>], vectors: u64) -> Self {
        let mut tally = Self {
            longest_masked: longest_masked(steps, vectors),
            ..Self::default()
        };
        for operation in operations {
            tally.add(&steps[operation.clone()]);
        }
        tally
    }

    fn add(&mut self, operation: &[Step]) {
        self.operations += 1;
        self.instructions += operation.len() as u64;
        self.lines += lines(operation).len() as u64;
        for step in operation {
            match deed(step.encoding) {
                Deed::Other => {}
                Deed::Load => self.loads += 1,
                Deed::Store => self.stores += 1,
                Deed::Ordered => self.ordered += 1,
                Deed::Atomic => self.atomics += 1,
                Deed::Barrier => self.barriers += 1,
                Deed::MaskWrite => self.mask_writes += 1,
                Deed::System(register, way) => {
                    *self.registers.entry((register, way)).or_default() += 1;
                }
            }
        }
    }

    /// A sum as it is per operation, in hundredths.
    pub(super) fn each(&self, sum: u64) -> u64 {
        (sum * 100).checked_div(self.operations).unwrap_or(0)
    }

    /// All accesses to system registers.
    pub(super) fn system(&self) -> u64 {
        self.registers.values().sum()
    }
}

/// Exceptions mask at their entry, the first instruction of a vector; `daifset` masks from the next one on.
/// `eret` and `daifclr` let interrupts in.
fn longest_masked(steps: &[Step], vectors: u64) -> u64 {
    let (mut longest, mut since) = (0, None);
    for (index, step) in steps.iter().enumerate() {
        if (vectors..vectors + VECTORS).contains(&step.address) {
            since = Some(index);
        }
        let masks = deed(step.encoding) == Deed::MaskWrite;
        match since {
            None if masks => since = Some(index + 1),
            Some(from) if masks || step.encoding == ERET => {
                longest = longest.max(index + 1 - from);
                since = None;
            }
            _ => {}
        }
    }
    longest as u64
}

/// The lines of data that are touched.
fn lines(operation: &[Step]) -> BTreeSet<u64> {
    let accesses = operation.iter().flat_map(|step| &step.accesses);
    accesses
        .flat_map(|access| access.address / LINE..=(access.address + access.bytes - 1) / LINE)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::trace::Access;
    use super::*;

    #[test]
    fn a_line_counts_once_and_an_access_across_two_counts_both() {
        let step = |address, bytes| Step {
            address: 0,
            encoding: 0xf940_0020,
            accesses: vec![Access { address, bytes }],
        };
        let steps = [step(0x100, 8), step(0x138, 8), step(0x13c, 8)];
        let tally = Tally::of(&steps, &[0..2, 1..3], 0x8000);
        assert_eq!((tally.operations, tally.loads, tally.lines), (2, 4, 1 + 2));
        assert_eq!(tally.each(tally.lines), 150);
    }

    #[test]
    fn masked_time_reaches_from_the_vector_to_the_return() {
        let step = |(address, encoding)| Step {
            address,
            encoding,
            accesses: Vec::new(),
        };
        // An interrupt of four instructions; then daifset, one instruction, daifclr.
        let steps = [
            (0x10, 0),
            (0x8080, 0),
            (0x20, 0),
            (0x24, 0),
            (0x28, ERET),
            (0x30, 0xd503_43df),
            (0x34, 0),
            (0x38, 0xd503_47ff),
            (0x3c, 0),
        ]
        .map(step);
        assert_eq!(longest_masked(&steps, 0x8000), 4);
        assert_eq!(longest_masked(&steps[5..], 0x8000), 2);
    }
}
