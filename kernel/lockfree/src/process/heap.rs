//! What a process has of memory, what it may have, and what becomes of it at its end.
//!
//! Blocks of the heap are in its *charge* (`heap::charge`), which the short way of allocating compares with its limit by one
//! bit. What else it has stands *beside* that: its home, a stack, chunks of its arena, which are the kernel's blocks for the
//! sake of its death, and messages that it has not read. So that the one bit speaks for all, the charge begins higher by as
//! much: what it began with is noted, and a process's heap is the difference.
//!
//! A stack is set aside from the beginning, whether the process holds one or not: any interrupt may make it hold one,
//! and that must not fail. If it counted from then on, a process near its limit would be refused its next block, or not, as
//! an interrupt has come or not. Set aside, it brings nobody over a limit, and what a process has never
//! comes to more than that. So a limit has to have room for a stack.
//!
//! Its arena is beside from the moment that a chunk is taken. How many messages wait is looked at whenever a block is not
//! taken the short way, which is some time before a limit is reached, but not each time. The envelope is the
//! receiver's, the box of a large message is its sender's.
//!
//! # The alarm
//!
//! At three quarters of the limit the same bit is set once: then the alarm is due, and what counts from there on is the
//! limit itself. It is told when the process can be kept waiting for it.

use super::finished::Manner;
use super::header::Header;
use super::homes::bytes_of;
use super::in_loop::InLoop;
use super::local::{Kind, Local};
use super::platform;
use crate::heap::Held;
use crate::heap::charge::{self, start};
use crate::mail::ENVELOPE_BYTES;
use core::cell::Cell;
use core::ptr::NonNull;

/// Bytes of a stack.
pub const STACK_BYTES: usize = 32 << 10;

/// Why a process has no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoLimit {
    /// It is no process that asks.
    NoProcess,
    /// It has no room for a stack, see [`STACK_BYTES`], beside what the process itself consists of.
    TooLow,
    /// There is no memory to note it.
    NoMemory,
}

/// Why a process was not given memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    ByLimit,
    ForWantOfMemory,
}

/// A process's limit.
pub(super) struct Limit {
    /// Bytes; none if it is the largest number.
    most: Cell<usize>,
    /// Bytes of its arena.
    arena: Cell<usize>,
    /// Bytes of messages, as last seen.
    mail: Cell<usize>,
    /// What its charge began with.
    start: Cell<u64>,
    /// Why it was last refused memory.
    refused: Cell<Option<Refused>>,
    alarm: Cell<Alarm>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Alarm {
    /// It has less than three quarters.
    Armed,
    /// Nobody was told yet.
    Due,
    Told,
}

impl Limit {
    pub(super) const fn none() -> Self {
        Self {
            most: Cell::new(usize::MAX),
            arena: Cell::new(0),
            mail: Cell::new(0),
            start: Cell::new(0),
            refused: Cell::new(None),
            alarm: Cell::new(Alarm::Armed),
        }
    }

    fn is_set(&self) -> bool {
        self.most.get() != usize::MAX
    }

