//! Where envelopes come from, and where they go home to.
//!
//! A slab is 64 KiB of envelopes, made when a pool is empty, and given back only when memory is short and none of
//! them is used (`back`): as long as somebody may ask for it, an envelope's number leads to it. Each core has a pool, a list that only the core itself touches, so taking
//! an envelope and putting it back needs no atomic. Processes bring back whole chains of what they have
//! emptied, in one step. With several cores there may be others' among them: such a chain is *mixed* until it has
//! been looked through, some at a time; those of another core are pushed onto that core's
//! `returned` stack, a run of them in one step, and the core takes it whole when its list is empty.
//! Pushing only and taking all, nothing can be mistaken for what was there before it.

mod back;
mod returned;

use super::Traffic;
use super::envelope::{ENVELOPE_BYTES, Envelope};
use crate::atomic::{AtomicPtr, AtomicU32, Relaxed};
use crate::process::crew::{Restless, Standstill, at_standstill};
use crate::process::here::{self, Here};
use crate::process::word::{LAST_MESSAGE, MAIL_SHIFT};
use crate::process::{make_room, old_pages, pages};
use crate::scarcity::{Purpose, may_take};
use alloc::boxed::Box;
pub use back::trim_envelopes;
pub(crate) use back::{trim_pool, trim_some_of};
use core::ptr::{NonNull, null_mut, without_provenance_mut};
pub(crate) use returned::Returned;

/// Envelopes in a slab.
const SLAB: u32 = 1024;

/// New envelopes that a pool makes at a time.
const FRESH: usize = 16;

/// Envelopes of a mixed chain that are looked at at a time.
const SORTED: usize = 64;

/// The slabs of one machine.
pub(crate) struct Slabs {
    /// The origin of each slab: where the envelope with number 0 would be, if they all lay where this slab is. So a
    /// number is added whole. It is an address to count from, and nothing is ever read there.
    origins: Box<[AtomicPtr<Envelope>]>,
    /// The core whose pool they belong to.
    owners: Box<[AtomicPtr<Here>]>,
    /// For whoever looks which slabs are whole; each is touched by its own core only.
    counts: Box<[AtomicU32]>,
    used: AtomicU32,
}

/// Bytes of a slab.
const fn slab_size() -> usize {
    SLAB as usize * size_of::<Envelope>()
}

/// Envelopes of a slab that were never used.
#[derive(Debug)]
struct Fresh {
    next: NonNull<Envelope>,
    number: u32,
    left: u32,
}

impl Slabs {
    /// Creates room for at least so many envelopes, as far as a word can number them.
    pub(crate) fn new(envelopes: u32) -> Self {
        let slabs = envelopes.min(LAST_MESSAGE - SLAB).div_ceil(SLAB);
        Self {
            origins: (0..slabs).map(|_| AtomicPtr::new(null_mut())).collect(),
            owners: (0..slabs).map(|_| AtomicPtr::new(null_mut())).collect(),
            counts: (0..slabs).map(|_| AtomicU32::new(0)).collect(),
            used: AtomicU32::new(0),
        }
    }

    /// The envelope with this number.
    ///
    /// # Safety
    ///
    /// An envelope has this number, and whoever told the caller had it then.
    #[inline(always)]
    pub(crate) unsafe fn at(&self, number: u32) -> NonNull<Envelope> {
        // SAFETY: the caller's promise.
        unsafe { self.finder().at(number as usize) }
    }

