//! The receiver's side: what the process has taken in, and the envelopes that it has emptied.
//!
//! Both are one list, and a cursor tells them apart:
//!
//! ```text
//!   head --> emptied --> emptied --> unread --> unread --> (nothing)
//!                                      ^                ^
//!                                    cursor            last
//! ```
//!
//! A receive reads the first unread message and moves the cursor: the envelope is now an emptied one, and
//! nothing was unlinked. A send takes the first emptied one and fills it. So who answers what it gets uses one
//! envelope over and over, and neither asks the core's pool.
//!
//! # Why nothing is lost, with preemption on
//!
//! Nobody but the process touches its list while it runs, and nobody but the holder of its token otherwise. So
//! being interrupted between two steps does no harm: the process goes on where it was. The one thing that
//! matters is being given up there, by a kill that waits no longer or by a crash: no destructor
//! runs then, and whoever takes over what the process had finds it from the header, as it stands.
//!
//! Receiving has one store, that of the cursor. Before it the message counts as unread, and the reaper drops it;
//! whatever copy of it there may be on the dead stack is never used. After it the message was taken,
//! and is lost with all else that was on that stack, while its envelope is an emptied one. There is no third state, so
//! receiving needs no preemption switched off. (In which order the compiler reads the message and moves the
//! cursor does not matter either: nobody writes into an emptied envelope but the process itself, later, or whoever has
//! its token.)
//!
//! All else takes more than one store, and has preemption off: taking an emptied envelope until it is published, since
//! meanwhile it is in no list; turning a stack round (`turn`); unlinking from the middle; giving emptied
//! ones back.
//!
//! # When they go back
//!
//! Emptied envelopes go back to the core's pool when their process waits, ends, or is given more to spend; when
//! more is taken in and all before was read; and when a search ends. So who is ready has no more of them than it has
//! received for one budget, and who waits has none. They go in one chain, in one step if their end is known; otherwise it is looked
//! for, with preemption off. So that this is bounded whatever a budget is, who has more than [`EMPTIED_MOST`] to spend gives
//! them back at each run, and with each answer.
//!
//! # Counting
//!
//! `waiting` is how many unread ones there are, those that are turned among them: the *held* ones, and those of the run that is
//! paid for (`run`). `most` is the highest that this was after something had been taken in. What a send hands straight to a
//! process that waits for it does not wait, and does not count for the second.

mod run;
mod turn;

use super::question::Duties;
use super::{Envelope, Pool, Slabs};
use crate::process::Local;
use crate::process::here::Here;
use core::cell::Cell;
use core::mem::offset_of;
use core::ptr::NonNull;

/// A process with no more than so many reductions left keeps the envelopes that it empties: these and a run are the most that it has.
pub(super) const EMPTIED_MOST: i32 = 2048;

/// What a process has taken in.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Mailbox {
    /// The first envelope, emptied or not.
    head: Cell<Option<NonNull<Envelope>>>,
    /// The first that is unread.
    cursor: Cell<Option<NonNull<Envelope>>>,
    /// The number of the anchor of a stack that is being turned round, or 0. When the process has ended: the rest of
    /// that stack.
    turning: Cell<u32>,
    /// What has been asked. (Beside `turning`, so that one look tells that both are nothing.)
    pub(super) duties: Duties,
    /// The highest number that have waited. When the process has ended: a stack as it came out of the word.
    most: Cell<u32>,
    /// The number of the last one; it means nothing while there is none that is unread, or one only.
    last: Cell<u32>,
}

const _: () = assert!(offset_of!(Mailbox, turning) == 16 && offset_of!(Mailbox, duties) == 20);

impl Mailbox {
    pub(crate) const fn new() -> Self {
        Self {
            head: Cell::new(None),
            cursor: Cell::new(None),
            last: Cell::new(0),
            turning: Cell::new(0),
            duties: Duties::new(),
            most: Cell::new(0),
        }
    }

    /// True if nothing is in it, emptied or not, and `newest` is no message either.
    #[inline(always)]
    pub(crate) fn is_empty_besides(&self, newest: u32) -> bool {
        // Two tests for four: the end of a process that has no mail pays for this.
        let both = core::ptr::from_ref(self).cast::<u64>();
        // SAFETY: the third eight bytes are `turning` and `duties`, which only the caller uses now.
        let both = unsafe { both.add(2).read() };
        self.head.get().is_none() && both | u64::from(newest) == 0
    }

