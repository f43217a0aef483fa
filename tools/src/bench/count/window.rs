//! Where in a trace each operation begins and ends.

use std::collections::HashMap;
use std::ops::Range;

use super::decode::ERET;
use super::trace::Step;

/// What an operation of a benchmark is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Windows {
    /// What repeats as often as there are operations.
    Periods,
    /// From the entry of an interrupt to the last return from an exception before the next one: until a process
    /// goes on, and nothing of what it does then.
    Interrupts,
}

/// Where the vectors have their entry for interrupts (Arm ARM, "Exception vectors"): current level, SP_EL0.
const INTERRUPT_ENTRY: u64 = 0x80;

impl Windows {
    /// The operations of a trace of `ops` of them.
    pub(super) fn find(self, steps: &[Step], ops: u64, vectors: u64) -> Vec<Range<usize>> {
        match self {
            Self::Periods => periods(steps, ops),
            Self::Interrupts => interrupts(steps, vectors + INTERRUPT_ENTRY),
        }
    }
}

/// An instruction that was executed once for each operation marks their borders: of all such, the one that
/// came first. The last operation has no border behind it and is left out, and so is one that an interrupt fell
/// into.
fn periods(steps: &[Step], ops: u64) -> Vec<Range<usize>> {
    let mut places: HashMap<u64, Vec<usize>> = HashMap::new();
    for (index, step) in steps.iter().enumerate() {
        places.entry(step.address).or_default().push(index);
    }
    let once_each = places.into_values().filter(|at| at.len() as u64 == ops);
    let borders = once_each.min_by_key(|at| at[0]).unwrap_or_default();
    let pairs = borders.windows(2).map(|pair| pair[0]..pair[1]);
    let is_undisturbed = |range: &Range<usize>| {
        steps[range.clone()]
            .iter()
            .all(|step| step.encoding != ERET)
    };
    pairs.filter(is_undisturbed).collect()
}

fn interrupts(steps: &[Step], entry: u64) -> Vec<Range<usize>> {
    let entries = steps
        .iter()
        .enumerate()
        .filter(|(_, step)| step.address == entry);
    let mut borders: Vec<usize> = entries.map(|(index, _)| index).collect();
    borders.push(steps.len());
    let end = |range: Range<usize>| {
        let is_return = |index: &usize| steps[*index].encoding == ERET;
        let last = range.clone().rev().find(is_return)?;
        Some(range.start..last + 1)
    };
    let pairs = borders.windows(2).map(|pair| pair[0]..pair[1]);
    pairs.filter_map(end).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(addresses: &[u64]) -> Vec<Step> {
        let step = |&address: &u64| Step {
            address,
            encoding: if address == 0x99 { ERET } else { 0 },
            accesses: Vec::new(),
        };
        addresses.iter().map(step).collect()
    }

    #[test]
    fn an_operation_reaches_from_border_to_border() {
        // 1 happens before, 4 in some operations only; 2 and 3 in all three.
        let steps = steps(&[1, 2, 3, 2, 4, 3, 2, 3]);
        assert_eq!(periods(&steps, 3), [1..3, 3..6]);
    }

    #[test]
    fn an_operation_that_was_interrupted_is_left_out() {
        let steps = steps(&[1, 2, 0x99, 1, 2, 1, 2, 1]);
        assert_eq!(periods(&steps, 4), [3..5, 5..7]);
    }

    #[test]
    fn a_trace_without_borders_has_no_operations() {
        assert_eq!(periods(&steps(&[1, 2, 3]), 2), []);
    }

    #[test]
    fn an_interrupt_ends_with_the_last_return_before_the_next() {
        let steps = steps(&[5, 0x80, 6, 0x99, 7, 0x99, 5, 5, 0x80, 0x99, 5]);
        assert_eq!(Windows::Interrupts.find(&steps, 0, 0), [1..6, 8..10]);
    }
}
