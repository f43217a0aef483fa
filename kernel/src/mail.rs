//! Messages: sending, receiving, asking. Nearly all of it is the kernel's own.

use crate::own_pid;
use girder_core::mail::{Addr, receive};
use girder_lockfree::process::{NoStack, block_on};

/// The running process's address, to be given to others.
///
/// # Panics
///
/// As [`own_pid`].
pub fn own_addr<M: Send + 'static>() -> Addr<M> {
    Addr::of(own_pid())
}

/// As [`receive`], in the middle of ordinary code: the process waits with its stack, the core does not. An
/// error if there is no stack for the core to go on with.
pub fn receive_blocking<M: Send + 'static>() -> Result<M, NoStack> {
    block_on(receive())
}
