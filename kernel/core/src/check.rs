//! The harness that runs tests on the machine itself and reports over the console.
//!
//! `#[girder::test]` puts a [`Test`] into a section of the image; a [`Filter`] selects; the
//! [`Harness`] says what to run next, hears how it ended, judges and prints; [`run`] makes a process
//! of each test and kills it when its time is over; [`Books`] say what a test has left; [`ExitStatus`] is what a script sees in
//! the end.

mod books;
mod filter;
mod harness;
mod judge;
pub mod protocol;
mod runner;
mod status;
mod test;

pub use books::{Books, Ledger, Left};
pub use filter::Filter;
pub use harness::{Harness, Job, Plan, Step};
pub use judge::{Ending, Misfit, judge};
pub use runner::{Disorder, run};
pub use status::ExitStatus;
pub use test::{Body, Expect, Future, Test};
