//! The stock image: the shell and every test of the tree.
#![no_std]
#![no_main]

extern crate girder_boot;
extern crate girder_machine_tests;
