//! A look at processes from outside: who there is, and what each is doing.
//!
//! What is found was so at one moment and may be over by the time that it is told: nobody is stopped
//! for it. The state word answers for itself, from any core. The rest stands in the header, which belongs to whoever
//! has the process's token, so it is read where no token can be in use meanwhile: while all cores stand still
//! (`crew::standstill`), which on the only one means with preemption off.

mod all;

use super::crew::{Standstill, at_standstill};
use super::header::Header;
use super::heap::STACK_BYTES;
use super::here;
use super::own_pid;
use super::table::Table;
use super::word::Pid;
use crate::atomic::Relaxed;
use crate::heap::Held;
use crate::heap::charge;
use crate::mail::ENVELOPE_BYTES;
pub use all::{Views, views};
use core::ptr::NonNull;

/// What a process is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activity {
    /// It is the one that asks.
    Running,
    /// It would run if a core had time for it, or runs on another one.
    Ready,
    /// It waits for something to happen.
    Waiting,
    /// It does not run until somebody resumes it.
    Suspended,
    /// Somebody has killed it, and it is coming to its end.
    Ending,
}

/// What was seen of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct View {
    /// What it is doing.
    pub activity: Activity,
    /// What only whoever has its token knows.
    pub account: Option<Account>,
}

/// What a process is, and has used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Account {
    /// The index of its priority level.
    pub level: u8,
    /// Reductions that it has spent.
    pub reductions: u64,
    /// Nanoseconds that it has had a core for, if the cores keep time.
    pub nanos: u64,
    /// Messages that wait: all that the process has taken in and not received, and of those that have come since
    /// up to ten thousand.
    pub messages: u32,
    /// The most that have waited: now, and whenever the process had taken some in. What was handed straight to it while
    /// it waited for just that never waited.
    pub most_messages: u32,
    /// True if it holds a stack: it was interrupted, or waits in the middle of ordinary code.
    pub has_stack: bool,
    /// Blocks of the heap that it has taken, wherever they have gone since.
    pub heap: Held,
    /// Bytes of its home: header and future.
    pub home: usize,
    /// Bytes of its arena.
    pub arena: usize,
    /// What its memory may come to, with a stack, if that was limited.
    pub max_heap: Option<usize>,
    /// Nanoseconds that it may have a core for, if that was limited; then `nanos` are known as well.
    pub max_runtime: Option<u64>,
}

impl Account {
    /// Bytes of memory that it has, all told: home, a stack if it holds one, blocks of the heap, arena, unread messages
    /// (as far as their number is known; what is in a box of its own is its sender's).
    pub fn memory(&self) -> usize {
        let stack = if self.has_stack { STACK_BYTES } else { 0 };
        let mail = self.messages as usize * ENVELOPE_BYTES;
        self.home + self.heap.bytes + self.arena + mail + stack
    }
}

/// Looks at a process; nothing if `pid` names none. Without its account, if not all cores come to rest for that.
pub fn view(pid: Pid) -> Option<View> {
    here::table().slot(pid.index())?.word.activity(pid)?;
    at_standstill(|all| all.view(pid)).unwrap_or_else(|_| {
        let activity = activity(pid)?;
        let account = None;
        Some(View { activity, account })
    })
}

/// What a process is doing; nothing if `pid` names none. It takes one look at a word.
pub fn activity(pid: Pid) -> Option<Activity> {
    let slot = here::table().slot(pid.index())?;
    match slot.word.activity(pid)? {
        Activity::Ready if own_pid() == Some(pid) => Some(Activity::Running),
        activity => Some(activity),
    }
}

impl Standstill<'_> {
    /// Looks at a process; nothing if `pid` names none.
    pub fn view(&self, pid: Pid) -> Option<View> {
        let activity = activity(pid)?;
        let table = self.own().table();
        let header = table.slot(pid.index())?.header.load(Relaxed);
        let account = NonNull::new(header).map(|header| {
            let sum = table.account(pid.index()).map_or(0, charge::Account::sum);
            // SAFETY: (1) the word names the process as alive, so it has a header; (2) its end and every
            // use of its token are the work of a core that runs processes of this table, and those stand still; and
            // (3) this core does no other work meanwhile.
            let header = unsafe { header.as_ref() };
            account(header, table, self.own().reductions.get(), sum)
        });
        Some(View { activity, account })
    }
}

fn account(header: &Header, table: &'static Table, at_birth: i32, sum: u64) -> Account {
    let newest = header.slot.word.newest();
    // SAFETY: all cores stand still, so the process does not run.
    let unturned = unsafe { header.local.count_unturned(newest, table.slabs()) };
    let messages = header.local.waiting() + unturned;
    let runtime = header.runtime();
    let used = runtime.map_or(0, |(_, used)| used);
    Account {
        heap: header.heap(sum),
        arena: header.arena_bytes(),
        home: header.home_bytes(),
        max_heap: header.max_heap(),
        level: header.local.level(),
        reductions: header.reductions(at_birth),
        nanos: header.nanos().max(used),
        max_runtime: runtime.map(|(most, _)| most),
        messages,
        most_messages: header.local.mailbox.most().max(messages),
        has_stack: header.frame.get() != 0,
    }
}

/// All processes, by slot. One that comes or goes meanwhile may be among them or not; whoever lives
/// all the time is there once.
pub fn processes() -> Processes {
    let (table, next) = (here::table(), 0);
    Processes { table, next }
}

/// See [`processes`].
#[derive(Clone)]
pub struct Processes {
    table: &'static Table,
    next: u32,
}

impl Iterator for Processes {
    type Item = Pid;

    fn next(&mut self) -> Option<Pid> {
        while let Some(slot) = self.table.slot(self.next) {
            let index = self.next;
            self.next += 1;
            if let Some(pid) = slot.word.occupant(index) {
                return Some(pid);
            }
        }
        None
    }
}

impl core::fmt::Debug for Processes {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Processes")
            .field("next", &self.next)
            .finish_non_exhaustive()
    }
}

#[cfg(all(test, not(loom)))]
mod tests;
