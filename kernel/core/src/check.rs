//! The harness that runs tests on the machine itself and reports over the console.
//!
//! `#[girder::test]` puts a [`Test`] into a section of the image; a [`Filter`] selects; the
//! [`Harness`] says what to run next, hears how it ended, judges and prints; [`ExitStatus`] is what
//! a script sees in the end. How a test gets a stack, a clock and a way to be abandoned is the
//! machine's part and stands outside.

mod filter;
mod harness;
mod judge;
pub mod protocol;
mod status;
mod test;

pub use filter::Filter;
pub use harness::{Harness, Job, Plan, Step};
pub use judge::{Ending, Misfit, judge};
pub use status::ExitStatus;
pub use test::{Expect, Test};