    /// The first message that was not read, if it is in order already.
    #[inline(always)]
    pub(super) fn first(&self) -> Option<&'static Envelope> {
        // SAFETY: envelopes live for ever, and those in the list are this process's.
        self.cursor.get().map(|first| unsafe { first.as_ref() })
    }

    /// Its message has been read, or will be before anything else is done: the one store.
    #[inline(always)]
    pub(super) fn pass(&self, first: &'static Envelope) {
        self.cursor.set(first.next());
    }

    /// True if nothing is unread, as far as it was taken in.
    #[inline(always)]
    pub(crate) fn first_is_none(&self) -> bool {
        self.cursor.get().is_none()
    }

    /// True if envelopes are in the list, emptied or not.
    #[inline(always)]
    pub(crate) fn has_envelopes(&self) -> bool {
        self.head.get().is_some()
    }

    /// True if emptied envelopes are here.
    #[inline(always)]
    pub(crate) fn has_emptied(&self) -> bool {
        address(self.head.get()) != address(self.cursor.get())
    }

    /// Takes an emptied envelope. Preemption is off until it is in another place.
    #[inline(always)]
    pub(super) fn take_emptied(&self) -> Option<&'static Envelope> {
        if !self.has_emptied() {
            return None;
        }
        // SAFETY: what is before the cursor is an envelope of this process; and with nothing at the head there is no
        // cursor either.
        let envelope = unsafe { self.head.get().unwrap_unchecked().as_ref() };
        self.head.set(envelope.next());
        Some(envelope)
    }

    /// The message after `passed`, or the first.
    pub(super) fn after(&self, passed: Option<NonNull<Envelope>>) -> Option<&'static Envelope> {
        match passed {
            None => self.first(),
            // SAFETY: in the list, so both are this process's.
            Some(passed) => unsafe { Some(passed.as_ref().next()?.as_ref()) },
        }
    }

    /// The last message, if there is one.
    pub(super) fn last(&self, slabs: &Slabs) -> Option<NonNull<Envelope>> {
        let first = self.cursor.get()?;
        // SAFETY: in the list, so it is this process's.
        if unsafe { first.as_ref() }.next().is_none() {
            return Some(first);
        }
        // SAFETY: `append` has left the number of an envelope that it was given.
        Some(unsafe { slabs.at(self.last.get()) })
    }

    /// How many have waited at most, as far as anything was counted.
    pub(crate) fn most(&self) -> u32 {
        self.most.get()
    }

    /// The first message is read: as `pass`, and all emptied ones go back to the pool.
    pub(super) fn pass_and_give(
        &self,
        first: &'static Envelope,
        pool: &mut Pool,
        here: &'static Here,
    ) {
        let this = NonNull::from(first);
        self.cursor.set(first.next());
        let head = self.head.replace(first.next()).unwrap_or(this);
        pool.give_chain(here, head, this);
    }

    /// Takes the message after `passed` out of the list; it is the caller's now.
    pub(super) fn unlink(
        &self,
        passed: Option<NonNull<Envelope>>,
        envelope: &'static Envelope,
        pool: &mut Pool,
        here: &'static Here,
    ) {
        let Some(passed) = passed else {
            return self.unlink_first(envelope, pool, here);
        };
        // SAFETY: in the list, so it is this process's.
        let passed = unsafe { passed.as_ref() };
        passed.set_next(envelope.next());
        if envelope.next().is_none() {
            self.last.set(passed.number());
        }
    }

    /// Takes the first message out of the list; it is the caller's now.
    #[inline(always)]
    pub(super) fn unlink_first(
        &self,
        first: &'static Envelope,
        pool: &mut Pool,
        here: &'static Here,
    ) {
        if self.has_emptied() {
            self.give_emptied(pool, here);
        }
        self.cursor.set(first.next());
        self.head.set(first.next());
    }

    /// Puts an envelope that was taken out of one that is closed back, before all others.
    pub(crate) fn put_back(&self, envelope: &'static Envelope) {
        let this = Some(NonNull::from(envelope));
        envelope.set_next(self.cursor.replace(this));
        self.head.set(this);
    }

    /// Loses what has been asked.
    #[cfg(not(target_os = "none"))]
    pub(crate) fn forget_questions(&self) {
        self.duties.take();
    }

    /// Gives the emptied ones of a process back that is about to wait; nearly always there is one at most, and nothing
    /// behind it.
    #[inline(always)]
    pub(crate) fn give_last_emptied(&self, pool: &mut Pool, here: &'static Here) {
        let Some(head) = self.head.get() else { return };
        // SAFETY: in the list, so it is this process's.
        if unsafe { head.as_ref() }.next().is_some() || self.cursor.get().is_some() {
            return self.give_emptied(pool, here);
        }
        self.head.set(None);
        pool.give_chain(here, head, head);
    }

    /// Gives the emptied ones back. With unread ones behind them their end has to be looked for, which is as many
    /// steps as were received in this turn, and about [`EMPTIED_MOST`] at most.
    #[cold]
    #[inline(never)]
    pub(crate) fn give_emptied(&self, pool: &mut Pool, here: &'static Here) {
        let cursor = self.cursor.get();
        let Some(head) = self.head.replace(cursor) else {
            return;
        };
        if Some(head) == cursor {
            return;
        }
        let end = match cursor {
            // SAFETY: as in `last`: the list has emptied ones only, and so a last one.
            None if unsafe { head.as_ref() }.next().is_none() => head,
            // SAFETY: as there.
            None => unsafe { here.table().slabs().at(self.last.get()) },
            Some(cursor) => before(head, cursor),
        };
        pool.give_chain(here, head, end);
    }
}

