//! All slots, and where processes come from and go to.
//!
//! A slot never becomes anything else, so a stale pid can always be looked up: chunks of slots are
//! added and never taken away. Free slots wait in the desk of the core that freed them.

use super::header::{Header, Kind, Local, Process, Slot};
use super::here;
use super::word::{Handover, Pid, StateWord, Vacant};
use crate::atomic::{AtomicPtr, AtomicU32, Ordering};
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::cell::Cell;
use core::ptr::{NonNull, null_mut};

use super::token::Token;

/// Slots that are added at a time.
const CHUNK: usize = 1024;
/// Chunks that a table may have: 2^24 processes.
const CHUNKS: usize = 1 << 14;

/// The slots of one machine.
pub struct Table {
    chunks: Box<[AtomicPtr<[Slot; 0]>]>,
    used: AtomicU32,
    limit: u32,
}

/// There is no slot or no memory for one more process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoProcess;

impl Table {
    /// Creates a table for at most `limit` processes at a time.
    pub fn new(limit: u32) -> Self {
        let most = (CHUNK * CHUNKS) as u32;
        let limit = limit.min(most);
        let chunks = (limit as usize).div_ceil(CHUNK);
        let chunks = (0..chunks).map(|_| AtomicPtr::new(null_mut())).collect();
        Self {
            chunks,
            used: AtomicU32::new(0),
            limit,
        }
    }

    fn slot(&self, index: u32) -> Option<&'static Slot> {
        let index = index as usize;
        // Acquire: the chunk's slots, which whoever added it has made.
        let chunk = self
            .chunks
            .get(index / CHUNK)?
            .load(Ordering::Acquire)
            .cast::<Slot>();
        // SAFETY: a chunk that is not null has `CHUNK` slots and lives for ever.
        (!chunk.is_null()).then(|| unsafe { &*chunk.add(index % CHUNK) })
    }

    /// Adds a chunk and returns the indices of its slots.
    fn grow(&self) -> Option<core::ops::Range<u32>> {
        let first = self.used.fetch_add(CHUNK as u32, Ordering::Relaxed);
        if first >= self.limit {
            self.used.fetch_sub(CHUNK as u32, Ordering::Relaxed);
            return None;
        }
        let mut slots = Vec::new();
        slots.try_reserve_exact(CHUNK).ok()?;
        slots.extend((0..CHUNK).map(|_| Slot {
            word: StateWord::new(),
            header: AtomicPtr::new(null_mut()),
        }));
        let slots = Box::leak(slots.into_boxed_slice());
        let place = &self.chunks[first as usize / CHUNK];
        // Release: the slots, for `slot`.
        place.store(slots.as_mut_ptr().cast(), Ordering::Release);
        Some(first..self.limit.min(first + CHUNK as u32))
    }
}

/// Makes a process of a future: its token is the caller's.
pub(crate) fn create<F: Future<Output = ()> + 'static>(
    future: F,
    level: u8,
) -> Result<Token, NoProcess> {
    let place = here::allocate(Process::<F>::operations().layout).ok_or(NoProcess)?;
    let Some(index) = free_slot() else {
        // SAFETY: just allocated with this layout, and not used.
        unsafe { here::release(place, Process::<F>::operations().layout) };
        return Err(NoProcess);
    };
    let slot = here::table().slot(index).ok_or(NoProcess)?;
    let pid = slot.word.next_pid(index);
    let header = Header {
        local: Local::switched_off(Kind::Process),
        next: Cell::new(None),
        slot,
        pid,
        operations: Process::<F>::operations(),
        plain: Cell::new(StateWord::plain(pid)),
        frame: Cell::new(0),
        ticks: Cell::new(0),
        level: Cell::new(level),
    };
    // SAFETY: free memory of this layout.
    let header = unsafe { Process::build(place.cast(), header, future) };
    slot.header.store(header.as_ptr(), Ordering::Relaxed);
    slot.word.occupy(pid);
    Ok(Token::new(header))
}

fn free_slot() -> Option<u32> {
    if let Some(index) = here::collect(|desk| desk.free_slots.pop()) {
        return Some(index);
    }
    let mut fresh = here::table().grow()?;
    let first = fresh.next();
    here::collect(|desk| desk.free_slots.extend(fresh.rev()));
    first
}

/// Ends a process: frees its slot and its memory.
pub(crate) fn vacate(header: NonNull<Header>) {
    // SAFETY: the caller had the token, and gives it up.
    let (slot, pid, layout) = unsafe {
        let header = header.as_ref();
        (header.slot, header.pid, header.operations.layout)
    };
    if slot.word.vacate(pid) == Vacant::Usable {
        here::collect(|desk| desk.free_slots.push(pid.index()));
    }
    // SAFETY: made by `create` with this layout; nobody finds it any more.
    unsafe { here::release(header.cast(), layout) }
}

/// A transition by pid.
fn by_pid(
    pid: Pid,
    transition: impl FnOnce(&StateWord, Pid) -> Handover,
) -> (Handover, Option<Token>) {
    let Some(slot) = here::table().slot(pid.index()) else {
        return (Handover::Nothing, None);
    };
    let outcome = transition(&slot.word, pid);
    let token = (outcome == Handover::Token).then(|| {
        let header = slot.header.load(Ordering::Relaxed);
        // The transition proved that this generation lives and handed the token over; its Acquire
        // pairs with the Release by which the token was left.
        Token::new(NonNull::new(header).expect("an occupied slot has a header"))
    });
    (outcome, token)
}

/// Tells a process to look again; from anywhere, and nothing happens if it is gone.
pub fn wake(pid: Pid) {
    if let (_, Some(token)) = by_pid(pid, StateWord::wake) {
        here::with_desk(|desk| desk.woken.push_back(token));
    }
}

/// Whether a request reached its process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    /// There is no such process, or it had been asked already.
    Ignored,
    /// It is done, or will be before the process runs on.
    Taken,
}

fn request(pid: Pid, transition: impl FnOnce(&StateWord, Pid) -> Handover) -> Request {
    let (outcome, token) = by_pid(pid, transition);
    if let Some(token) = token {
        here::with_desk(|desk| desk.woken.push_back(token));
    }
    if is_alive(pid) && outcome != Handover::Nothing {
        Request::Taken
    } else {
        Request::Ignored
    }
}

/// Keeps a process from running until `resume`.
pub fn suspend(pid: Pid) -> Request {
    request(pid, StateWord::suspend)
}

/// Lets a suspended process run again.
pub fn resume(pid: Pid) -> Request {
    request(pid, StateWord::resume)
}

/// Ends a process.
pub fn kill(pid: Pid) -> Request {
    request(pid, StateWord::kill)
}

/// True while `pid` names a process.
pub fn is_alive(pid: Pid) -> bool {
    here::table()
        .slot(pid.index())
        .is_some_and(|slot| slot.word.is_alive(pid))
}