    /// What finds envelopes, for whoever looks for many.
    #[inline(always)]
    pub(super) fn finder(&self) -> Finder<'_> {
        Finder(&self.origins)
    }

    /// Makes a slab, with a number that this core has used before if there is one.
    #[cold]
    fn grow(&self, owner: &'static Here, vacated: &mut Option<u32>) -> Option<Fresh> {
        let limit = self.origins.len() as u32;
        if vacated.is_none() && self.used.load(Relaxed) >= limit {
            return None;
        }
        if !may_take(Purpose::Envelopes) {
            return None;
        }
        // Memory first, or each time that there is none would cost a number.
        let next = pages(slab_size())?;
        let claim = |used| (used < limit).then_some(used + 1);
        let new = || self.used.fetch_update(Relaxed, Relaxed, claim).ok();
        let Some(index) = vacated.or_else(new) else {
            // SAFETY: just taken; another core was faster.
            unsafe { old_pages(next, slab_size()) };
            return None;
        };
        if *vacated == Some(index) {
            *vacated = self.vacated_after(index);
        }
        let first = next.cast::<Envelope>();
        let origin = first.as_ptr().wrapping_sub((index * SLAB) as usize);
        self.origins[index as usize].store(origin, Relaxed);
        self.owners[index as usize].store(core::ptr::from_ref(owner).cast_mut(), Relaxed);
        // Number 0 means none, so the very first envelope is never used.
        let is_unused = u32::from(index == 0);
        Some(Fresh {
            // SAFETY: a slab has more than one.
            next: unsafe { first.add(is_unused as usize) },
            number: index * SLAB + is_unused,
            left: SLAB - is_unused,
        })
    }

    /// The slab after this one of those without memory.
    fn vacated_after(&self, index: u32) -> Option<u32> {
        let after = self.origins[index as usize].load(Relaxed).addr();
        (after as u32).checked_sub(1)
    }

    /// Takes a slab's memory away; until it has some again, its number leads to that of the slab `after` it.
    fn vacate(&self, index: u32, after: Option<u32>) -> *mut Envelope {
        let after = without_provenance_mut(after.map_or(0, |after| after as usize + 1));
        let origin = self.origins[index as usize].load(Relaxed);
        self.origins[index as usize].store(after, Relaxed);
        origin.wrapping_add((index * SLAB) as usize)
    }

    fn count_of(&self, number: u32) -> &AtomicU32 {
        &self.counts[(number / SLAB) as usize]
    }

    /// Envelopes that were ever made, at most.
    pub(crate) fn room(&self) -> usize {
        self.used.load(Relaxed) as usize * SLAB as usize
    }

    /// How many there are.
    #[cfg(not(target_os = "none"))]
    pub(crate) fn count(&self) -> usize {
        self.used.load(Relaxed) as usize
    }

    /// The core that an envelope belongs to.
    fn owner(&self, number: u32) -> Option<&'static Here> {
        let owner = self.owners.get((number / SLAB) as usize)?;
        // SAFETY: `grow` stored the address of a core, which lives for ever.
        unsafe { owner.load(Relaxed).as_ref() }
    }
}

/// Finds envelopes by their numbers.
#[derive(Clone, Copy)]
pub(super) struct Finder<'a>(&'a [AtomicPtr<Envelope>]);

impl Finder<'_> {
    /// The envelope with this number.
    ///
    /// # Safety
    ///
    /// As for [`Slabs::at`].
    #[inline(always)]
    pub(super) unsafe fn at(self, number: usize) -> NonNull<Envelope> {
        // SAFETY: the caller's promise: its slab was made, so it has an origin, from which the number leads into the
        // slab. Relaxed: with the number came what its author saw.
        unsafe {
            let slab = number as u32 / SLAB;
            let origin = self.0.get_unchecked(slab as usize).load(Relaxed);
            NonNull::new_unchecked(origin.wrapping_add(number))
        }
    }

    /// The same for a number as it stands in a word, shifted.
    ///
    /// # Safety
    ///
    /// As for [`Slabs::at`].
    #[inline(always)]
    pub(super) unsafe fn at_mail(self, mail: usize) -> NonNull<Envelope> {
        // Where an envelope is as long as on the machine, its distance is the number shifted less.
        const LESS: u32 = MAIL_SHIFT - ENVELOPE_BYTES.ilog2();
        if size_of::<Envelope>() != ENVELOPE_BYTES {
            // SAFETY: the caller's promise.
            return unsafe { self.at(mail >> MAIL_SHIFT) };
        }
        // SAFETY: as in `at`; below the number are zeroes.
        unsafe {
            let slab = (mail >> MAIL_SHIFT) as u32 / SLAB;
            let origin = self.0.get_unchecked(slab as usize).load(Relaxed);
            NonNull::new_unchecked(origin.wrapping_byte_add(mail >> LESS))
        }
    }
}

