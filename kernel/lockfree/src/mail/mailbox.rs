//! The receiver's side: what the process has taken in and not read yet.
//!
//! Three places, all its own: *unsorted*, a stack as it came out of the word, newest first;
//! *sorted*, the part of that stack that is in order again; and the *queue*, in order. Lists are
//! circular, known by their last envelope, which leads to the first; so to put one before all others or
//! a list behind another is a step. Turning a long stack round is done in slices with preemption on
//! between them, and the places say how far it is.

use super::question::Duties;
use super::{Envelope, Slabs};
use core::cell::Cell;
use core::mem::offset_of;
use core::ptr::NonNull;

/// Envelopes that are turned round at a time.
const SLICE: usize = 64;

/// What a process has taken in.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Mailbox {
    /// The queue: its last one.
    pub(super) last: Cell<Option<NonNull<Envelope>>>,
    /// By number; 0 is none.
    pub(super) unsorted: Cell<u32>,
    /// What has been asked. (Beside `unsorted`, so that one look tells that both are nothing.)
    pub(super) duties: Duties,
    /// By the number of its last one; when the process has ended, a stack as it came out of the word.
    sorted: Cell<u32>,
}

const _: () = assert!(offset_of!(Mailbox, unsorted) == 8 && offset_of!(Mailbox, duties) == 12);

impl Mailbox {
    pub(crate) const fn new() -> Self {
        Self {
            last: Cell::new(None),
            unsorted: Cell::new(0),
            duties: Duties::new(),
            sorted: Cell::new(0),
        }
    }

    /// True if nothing is in any of the places, and `newest` is no message either.
    #[inline(always)]
    pub(crate) fn is_empty_besides(&self, newest: u32) -> bool {
        // Two tests for four: the end of a process that has no mail pays for this.
        let both = core::ptr::from_ref(self).cast::<u64>();
        // SAFETY: the second eight bytes are `unsorted` and `duties`, which only the caller uses now.
        let both = unsafe { both.add(1).read() };
        self.last.get().is_none() && both | u64::from(newest) == 0
    }

    /// True if this is the one envelope in the queue, and none is to be sorted.
    #[inline(always)]
    pub(super) fn is_all(&self, envelope: NonNull<Envelope>) -> bool {
        // SAFETY: if it is in the queue it is this process's.
        self.last.get() == Some(envelope) && unsafe { envelope.as_ref() }.next() == Some(envelope)
    }

    /// Puts in a message that came after all that are here; the holder of the process's token does.
    #[inline(always)]
    pub(crate) fn put(&self, envelope: &'static Envelope) {
        if self.last.get().is_none() && self.unsorted.get() == 0 {
            envelope.set_next(Some(NonNull::from(envelope)));
            self.last.set(Some(NonNull::from(envelope)));
        } else {
            self.put_behind(envelope);
        }
    }

    #[cold]
    #[inline(never)]
    fn put_behind(&self, envelope: &'static Envelope) {
        if self.unsorted.get() == 0 {
            envelope.set_next(Some(NonNull::from(envelope)));
            self.append(Some(NonNull::from(envelope)));
        } else {
            envelope.set_before(self.unsorted.replace(envelope.number()));
        }
    }

    /// Sorts a slice. True if all is sorted.
    pub(super) fn sort(&self, slabs: &'static Slabs) -> bool {
        let mut number = self.unsorted.get();
        if number == 0 {
            return true;
        }
        // SAFETY: a number from the word, or from an envelope that was there.
        let newest = unsafe { slabs.at(number) };
        let last = self.sorted(slabs).unwrap_or(newest);
        // SAFETY: it is this process's, as all are below. The first one of the list leads to what is sorted already.
        let mut later = (last != newest || self.sorted.get() != 0)
            .then(|| unsafe { last.as_ref() }.next())
            .flatten();
        for _ in 0..SLICE {
            // SAFETY: as above.
            let envelope = unsafe { slabs.at(number) };
            // SAFETY: as above.
            unsafe {
                number = envelope.as_ref().before();
                envelope.as_ref().set_next(later);
            }
            later = Some(envelope);
            if number == 0 {
                break;
            }
        }
        // SAFETY: as above.
        unsafe { last.as_ref() }.set_next(later);
        self.unsorted.set(number);
        if number != 0 {
            // SAFETY: as above.
            self.sorted.set(unsafe { last.as_ref() }.number());
            return false;
        }
        self.sorted.set(0);
        self.append(Some(last));
        true
    }

