//! Where a measured section begins and ends, for an emulator that traces it.
//!
//! The marks are hints that no architecture version has given a meaning: a core takes them as `nop`
//! (Arm ARM, "HINT"). They stand outside the operations, so they cost none of them anything.

/// The section begins behind this.
#[inline(always)]
pub(super) fn begin() {
    // SAFETY: does nothing. It stays where it is, for it may touch memory as far as the compiler knows.
    unsafe { core::arch::asm!("hint #0x70", options(nostack, preserves_flags)) }
}

/// The section ends before this.
#[inline(always)]
pub(super) fn end() {
    // SAFETY: as above.
    unsafe { core::arch::asm!("hint #0x71", options(nostack, preserves_flags)) }
}
