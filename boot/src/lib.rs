//! Boot: from the machine's first instruction to a loop on every core.
//!
//! `entry` gets from the boot loader to Rust with translation on; `start` brings the machine up in
//! stages; `heart` is the loop that the boot core then runs for ever, `attend` the others'. Link this package, and the image
//! has an entry point, a panic handler and an allocator.
#![cfg(target_os = "none")]
#![no_std]

extern crate alloc;

mod attend;
mod audit;
mod bench;
mod complain;
mod console;
pub mod cores;
mod crash;
mod departure;
mod devices;
mod early;
mod early_fault;
mod entry;
mod first;
mod heap;
mod heart;
mod image;
mod instruments;
mod ledger;
mod logger;
mod memory;
pub mod names;
mod obituaries;
mod pool;
mod port;
mod provoke;
mod readers;
mod reaping;
mod reserve;
mod shell;
mod shortage;
mod stacks;
mod start;
mod suite;
mod treeless;
mod watchdogs;

pub use audit::{Discrepancy, Disorder, audit};
pub use bench::{Bench, Run as BenchRun, measure as measure_bench, run_benches};
pub use console::print;
pub use departure::enter as enter_departure;
pub use girder_aarch64::death::exit;
pub use heap::memory_alarms;
pub use heart::schedulers;
pub use image::{Atomics, atomics};
pub use instruments::{Resources, available_memory, free_memory, resources};
pub use obituaries::{KEPT as OBITUARIES_KEPT, obituaries, obituary, write_place};
pub use readers::read_byte;
pub use reaping::hindered_reapers;
pub use shell::PROGRAM as SHELL;
pub use stacks::{Stacks, given_up, limit_stacks, stacks};
pub use suite::test_seed;
pub use watchdogs::{MISSED_MAX, PERIOD, is_guarded, stalls};

use girder_aarch64::power;
use girder_core::check::ExitStatus;

/// Switches the machine off once all who are to be asked have ended.
pub async fn power_off() -> ! {
    departure::of_all().await;
    power_down(ExitStatus::AllPassed)
}

/// Lets all output out and switches the machine off; an emulator that listens gets the status.
/// Without a console nobody has heard the result, and that is what the status says then.
pub(crate) fn power_down(status: ExitStatus) -> ! {
    console::flush();
    let status = match console::is_attached() {
        true => status,
        false => ExitStatus::NothingToRun,
    };
    power::exit(status.code().into())
}
