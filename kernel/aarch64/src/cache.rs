//! Cache maintenance by address, to the point of coherency.
//!
//! Cores with their caches off, and devices that do not snoop, see memory only. The
//! Arm ARM says which operations reach it ("A64 Cache maintenance instructions") and that a DSB waits
//! for them ("Ordering and completion of data and instruction cache instructions").

use crate::registers::{CTR_EL0, CacheType};
use aarch64_cpu::asm::barrier;
use core::arch::asm;
use tock_registers::interfaces::Readable;

/// Writes the lines of `length` bytes at `start` back to memory and drops them from the caches.
pub fn clean_and_invalidate(start: usize, length: usize) {
    const WORD: usize = 4;
    let line = WORD << CacheType.read(CTR_EL0::DminLine);
    // Of no bytes there is no line, wherever they are.
    let end = if length == 0 { 0 } else { start + length };
    let mut address = start & !(line - 1);
    while address < end {
        // SAFETY: cleaning and invalidating changes no value that any observer may see.
        unsafe { asm!("dc civac, {}", in(reg) address, options(nostack, preserves_flags)) }
        address += line;
    }
    // Complete for every observer, those with their caches off included, before going on.
    barrier::dsb(barrier::SY);
}
