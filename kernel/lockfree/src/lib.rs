//! Words and structures that several cores touch at once, each with its loom story.
//!
//! The portable kernel names no atomic type: whatever two cores may touch at the same time
//! lives here, behind a safe type whose methods are the transitions. The stories stand beside
//! the code and run with `RUSTFLAGS="--cfg loom" cargo test --release -p girder-lockfree`. Each
//! ordering that is more than relaxed has a name (`order.rs`) and a story that fails without it.
//! What the compiler makes of the transitions that hand something over is checked against Arm's
//! model by the litmus tests in `litmus/`.
#![no_std]

extern crate alloc;
#[cfg(not(target_os = "none"))]
extern crate std;

mod admission;
pub mod arena;
mod chunks;
mod deque;
mod doorbell;
pub mod heap;
pub mod mail;
mod order;
pub mod process;
mod rate;
mod recent;
mod recorder;
mod reporter;
pub mod scarcity;
pub mod wheel;

pub use admission::{Admission, Verdict};
pub use deque::{Deque, Owner, Steal};
pub use doorbell::{Doorbell, Ring};
pub use process::Token;
pub use rate::Rate;
pub use recent::Recent;
pub use recorder::Recorder;
pub use reporter::{Attempt, Reporter};

/// Atomics, real or modelled. Whatever is more than `Relaxed` has a name in `order`.
mod atomic {
    #[cfg(not(loom))]
    pub(crate) use core::sync::atomic::{AtomicPtr, AtomicU8, AtomicU32, AtomicU64, fence};
    pub(crate) use core::sync::atomic::{Ordering, Ordering::Relaxed};
    #[cfg(loom)]
    pub(crate) use loom::sync::atomic::{AtomicPtr, AtomicU8, AtomicU32, AtomicU64, fence};
}

/// A cell that two holders hand to each other, real or modelled: the model finds who looks too early.
mod cell {
    #[cfg(loom)]
    pub(crate) use loom::cell::UnsafeCell;

    #[cfg(not(loom))]
    #[derive(Debug)]
    pub(crate) struct UnsafeCell<T>(core::cell::UnsafeCell<T>);

    #[cfg(not(loom))]
    impl<T> UnsafeCell<T> {
        pub(crate) fn new(value: T) -> Self {
            Self(core::cell::UnsafeCell::new(value))
        }

        pub(crate) fn with<R>(&self, f: impl FnOnce(*const T) -> R) -> R {
            f(self.0.get())
        }

        pub(crate) fn with_mut<R>(&self, f: impl FnOnce(*mut T) -> R) -> R {
            f(self.0.get())
        }
    }
}
