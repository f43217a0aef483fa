//! What ended processes have left unread, dropped by a process; and arenas that it would take long to give back.
//!
//! A process that ends with mail in its mailbox keeps its home until the mail is gone: its header,
//! still with the lists in it, joins its core's *unburied*. Destructors are somebody's code, so a
//! process of our own runs them, one message at a time and out of its envelope already: if one of
//! them crashes the reaper, or never ends, the next one goes on with the rest (`process::unburied`).

use super::Message;
use crate::process::hindrance::tell_of_the_last;
use crate::process::unburied::{Wanted, bury_in_loop, next_unread, set_reaper, tell_debts, wanted};
use crate::process::{
    NoProcess, is_spent, platform, reduce, spawn, spawn_pinned, table, take_for_kernel, yield_now,
};

/// Sees to it that a process of this level reaps, if there is something to reap, and one of the other level if that
/// piles up. A core's loop calls it before it collects its desk; without room for one more process it comes to that again,
/// says so, and gives back what is nobody's code. True if there is a new one: then the core is to tick.
#[inline(always)]
pub fn reap(level: u8, hurried: u8) -> bool {
    tell_debts();
    match wanted() {
        Wanted::Nobody => false,
        Wanted::Reaper => begin(level, Wanted::Reaper),
        Wanted::Hurried => begin(hurried, Wanted::Hurried),
    }
}

#[cold]
#[inline(never)]
fn begin(level: u8, wanted: Wanted) -> bool {
    // What is unread is its core's own, so it stays there.
    let made = match table().has_one_core() {
        true => spawn(work(), level),
        false => spawn_pinned(work(), level),
    };
    match made {
        Ok(pid) => {
            // If there are too many of them, whoever kills it has it made anew.
            let _ = take_for_kernel(pid);
            set_reaper(pid, wanted);
        }
        Err(NoProcess) => {
            bury_in_loop();
            platform::tell_of_no_reaper();
        }
    }
    made.is_ok()
}

async fn work() {
    tell_of_the_last();
    while let Some(message) = next_unread() {
        drop::<Option<Message>>(message);
        reduce(1);
        if is_spent() {
            yield_now().await;
        }
    }
}
