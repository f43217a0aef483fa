//! Everything that names a register: AArch64 cores and the devices every board has.
//!
//! Modules that only compute ([`syndrome`], [`page_table`]) also build on the host, where they
//! are tested, and so do drivers, which take
//! addresses or models of their devices; the others exist for the bare-metal target alone and are proved on the machine.
#![cfg_attr(not(test), no_std)]

pub mod affinity;
pub mod bcm2836;
pub mod controller;
pub mod gic_v2;
mod order;
pub mod page_table;
mod register_block;
pub mod syndrome;

#[cfg(target_os = "none")]
pub mod backtrace;
pub mod bcm2835_power;
#[cfg(target_os = "none")]
mod block;
#[cfg(target_os = "none")]
pub mod cache;
#[cfg(target_os = "none")]
pub mod core_block;
#[cfg(target_os = "none")]
pub mod cpu;
#[cfg(target_os = "none")]
pub mod death;
#[cfg(target_os = "none")]
pub mod exception;
#[cfg(any(test, target_os = "none"))]
mod gic_set_up;
#[cfg(any(test, target_os = "none"))]
mod gic_signal;
#[cfg(target_os = "none")]
pub mod gic_v3;
#[cfg(target_os = "none")]
pub mod glance;
#[cfg(target_os = "none")]
pub mod halt;
#[cfg(target_os = "none")]
pub mod interrupts;
#[cfg(target_os = "none")]
pub mod lock;
#[cfg(target_os = "none")]
mod masked;
#[cfg(target_os = "none")]
mod memory;
#[cfg(target_os = "none")]
pub mod mmu;
#[cfg(target_os = "none")]
pub mod monitor;
pub mod ns8250;
#[cfg(target_os = "none")]
pub mod obituary;
pub mod pl011;
#[cfg(target_os = "none")]
pub mod power;
#[cfg(target_os = "none")]
pub mod preemption;
pub mod probe;
#[cfg(target_os = "none")]
pub mod process;
#[cfg(any(test, target_os = "none"))]
mod redistributors;
#[cfg(target_os = "none")]
mod registers;
#[cfg(target_os = "none")]
pub mod relax;
#[cfg(target_os = "none")]
mod spares;
pub mod spin_table;
#[cfg(target_os = "none")]
pub mod stack;
#[cfg(target_os = "none")]
pub mod timer;
#[cfg(target_os = "none")]
pub mod without_stack;
