//! Return addresses by following frame pointers.
//!
//! Everything is compiled with frame pointers: x29 points at a pair {caller's x29, return address}
//! (AAPCS64, "The Frame Pointer"). The walk believes nothing: each pair is read by a probe that may fail, must
//! be aligned, and lies above the one before, so it ends on any garbage.

use crate::probe;

/// Longest walk.
const MAX_DEPTH: usize = 48;

/// The return addresses from the frame at `frame_pointer` outwards.
pub struct Backtrace {
    frame_pointer: usize,
    depth: usize,
}

impl Backtrace {
    /// Starts at a frame pointer, from a saved register frame or our own x29.
    pub fn from_frame_pointer(frame_pointer: u64) -> Self {
        Self {
            frame_pointer: frame_pointer as usize,
            depth: 0,
        }
    }
}

impl Iterator for Backtrace {
    type Item = u64;

    fn next(&mut self) -> Option<u64> {
        let frame = self.frame_pointer;
        if frame == 0 || !frame.is_multiple_of(8) || self.depth == MAX_DEPTH {
            return None;
        }
        let next = read_double_word(frame)?;
        let return_address = read_double_word(frame + 8)?;
        let is_outwards = next as usize > frame;
        self.frame_pointer = if is_outwards { next as usize } else { 0 };
        self.depth += 1;
        (return_address != 0).then_some(return_address)
    }
}

fn read_double_word(address: usize) -> Option<u64> {
    // SAFETY: a stack is plain memory; if `address` is no stack, a read of a mapped place does no
    // harm in a report of a crash, and an unmapped one is caught.
    let (low, high) = unsafe { (probe::read_word(address)?, probe::read_word(address + 4)?) };
    Some(u64::from(high) << 32 | u64::from(low))
}
