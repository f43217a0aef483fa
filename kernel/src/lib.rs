//! The face that applications and tests see.
//!
//! On the bare-metal target it brings the whole kernel along; on a host only what can be checked
//! there, so that an application compiles and is type-checked like any other crate.
#![no_std]

extern crate alloc;

pub use girder_macros::test;

/// What tests that run on the machine are made of.
pub mod check {
    use alloc::boxed::Box;
    pub use girder_core::check::{Expect, Future, Test};
    pub use girder_core::rng::Rng;

    /// Boxes the future of a test that awaits.
    pub fn boxed(test: impl core::future::Future<Output = ()> + 'static) -> Future {
        Box::pin(test)
    }

    /// Returns a generator for whatever the running test draws; a run with the same seed repeats.
    #[cfg(target_os = "none")]
    pub fn rng() -> Rng {
        Rng::new(girder_boot::test_seed())
    }
}
