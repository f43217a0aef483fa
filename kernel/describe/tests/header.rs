//! Damage to the header and to the extent of the blocks: each kind is refused by its own name.

mod support;

use girder_describe::{Block, TreeError, describe, limits, total_size};
use support::*;

fn refused(blob: &[u8]) -> TreeError {
    describe(&mut blob.to_vec()).expect_err("a damaged tree")
}

fn board_with(field: usize, word: u32) -> Vec<u8> {
    let mut blob = board().flatten();
    poke(&mut blob, field, word);
    blob
}

#[test]
fn header_cut_short_is_refused() {
    assert_eq!(refused(&[]), TreeError::HeaderTruncated { length: 0 });
    assert_eq!(
        refused(&be(&[0xd00d_feed])),
        TreeError::HeaderTruncated { length: 4 }
    );
}

#[test]
fn total_size_needs_eight_bytes() {
    let blob = board().flatten();
    assert_eq!(total_size(&blob[..8]), Ok(blob.len()));
    assert_eq!(
        total_size(&blob[..7]),
        Err(TreeError::HeaderTruncated { length: 7 })
    );
}

#[test]
fn other_file_is_refused() {
    assert_eq!(
        refused(&board_with(0, 0x7f45_4c46)),
        TreeError::BadMagic(0x7f45_4c46)
    );
}

#[test]
fn impossible_total_size_is_refused() {
    for size in [0, 39, limits::TOTAL_SIZE as u32 + 1, u32::MAX] {
        assert_eq!(
            refused(&board_with(TOTAL_SIZE, size)),
            TreeError::BadTotalSize(size)
        );
    }
}

#[test]
fn truncation_at_every_offset_is_refused() {
    let blob = board().flatten();
    for length in 8..blob.len() {
        let expected = TreeError::Truncated {
            total: blob.len(),
            length,
        };
        assert_eq!(refused(&blob[..length]), expected);
    }
}

#[test]
fn truncation_that_the_header_admits_is_refused() {
    let whole = board().flatten();
    for length in 40..whole.len() {
        let mut blob = whole[..length].to_vec();
        poke(&mut blob, TOTAL_SIZE, length as u32);
        assert!(
            describe(&mut blob).is_err(),
            "{length} bytes of {}",
            whole.len()
        );
    }
}

#[test]
fn structure_cut_at_every_offset_is_refused() {
    let whole = board().flatten();
    for size in 0..peek(&whole, STRUCTURE_SIZE) {
        let mut blob = whole.clone();
        poke(&mut blob, STRUCTURE_SIZE, size);
        assert!(describe(&mut blob).is_err(), "structure of {size} bytes");
    }
}

#[test]
fn bytes_after_the_tree_are_ignored() {
    let mut blob = board().flatten();
    let expected = describe(&mut blob.clone());
    blob.extend([0xff; 100]);
    assert_eq!(describe(&mut blob), expected);
}

#[test]
fn any_alignment_in_memory_works() {
    let blob = board().flatten();
    let expected = describe(&mut blob.clone());
    for shift in 1..8 {
        let mut shifted = [vec![0; shift], blob.clone()].concat();
        assert_eq!(describe(&mut shifted[shift..]), expected);
    }
}

#[test]
fn wrong_version_is_refused() {
    let old = TreeError::BadVersion {
        version: 16,
        last_compatible: 16,
    };
    assert_eq!(refused(&board_with(VERSION, 16)), old);
    let new = TreeError::BadVersion {
        version: 17,
        last_compatible: 18,
    };
    assert_eq!(refused(&board_with(LAST_COMPATIBLE, 18)), new);
}

#[test]
fn later_version_that_is_compatible_is_read() {
    assert!(describe(&mut board_with(VERSION, 18)).is_ok());
}

#[test]
fn misaligned_block_is_refused() {
    let offset = peek(&board().flatten(), STRUCTURE) + 2;
    let structure = TreeError::BlockMisaligned {
        block: Block::Structure,
        offset: offset as usize,
    };
    assert_eq!(refused(&board_with(STRUCTURE, offset)), structure);
    let reservations = TreeError::BlockMisaligned {
        block: Block::Reservations,
        offset: 44,
    };
    assert_eq!(refused(&board_with(RESERVATIONS, 44)), reservations);
}

#[test]
fn block_outside_the_tree_is_refused() {
    for (field, block) in [(STRUCTURE, Block::Structure), (STRINGS, Block::Strings)] {
        let offset = 0xffff_fff8;
        let expected = TreeError::BlockOutside {
            block,
            offset: offset as usize,
        };
        assert_eq!(refused(&board_with(field, offset)), expected);
    }
    let offset = peek(&board().flatten(), STRINGS) as usize;
    let expected = TreeError::BlockOutside {
        block: Block::Strings,
        offset,
    };
    assert_eq!(refused(&board_with(STRINGS_SIZE, u32::MAX)), expected);
}

#[test]
fn overlapping_blocks_are_refused() {
    let structure = peek(&board().flatten(), STRUCTURE);
    let overlap = |first, second| TreeError::BlocksOverlap { first, second };
    assert_eq!(
        refused(&board_with(STRINGS, structure + 4)),
        overlap(Block::Structure, Block::Strings)
    );
    assert_eq!(
        refused(&board_with(STRUCTURE, structure - 8)),
        overlap(Block::Reservations, Block::Structure)
    );
    let strings_in_header = refused(&board_with(STRINGS, 0));
    assert!(matches!(strings_in_header, TreeError::BlocksOverlap { .. }));
}

#[test]
fn reservations_without_an_end_are_refused() {
    let mut blob = board().flatten();
    // All that follows must be non-zero, or it would pass for the end.
    let strings_end = blob.len().next_multiple_of(8);
    blob.resize(strings_end, 0);
    blob.extend([1; 32]);
    let total = blob.len() as u32;
    poke(&mut blob, TOTAL_SIZE, total);
    poke(&mut blob, RESERVATIONS, strings_end as u32);
    assert_eq!(refused(&blob), TreeError::ReservationsUnterminated);
}

#[test]
fn errors_speak_in_one_lower_case_line() {
    let errors = [
        TreeError::BadMagic(0x1234),
        TreeError::Truncated {
            total: 100,
            length: 7,
        },
        TreeError::BlocksOverlap {
            first: Block::Structure,
            second: Block::Strings,
        },
        TreeError::PropertyTruncated {
            offset: 0x40,
            length: 9,
        },
    ];
    let said = errors.map(|error| error.to_string());
    let expected = [
        "not a device tree: magic 0x00001234",
        "7 bytes left of 100",
        "structure block runs into the strings block",
        "property of 9 bytes at 0x40 runs out of its block",
    ];
    assert_eq!(said, expected);
}