/// Compared as numbers, for the compiler looks at nothing apart otherwise.
#[inline(always)]
fn address(envelope: Option<NonNull<Envelope>>) -> *const Envelope {
    envelope.map_or(core::ptr::null(), |envelope| envelope.as_ptr())
}

/// The envelope of a list that is before `cursor`.
#[cold]
#[inline(never)]
fn before(head: NonNull<Envelope>, cursor: NonNull<Envelope>) -> NonNull<Envelope> {
    let mut end = head;
    // SAFETY: in a list that has `cursor` in it, so each one leads to the next.
    while let Some(next) = unsafe { end.as_ref() }
        .next()
        .filter(|&next| next != cursor)
    {
        end = next;
    }
    end
}

impl Local {
    /// Puts a message in that was handed over, as the holder of the process's token: nothing is here, not even an emptied
    /// envelope, for then the process would wait apart. It has no seal: the process takes it without paying.
    #[inline(always)]
    pub(crate) fn put(&self, envelope: &'static Envelope) {
        let mailbox = &self.mailbox;
        debug_assert!(!mailbox.has_envelopes(), "handed to one that is apart");
        envelope.set_next(None);
        envelope.set_extra(run::FREE);
        let this = Some(NonNull::from(envelope));
        mailbox.head.set(this);
        mailbox.cursor.set(this);
    }

    /// The same for one of whom something may be special: it is sealed, and counted.
    pub(crate) fn put_sealed(&self, envelope: &'static Envelope) {
        self.put(envelope);
        envelope.seal(1);
        self.set_held(1);
    }

    /// So many more wait.
    fn count_in(&self, more: u32) {
        self.set_held(self.held() + more);
        let most = &self.mailbox.most;
        most.set(most.get().max(self.waiting()));
    }
}

impl Mailbox {
    /// Puts a list behind all others.
    fn append(&self, first: NonNull<Envelope>, last: NonNull<Envelope>, slabs: &'static Slabs) {
        match self.last(slabs) {
            // SAFETY: both are this process's.
            Some(before) => unsafe { before.as_ref() }.set_next(Some(first)),
            None => {
                self.head.set(Some(first));
                self.cursor.set(Some(first));
            }
        }
        // SAFETY: this process's.
        self.last.set(unsafe { last.as_ref() }.number());
    }

    /// The process has ended, its emptied envelopes have gone back, and this is the newest message that it has not taken
    /// in. Nothing will be turned round any more, so there is a place for it.
    pub(crate) fn close(&self, newest: u32, slabs: &'static Slabs) {
        let turning = self.turning.get();
        if turning != 0 {
            // SAFETY: the anchor, as in `turn`.
            let anchor = unsafe { slabs.at(turning) };
            // SAFETY: as above.
            let (first, rest) = unsafe { (anchor.as_ref().next(), anchor.as_ref().extra()) };
            // SAFETY: as above.
            unsafe { anchor.as_ref() }.set_next(None);
            self.turning.set(rest);
            self.append(first.unwrap_or(anchor), anchor, slabs);
        }
        self.most.set(newest);
    }

    /// Takes over all that is in one that is closed.
    pub(crate) fn take_all(&self) -> Self {
        Self {
            head: Cell::new(self.head.take()),
            cursor: Cell::new(self.cursor.take()),
            last: Cell::new(self.last.take()),
            turning: Cell::new(self.turning.take()),
            duties: self.duties.take(),
            most: Cell::new(self.most.take()),
        }
    }

    /// Notes that the process may be tied to others; the process itself, or the holder of its token.
    #[cold]
    pub(crate) fn tie(&self, slabs: &'static Slabs) {
        self.duties.tie(slabs);
    }

    /// False if the process is tied to nobody, and neither asks nor is asked.
    #[inline(always)]
    pub(crate) fn has_duties(&self) -> bool {
        self.duties.are_some()
    }

    /// True if it may be.
    #[cold]
    pub(crate) fn is_tied(&self, slabs: &'static Slabs) -> bool {
        self.duties.is_tied(slabs)
    }

    /// The process has ended, and its ties are looked after.
    #[cold]
    pub(crate) fn untie(&self, slabs: &'static Slabs) {
        self.duties.untie(slabs);
    }

    /// True if nothing is left in one that is closed.
    pub(crate) fn is_cleared(&self) -> bool {
        self.is_empty_besides(self.most.get())
    }

    /// Takes any envelope of one that is closed.
    pub(crate) fn clear(&self, slabs: &'static Slabs) -> Option<&'static Envelope> {
        if let Some(envelope) = self.first() {
            self.cursor.set(envelope.next());
            self.head.set(envelope.next());
            return Some(envelope);
        }
        if let Some(envelope) = self.duties.pop_any(slabs) {
            return Some(envelope);
        }
        let stack = if self.turning.get() == 0 {
            &self.most
        } else {
            &self.turning
        };
        let number = stack.get();
        // SAFETY: a number from the word, or from an envelope that was there.
        let envelope = (number != 0).then(|| unsafe { slabs.at(number).as_ref() })?;
        stack.set(envelope.before());
        Some(envelope)
    }
}
