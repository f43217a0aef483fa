//! Ranges of physical addresses, and the two things done with lists of them.

use alloc::vec::Vec;

use crate::error::TreeError;

/// Some bytes of physical address space; its end fits in 64 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Range {
    /// The first address.
    pub base: u64,
    /// How many bytes.
    pub size: u64,
}

impl Range {
    /// Makes a range unless its end does not fit.
    pub fn new(base: u64, size: u64) -> Result<Self, TreeError> {
        match base.checked_add(size) {
            Some(_) => Ok(Self { base, size }),
            None => Err(TreeError::RangeOverflow { base, size }),
        }
    }

    /// Returns the address after the last.
    #[must_use]
    pub const fn end(self) -> u64 {
        self.base.saturating_add(self.size)
    }

    fn between(base: u64, end: u64) -> Self {
        let size = end.saturating_sub(base);
        Self { base, size }
    }
}

/// Sorts `ranges`, drops empty ones, and joins those that touch or overlap.
pub(crate) fn normalise(ranges: &mut Vec<Range>) {
    ranges.retain(|range| range.size != 0);
    ranges.sort_unstable();
    ranges.dedup_by(|next, kept| {
        let joins = next.base <= kept.end();
        if joins {
            *kept = Range::between(kept.base, kept.end().max(next.end()));
        }
        joins
    });
}

/// Returns what of `from` is in none of `holes`; both are sorted and merged.
pub(crate) fn subtract(from: &[Range], holes: &[Range]) -> Vec<Range> {
    let mut rest = Vec::with_capacity(from.len());
    let mut holes = holes.iter().copied().peekable();
    for range in from {
        let mut base = range.base;
        while let Some(hole) = holes.peek().copied() {
            if hole.base >= range.end() {
                break;
            }
            if hole.base > base {
                rest.push(Range::between(base, hole.base));
            }
            base = base.max(hole.end());
            if hole.end() > range.end() {
                break;
            }
            holes.next();
        }
        if base < range.end() {
            rest.push(Range::between(base, range.end()));
        }
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ranges<const N: usize>(pairs: [(u64, u64); N]) -> Vec<Range> {
        pairs.map(|(base, size)| Range { base, size }).to_vec()
    }

    #[test]
    fn touching_and_overlapping_ranges_merge() {
        let mut list = ranges([
            (0x30, 0x10),
            (0x0, 0x10),
            (0x10, 0x8),
            (0x14, 0x8),
            (0x50, 0),
        ]);
        normalise(&mut list);
        assert_eq!(list, ranges([(0x0, 0x1c), (0x30, 0x10)]));
    }

    #[test]
    fn contained_range_vanishes() {
        let mut list = ranges([(0x0, 0x100), (0x10, 0x10), (0x100, 0x10)]);
        normalise(&mut list);
        assert_eq!(list, ranges([(0x0, 0x110)]));
    }

    #[test]
    fn a_hole_may_span_two_ranges() {
        let memory = ranges([(0x0, 0x100), (0x200, 0x100)]);
        let holes = ranges([(0x80, 0x200), (0x2f0, 0x100)]);
        assert_eq!(
            subtract(&memory, &holes),
            ranges([(0x0, 0x80), (0x280, 0x70)])
        );
    }

    #[test]
    fn holes_outside_change_nothing() {
        let memory = ranges([(0x100, 0x100)]);
        let holes = ranges([(0x0, 0x100), (0x200, 0x10)]);
        assert_eq!(subtract(&memory, &holes), memory);
    }

    #[test]
    fn range_that_wraps_is_refused() {
        let error = TreeError::RangeOverflow {
            base: u64::MAX,
            size: 1,
        };
        assert_eq!(Range::new(u64::MAX, 1), Err(error));
    }
}
