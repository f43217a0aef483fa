//! All slots, and where processes come from and go to.
//!
//! A slot never becomes anything else, so a stale pid can always be looked up: chunks of slots are
//! added and never taken away. Free slots wait in the desk of the core that freed them.

use super::crew::{Crew, Seat, Spread};
use super::finished::Manner;
use super::header::{Header, Slot};
use super::heap::let_go;
use super::in_loop::InLoop;
use super::own::Own;
use super::ties::{self, Ties};
use super::unburied::{leave_unburied, leave_with_debts};
use super::word::{Pid, Rest, StateWord, Vacant};
use super::{here, homes, pages};
use crate::atomic::{AtomicPtr, AtomicU32, AtomicU64, Relaxed};
use crate::heap::charge::Account;
use crate::mail::{Gates, Slabs};
use crate::order::Site;
use crate::scarcity::{Purpose, may_take};
use alloc::boxed::Box;
use core::ops::Range;
use core::ptr::{NonNull, null_mut, without_provenance_mut};

mod set_aside;

pub use set_aside::KERNELS_LEVEL;
use set_aside::SetAside;

/// Slots that are added at a time, 128 KiB of them, and 64 KiB of accounts; few where a model has to follow each.
const CHUNK: usize = if cfg!(loom) { 2 } else { 8192 };
/// Slots that a table may have.
pub const SLOTS_MAX: u32 = 1 << 24;

/// How the process of a slot has ended that left blocks behind: in mid-poll.
const ABANDONED: usize = 1;
/// And nobody will have the slot again.
const RETIRED: usize = 2;

/// Messages that may be under way at a time for each process that there may be, unless more is said.
const MESSAGES: u32 = 4;

/// The slots of one machine.
pub struct Table {
    chunks: Box<[AtomicPtr<[Slot; 0]>]>,
    /// Beside each slot: see `heap::charge`.
    accounts: Box<[AtomicPtr<Account>]>,
    /// Memory for slots, for which there was none for their accounts.
    spare: AtomicPtr<[Slot; 0]>,
    used: AtomicU32,
    limit: u32,
    slabs: Slabs,
    gates: Gates,
    ties: Ties,
    /// Cores that run its processes.
    cores: AtomicU32,
    /// Stamps that were given out: see `mail::look`.
    stamps: AtomicU64,
    nobodys: Slot,
    /// Those that let others have of their work; none, if there is one core.
    crew: Crew,
    /// Slots that nobody occupies and no core has.
    spread: Spread,
    /// Those that are for the kernel's own.
    set_aside: SetAside,
    /// Processes that nobody may ask for anything.
    own: Own,
}

/// There is no slot or no memory for one more process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoProcess;

impl core::fmt::Display for NoProcess {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("no room for another process")
    }
}

impl core::error::Error for NoProcess {}

impl Table {
    /// Creates a table for at most `limit` processes at a time.
    pub fn new(limit: u32) -> Self {
        Self::with_messages(limit, limit.saturating_mul(MESSAGES))
    }

    /// The same with at most so many messages under way at a time.
    pub fn with_messages(limit: u32, messages: u32) -> Self {
        Self::with_crew(limit, messages, [])
    }

    /// The same for several cores that run its processes.
    pub fn with_crew(limit: u32, messages: u32, seats: impl IntoIterator<Item = Seat>) -> Self {
        let limit = limit.min(SLOTS_MAX);
        let crew = Crew::new(seats, limit);
        let chunks = (limit as usize).div_ceil(CHUNK);
        let accounts = (0..chunks).map(|_| AtomicPtr::new(null_mut())).collect();
        let chunks = (0..chunks).map(|_| AtomicPtr::new(null_mut())).collect();
        Self {
            chunks,
            accounts,
            spare: AtomicPtr::new(null_mut()),
            used: AtomicU32::new(0),
            limit,
            slabs: Slabs::new(messages),
            gates: Gates::new(limit),
            ties: Ties::new(limit),
            cores: AtomicU32::new(0),
            stamps: AtomicU64::new(0),
            nobodys: Slot {
                word: StateWord::new(),
                header: AtomicPtr::new(null_mut()),
            },
            own: Own::new(crew.count()),
            set_aside: SetAside::new(limit, crew.count()),
            crew,
            spread: Spread::new(),
        }
    }

