//! What a simulator sees that nobody else may: where every process is, and what has been used up.
//!
//! On a host only. It looks and changes nothing, unless it is told to do wrong, so whatever the scheduler does wrong stays
//! wrong.

use super::platform;
use super::word::Pid;
use super::{here, homes};
use crate::scarcity::{self, Purpose};
use alloc::vec::Vec;
use core::fmt::Write;

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
    /// Records of processes, and what watchers share with them, that are not back.
    pub records: usize,
    /// Blocks that were taken for ever, and those of them that somebody knows.
    pub pages: (usize, usize),
    /// Slots that nobody occupies and no core has.
    pub spread: usize,
    /// Ties between processes that are in use.
    pub ties: usize,
}

/// Takes stock.
pub fn stock() -> Stock {
    let (homes, orphans) = homes::count_free();
    let (table, counts) = (here::table(), platform::counts());
    Stock {
        slots: table.slots() as usize,
        free_slots: homes + orphans,
        blocks: counts.blocks,
        free_blocks: homes,
        chunks: counts.chunks,
        records: counts.records,
        pages: (counts.pages, table.pages()),
        spread: table.count_spread(),
        ties: table.ties().in_use() as usize,
    }
}

impl super::Token {
    /// Ends the process in mid-poll, as it would for want of memory that it can't do without: see
    /// [`Finished::crashed`](super::Finished::crashed).
    pub fn simulate_crash(self) -> super::Finished {
        super::alarm::seek_alarms_of_the_dead();
        let mut words = super::Words::new();
        _ = words.write_str("out of memory");
        let reason = super::ExitReason::Panicked(words);
        super::ties::note_words(self.header(), &reason);
        let _untold = self.header().word_end(reason);
        super::Finished::new(self, super::finished::Manner::Crashed)
    }

    /// Forgets what the process has been asked, as if it had never been noted.
    pub fn simulate_forgetting_questions(&self) {
        self.header().local.mailbox.forget_questions();
    }
}

/// Lets `signal` bring signals to the simulated core with an address, from this thread.
pub fn simulate_signals(signal: fn(u64)) {
    platform::set_signal(signal);
}

/// Tells `packet` of each process that this thread's core sends to the one with an address, before it is in that core's inbox.
pub fn simulate_packets(packet: fn(u64, Pid)) {
    platform::set_packet(packet);
}

/// Lets `wait` pass the time for a process on this thread that waits for other cores where it stands.
pub fn simulate_waiting(wait: fn()) {
    platform::set_wait_for_event(wait);
}

/// Lets `may_take` say for each allocation whether there is memory for it, from now on, and takes stock anew.
pub fn simulate_heap(may_take: fn(Purpose) -> bool) {
    scarcity::simulate(may_take);
    platform::start_counting();
}

/// Lets `forgets` say, for each message that is received, whether its place is not left, as it has to be.
pub fn simulate_forgetting_places(forgets: fn() -> bool) {
    platform::set_forgetful(forgets);
}
