//! Does what was counted agree with what is there? Each byte of the heap has an owner, who is charged with it.
//!
//! The counts are kept on the way, by many; the walk asks every word of every span. So a block that is lost, counted
//! twice, or charged to somebody else shows, whoever did it.

use crate::heap::{self, Walked};
use core::fmt;
use girder_lockfree::heap::{Count, Held};
use girder_lockfree::process::crew::{Restless, Standstill, at_standstill};
use girder_lockfree::process::processes;

/// What an audit has found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disorder {
    /// The two do not agree.
    Discrepancy(Discrepancy),
    /// They could not be compared.
    Unrest(Restless),
}

impl fmt::Display for Disorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Discrepancy(discrepancy) => discrepancy.fmt(f),
            Self::Unrest(restless) => restless.fmt(f),
        }
    }
}

/// What was counted, and what there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Discrepancy {
    walked: Walked,
    kernel: Held,
    processes: Held,
    memory: Count,
}

impl fmt::Display for Discrepancy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            walked,
            kernel,
            processes,
            memory,
        } = self;
        write!(
            f,
            "memory does not add up: kernel {:?} counted, {:?} found; processes {:?}, {:?}; {} broken; ",
            pair(*kernel),
            pair(walked.kernel),
            pair(*processes),
            pair(walked.processes),
            walked.broken,
        )?;
        write!(f, "{memory:?}, {:?}, {:#x}", walked.memory, walked.spans)
    }
}

fn pair(held: Held) -> (usize, usize) {
    (held.blocks, held.bytes)
}

/// Compares the two; nothing, if they agree. All cores stand still for as long as that takes, which for many processes is
/// long.
pub fn audit() -> Option<Disorder> {
    match at_standstill(compare) {
        Ok(found) => found.map(Disorder::Discrepancy),
        Err(restless) => Some(Disorder::Unrest(restless)),
    }
}

pub(crate) fn compare(all: &Standstill<'_>) -> Option<Discrepancy> {
    // What is on its way home has been taken from its owner already.
    heap::trim(all);
    let charges = heap::charges(all);
    let living = processes().filter_map(|pid| all.view(pid)?.account);
    let living = living.fold(Held::default(), |sum, account| sum.and(account.heap));
    let found = Discrepancy {
        walked: heap::walk(all),
        kernel: charges.kernel(),
        processes: living.and(charges.abandoned()).and(charges.outliving()),
        memory: heap::count(),
    };
    let Walked { memory, spans, .. } = found.walked;
    let adds_up = found.walked.kernel == found.kernel
        && found.walked.processes == found.processes
        && found.walked.broken == 0
        && memory == found.memory
        && memory.spans == spans;
    (!adds_up).then_some(found)
}
