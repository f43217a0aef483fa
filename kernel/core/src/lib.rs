//! The portable kernel: policy without an address, a register or an `unsafe` block.
#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod causes;
pub mod check;
pub mod config;
pub mod console;
pub mod departure;
pub mod info;
pub mod kept;
pub mod line_buffer;
pub mod logging;
pub mod mail;
pub mod names;
pub mod obituaries;
pub mod patience;
pub mod program;
pub mod reports;
pub mod rng;
pub mod sched;
pub mod shell;
pub mod shortage;
pub mod supervise;
pub mod symbols;
pub mod time;
pub mod timeline;
pub mod top;
pub mod trace;
pub mod units;
pub mod words;