/// A core's envelopes that nobody uses.
#[derive(Debug)]
pub(crate) struct Pool {
    free: Option<NonNull<Envelope>>,
    /// Emptied ones, of which some may be others'.
    mixed: Option<NonNull<Envelope>>,
    fresh: Option<Fresh>,
    /// Which core it is.
    pub(crate) home: u32,
    /// Envelopes of slabs that are here.
    made: u32,
    /// Numbers of slabs that are here no more: the first, which leads to the next.
    vacated: Option<u32>,
    search: back::Search,
    pub(crate) traffic: Traffic,
}

// SAFETY: it owns its envelopes.
unsafe impl Send for Pool {}

impl Pool {
    pub(crate) const fn new() -> Self {
        Self {
            free: None,
            mixed: None,
            fresh: None,
            home: 0,
            made: 0,
            vacated: None,
            search: back::Search::new(),
            traffic: Traffic::NOTHING,
        }
    }

    /// Takes an empty envelope, if there is one.
    #[inline(always)]
    pub(crate) fn take(&mut self) -> Option<&'static Envelope> {
        // SAFETY: envelopes live for ever, and this one is the pool's.
        let envelope = unsafe { self.free?.as_ref() };
        self.free = envelope.next();
        Some(envelope)
    }

    /// Sees to it that there are some: what other cores have brought back, or new ones. The pool is that of
    /// `here`.
    pub(crate) fn fill(&mut self, slabs: &'static Slabs, here: &'static Here) -> bool {
        self.take_returned(slabs, here.returned());
        while self.free.is_none() && self.mixed.is_some() {
            self.sort(slabs, here);
        }
        if self.free.is_none() && !self.search.is_idle() {
            self.hurry(slabs, here);
        }
        if self.free.is_some() {
            return true;
        }
        if self.fresh.as_ref().is_none_or(|fresh| fresh.left == 0) {
            self.fresh = slabs.grow(here, &mut self.vacated);
        }
        for _ in 0..FRESH {
            let Some(fresh) = self.fresh.as_mut().filter(|fresh| fresh.left > 0) else {
                break;
            };
            let envelope = Envelope::new(fresh.number);
            // SAFETY: there is one left, which nobody has used.
            unsafe {
                fresh.next.write(envelope);
                fresh.next.as_ref().set_next(self.free);
                self.free = Some(fresh.next);
                fresh.next = fresh.next.add(1);
            }
            fresh.number += 1;
            fresh.left -= 1;
            self.made += 1;
        }
        self.free.is_some()
    }

    /// Takes over what other cores have brought back.
    fn take_returned(&mut self, slabs: &'static Slabs, returned: &Returned) {
        let mut number = returned.take();
        while number != 0 {
            // SAFETY: the number of an envelope that was returned here, so it is ours.
            let envelope = unsafe { slabs.at(number).as_ref() };
            number = envelope.before();
            envelope.set_next(self.free);
            self.free = Some(NonNull::from(envelope));
        }
    }

    /// Puts an empty envelope back. The pool is that of `here`, as below.
    #[inline(always)]
    pub(crate) fn give(&mut self, here: &'static Here, envelope: &'static Envelope) {
        let envelope = NonNull::from(envelope);
        self.give_chain(here, envelope, envelope);
    }

    /// Puts a chain of empty envelopes back, of which `end` is the last: they are the caller's, and each leads to the
    /// next.
    #[inline(always)]
    pub(crate) fn give_chain(
        &mut self,
        here: &'static Here,
        first: NonNull<Envelope>,
        end: NonNull<Envelope>,
    ) {
        // Where there was never another core, none of them can be another's.
        let is_own = here.table().has_one_core();
        let list = if is_own {
            &mut self.free
        } else {
            &mut self.mixed
        };
        // SAFETY: envelopes live for ever, and these are the pool's now.
        unsafe { end.as_ref() }.set_next(list.replace(first));
        if !is_own {
            self.sort(here.table().slabs(), here);
        }
    }

    /// Looks through some of the mixed ones: those of this core stay, the others go home.
    #[cold]
    #[inline(never)]
    fn sort(&mut self, slabs: &'static Slabs, here: &'static Here) {
        for _ in 0..SORTED {
            let Some(envelope) = self.mixed else { return };
            // SAFETY: as in `give_chain`.
            let envelope = unsafe { envelope.as_ref() };
            self.mixed = envelope.next();
            let owner = slabs.owner(envelope.number());
            let owner = owner.expect("an envelope in use is of a core's slab");
            if core::ptr::eq(owner, here) {
                envelope.set_next(self.free);
                self.free = Some(NonNull::from(envelope));
            } else {
                self.send_home(slabs, owner, envelope);
            }
        }
    }

    /// Sends this one home, which is at the front of a run of that core's, with as many of the run as are looked at at
    /// a time.
    fn send_home(&mut self, slabs: &'static Slabs, owner: &'static Here, last: &'static Envelope) {
        let mut newest = last;
        for _ in 1..SORTED {
            // SAFETY: as in `give_chain`.
            let Some(next) = self.mixed.map(|next| unsafe { next.as_ref() }) else {
                break;
            };
            let is_of_run = |of: &Here| core::ptr::eq(of, owner);
            if !slabs.owner(next.number()).is_some_and(is_of_run) {
                break;
            }
            self.mixed = next.next();
            next.set_before(newest.number());
            newest = next;
        }
        owner
            .returned()
            .push(newest.number(), |before| last.set_before(before));
    }
}

