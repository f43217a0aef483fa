//! Atomic operations for two kinds of core in one image.
//!
//! The compiler makes loops of exclusive accesses, the one form that runs everywhere. Cores since
//! Armv8.1 have single instructions for the same (the Large System Extensions), which do not start
//! over when another core comes in between. A test of which to take, at each of two thousand places, would cost
//! more than the instruction. So the linked code is read, and where it has one of a few well-known loops
//! the same in the other form, of the same length, is written into a table. The kernel copies the table
//! over its code before the first of them runs, if its core has the extensions: on either kind of core,
//! nothing is left of the choice.
//!
//! The table, in a section that the linker script reserves, in words of 32 bits: how many follow; then for
//! each place its distance from the start of the image, in words, below its length in the upper eight bits,
//! and the instructions.

mod rewrite;
mod word;

use std::fmt;

use super::elf::Elf;
use super::{Error, words};
use rewrite::rewrite;
use word::{Jump, Load};

const SECTION: &[u8] = b"girder_atomics";

/// What became of the atomic operations.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Filled {
    /// Loads that begin an operation.
    all: usize,
    rewritten: usize,
    bytes: usize,
    room: usize,
}

/// Fills the table of a linked ELF, if it has room for one.
pub(super) fn fill(bytes: &mut [u8]) -> Result<Option<Filled>, Error> {
    let elf = Elf::parse(bytes)?;
    let Some(room) = elf.section_in_file(SECTION)? else {
        return Ok(None);
    };
    let segments = elf.segments()?;
    let base = segments.iter().map(|segment| segment.address).min();
    let base = base.ok_or(Error::NoSegments)?;
    let mut table = vec![0];
    let mut filled = Filled::default();
    for (address, code) in elf.code()? {
        let first = address.checked_sub(base).ok_or(Error::SegmentOutsideFile)? / 4;
        let most = room.len() / 4;
        filled.add(&words(code), first, &mut table, most);
    }
    table[0] = table.len() as u32 - 1;
    filled.bytes = table.len() * 4;
    filled.room = room.len();
    let room = bytes.get_mut(room).ok_or(Error::SegmentOutsideFile)?;
    room.fill(0);
    for (place, word) in room.as_chunks_mut().0.iter_mut().zip(table) {
        *place = word.to_le_bytes();
    }
    Ok(Some(filled))
}

impl Filled {
    /// The places of a section whose first instruction is the image's `first`th word, as many as there is room for.
    fn add(&mut self, code: &[u32], first: u64, table: &mut Vec<u32>, most: usize) {
        let entered = entered(code);
        for at in 0..code.len() {
            if Load::read(code[at]).is_none() {
                continue;
            }
            self.all += 1;
            let Some(new) = rewrite(code, at, |place| entered[place]) else {
                continue;
            };
            let place = first + at as u64;
            if place >> 24 == 0 && table.len() + 1 + new.len() <= most {
                self.rewritten += 1;
                table.push(place as u32 | (new.len() as u32) << 24);
                table.extend(new);
            }
        }
    }
}

/// True if it may go on elsewhere than with the next one.
pub(super) fn is_jump(word: u32) -> bool {
    const BY_REGISTER: u32 = 0xd600_0000;
    Jump::read(word).is_some() || word & 0xfe00_0000 == BY_REGISTER
}

/// Which instructions some jump leads to.
pub(super) fn entered(code: &[u32]) -> Vec<bool> {
    let mut entered = vec![false; code.len()];
    for (at, word) in code.iter().enumerate() {
        let target = Jump::read(*word).map(|jump| at as i64 + i64::from(jump.distance()));
        if let Some(place) =
            target.and_then(|target| entered.get_mut(usize::try_from(target).ok()?))
        {
            *place = true;
        }
    }
    entered
}

impl fmt::Display for Filled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            all,
            rewritten,
            bytes,
            room,
        } = self;
        write!(
            f,
            "{rewritten} of {all} atomic operations in both forms, {bytes} of {room} bytes"
        )
    }
}

#[cfg(test)]
mod tests;