    /// The envelopes of this machine.
    #[inline(always)]
    pub(crate) fn slabs(&self) -> &Slabs {
        &self.slabs
    }

    /// The gates of its processes.
    pub(crate) fn gates(&self) -> &Gates {
        &self.gates
    }

    /// The ties between them.
    pub(crate) fn ties(&self) -> &Ties {
        &self.ties
    }

    /// The cores that let each other have of their work.
    pub fn crew(&self) -> &Crew {
        &self.crew
    }

    /// The kernel's own processes.
    pub(super) fn own(&self) -> &Own {
        &self.own
    }

    /// How many cores run its processes by now.
    pub fn cores(&self) -> u32 {
        self.cores.load(Relaxed)
    }

    /// A number for one more core that runs processes of this table; it asks before it does.
    pub(crate) fn next_core(&self) -> u32 {
        self.cores.fetch_add(1, Relaxed)
    }

    /// A stamp that nothing else has, as two halves: one for each nanosecond of five hundred years.
    pub(crate) fn next_stamp(&self) -> [u32; 2] {
        let stamp = self.stamps.fetch_add(1, Relaxed) + 1;
        [(stamp >> 32) as u32, stamp as u32]
    }

    /// True if all its processes run on one core.
    pub(crate) fn has_one_core(&self) -> bool {
        self.cores.load(Relaxed) == 1
    }

