//! Turning round what comes out of the word: a stack, newest first, which becomes part of the list.
//!
//! It is turned in slices, with preemption on between them. Meanwhile its newest envelope is the anchor: its link leads
//! to the first of those that are turned, which lead back to it, and its `extra` is the number of the next that
//! is not.

use super::super::slabs::Finder;
use super::super::{Envelope, Pool, Slabs};
use crate::process::Local;
use crate::process::here::Here;
use crate::process::word::MAIL_SHIFT;
use core::ptr::NonNull;

/// Envelopes that are turned round at a time.
pub(super) const SLICE: u32 = 64;

/// So many that were not taken in are counted for whoever looks from outside, who holds all cores up meanwhile.
const COUNTED_MOST: u32 = 10_000;

/// Of which so many are counted together.
const STEP: u32 = 8;

impl Local {
    /// Begins to turn round what came out of the word: `newest` is its number.
    pub(in crate::mail) fn begin_to_turn(&self, newest: u32, slabs: &'static Slabs) {
        // SAFETY: a number from the word, so it is this process's now.
        let anchor = unsafe { slabs.at(newest).as_ref() };
        anchor.set_extra(anchor.before());
        anchor.set_next(Some(NonNull::from(anchor)));
        self.will_have_envelopes();
        self.mailbox.turning.set(newest);
        self.set_held(self.held() + 1);
    }

    /// Turns a slice of it round. True if nothing is left to be turned: then all is in the list, which has no
    /// emptied ones any more.
    pub(in crate::mail) fn turn(&self, here: &'static Here, pool: &mut Pool) -> bool {
        let (mailbox, slabs) = (&self.mailbox, here.table().slabs());
        let turning = mailbox.turning.get();
        if turning == 0 {
            return true;
        }
        // SAFETY: as in `begin_to_turn`.
        let anchor = unsafe { slabs.at(turning) };
        // SAFETY: as above.
        let (first, number) = unsafe { (anchor.as_ref().next(), anchor.as_ref().extra()) };
        let begun = first;
        // SAFETY: as above: one leads to the next by number.
        let (first, number, turned) = unsafe { turn_slice(first, number, slabs.finder()) };
        self.count_in(turned);
        // SAFETY: as above.
        let anchor = unsafe { anchor.as_ref() };
        // The anchor is of the first slice.
        let is_first = begun == Some(NonNull::from(anchor));
        if let Some(first) = first {
            // SAFETY: one that was turned, or the anchor.
            unsafe { first.as_ref() }.seal(turned + u32::from(is_first));
        }
        if number != 0 {
            anchor.set_next(first);
            anchor.set_extra(number);
            return false;
        }
        anchor.set_next(None);
        mailbox.turning.set(0);
        if mailbox.cursor.get().is_none() {
            mailbox.give_emptied(pool, here);
        }
        let anchor = NonNull::from(anchor);
        mailbox.append(first.unwrap_or(anchor), anchor, slabs);
        true
    }

    /// Messages that have come and are not turned round yet, `newest` in the word the last of them; no more than
    /// [`COUNTED_MOST`] are counted.
    ///
    /// # Safety
    ///
    /// Nobody takes any meanwhile: the process does not run.
    #[cold]
    pub(crate) unsafe fn count_unturned(&self, newest: u32, slabs: &'static Slabs) -> u32 {
        let turning = match self.mailbox.turning.get() {
            0 => 0,
            // SAFETY: as in `begin_to_turn`.
            anchor => unsafe { slabs.at(anchor).as_ref() }.extra(),
        };
        let mut count = 0;
        for first in [newest, turning] {
            let mut next = first;
            while next != 0 && count < COUNTED_MOST {
                count += 1;
                // SAFETY: one leads to the next by number, and the caller's promise.
                next = unsafe { slabs.at(next).as_ref() }.before();
            }
        }
        count
    }

    /// True if something is being turned round.
    pub(in crate::mail) fn is_turning(&self) -> bool {
        self.mailbox.turning.get() != 0
    }
}

/// Turns so many round that come one before the other, from `number` on, and puts each before `first`. Returns the
/// first one then, the number of the next, and how many they were.
///
/// # Safety
///
/// They are the caller's, and each has the number of the one before it.
#[inline(always)]
unsafe fn turn_slice(
    mut first: Option<NonNull<Envelope>>,
    number: u32,
    finder: Finder<'_>,
) -> (Option<NonNull<Envelope>>, u32, u32) {
    let (mut next, mut turned) = ((number as usize) << MAIL_SHIFT, 0);
    while next != 0 && turned < SLICE {
        // A few at a time: counting costs as much as turning.
        for _ in 0..STEP {
            // SAFETY: the caller's promise.
            let envelope = unsafe { finder.at_mail(next).as_ref() };
            next = envelope.link_before();
            envelope.set_next(first);
            first = Some(NonNull::from(envelope));
            turned += 1;
            if next == 0 {
                break;
            }
        }
    }
    (first, (next >> MAIL_SHIFT) as u32, turned)
}
