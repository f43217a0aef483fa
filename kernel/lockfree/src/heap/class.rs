//! Sizes of blocks: which one serves a request.
//!
//! In steps of 32 bytes up to 512, so that little is lost where most blocks are. From there on the sizes are
//! those of which a span of 64 KiB holds a whole number with hardly anything left over; those in
//! between that are powers of two are there for whoever wants an alignment.
//!
//! A block's address is a multiple of the largest power of two that divides its size: so alignment is a matter of
//! choosing a size, and whoever frees chooses the same one from the same layout.

use core::alloc::Layout;

/// Bytes of a span, and of the smallest block of memory.
pub const SPAN: usize = 64 << 10;
/// Small sizes are multiples of this, and all blocks are aligned to it.
pub(crate) const STEP: usize = 32;
/// Up to here a table leads from the number of steps to the size.
pub(crate) const SMALL: usize = 4096;
/// Odd pieces are multiples of this, and aligned to it.
pub(crate) const PAGE: usize = 4096;
/// Pages of the smallest odd piece.
pub(crate) const PIECE_MIN: usize = 8;
/// No odd piece is larger.
const ODD: usize = 192 << 10;
/// Entries of that table.
pub(crate) const STEPS: usize = SMALL / STEP + 1;
/// How many sizes there are.
pub const CLASSES: usize = 34;

/// The sizes.
pub(crate) const SIZES: [u32; CLASSES] = [
    32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448, 480, 512, // by steps
    640, 768, 896, 1024, 1280, 1536, 2048, 2560, 3072, 4096, // by measure
    6144, 8192, 10240, 12288, 15360, 16384, 20480, 30720, // up to 2 in a span
];

/// The size of each number of steps, as an index.
const OF_STEPS: [u8; STEPS] = {
    let mut table = [0; STEPS];
    let (mut steps, mut class) = (0, 0);
    while steps < STEPS {
        if steps * STEP > SIZES[class] as usize {
            class += 1;
        }
        table[steps] = class as u8;
        steps += 1;
    }
    table
};

/// What serves a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fit {
    /// A block of this size.
    Class(u8),
    /// So many pages of 4 KiB, cut out of a block of memory.
    Odd(u32),
    /// Whole blocks of memory: two to the power of so many.
    Order(u32),
}

impl Fit {
    /// What serves a request like that.
    pub(crate) fn of(layout: Layout) -> Self {
        if layout.align() <= STEP && layout.size() <= SMALL {
            return Self::Class(OF_STEPS[layout.size().div_ceil(STEP)]);
        }
        let size = if layout.align() <= STEP {
            layout.size()
        } else {
            layout.size().max(layout.align()).next_power_of_two()
        };
        let class = SIZES.iter().position(|&it| it as usize >= size);
        match class {
            Some(class) if layout.align() <= alignment(class as u8) => Self::Class(class as u8),
            _ if is_odd(layout) => Self::Odd(layout.size().div_ceil(PAGE).max(PIECE_MIN) as u32),
            _ => Self::Order(order(size)),
        }
    }

    /// Blocks of memory that serve it, as a power of two; a class is served by none.
    pub(crate) fn order(self) -> Option<u32> {
        match self {
            Self::Class(_) => None,
            Self::Odd(pages) => Some(order(pages as usize * PAGE)),
            Self::Order(order) => Some(order),
        }
    }

    /// Bytes that it really takes.
    pub(crate) fn size(self) -> usize {
        match self {
            Self::Class(class) => SIZES[usize::from(class)] as usize,
            // What has no such size is never served.
            Self::Order(order) => SPAN.checked_shl(order).unwrap_or(usize::MAX),
            Self::Odd(pages) => pages as usize * PAGE,
        }
    }
}

/// True if a block for this would waste a quarter of itself or more, and an odd piece does not.
fn is_odd(layout: Layout) -> bool {
    let size = layout.size().next_multiple_of(PAGE);
    layout.align() <= PAGE && size <= ODD && size <= (SPAN << order(size)) / 4 * 3
}

/// Blocks of memory for so many bytes, as a power of two.
pub(crate) const fn order(size: usize) -> u32 {
    size.div_ceil(SPAN).next_power_of_two().trailing_zeros()
}

/// What blocks of this size are aligned to.
pub(crate) const fn alignment(class: u8) -> usize {
    1 << SIZES[class as usize].trailing_zeros()
}

/// The numbers of steps that this size serves.
pub(crate) fn steps(class: u8) -> impl Iterator<Item = usize> {
    (0..STEPS).filter(move |&steps| OF_STEPS[steps] == class)
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    fn fit(size: usize, align: usize) -> Fit {
        Fit::of(Layout::from_size_align(size, align).expect("possible"))
    }

    #[test]
    fn what_serves_is_large_enough_and_not_much_larger() {
        for size in 1..SPAN * 4 {
            let served = fit(size, 8).size();
            assert!(served >= size, "{size}");
            let most = match size {
                0..=512 => size + STEP - 1,
                513..=4096 => size + size / 2,
                4_097..98_305 => size * 2 + 5_000,
                98_305..=196_608 => size * 4 / 3 + PAGE,
                _ => size * 2,
            };
            assert!(served <= most, "{size} in {served}");
        }
    }

    #[test]
    fn alignment_is_a_matter_of_size() {
        for align in (0..30).map(|bits| 1_usize << bits) {
            for size in [1, 33, 100, 513, 3_000, 5_000, 20_000, 70_000] {
                let aligned_to = match fit(size, align) {
                    Fit::Class(class) => alignment(class),
                    Fit::Odd(_) => PAGE,
                    Fit::Order(order) => SPAN << order,
                };
                assert!(aligned_to >= align, "{size}, {align}");
            }
        }
    }

    #[test]
    fn nothing_is_the_smallest_block() {
        assert_eq!(fit(0, 1), Fit::Class(0));
    }

    #[test]
    fn the_largest_request_has_an_order() {
        assert!(matches!(fit(isize::MAX as usize, 1), Fit::Order(47)));
    }

    #[test]
    fn every_number_of_steps_has_one_size() {
        let all: usize = (0..CLASSES as u8).map(|class| steps(class).count()).sum();
        assert_eq!(all, STEPS);
    }
}