    /// What is to be noticed next: the alarm, or the limit.
    fn next(&self) -> usize {
        let most = self.most.get();
        match self.alarm.get() {
            Alarm::Armed if self.is_set() => most / 4 * 3,
            _ => most,
        }
    }
}

/// Limits what the running process may have of memory from now on, in bytes: heap, arena, unread messages, home, and a stack,
/// which is set aside whether it holds one or not; more is refused. A process that is refused a block and can't do without it
/// ends, alone.
pub fn limit_heap(bytes: usize) -> Result<(), NoLimit> {
    let local = platform::local();
    let header = header_of(local).ok_or(NoLimit::NoProcess)?;
    if bytes < STACK_BYTES + header.home_bytes() {
        return Err(NoLimit::TooLow);
    }
    let cold = header.cold().or_else(|| header.cold_or_new());
    let limit = &cold.ok_or(NoLimit::NoMemory)?.limit;
    let _stay = platform::PreemptionOff::of(local);
    limit.most.set(bytes.min(usize::MAX - 1));
    limit.alarm.set(Alarm::Armed);
    header.begin_anew(limit);
    Ok(())
}

/// True if the running process was refused memory because of its limit, and not for want of any, when it was last refused some.
pub fn was_refused_by_limit() -> bool {
    let limit = limit_of(platform::local());
    limit.is_some_and(|(_, limit)| limit.refused.get() == Some(Refused::ByLimit))
}

/// Bytes that the running process may have besides what it has.
pub(crate) fn room_for_own() -> usize {
    match limit_of(platform::local()) {
        Some((header, limit)) if limit.is_set() => {
            limit.most.get().saturating_sub(header.bytes(limit))
        }
        _ => usize::MAX,
    }
}

/// True if the running process may have a home of so many bytes in place of the one that it has; else that is noted.
pub(super) fn may_move_into(bytes: usize) -> bool {
    let own = header_of(platform::local()).map_or(0, Header::home_bytes);
    let may_move = bytes <= room_for_own().saturating_add(own);
    if !may_move {
        note_refusal(Refused::ByLimit);
    }
    may_move
}

/// Notes that the running process was refused memory.
pub(crate) fn note_refusal(refused: Refused) {
    if let Some((_, limit)) = limit_of(platform::local()) {
        limit.refused.set(Some(refused));
    }
}

/// Notes that the arena of the running process has so much now. Preemption is off.
pub(crate) fn note_arena(change: isize) {
    if let Some((header, limit)) = limit_of(platform::local()) {
        limit
            .arena
            .set(limit.arena.get().saturating_add_signed(change));
        header.begin_anew(limit);
    }
}

fn header_of(local: &'static Local) -> Option<&'static Header> {
    // SAFETY: a process's record is the first field of its header, which lives while it runs.
    (local.kind() == Kind::Process).then(|| unsafe { NonNull::from(local).cast().as_ref() })
}

fn limit_of(local: &'static Local) -> Option<(&'static Header, &'static Limit)> {
    let header = header_of(local)?;
    Some((header, &header.cold()?.limit))
}

impl Local {
    /// The running process seems to be over its limit, of which it has `over` been asked again. True if it may go on: it was
    /// only the alarm. Preemption is off.
    #[cold]
    pub(crate) fn meets_limit(&'static self, is_over: impl Fn() -> bool) -> bool {
        let Some((header, limit)) = limit_of(self) else {
            return !is_over(); // 64 GiB
        };
        let before = limit.alarm.get();
        if before == Alarm::Armed {
            limit.alarm.set(Alarm::Due);
            header.begin_anew(limit);
        }
        if !is_over() {
            return true;
        }
        // What is not taken is nothing to be alarmed about.
        limit.alarm.set(before);
        header.begin_anew(limit);
        false
    }

    /// Looks how many messages wait for the running process, for the sake of its limit. Preemption is off.
    #[inline(always)]
    pub(crate) fn weigh_mail(&'static self) {
        if let Some((header, limit)) = limit_of(self) {
            header.weigh(limit);
        }
    }

    /// If the alarm of the running process is due: what it has, and what it may have. Due no more.
    pub(crate) fn take_alarm(&'static self) -> Option<(usize, usize)> {
        let (header, limit) = limit_of(self)?;
        if limit.alarm.get() != Alarm::Due {
            return None;
        }
        limit.alarm.set(Alarm::Told);
        Some((header.bytes(limit), limit.most.get()))
    }
}

impl Header {
    /// What the process has besides its heap, and a stack.
    fn beside(&self, limit: &Limit) -> usize {
        STACK_BYTES + self.home_bytes() + limit.arena.get() + limit.mail.get()
    }

    /// What the running process has, with a stack.
    fn bytes(&self, limit: &Limit) -> usize {
        let account = super::table().account(self.pid().index());
        let account = account.map_or(0, charge::Account::sum);
        self.heap(account).bytes + self.beside(limit)
    }

    /// Lets the charge begin where that brings it to its limit when the process is.
    fn begin_anew(&self, limit: &Limit) {
        if !limit.is_set() {
            return; // it began with 0, and does
        }
        let now = start(limit.next().saturating_sub(self.beside(limit)));
        let before = limit.start.replace(now);
        let charge = self.charge.get().wrapping_sub(before);
        self.charge.set(charge.wrapping_add(now));
    }

    #[cold]
    fn weigh(&self, limit: &Limit) {
        let mail = self.local.waiting() as usize * ENVELOPE_BYTES;
        if limit.is_set() && limit.mail.replace(mail) != mail {
            self.begin_anew(limit);
        }
    }

    /// The process has no arena any more, and another home.
    pub(super) fn begin_in_new_home(&self) {
        if let Some(cold) = self.cold() {
            cold.limit.arena.set(0);
            self.begin_anew(&cold.limit);
        }
    }

    /// Bytes of its home: header and future.
    pub(super) fn home_bytes(&self) -> usize {
        bytes_of(self.operations)
    }

    /// What it may have at most, if that was ever said.
    pub(super) fn max_heap(&self) -> Option<usize> {
        let limit = &self.cold()?.limit;
        limit.is_set().then_some(limit.most.get())
    }

    /// Bytes of its arena.
    pub(super) fn arena_bytes(&self) -> usize {
        self.cold().map_or(0, |cold| cold.limit.arena.get())
    }

    /// What the process has of the heap, as it has counted itself.
    fn own_charge(&self) -> u64 {
        let start = self.cold().map_or(0, |cold| cold.limit.start.get());
        self.charge.get().wrapping_sub(start)
    }

    /// What the process has of the heap.
    pub(super) fn heap(&self, account: u64) -> Held {
        Held::of(self.own_charge().wrapping_add(account))
    }

    /// Leaves what a process that has ended still has of the heap to its account. True if something is left: then the
    /// slot is not free before that is; nor is it if it `is_held`, until [`let_go`].
    #[cold]
    #[inline(never)]
    pub(super) fn leave_heap(
        &self,
        charge: u64,
        manner: Manner,
        (is_retired, is_held): (bool, bool),
        at: InLoop<'_>,
    ) -> bool {
        let (here, owner) = (at.here(), self.pid().index());
        let Some(account) = here.table().account(owner) else {
            return false;
        };
        let is_abandoned = manner.is_in_mid_poll();
        here.table().mark_ended(owner, is_abandoned, is_retired);
        let hold = if is_held { charge::HOLD } else { 0 };
        let left = account.close(charge + hold);
        here.note_left(left - hold, is_abandoned);
        left != 0
    }

    /// What `leave_heap` is told, before the record is taken away.
    #[inline(always)]
    pub(super) fn charge_to_leave(&self) -> u64 {
        if self.charge.get() == 0 {
            return 0;
        }
        self.own_charge()
    }
}

/// Lets go of a slot that was held. True if nobody may have it yet, or ever.
#[cold]
pub(super) fn let_go(owner: u32) -> bool {
    let table = super::table();
    let left = table.account(owner).map(charge::Account::let_go);
    left != Some(charge::Taken::Last) || table.is_retired(owner)
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::super::{Polled, Start, Table, here, spawn};
    use super::*;
    use std::boxed::Box;

    /// Runs this in a process.
    fn in_process(f: fn()) {
        let table = Box::leak(Box::new(Table::new(4)));
        Box::leak(Box::new(here::Here::new())).simulate(table);
        spawn(async move { f() }, 2).expect("there is room");
        let mut newborn = here::collect().newborn;
        let Start::Run(process) = newborn.queue.pop_front().expect("born").start() else {
            panic!("not to be run")
        };
        let Polled::Done(finished) = process.poll() else {
            panic!("not done")
        };
        finished.discontinue();
    }

    #[test]
    fn who_never_had_a_limit_has_the_largest_that_can_be_counted() {
        in_process(|| {
            let local = platform::local();
            assert!(local.meets_limit(|| false));
            assert!(!local.meets_limit(|| true), "beyond 64 GiB");
        });
    }

    #[test]
    fn a_limit_that_a_process_is_over_already_is_refused() {
        in_process(|| {
            let header = header_of(platform::local()).expect("a process");
            let least = STACK_BYTES + header.home_bytes();
            assert_eq!(limit_heap(least - 1), Err(NoLimit::TooLow));
            assert_eq!(limit_heap(least), Ok(()));
            assert_eq!(room_for_own(), 0);
        });
    }

    #[test]
    fn a_larger_home_counts_before_somebody_moves_into_it() {
        in_process(|| {
            assert!(may_move_into(usize::MAX / 2), "without a limit");
            limit_heap(STACK_BYTES + 4096).expect("there is memory");
            assert!(may_move_into(2048));
            assert!(!was_refused_by_limit());
            assert!(!may_move_into(8192));
            assert!(was_refused_by_limit());
        });
    }
}
