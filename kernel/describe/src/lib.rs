//! From the bytes a boot loader hands over to one description of the machine.
//!
//! [`describe`] turns a flattened device tree into a [`Machine`]: which cores there are and how
//! they start, the interrupt controller, the timer's interrupts, the console, the memory and its
//! nodes. It is the only place that knows how boards differ; the kernel reads the `Machine`, and
//! so does `girder-tools dtb`, which makes every board's tree a test on the host.
//!
//! Where there is no tree, [`Board`] and [`Atags`] make a `Machine` of a Raspberry Pi.
//!
//! The bytes are input, and may be damaged or hostile: every bound is a named constant with a
//! [`TreeError`] as its answer, and nothing here panics, loops or reads outside the tree. Two
//! kinds of fault are told apart. What makes the machine ambiguous (a broken structure, memory
//! that overflows, two cores of one name) refuses the tree. What concerns one device only (an
//! interrupt that does not resolve, a text that is not UTF-8) leaves that one thing out.
#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]

extern crate alloc;

mod atags;
mod devicetree;
mod error;
mod machine;
mod range;
mod raspberry_pi;

pub use atags::{Atags, WORDS as ATAG_WORDS};
pub use devicetree::limits;
pub use devicetree::{describe, total_size};
pub use error::{Block, TreeError};
pub use machine::{
    Conduit, Console, ConsoleKind, Controller, ControllerKind, Cpu, EnableMethod, Intid, Machine,
    Mpidr, NodeId, NumaNode, TimerInterrupts,
};
pub use range::Range;
pub use raspberry_pi::Board;
