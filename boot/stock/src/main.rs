//! The stock image: the shell and every test of the tree. On a host it is empty, so that commands over
//! the whole workspace need no list of exceptions.
#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(target_os = "none")]
extern crate girder_boot;
#[cfg(target_os = "none")]
extern crate girder_machine_tests;

#[cfg(not(target_os = "none"))]
fn main() {}
