//! Giving slabs of which no envelope is used back to memory: for when that is short.
//!
//! What a flood of messages has taken would otherwise stay envelopes. Nobody counts on the way which slabs are empty; whoever
//! wants memory looks through the pool's list, a slice at a time with preemption on between: once to count how many
//! envelopes of each slab are in it, and once more to take those out whose slab is there whole.
//!
//! ```text
//!   free --begin--> uncounted --count--> counted --sort--+--> free
//!                       |                                +--> nowhere, and the slab back to memory with its last
//!                       +--> staying --at the end--> free
//! ```
//!
//! All of these are lists of the pool: so if whoever looks is killed, nothing is lost, and the next goes on from there. What
//! comes back meanwhile goes to `free`, uncounted, so its slab is not whole; and a pool that runs dry takes from
//! those lists before it asks for memory.
//!
//! # Why nobody looks at what is gone
//!
//! An envelope in the pool's list is nobody's, but for one thing: whoever was asked a question, or has asked it, may
//! come late and look at the question's word. So an envelope that has ever carried a question *stays*, and its slab
//! with it. They are put first again, so that questions to come find these and not others. A slab's number is used
//! again by the same core alone, for memory whose envelopes have never been asked either.

use super::{Envelope, Pool, SLAB, SORTED, Slabs, slab_size};
use crate::atomic::Relaxed;
use crate::process::here::{self, Here};
use crate::process::old_pages;
use core::ptr::NonNull;

/// In a slab's count: it is whole, and some of its envelopes have been taken out.
const LEAVES: u32 = 1 << 31;
/// Slices that a pool that has run dry looks at.
const HURRY: usize = 16;

/// Where the looking through stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Idle,
    Counting,
    Sorting,
}

/// A search for whole slabs.
#[derive(Debug)]
pub(super) struct Search {
    phase: Phase,
    uncounted: Option<NonNull<Envelope>>,
    counted: Option<NonNull<Envelope>>,
    /// Those that have carried a question: the first, and the last.
    staying: Option<(NonNull<Envelope>, NonNull<Envelope>)>,
}

/// Puts an envelope first in a list.
fn push(list: &mut Option<NonNull<Envelope>>, envelope: &'static Envelope) {
    envelope.set_next(list.replace(NonNull::from(envelope)));
}

/// Takes the first of a list.
fn pop(list: &mut Option<NonNull<Envelope>>) -> Option<&'static Envelope> {
    // SAFETY: envelopes in the lists of a pool are its own, and their slabs are there.
    let first = unsafe { (*list)?.as_ref() };
    *list = first.next();
    Some(first)
}

impl Search {
    pub(super) const fn new() -> Self {
        Self {
            phase: Phase::Idle,
            uncounted: None,
            counted: None,
            staying: None,
        }
    }

    /// True if no envelope is in its lists.
    pub(super) fn is_idle(&self) -> bool {
        self.phase == Phase::Idle
    }
}

/// What a slice has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::mail) struct Slice {
    /// Nothing more is to be looked at.
    pub(in crate::mail) is_last: bool,
    /// Slabs that have gone back.
    pub(in crate::mail) slabs: usize,
}

impl Pool {
    /// Looks at some. The pool is that of `here`.
    pub(in crate::mail) fn search(&mut self, slabs: &'static Slabs, here: &'static Here) -> Slice {
        let mut gone = 0;
        match self.search.phase {
            Phase::Idle => {
                self.take_returned(slabs, here.returned());
                self.search.uncounted = self.free.take();
                self.search.phase = Phase::Counting;
            }
            Phase::Counting => self.count_some(slabs),
            Phase::Sorting => gone = self.sort_some(slabs),
        }
        Slice {
            is_last: self.search.is_idle(),
            slabs: gone,
        }
    }

