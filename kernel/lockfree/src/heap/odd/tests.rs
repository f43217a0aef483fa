use super::super::class::Fit;
use super::super::{Blocks, Use};
use super::*;
use std::vec::Vec;

fn blocks(size: usize) -> Blocks {
    let layout = Layout::from_size_align(size, SIZE).expect("possible");
    // SAFETY: the layout has a size.
    let start = unsafe { std::alloc::alloc(layout) } as usize;
    let mut blocks = Blocks::new();
    // SAFETY: just allocated, for ever. The table's 64 KiB are in front.
    unsafe { blocks.add(start..start + size, None) };
    blocks
}

const SEVENTY_KIB: Fit = Fit::Odd(18);

#[test]
fn what_would_waste_a_quarter_of_a_block_is_odd() {
    let fit = |kib: usize| Fit::of(Layout::from_size_align(kib << 10, 8).expect("possible"));
    assert_eq!(fit(40), Fit::Odd(10));
    assert_eq!(fit(64), Fit::Order(0));
    assert_eq!(fit(70), SEVENTY_KIB);
    assert_eq!(fit(192), Fit::Odd(48));
    assert_eq!(
        [fit(100), fit(193), fit(1 << 20)],
        [1, 2, 14].map(Fit::Order)
    );
    let aligned = Layout::from_size_align(70 << 10, 2 * PAGE).expect("possible");
    assert_eq!(Fit::of(aligned), Fit::Order(1));
}

/// The bound on the walk: a quarry is full with so many, and one hole more is all that they can leave.
#[test]
fn the_smallest_pieces_are_as_many_as_the_bound_says() {
    let mut blocks = blocks(32 << 20);
    let smallest = Fit::Odd(PIECE_MIN as u32);
    let mut pieces = Vec::new();
    while blocks.count().odd <= SIZE {
        pieces.push(blocks.take_large(smallest, 7).expect("there is memory"));
    }
    assert_eq!(
        pieces.len() - 1,
        PIECES_MAX - 1,
        "the head takes the place of one"
    );
    for piece in pieces {
        // SAFETY: taken above, once.
        assert_eq!(unsafe { blocks.give_large(piece, smallest) }, 7);
    }
    assert_eq!(blocks.count().odd, SIZE, "one quarry stays");
    assert_eq!(blocks.walk(), blocks.count());
}

#[test]
fn a_piece_has_an_owner_like_any_block() {
    let mut blocks = blocks(32 << 20);
    let piece = blocks.take_large(SEVENTY_KIB, 3).expect("there is memory");
    let whole = blocks.take(0, Use::Large, 4).expect("there is memory");
    assert_eq!(
        (blocks.owner(piece), blocks.owner(whole)),
        (Some(3), Some(4))
    );
    // SAFETY: both were taken above.
    let owners = unsafe { (blocks.give_large(piece, SEVENTY_KIB), blocks.give(whole)) };
    assert_eq!(owners, (3, 4));
}

/// Without room for a quarry a whole block does it, and comes back as that.
#[test]
fn without_memory_for_a_quarry_a_block_serves() {
    let mut blocks = blocks(1 << 20);
    let before = blocks.count();
    let block = blocks
        .take_large(SEVENTY_KIB, 3)
        .expect("there are 128 KiB");
    assert_eq!((blocks.count().odd, blocks.count().large), (0, 128 << 10));
    assert_eq!(blocks.owner(block), Some(3));
    // SAFETY: taken above.
    assert_eq!(unsafe { blocks.give_large(block, SEVENTY_KIB) }, 3);
    assert_eq!(blocks.count(), before);
}

#[test]
fn nothing_has_an_owner_that_is_no_piece() {
    let blocks = blocks(2 << 20);
    assert_eq!(blocks.owner(NonNull::dangling()), None);
}

/// A megabyte to cut one piece out of is a lot for a small machine.
#[test]
fn with_little_memory_a_whole_block_serves_first() {
    let mut blocks = blocks(4 << 20);
    let piece = blocks.take_large(SEVENTY_KIB, 3).expect("there is memory");
    assert_eq!((blocks.count().odd, blocks.count().large), (0, 2 * SPAN));
    // SAFETY: taken above, once.
    unsafe { blocks.give_large(piece, SEVENTY_KIB) };
    assert_eq!(blocks.walk(), blocks.count());
}
