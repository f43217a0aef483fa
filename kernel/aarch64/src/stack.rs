//! Stacks in a window of the upper half, each with an unmapped guard below it.
//!
//! Memory is mapped to itself elsewhere, and a page in the middle of a 2 MiB block cannot be
//! unmapped there without splitting the block under running cores. So stacks get addresses of
//! their own: the window is cut into slots of 64 KiB, of which the upper part is mapped and the
//! rest, at least half, is guard. A slot's address tells at once whether a fault hit a guard. Slots
//! are only ever added (see [`crate::page_table`]); a stack that is done with is used again.

use crate::page_table::{Frames, Kind, MapError, Mapping, PAGE, Tables};
use girder_lockfree::process::STACK_BYTES;

/// First address of the window, the lowest of the upper half.
const WINDOW: u64 = 0xffff_0000_0000_0000;
/// Distance between stacks.
const SLOT: u64 = 64 * 1024;
/// Bytes of a stack.
pub const STACK_SIZE: u64 = STACK_BYTES as u64;
/// The end of the lowest guard.
pub(crate) const FIRST_GUARD_TOP: u64 = WINDOW + SLOT - STACK_SIZE;
/// Slots in the window: 64 GiB of addresses.
const SLOTS: u64 = 1 << 20;

/// A stack that belongs to whoever holds this.
#[derive(Debug)]
pub struct Stack {
    top: u64,
}

/// Where new stacks come from.
pub struct StackWindow {
    next: u64,
}

/// True if `address` lies in the window but in no stack.
pub fn is_guard(address: u64) -> bool {
    let offset = address.wrapping_sub(WINDOW);
    offset < SLOTS * SLOT && offset % SLOT < SLOT - STACK_SIZE
}

/// The highest address, exclusive, of the stack that `stack_pointer` is in.
pub(crate) fn top_of(stack_pointer: u64) -> u64 {
    (stack_pointer | (SLOT - 1)) + 1
}

impl Stack {
    /// Its highest address, exclusive; 16-byte aligned.
    pub fn top(&self) -> u64 {
        self.top
    }
}

impl StackWindow {
    /// Starts with all slots unused.
    ///
    /// # Safety
    ///
    /// There is one window per table root of the upper half, or stacks would be handed out twice.
    pub const unsafe fn new() -> Self {
        Self { next: 0 }
    }

    /// Maps one more stack onto `memory`, `STACK_SIZE` bytes that nobody else uses.
    ///
    /// # Safety
    ///
    /// `memory` is the physical address of such bytes, given away for ever, and `tables` are those
    /// of the upper half.
    pub unsafe fn add(
        &mut self,
        tables: &mut Tables,
        frames: &mut impl Frames,
        memory: u64,
    ) -> Result<Stack, MapError> {
        if self.next == SLOTS {
            return Err(MapError::BadRange);
        }
        let top = WINDOW + (self.next + 1) * SLOT;
        let range = Mapping {
            virt: top - STACK_SIZE,
            phys: memory,
            size: STACK_SIZE,
            kind: Kind::Data,
        };
        tables.map(frames, range)?;
        self.next += 1;
        crate::mmu::publish_entries();
        Ok(Stack { top })
    }
}

const _: () = assert!(STACK_SIZE.is_multiple_of(PAGE) && STACK_SIZE <= SLOT / 2);