    #[inline(always)]
    pub(crate) fn slot(&self, index: u32) -> Option<&'static Slot> {
        let index = index as usize;
        let chunk = self
            .chunks
            .get(index / CHUNK)?
            .load(Site::ChunkFind.ordering())
            .cast::<Slot>();
        // SAFETY: a chunk that is not null has `CHUNK` slots and lives for ever.
        (!chunk.is_null()).then(|| unsafe { &*chunk.add(index % CHUNK) })
    }

    /// The slot of a process.
    ///
    /// # Safety
    ///
    /// There is or was one of that pid.
    #[inline(always)]
    pub(crate) unsafe fn slot_of(&self, pid: Pid) -> &'static Slot {
        let index = pid.index() as usize;
        // SAFETY: the caller's promise: that has a slot, whose chunk is there, and lives for ever.
        unsafe {
            let chunk = self.chunks.get_unchecked(index / CHUNK);
            let chunk = chunk.load(Site::ChunkFind.ordering()).cast::<Slot>();
            &*chunk.add(index % CHUNK)
        }
    }

    /// The slot of all who never were: nobody ever occupies it, so nothing reaches anybody by it.
    pub(crate) fn nobodys(&self) -> &Slot {
        &self.nobodys
    }

    /// The account of a slot.
    pub(crate) fn account(&self, index: u32) -> Option<&'static Account> {
        let (chunk, place) = (index as usize / CHUNK, index as usize % CHUNK);
        // Relaxed: with the number of an owner came what its author saw.
        let accounts = self.accounts.get(chunk)?.load(Relaxed);
        // SAFETY: a chunk that is not null has `CHUNK` accounts and lives for ever.
        (!accounts.is_null()).then(|| unsafe { &*accounts.add(place) })
    }

    /// Notes how the process of a slot has ended that leaves blocks behind; its header's place is free for that.
    pub(crate) fn mark_ended(&self, index: u32, is_abandoned: bool, is_retired: bool) {
        if let Some(slot) = self.slot(index) {
            let mark = usize::from(is_abandoned) * ABANDONED + usize::from(is_retired) * RETIRED;
            slot.header.store(without_provenance_mut(mark), Relaxed);
        }
    }

    fn mark(&self, index: u32) -> usize {
        self.slot(index)
            .map_or(0, |slot| slot.header.load(Relaxed).addr())
    }

    /// True if the process of this slot, which has ended and left blocks behind, did so in mid-poll.
    pub(crate) fn is_abandoned(&self, index: u32) -> bool {
        self.mark(index) & ABANDONED != 0
    }

    /// True if no process will ever have that slot again.
    pub(crate) fn is_retired(&self, index: u32) -> bool {
        self.mark(index) & RETIRED != 0
    }

    /// The slot after this one in a list of slots that nobody occupies.
    pub(crate) fn orphan_after(&self, index: u32) -> Option<u32> {
        let next = self.slot(index)?.header.load(Relaxed).addr();
        u32::try_from(next).ok()?.checked_sub(1)
    }

    /// Puts a slot that nobody occupies before this one in a list: its header's place is free for it.
    pub(crate) fn set_orphan_after(&self, index: u32, next: Option<u32>) {
        if let Some(slot) = self.slot(index) {
            let next = next.map_or(0, |next| next as usize + 1);
            slot.header.store(without_provenance_mut(next), Relaxed);
        }
    }

    /// How many slots there are.
    pub(crate) fn slots(&self) -> u32 {
        self.used.load(Relaxed).min(self.limit)
    }

    /// Blocks of memory that were taken for ever.
    #[cfg(not(target_os = "none"))]
    pub(crate) fn pages(&self) -> usize {
        let chunks = (self.used.load(Relaxed) as usize).div_ceil(CHUNK);
        let spare = usize::from(!self.spare.load(Relaxed).is_null());
        spare + 2 * chunks + self.slabs.count()
    }

    /// Adds a chunk and returns the indices of its slots.
    pub(crate) fn grow(&self) -> Option<Range<u32>> {
        if self.used.load(Relaxed) >= self.limit {
            return None; // before memory is taken for nothing
        }
        let (slots, accounts) = self.take_blocks()?;
        for index in 0..CHUNK {
            let slot = Slot {
                word: StateWord::new(),
                header: AtomicPtr::new(null_mut()),
            };
            // SAFETY: the block is large enough, and nobody else's.
            unsafe { slots.add(index).write(slot) }
        }
        for index in 0..CHUNK {
            // SAFETY: as above.
            unsafe { accounts.add(index).write(Account::new()) }
        }
        let first = self.used.fetch_add(CHUNK as u32, Relaxed);
        if first >= self.limit {
            self.used.fetch_sub(CHUNK as u32, Relaxed);
            return None;
        }
        // Before the slots, which release it.
        self.accounts[first as usize / CHUNK].store(accounts.as_ptr(), Relaxed);
        let place = &self.chunks[first as usize / CHUNK];
        place.store(slots.as_ptr().cast(), Site::ChunkAdd.ordering());
        Some(first..self.limit.min(first + CHUNK as u32))
    }

    /// Memory for slots and for their accounts. If there is some for slots only, that is kept for the next who asks.
    fn take_blocks(&self) -> Option<(NonNull<Slot>, NonNull<Account>)> {
        let spare = self.spare.swap(null_mut(), Relaxed);
        let slots = NonNull::new(spare.cast::<Slot>()).or_else(|| take(Purpose::Slots))?;
        let accounts = take(Purpose::Accounts);
        if accounts.is_none() {
            // Cores that race for the last memory may lose a block each, once.
            self.spare.store(slots.as_ptr().cast(), Relaxed);
        }
        Some((slots, accounts?))
    }
}

/// Memory for a chunk of these, for ever.
fn take<T>(purpose: Purpose) -> Option<NonNull<T>> {
    let size = (CHUNK * size_of::<T>()).next_power_of_two();
    if may_take(purpose) {
        pages(size).map(NonNull::cast)
    } else {
        None
    }
}

/// Ends a process: frees its slot and its memory. What it has of the heap is left behind. Its home stays here, unless it is
/// said to come from abroad: then it goes back where it came from.
#[inline(always)]
pub(crate) fn vacate<const FROM_ABROAD: bool>(
    header: NonNull<Header>,
    charge: u64,
    manner: Manner,
    at: InLoop<'_>,
) {
    // SAFETY: the caller had the token, and gives it up.
    let ended = unsafe { header.as_ref() };
    let (vacant, rest) = ended.slot.word.vacate(ended.pid());
    let is_empty = ended.local.mailbox.is_empty_besides(rest.number());
    if charge != 0 || vacant == Vacant::Retired || !is_empty {
        // SAFETY: nobody finds it any more.
        return unsafe { clear(header, charge, manner, (vacant, rest), at) };
    }
    // SAFETY: made by `create`; nobody finds it any more.
    unsafe {
        match FROM_ABROAD {
            true => homes::bring_home(header),
            false => homes::give_home(header, false, at),
        }
    }
}

