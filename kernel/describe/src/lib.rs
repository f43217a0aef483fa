//! From the bytes a boot loader hands over to one description of the machine.
#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]
