//! Memory that is copied and filled: the image has routines of its own for that, which the compiler calls.

use core::array::from_fn;
use core::hint::black_box;

/// Lengths that are tried, from nothing on: a loop's full turns, and all that may be left of one.
const LENGTHS: usize = 144;
/// Around what is copied.
const EDGE: usize = 16;
const ROOM: usize = EDGE + LENGTHS + EDGE;

#[repr(align(16))]
struct Aligned([u8; ROOM]);

/// What no copy and no fill leaves by chance.
const UNTOUCHED: u8 = 0xa5;

fn is_untouched(bytes: &[u8]) -> bool {
    bytes.iter().all(|&byte| byte == UNTOUCHED)
}

#[girder::test]
async fn every_length_is_copied_between_all_alignments() {
    let source = Aligned(from_fn(|at| at as u8 | 1));
    for length in 0..=LENGTHS {
        for (from, to) in (0..8).flat_map(|from| (0..8).map(move |to| (from, to))) {
            let mut target = Aligned([UNTOUCHED; ROOM]);
            let (start, end) = (EDGE / 2 + to, EDGE / 2 + to + length);
            let copied = &source.0[from..from + black_box(length)];
            target.0[start..end].copy_from_slice(copied);
            let case = (length, from, to);
            assert!(target.0[start..end].iter().eq(copied), "{case:?}");
            assert!(is_untouched(&target.0[..start]), "before {case:?}");
            assert!(is_untouched(&target.0[end..]), "behind {case:?}");
        }
    }
}

#[girder::test]
async fn every_length_is_filled_at_all_alignments() {
    for length in 0..=LENGTHS {
        for to in 0..8 {
            let mut target = Aligned([UNTOUCHED; ROOM]);
            let (start, end) = (EDGE / 2 + to, EDGE / 2 + to + length);
            target.0[start..end].fill(black_box(0x3c));
            let case = (length, to);
            assert!(
                target.0[start..end].iter().all(|&byte| byte == 0x3c),
                "{case:?}"
            );
            assert!(is_untouched(&target.0[..start]), "before {case:?}");
            assert!(is_untouched(&target.0[end..]), "behind {case:?}");
        }
    }
}
