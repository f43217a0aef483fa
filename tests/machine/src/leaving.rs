//! Whoever looks after each test finds what it has left: without these, that it found nothing would say nothing.
//!
//! What each of them leaves stays for ever; it is little. What there is no safe way to leave, a stack or a block of the kernel's
//! alone, is among the tests of the rule (`girder_core::check::Books`).

use crate::support::{NORMAL, until_it_waits};
use core::future::pending;
use girder::local::{Arena, with};
use girder::{Pid, send};
use girder_lockfree::process::{spawn, spawn_with};

fn leave_a_process() -> Pid {
    spawn(pending(), NORMAL).expect("there is room")
}

#[girder::test(leaves = "+1 processes")]
fn a_process_that_waits_is_found() {
    leave_a_process();
}

/// Its home is the kernel's.
#[girder::test(leaves = "bytes of the kernel")]
fn the_memory_of_one_is_found() {
    leave_a_process();
}

#[girder::test(leaves = "+1 envelopes")]
fn a_message_that_nobody_reads_is_found() {
    send(leave_a_process(), 7_u64).expect("there is memory");
}

#[girder::test(leaves = "bytes of arenas")]
async fn an_arena_is_found() {
    let body = || {
        with(async |arena: Arena<'_>| {
            let _kept = arena.boxed(7_u64);
            pending::<()>().await;
        })
    };
    let pid = spawn_with(body, NORMAL).expect("there is room");
    until_it_waits(pid).await;
}