/// Sees to it that the pool of this core has some, and makes room for them if there is none. False if that can't be done,
/// which is counted.
pub(crate) fn fill_pool() -> bool {
    let fill = || here::with_desk(|here, desk| desk.pool.fill(here.table().slabs(), here));
    let is_filled = fill() || make_room() && fill();
    if !is_filled {
        here::with_desk(|_, desk| desk.pool.traffic.refused += 1);
    }
    is_filled
}

/// Envelopes that hold a message now, counted, for a report and for tests, if all cores come to rest for that.
pub fn envelopes_in_use() -> Result<usize, Restless> {
    at_standstill(|all| all.envelopes_in_use())
}

impl Standstill<'_> {
    /// Sends those home that others have emptied.
    pub(crate) fn sort_envelopes(&self) {
        for here in self.cores() {
            self.with_desk(here, |desk| desk.pool.sort_all(here));
        }
    }

    /// Envelopes that hold a message now.
    pub fn envelopes_in_use(&self) -> usize {
        // What is sorted out on one core may come home on another.
        self.sort_envelopes();
        let used = |here| self.with_desk(here, |desk| desk.pool.count_used(here));
        self.cores().map(used).sum()
    }
}

impl Pool {
    /// Looks through some of the mixed ones: about how many that are. The pool is that of `here`, as below.
    pub(crate) fn sort_some_mixed(&mut self, here: &'static Here) -> usize {
        if self.mixed.is_none() {
            return 0;
        }
        self.sort(here.table().slabs(), here);
        SORTED
    }

    /// Looks through all mixed ones. The pool is that of `here`, as below.
    pub(super) fn sort_all(&mut self, here: &'static Here) {
        while self.mixed.is_some() {
            self.sort(here.table().slabs(), here);
        }
    }

    /// Envelopes that are elsewhere.
    pub(super) fn count_used(&mut self, here: &'static Here) -> usize {
        let slabs = here.table().slabs();
        self.take_returned(slabs, here.returned());
        while !self.search.is_idle() {
            self.search(slabs, here);
        }
        let mut next = self.free;
        let mut free = 0;
        while let Some(envelope) = next {
            free += 1;
            // SAFETY: as in `take`.
            next = unsafe { envelope.as_ref() }.next();
        }
        self.made as usize - free
    }
}
