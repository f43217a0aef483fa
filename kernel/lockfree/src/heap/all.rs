//! The heaps of all cores, while these stand still: what is counted, what is there, and giving back what is empty.
//!
//! Each core's numbers may be below zero by themselves: what one took another has freed. Added up at a standstill they are
//! exact.

use super::{Charges, Source, SpanView, Usage};
use crate::process::crew::Standstill;
use crate::process::here::Here;

/// What blocks there are.
pub fn usage(all: &Standstill<'_>) -> Usage {
    let mut usage = Usage::default();
    for here in all.cores() {
        // SAFETY: alone, for all cores stand still.
        usage.add(&unsafe { here.heap().usage() });
    }
    usage
}

/// What was counted.
pub fn charges(all: &Standstill<'_>) -> Charges {
    let mut charges = Charges::default();
    for here in all.cores() {
        charges.add(&charges_of(here));
    }
    charges
}

/// What a core has counted, which stands still.
fn charges_of(here: &Here) -> Charges {
    // SAFETY: alone, says the caller.
    let mut charges = unsafe { here.heap().charges() };
    charges.kernel = charges.kernel.wrapping_add(here.charge());
    charges
}

/// Tells of each span, after a [`trim_all`]. `f` neither takes nor frees.
pub fn walk(all: &Standstill<'_>, mut f: impl FnMut(SpanView<'_>)) {
    for here in all.cores() {
        // SAFETY: alone, for all cores stand still; the rest is the caller's promise.
        unsafe { here.heap().walk(&mut f) }
    }
}

/// Gives back what is empty, on all cores. What was on its way home is there afterwards.
pub fn trim_all(all: &Standstill<'_>, source: &impl Source) {
    for here in all.cores() {
        // SAFETY: alone, for all cores stand still.
        unsafe { here.heap().trim(source) }
    }
}
