//! The face that applications and tests see.
//!
//! On the bare-metal target it brings the whole kernel along; on a host only what can be checked
//! there, so that an application compiles and is type-checked like any other crate.
#![no_std]

pub use girder_macros::test;

/// What tests that run on the machine are made of.
pub mod check {
    pub use girder_core::check::{Expect, Test};
    pub use girder_core::rng::Rng;

    /// Returns a generator for whatever the running test draws; a run with the same seed repeats.
    #[cfg(target_os = "none")]
    pub fn rng() -> Rng {
        Rng::new(girder_boot::test_seed())
    }
}
