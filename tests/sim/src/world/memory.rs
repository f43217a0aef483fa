//! What memory there is: as the run's temper has it, or as the plan says.
//!
//! A run asks for memory again and again, in the same order each time that it is repeated. So its allocations have
//! numbers, and a plan may let those of some numbers fail, and no others: all of them, one run after the other.

use crate::machine::Shortage;
use girder_core::rng::Rng;
use girder_lockfree::scarcity::Purpose;

/// What was asked for, and what there was not.
#[derive(Debug)]
pub(crate) struct Memory {
    shortage: Option<Shortage>,
    /// Without a plan, any may fail.
    is_fickle: bool,
    asked: Vec<Purpose>,
    failed: Vec<Purpose>,
}

impl Memory {
    pub(crate) fn new(shortage: Option<Shortage>, is_fickle: bool) -> Self {
        Self {
            shortage,
            is_fickle,
            asked: Vec::new(),
            failed: Vec::new(),
        }
    }

    /// True if there is always some.
    pub(crate) fn is_plenty(&self) -> bool {
        self.shortage.is_none() && !self.is_fickle
    }

    /// True if there is some.
    pub(crate) fn has(&mut self, purpose: Purpose, rng: &mut Rng) -> bool {
        let fails = match self.shortage {
            Some(shortage) => shortage.has(purpose, &self.asked),
            None => self.is_fickle && rng.below(8) == 0,
        };
        self.asked.push(purpose);
        if fails {
            self.failed.push(purpose);
        }
        !fails
    }

    /// What was asked for.
    pub(crate) fn asked(&self) -> &[Purpose] {
        &self.asked
    }

    /// What there was not.
    pub(crate) fn failed(&self) -> &[Purpose] {
        &self.failed
    }
}
