//! Tests that run on the machine itself: what no host can show.
//!
//! Each runs on a lent stack of its own and may panic, fault or hang without harm to the others.
#![cfg(target_os = "none")]
#![no_std]

extern crate alloc;

mod cores;
mod faults;
mod harness;
mod interruption;
mod memory;
mod time;
