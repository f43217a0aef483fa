//! What few processes need, or any one seldom: a record of its own, made when it is first needed.
//!
//! A header has two cache lines for everything that a turn or a message touches. Who watches a process,
//! what it has used besides reductions and the like would fill a third one for nobody: most processes
//! never have any of it. So the header has one pointer, and whoever first needs a field behind it
//! makes the record.
//!
//! # Whose it is
//!
//! The process's, like its header: the holder of the token makes it and uses it, or the process itself while it
//! runs. Nobody else keeps a way to it, so it needs no generation and no counting: it is freed when the
//! process has ended, in the same step that gives the header back, by which time no token is left. Who looks
//! from outside (`view`) does so where no token can be in use, and keeps nothing.
//!
//! Without memory there is no record. That costs whoever wanted it what is said at each field, and never the
//! process.

use super::exit::ExitReason;
use super::header::Header;
use super::heap::Limit;
use super::hibernate::Successor;
use super::makers::{self, Makers};
use super::platform::{self, PreemptionOff};
use super::runtime::Runtime;
use super::watch::{self, Teller};
use crate::arena::State;
use crate::scarcity::{Purpose, may_take};
use core::alloc::Layout;
use core::cell::Cell;
use core::ptr::NonNull;

/// The record.
pub(crate) struct Cold {
    /// Who is to be told of its end; without memory the process is not made.
    teller: Cell<Option<Teller>>,
    /// Nanoseconds on a core, if the cores keep time; not counted without memory.
    pub(super) nanos: Cell<u64>,
    /// Reductions that it was granted since its birth, those that are left included; not counted without memory.
    pub(super) granted: Cell<u64>,
    /// By which the list of its mailbox is known, as long as it stays as it is; without memory each receive begins anew.
    pub(crate) mail_stamp: Cell<[u32; 2]>,
    /// How far it has looked for urgent messages, if that was broken off: see `mail::lane`; without memory it is not.
    pub(crate) mail_walk: Cell<[u32; 2]>,
    /// What its memory may come to, and what of it is not in its charge: see `heap`.
    pub(super) limit: Limit,
    /// How long it may have a core: see `runtime`.
    pub(super) runtime: Runtime,
    /// Its arena; without memory the process that wants one ends.
    pub(super) arena: Cell<Option<NonNull<State>>>,
    /// Who has made it, as far as is known: see `makers`.
    pub(super) makers: Makers,
    /// What it is about to go on as; without memory it ends.
    pub(super) successor: Cell<Option<Successor>>,
}

/// The record's owner: a header, or whoever is about to make a process.
#[derive(Debug)]
pub(crate) struct ColdBox(NonNull<Cold>);

// SAFETY: it owns the record, and what is in it may go to another core.
unsafe impl Send for ColdBox {}

impl ColdBox {
    /// Makes a record; `None` if there is no memory.
    #[cold]
    pub(crate) fn new(teller: Option<Teller>) -> Option<Self> {
        if !may_take(Purpose::Record) {
            return None;
        }
        // SAFETY: a record has a size.
        let place = unsafe { platform::kernel_block(Layout::new::<Cold>()) }?.cast::<Cold>();
        let makers = match teller {
            Some(_) => makers::of_newborn(),
            None => Makers::default(),
        };
        let cold = Cold {
            makers,
            teller: Cell::new(teller),
            nanos: Cell::new(0),
            granted: Cell::new(0),
            mail_stamp: Cell::new([0; 2]),
            mail_walk: Cell::new([0; 2]),
            limit: Limit::none(),
            runtime: Runtime::unlimited(),
            arena: Cell::new(None),
            successor: Cell::new(None),
        };
        // SAFETY: just allocated with this layout.
        unsafe { place.write(cold) };
        Some(Self(place))
    }

    fn record(&self) -> &Cold {
        // SAFETY: the record lives as long as its owner.
        unsafe { self.0.as_ref() }
    }

    /// The process has ended, and this is the last that there is of it: its arena goes back, and who watches is told. Without a reason,
    /// [`word_end`](Header::word_end) has given one.
    ///
    /// # Safety
    ///
    /// Then it has.
    #[cold]
    #[inline(never)]
    pub(super) unsafe fn end(self, reason: Option<ExitReason>) {
        self.record().give_back_arena();
        self.record().give_back_successor();
        if let Some(teller) = self.record().teller.take() {
            // SAFETY: the caller's promise.
            unsafe { watch::tell(teller, reason) }
        }
    }
}

impl Drop for ColdBox {
    fn drop(&mut self) {
        // SAFETY: from `new`, and the owner is gone. A teller that is still there has a process that never began.
        unsafe {
            self.0.drop_in_place();
            platform::old_kernel_block(self.0.cast(), Layout::new::<Cold>());
        }
    }
}

impl Header {
    /// The record, if there is one; for the holder of the token.
    #[inline(always)]
    pub(crate) fn cold(&self) -> Option<&Cold> {
        // SAFETY: the cell is the token's holder's, who replaces what is in it in `cold_or_new` alone, if it is nothing, and
        // takes it at the end of the process.
        unsafe { &*self.cold.as_ptr() }
            .as_ref()
            .map(ColdBox::record)
    }

    /// The record, made if there is none; `None` without memory. Preemption is off meanwhile: a process that is killed has all
    /// of it or none.
    #[cold]
    #[inline(never)]
    pub(crate) fn cold_or_new(&self) -> Option<&Cold> {
        let _stays = PreemptionOff::new();
        if self.cold().is_none() {
            self.cold.set(ColdBox::new(None));
        }
        self.cold()
    }

    /// Leaves the reason of a process's end for whoever watches; it comes back if nobody does.
    pub(super) fn word_end(&self, reason: ExitReason) -> Option<ExitReason> {
        let teller = self.cold().map(|cold| &cold.teller);
        match teller.and_then(Cell::take) {
            Some(mut found) => {
                found.write(reason);
                teller.inspect(|teller| teller.set(Some(found)));
                None
            }
            None => Some(reason),
        }
    }
}
