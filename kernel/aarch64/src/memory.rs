//! The functions that the compiler calls to copy and to fill memory: see `asm/memory.s`.
//!
//! They take the place of those that come with `core`, which are weak symbols. Tests on the machine
//! (`tests/machine/src/copies.rs`) try every length and alignment.

core::arch::global_asm!(include_str!("asm/memory.s"));
