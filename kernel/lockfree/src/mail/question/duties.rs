//! What a process has to do with questions when it ends: one word of its mailbox, nearly always nothing.
//!
//! At the bottom is its ledger, once it has taken a question in. On that lie, while somebody's code makes a question
//! of its own, the envelopes for that; each leads to what lies below it. It is one of the mailbox's
//! places: what is in it when the process ends is met by the reaper, like mail that was not read.
//!
//! At the very bottom stands whether the process is *tied* to others (`process::ties`): then its end has something to do, too.
//! While there are envelopes, that is a bit of what the lowest of those leads to; a ledger alone leads to nothing, and the bit
//! stands beside its number.
//!
//! Only the process itself touches it, with preemption off, or the holder of its token.

use super::super::envelope::{Class, Kind};
use super::super::{Envelope, Slabs};
use core::cell::Cell;

/// The number of the topmost, and below that whether it is the envelope of a question that is being made.
#[derive(Debug)]
pub(crate) struct Duties(Cell<u32>);

const ASKING: u32 = 1;

/// The process may be tied to others.
const TIED: u32 = 1 << 31;

static UNFINISHED: Kind = Kind::empty::<()>(Class::Unfinished);

fn tagged(envelope: &Envelope, tag: u32) -> u32 {
    envelope.number() << 1 | tag
}

/// # Safety
///
/// It is the number of an envelope, with a tag.
#[inline(always)]
unsafe fn envelope(tagged: u32, slabs: &'static Slabs) -> &'static Envelope {
    // SAFETY: the caller's promise; envelopes live for ever.
    unsafe { slabs.at(tagged >> 1).as_ref() }
}

impl Duties {
    pub(crate) const fn new() -> Self {
        Self(Cell::new(0))
    }

    /// True if there is any.
    #[inline(always)]
    pub(crate) fn are_some(&self) -> bool {
        self.0.get() != 0
    }

    /// Takes all of them.
    pub(crate) fn take(&self) -> Self {
        Self(Cell::new(self.0.take()))
    }

    /// The process's ledger, if it has one.
    #[inline(always)]
    pub(super) fn ledger(&self, slabs: &'static Slabs) -> Option<&'static Envelope> {
        let top = self.0.get();
        if top == 0 {
            return None;
        }
        if top & (ASKING | TIED) != 0 {
            return self.ledger_below(slabs);
        }
        // SAFETY: it is not nothing.
        Some(unsafe { envelope(top, slabs) })
    }

    #[cold]
    #[inline(never)]
    fn ledger_below(&self, slabs: &'static Slabs) -> Option<&'static Envelope> {
        let below = self.bottom(slabs) & !TIED;
        // SAFETY: it is checked not to be nothing.
        (below != 0).then(|| unsafe { envelope(below, slabs) })
    }

    /// What is below the questions that are being made.
    fn bottom(&self, slabs: &'static Slabs) -> u32 {
        self.lowest_asking(slabs)
            .map_or(self.0.get(), Envelope::before)
    }

    fn set_bottom(&self, bottom: u32, slabs: &'static Slabs) {
        match self.lowest_asking(slabs) {
            Some(asking) => asking.set_before(bottom),
            None => self.0.set(bottom),
        }
    }

    /// Notes that the process may be tied to others.
    #[cold]
    pub(crate) fn tie(&self, slabs: &'static Slabs) {
        self.set_bottom(self.bottom(slabs) | TIED, slabs);
    }

    /// True if it may be.
    #[cold]
    pub(crate) fn is_tied(&self, slabs: &'static Slabs) -> bool {
        self.bottom(slabs) & TIED != 0
    }

    /// The process has ended, and is tied to nobody any more.
    #[cold]
    pub(crate) fn untie(&self, slabs: &'static Slabs) {
        self.set_bottom(self.bottom(slabs) & !TIED, slabs);
    }

    fn lowest_asking(&self, slabs: &'static Slabs) -> Option<&'static Envelope> {
        let mut lowest = None;
        let mut next = self.0.get();
        while next & ASKING != 0 {
            // SAFETY: with that tag it is not nothing.
            let found = unsafe { envelope(next, slabs) };
            next = found.before();
            lowest = Some(found);
        }
        lowest
    }

    /// Keeps an envelope as the process's ledger, which it had none of.
    pub(super) fn keep_ledger(&self, ledger: &'static Envelope, slabs: &'static Slabs) {
        let bottom = self.bottom(slabs);
        ledger.set_before(0);
        self.set_bottom(tagged(ledger, 0) | bottom & TIED, slabs);
    }

    /// Adds the envelope of a question that is being made.
    #[inline(always)]
    pub(super) fn push(&self, asking: &'static Envelope) {
        asking.set_kind(&UNFINISHED);
        asking.set_before(self.0.replace(tagged(asking, ASKING)));
    }

    /// The question is made; those that were begun later are, too.
    #[inline(always)]
    pub(super) fn pop(&self, asking: &'static Envelope) {
        debug_assert_eq!(self.0.get(), tagged(asking, ASKING));
        self.0.set(asking.before());
    }

    /// Takes the topmost away; for a process that has ended.
    pub(crate) fn pop_any(&self, slabs: &'static Slabs) -> Option<&'static Envelope> {
        let top = self.0.get();
        // SAFETY: it is checked not to be nothing.
        let found = (top != 0).then(|| unsafe { envelope(top, slabs) })?;
        self.0.set(found.before());
        Some(found)
    }
}
