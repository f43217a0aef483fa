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

/// Gives back some of what is empty on one of the cores: how many blocks of others' it has put where they belong on the way, at
/// most so many. If there were none, nothing empty is left there.
pub(crate) fn trim_some(
    _: &Standstill<'_>,
    here: &'static Here,
    most: usize,
    source: &impl Source,
) -> usize {
    // SAFETY: alone, for all cores stand still.
    unsafe {
        let count = here.heap().take_some_returned(most, source);
        if count == 0 {
            here.heap().trim_current(source);
        }
        count
    }
}

/// Gives back what is empty, on all cores. What was on its way home is there afterwards.
pub fn trim_all(all: &Standstill<'_>, source: &impl Source) {
    for here in all.cores() {
        // SAFETY: alone, for all cores stand still.
        unsafe { here.heap().trim(source) }
    }
}