/// What becomes of the slot of a process that has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It goes with the home.
    Free,
    /// It does not: nobody will have it again, or whoever frees the last block has it then.
    Kept,
    /// The same, and not before it is let go: see `heap::charge`.
    Held,
}

/// True if a process that has ended may be tied to others.
fn is_tied(ended: &Header, rest: Rest) -> bool {
    rest.is_wished() || ended.local.mailbox.is_tied(here::table().slabs())
}

/// Leaves what the process has of the heap behind. Those who wait in its line, or are tied to it, find it by the slot.
fn leave_heap(
    ended: &Header,
    charge: u64,
    manner: Manner,
    (slot, rest): (Fate, Rest),
    at: InLoop<'_>,
) -> Fate {
    let is_held = rest.is_gated() || is_tied(ended, rest);
    let is_kept = slot == Fate::Kept;
    match ended.leave_heap(charge, manner, (is_kept, is_held), at) {
        true if is_held => Fate::Held,
        true => Fate::Kept,
        false => slot,
    }
}

/// The same for one that has left something: mail to be dropped first, blocks of the heap, somebody who is to be told; or for a
/// slot that serves no more.
///
/// # Safety
///
/// As for `give_home`.
#[cold]
#[inline(never)]
unsafe fn clear(
    header: NonNull<Header>,
    charge: u64,
    manner: Manner,
    (vacant, rest): (Vacant, Rest),
    at: InLoop<'_>,
) {
    let newest = rest.newest();
    // SAFETY: the caller's promise.
    let ended = unsafe { header.as_ref() };
    let (pid, table) = (ended.pid(), at.here().table());
    let mut slot = match vacant {
        Vacant::Usable => Fate::Free,
        Vacant::Retired => Fate::Kept,
    };
    if charge != 0 {
        slot = leave_heap(ended, charge, manner, (slot, rest), at);
    }
    // No more of them than it has received in its last turn.
    // SAFETY: the caller's promise.
    at.give_emptied(unsafe { &header.as_ref().local.mailbox });
    let has_line = rest.is_gated() && table.gates().close(pid);
    let has_ties = is_tied(ended, rest) && ties::close(ended);
    if has_line || has_ties {
        // SAFETY: the caller's promise.
        return unsafe { leave_with_debts(header, newest, slot, manner) };
    }
    let is_retired = slot.settle(pid.index());
    // SAFETY: the caller's promise.
    unsafe {
        let mailbox = &header.as_ref().local.mailbox;
        if mailbox.is_empty_besides(newest) || !leave_unburied(header, newest, is_retired) {
            homes::give_any_home(header, is_retired, at);
        }
    }
}

impl Fate {
    /// Whose number this is.
    pub(super) fn of_number(number: usize) -> Self {
        match number {
            0 => Self::Free,
            1 => Self::Kept,
            _ => Self::Held,
        }
    }

    /// Nobody has to find the process by its slot any more. True if that does not go with the home.
    pub(super) fn settle(self, index: u32) -> bool {
        match self {
            Self::Free => false,
            Self::Kept => true,
            Self::Held => let_go(index),
        }
    }
}

/// How many slots there are, and what each takes of memory, its account included.
pub fn slots() -> (u32, usize) {
    let each = size_of::<Slot>() + size_of::<Account>();
    (here::table().slots(), each)
}

/// True while `pid` names a process.
pub fn is_alive(pid: Pid) -> bool {
    here::table()
        .slot(pid.index())
        .is_some_and(|slot| slot.word.is_alive(pid))
}

#[cfg(all(test, loom))]
pub(crate) mod stories;