    fn count_some(&mut self, slabs: &'static Slabs) {
        for _ in 0..SORTED {
            let Some(envelope) = pop(&mut self.search.uncounted) else {
                self.search.phase = Phase::Sorting;
                return;
            };
            if envelope.question.was_asked() {
                let this = NonNull::from(envelope);
                let (first, last) = self.search.staying.unzip();
                envelope.set_next(first);
                self.search.staying = Some((this, last.unwrap_or(this)));
            } else {
                let count = slabs.count_of(envelope.number());
                count.store(count.load(Relaxed) + 1, Relaxed);
                push(&mut self.search.counted, envelope);
            }
        }
    }

    /// How many slabs have gone back.
    fn sort_some(&mut self, slabs: &'static Slabs) -> usize {
        let mut gone = 0;
        for _ in 0..SORTED {
            let Some(envelope) = pop(&mut self.search.counted) else {
                self.end_search();
                break;
            };
            let number = envelope.number();
            let count = slabs.count_of(number);
            let left = match count.load(Relaxed) {
                SLAB => LEAVES | (SLAB - 1),
                more => more - 1,
            };
            count.store(left, Relaxed);
            if left & LEAVES == 0 {
                push(&mut self.free, envelope);
            } else if left == LEAVES {
                count.store(0, Relaxed);
                self.give_slab(slabs, number / SLAB);
                gone += 1;
            }
        }
        gone
    }

    fn end_search(&mut self) {
        self.search.phase = Phase::Idle;
        if let Some((first, last)) = self.search.staying.take() {
            // SAFETY: of the pool's list.
            unsafe { last.as_ref() }.set_next(self.free.replace(first));
        }
    }

    /// Gives a slab back: none of its envelopes is in any list, or used.
    fn give_slab(&mut self, slabs: &'static Slabs, index: u32) {
        let memory = slabs.vacate(index, self.vacated.replace(index));
        self.made -= SLAB;
        if let Some(memory) = NonNull::new(memory) {
            // SAFETY: taken for a slab; an envelope in the pool that was never asked a question is known to nobody.
            unsafe { old_pages(memory.cast(), slab_size()) }
        }
    }

    /// Slabs that are here.
    #[cfg(all(test, not(loom)))]
    pub(crate) fn slabs_of(&self, slabs: &Slabs) -> u32 {
        let vacated = core::iter::successors(self.vacated, |&index| slabs.vacated_after(index));
        slabs.used.load(Relaxed) - vacated.count() as u32
    }

    /// For a pool that has run dry: takes from what is being looked through.
    pub(super) fn hurry(&mut self, slabs: &'static Slabs, here: &'static Here) {
        for _ in 0..HURRY {
            match self.search.phase {
                Phase::Idle => return,
                Phase::Counting => match pop(&mut self.search.uncounted) {
                    Some(envelope) => push(&mut self.free, envelope),
                    None => self.search.phase = Phase::Sorting,
                },
                Phase::Sorting if self.free.is_some() => return,
                Phase::Sorting => _ = self.search(slabs, here),
            }
        }
    }
}

/// Looks at some of the envelopes of this pool, so that slabs of which none is used go back to memory: about how many those are, or
/// none at the end of all.
pub(crate) fn trim_some_of(pool: &mut Pool, here: &'static Here) -> usize {
    match pool.search(here.table().slabs(), here).is_last {
        true => 0,
        false => SORTED,
    }
}

/// Gives the slabs of this pool of which no envelope is used back to memory, however long that takes; how many.
pub(crate) fn trim_pool(pool: &mut Pool, here: &'static Here) -> usize {
    let mut slabs = 0;
    loop {
        let slice = pool.search(here.table().slabs(), here);
        slabs += slice.slabs;
        if slice.is_last {
            return slabs;
        }
    }
}

/// Gives this core's slabs of which no envelope is used back to memory; how many.
pub fn trim_envelopes() -> usize {
    let mut slabs = 0;
    loop {
        let slice = here::with_desk(|here, desk| desk.pool.search(here.table().slabs(), here));
        slabs += slice.slabs;
        if slice.is_last {
            return slabs;
        }
    }
}