    fn sorted(&self, slabs: &'static Slabs) -> Option<NonNull<Envelope>> {
        let number = self.sorted.get();
        // SAFETY: `sort` has left the number of an envelope that it was given.
        (number != 0).then(|| unsafe { slabs.at(number) })
    }

    /// Puts a list behind the queue.
    fn append(&self, list: Option<NonNull<Envelope>>) {
        let Some(list) = list else { return };
        if let Some(last) = self.last.get() {
            // SAFETY: both are this process's.
            unsafe {
                let first = last.as_ref().next();
                last.as_ref().set_next(list.as_ref().next());
                list.as_ref().set_next(first);
            }
        }
        self.last.set(Some(list));
    }

    /// The first one of the queue, or the one after `passed`.
    pub(super) fn after(&self, passed: Option<NonNull<Envelope>>) -> Option<NonNull<Envelope>> {
        let last = self.last.get()?;
        if passed == Some(last) {
            return None;
        }
        // SAFETY: in the queue, so it is this process's; lists are circular.
        unsafe { passed.unwrap_or(last).as_ref() }.next()
    }

    /// Takes the first one out of the queue.
    #[inline(always)]
    pub(super) fn unlink_first(&self, first: &'static Envelope, last: NonNull<Envelope>) {
        if NonNull::from(first) == last {
            self.last.set(None);
        } else {
            // SAFETY: in this process's queue.
            unsafe { last.as_ref() }.set_next(first.next());
        }
    }

    /// Takes the one after `passed` out of the queue.
    pub(super) fn unlink(&self, passed: Option<NonNull<Envelope>>) -> Option<&'static Envelope> {
        let envelope = self.after(passed)?;
        let before = passed.or(self.last.get())?;
        // SAFETY: in the queue, so they are this process's.
        let envelope = unsafe {
            before.as_ref().set_next(envelope.as_ref().next());
            envelope.as_ref()
        };
        if self.last.get() == Some(NonNull::from(envelope)) {
            let is_only = before == NonNull::from(envelope);
            self.last.set((!is_only).then_some(before));
        }
        Some(envelope)
    }

    /// The process has ended, and this is the newest message that it has not taken in. Nothing will be
    /// sorted any more, so that place is free for it.
    pub(crate) fn close(&self, newest: u32, slabs: &'static Slabs) {
        self.append(self.sorted(slabs));
        self.sorted.set(newest);
    }

    /// Loses what has been asked.
    #[cfg(not(target_os = "none"))]
    pub(crate) fn forget_questions(&self) {
        self.duties.take();
    }

    /// Takes over all that is in one that is closed.
    pub(crate) fn take_all(&self) -> Self {
        Self {
            last: Cell::new(self.last.take()),
            unsorted: Cell::new(self.unsorted.take()),
            duties: self.duties.take(),
            sorted: Cell::new(self.sorted.take()),
        }
    }

    /// True if nothing is left in one that is closed.
    pub(crate) fn is_cleared(&self) -> bool {
        self.is_empty_besides(self.sorted.get())
    }

    /// Takes any envelope of one that is closed.
    pub(crate) fn clear(&self, slabs: &'static Slabs) -> Option<&'static Envelope> {
        if let Some(envelope) = self.unlink(None) {
            return Some(envelope);
        }
        if let Some(envelope) = self.duties.pop_any(slabs) {
            return Some(envelope);
        }
        let is_sorted = self.unsorted.get() == 0;
        let stack = if is_sorted {
            &self.sorted
        } else {
            &self.unsorted
        };
        let number = stack.get();
        // SAFETY: a number from the word, or from an envelope that was there.
        let envelope = (number != 0).then(|| unsafe { slabs.at(number).as_ref() })?;
        stack.set(envelope.before());
        Some(envelope)
    }
}
