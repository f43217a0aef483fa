//! The harness that runs tests on the machine itself and reports over the console.

pub mod protocol;
