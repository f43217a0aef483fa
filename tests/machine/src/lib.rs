//! Tests that run on the machine itself: what no host can show.
//!
//! Each runs as a process of its own and may panic, fault or hang without harm to the others.
#![cfg(target_os = "none")]
#![no_std]

extern crate alloc;

mod affinity;
mod alarms;
mod arenas;
mod asking;
mod astray;
mod atomics;
mod behaving;
mod births;
mod blocked_mail;
mod blocking;
mod calling;
mod containment;
mod copies;
mod cores;
mod crashes;
mod dying;
mod fairness;
mod faults;
mod grouping;
mod harness;
mod hibernation;
mod interruption;
mod killing;
mod leaving;
mod limits;
mod linking;
mod mailboxes;
mod many;
mod memory;
mod monitoring;
mod naming;
mod obituaries;
mod programs;
mod reaping;
mod reserve;
mod runtimes;
mod slots;
mod stacks;
mod supervising;
mod support;
mod time;
mod watchdogs;
