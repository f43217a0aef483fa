//! What a simulator sees that nobody else may: where every process is, and what has been used up.
//!
//! On a host only. It looks and changes nothing, unless it is told to do wrong, so whatever the scheduler does wrong stays
//! wrong.

use super::platform;
use super::word::Pid;
use super::{here, homes};
use alloc::vec::Vec;

/// Where a process's token is, as its state word says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// With a queue, a desk or a core.
    Runnable,
    /// With its slot, until somebody wakes the process.
    Waiting,
    /// With its slot, until somebody resumes the process.
    Held,
}

/// Where the token of `pid` is, if it names a process.
pub fn standing(pid: Pid) -> Option<Standing> {
    here::table().slot(pid.index())?.word.standing(pid)
}

/// Whose tokens are on this thread's desk: newborn and woken.
pub fn on_desk() -> (Vec<Pid>, Vec<Pid>) {
    here::on_desk()
}

/// What this thread's core has, and has used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stock {
    /// Slots that its table has.
    pub slots: usize,
    /// Those that nobody occupies.
    pub free_slots: usize,
    /// Blocks that processes have had from the heap and not given back.
    pub blocks: usize,
    /// Those that nobody uses.
    pub free_blocks: usize,
    /// Chunks of arenas that are not back.
    pub chunks: usize,
}

/// Takes stock.
pub fn stock() -> Stock {
    let (homes, orphans) = homes::count_free();
    Stock {
        slots: here::table().slots() as usize,
        free_slots: homes + orphans,
        blocks: platform::blocks(),
        free_blocks: homes,
        chunks: platform::chunks(),
    }
}

impl super::Token {
    /// Forgets what the process has been asked, as if it had never been noted.
    pub fn simulate_forgetting_questions(&self) {
        self.header().local.mailbox.forget_questions();
    }
}

/// Lets `has_memory` say for each block of memory whether there is one, from now on.
pub fn simulate_heap(has_memory: fn() -> bool) {
    platform::set_heap(has_memory);
}

/// Lets `forgets` say, for each message that is received, whether its place is not left, as it has to be.
pub fn simulate_forgetting_places(forgets: fn() -> bool) {
    platform::set_forgetful(forgets);
}
