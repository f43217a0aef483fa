//! The stock image: the shell, the benchmarks, the examples and every test of the tree. On a host it is empty, so that
//! commands over the whole workspace need no list of exceptions.
#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(target_os = "none")]
extern crate alloc;
#[cfg(target_os = "none")]
extern crate girder_machine_tests;

#[cfg(target_os = "none")]
mod benches;
#[cfg(target_os = "none")]
mod demos;

/// Found by the kernel in this section. An application's image does without them.
#[cfg(target_os = "none")]
#[used]
#[unsafe(link_section = "girder_programs")]
static PROGRAMS: [girder_core::program::Program; 2] = [girder_boot::SHELL, benches::PROGRAM];

#[cfg(not(target_os = "none"))]
fn main() {}
