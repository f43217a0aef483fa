//! The header: where the tree's blocks lie, and that they lie apart and inside.
//!
//! Devicetree Specification v0.4, section 5.2 and 5.3. All words are big-endian and are read byte
//! by byte, so the tree's own alignment in memory does not matter.

use core::ops;

use alloc::vec::Vec;

use super::limits;
use crate::error::{Block, TreeError};
use crate::range::{self, Range};

/// Bytes of the header of version 17.
pub(super) const HEADER_SIZE: usize = 40;
/// Where the header holds the size of the structure block.
pub(super) const STRUCTURE_SIZE_FIELD: usize = 36;

const MAGIC: u32 = 0xd00d_feed;
const VERSION: u32 = 17;
const RESERVATION_SIZE: usize = 16;

/// Returns the size of the tree that begins with `header`; eight bytes of it suffice.
///
/// For a caller that has only an address: it learns how many bytes [`describe`] may read.
///
/// [`describe`]: crate::describe
pub fn total_size(header: &[u8]) -> Result<usize, TreeError> {
    let truncated = TreeError::HeaderTruncated {
        length: header.len(),
    };
    let magic = word(header, 0).ok_or(truncated)?;
    if magic != MAGIC {
        return Err(TreeError::BadMagic(magic));
    }
    let total = word(header, 4).ok_or(truncated)?;
    match usize::try_from(total) {
        Ok(size) if (HEADER_SIZE..=limits::TOTAL_SIZE).contains(&size) => Ok(size),
        _ => Err(TreeError::BadTotalSize(total)),
    }
}

/// Reads the big-endian word at `offset`.
pub(super) fn word(bytes: &[u8], offset: usize) -> Option<u32> {
    let rest = bytes.get(offset..)?;
    rest.first_chunk().map(|word| u32::from_be_bytes(*word))
}

fn double_word(bytes: &[u8], offset: usize) -> Option<u64> {
    let rest = bytes.get(offset..)?;
    rest.first_chunk().map(|word| u64::from_be_bytes(*word))
}

/// Where the blocks lie: inside the tree, apart from each other, aligned for their words.
pub(super) struct Blocks {
    reservations: ops::Range<usize>,
    pub(super) structure: ops::Range<usize>,
    pub(super) strings: ops::Range<usize>,
}

impl Blocks {
    /// Reads and checks the header.
    pub(super) fn locate(blob: &[u8]) -> Result<Self, TreeError> {
        let total = total_size(blob)?;
        let tree = blob.get(..total);
        let tree = tree.ok_or(TreeError::Truncated {
            total,
            length: blob.len(),
        })?;
        let field = |index: usize| word(tree, 4 * index).unwrap_or(0);
        let (version, last_compatible) = (field(5), field(6));
        if version < VERSION || last_compatible > VERSION {
            return Err(TreeError::BadVersion {
                version,
                last_compatible,
            });
        }
        let blocks = Self {
            structure: block(Block::Structure, field(2), field(9), 4, total)?,
            strings: block(Block::Strings, field(3), field(8), 1, total)?,
            reservations: reservations(tree, field(4))?,
        };
        blocks.check_apart()?;
        Ok(blocks)
    }

    /// Returns the memory reservations that are not empty.
    pub(super) fn reservations(&self, blob: &[u8]) -> Result<Vec<Range>, TreeError> {
        let entries = blob.get(self.reservations.clone()).unwrap_or_default();
        if entries.len() / RESERVATION_SIZE > limits::RANGES {
            return Err(TreeError::TooManyRanges);
        }
        let entries = entries.chunks_exact(RESERVATION_SIZE).map(|entry| {
            let base = double_word(entry, 0).unwrap_or(0);
            Range::new(base, double_word(entry, 8).unwrap_or(0))
        });
        let mut ranges = entries.collect::<Result<Vec<_>, _>>()?;
        range::normalise(&mut ranges);
        Ok(ranges)
    }

    fn check_apart(&self) -> Result<(), TreeError> {
        let mut blocks = [
            (0..HEADER_SIZE, Block::Header),
            (self.reservations.clone(), Block::Reservations),
            (self.structure.clone(), Block::Structure),
            (self.strings.clone(), Block::Strings),
        ];
        // An empty block sorts before the one it touches, and so overlaps nothing.
        blocks.sort_unstable_by_key(|(place, _)| (place.start, place.end));
        for pair in blocks.windows(2) {
            let [(first_place, first), (second_place, second)] = pair else {
                continue;
            };
            if first_place.end > second_place.start {
                return Err(TreeError::BlocksOverlap {
                    first: *first,
                    second: *second,
                });
            }
        }
        Ok(())
    }
}

fn block(
    block: Block,
    offset: u32,
    size: u32,
    alignment: usize,
    total: usize,
) -> Result<ops::Range<usize>, TreeError> {
    let (offset, size) = (offset as usize, size as usize);
    if !offset.is_multiple_of(alignment) {
        return Err(TreeError::BlockMisaligned { block, offset });
    }
    match offset.checked_add(size) {
        Some(end) if end <= total => Ok(offset..end),
        _ => Err(TreeError::BlockOutside { block, offset }),
    }
}

/// Finds the extent of the reservation block, which only its last entry (all zero) tells.
fn reservations(tree: &[u8], offset: u32) -> Result<ops::Range<usize>, TreeError> {
    let start = block(Block::Reservations, offset, 0, 8, tree.len())?.start;
    let mut end = start;
    loop {
        let entry = double_word(tree, end).zip(double_word(tree, end + 8));
        end += RESERVATION_SIZE;
        match entry.ok_or(TreeError::ReservationsUnterminated)? {
            (0, 0) => return Ok(start..end),
            _ => continue,
        }
    }
}
