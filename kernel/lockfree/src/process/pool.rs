//! Homes that ended processes have left for the next ones: memory and slot together.
//!
//! A home is a block of a common size whose header still knows its slot, so making a process takes
//! one home off a list, and ending it puts one back. There is a list for each size, a core's own:
//! no lock, no atomic. Slots without a block come fresh from the table, from large processes
//! (whose memory goes back to the heap), or, when there are no others, from homes of other sizes.

use super::cold::ColdBox;
use super::crew::Homecoming;
use super::header::{Header, Operations, Process, Slot};
use super::here::Here;
use super::table::Table;
use super::token::Token;
use super::word::Pid;
use crate::atomic::Relaxed;
use core::alloc::Layout;
use core::ops::Range;
use core::ptr::NonNull;

/// Sizes are rounded up to a multiple of this.
const STEP: usize = 32;
/// Blocks of up to so many steps are kept.
const CLASSES: usize = 32;
/// What every kept block is aligned to.
const ALIGN: usize = 16;

/// Where a process can live.
#[derive(Debug)]
pub(crate) struct Home {
    pub(crate) place: NonNull<u8>,
    pub(crate) index: u32,
    pub(crate) slot: &'static Slot,
}

impl Home {
    /// Makes a process here; the home is of its class.
    #[inline(always)]
    pub(crate) fn settle<F: Future<Output = ()> + 'static>(
        self,
        future: F,
        level: u8,
        here: &'static Here,
    ) -> (Pid, Token) {
        let slot = self.slot;
        let operations = Process::<F>::operations();
        let (pid, token) = self.prepare(future, operations, level, here, None);
        slot.word.occupy(pid);
        (pid, token)
    }

    /// The same but for the slot's word, which does not name it yet; the home is of the class of these operations, which are
    /// those on processes of this type.
    #[inline(always)]
    pub(crate) fn prepare<F: Future<Output = ()> + 'static>(
        self,
        future: F,
        operations: &'static Operations,
        level: u8,
        here: &'static Here,
        cold: Option<ColdBox>,
    ) -> (Pid, Token) {
        let Self { place, index, slot } = self;
        let pid = slot.word.next_pid(index);
        let header = Header::new(slot, pid, operations, level, here, cold);
        // SAFETY: the home is free, and has room for this layout.
        let header = unsafe { Process::build(place.cast(), header, future) };
        slot.header.store(header.as_ptr(), Relaxed);
        (pid, Token::new(header))
    }
}

/// The lists.
#[derive(Debug)]
pub(crate) struct Pools {
    homes: [Option<NonNull<Header>>; CLASSES],
    /// Slots that were never used.
    fresh: Range<u32>,
    /// Slots that large processes have left: the first one's index, which leads to the next.
    orphans: Option<u32>,
}

// SAFETY: it owns its homes, and nothing in them is of a thread's own.
unsafe impl Send for Pools {}

/// What blocks a process lives in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Class(u8);

impl Class {
    /// Blocks of no common size: none are kept.
    pub(super) const ODD: Self = Self(CLASSES as u8);

    /// True if such homes are kept.
    pub(super) fn is_kept(self) -> bool {
        self != Self::ODD
    }

    /// The class of blocks for this layout.
    pub(crate) const fn of(layout: Layout) -> Self {
        let class = layout.size().saturating_sub(1) / STEP;
        if class < CLASSES && layout.align() <= ALIGN {
            Self(class as u8)
        } else {
            Self::ODD
        }
    }

    /// What a block of this class is, for a process of this layout.
    pub(crate) const fn block(self, layout: Layout) -> Layout {
        if self.0 == Self::ODD.0 {
            return layout;
        }
        self.layout()
    }

    /// What a block of this common size is.
    pub(crate) const fn layout(self) -> Layout {
        match Layout::from_size_align((self.0 as usize + 1) * STEP, ALIGN) {
            Ok(layout) => layout,
            Err(_) => unreachable!(),
        }
    }
}

impl Pools {
    pub(crate) const fn new() -> Self {
        Self {
            homes: [None; CLASSES],
            fresh: 0..0,
            orphans: None,
        }
    }

    /// Takes a home of this class, if there is one.
    #[inline(always)]
    pub(crate) fn take(&mut self, class: Class) -> Option<Home> {
        let list = self.homes.get_mut(usize::from(class.0))?;
        let header = (*list)?;
        // SAFETY: headers in the lists are as their last process left them, see `give`.
        let (next, index, slot) = unsafe {
            let header = header.as_ref();
            (header.next.get(), header.pid().index(), header.slot)
        };
        *list = next;
        Some(Home {
            place: header.cast(),
            index,
            slot,
        })
    }

    /// Puts a home in. False if such are not kept.
    ///
    /// # Safety
    ///
    /// The header of a process that has ended, in a block of this class; nobody uses either any
    /// more, and the slot is free.
    #[inline(always)]
    #[must_use]
    pub(crate) unsafe fn give(&mut self, class: Class, header: NonNull<Header>) -> bool {
        let Some(list) = self.homes.get_mut(usize::from(class.0)) else {
            return false;
        };
        // SAFETY: the caller's promise.
        unsafe { header.as_ref() }.next.set(*list);
        *list = Some(header);
        true
    }

    /// Takes a slot that has no block.
    pub(crate) fn free_slot(&mut self, table: &Table) -> Option<u32> {
        if let Some(index) = self.orphans {
            self.orphans = table.orphan_after(index);
            return Some(index);
        }
        self.fresh.next()
    }

    /// Keeps slots that were never used, and takes the first.
    pub(crate) fn add_slots(&mut self, fresh: Range<u32>, table: &Table) -> Option<u32> {
        // Somebody else on this core may have added some meanwhile: none is lost.
        for index in core::mem::replace(&mut self.fresh, fresh) {
            self.give_slot(index, table);
        }
        self.fresh.next()
    }

    /// Keeps a slot that has no block.
    pub(crate) fn give_slot(&mut self, index: u32, table: &Table) {
        table.set_orphan_after(index, self.orphans.replace(index));
    }

    /// Takes a home of this class that others have left, if one is found among some. The others among those are
    /// kept.
    pub(crate) fn take_returned(&mut self, class: Class, returned: &Homecoming) -> Option<Home> {
        /// So many are looked at, with preemption off.
        const SLICE: usize = 32;
        for _ in 0..SLICE {
            let header = returned.next()?;
            // SAFETY: `bring_home` has left it there, in a home of its class.
            let other = unsafe { header.as_ref() }.operations.class;
            // SAFETY: as above.
            let is_kept = unsafe { self.give(other, header) };
            debug_assert!(is_kept, "homes of no common size are not left");
            if other == class {
                break;
            }
        }
        self.take(class)
    }

    /// Takes any home, and says of which class.
    pub(crate) fn take_any(&mut self, returned: &Homecoming) -> Option<(Home, Class)> {
        if let Some(header) = returned.next() {
            // SAFETY: as above.
            let class = unsafe { header.as_ref() }.operations.class;
            // SAFETY: as above.
            let is_kept = unsafe { self.give(class, header) };
            debug_assert!(is_kept, "homes of no common size are not left");
            return Some((self.take(class)?, class));
        }
        let class = Class(self.homes.iter().rposition(Option::is_some)? as u8);
        Some((self.take(class)?, class))
    }
}

#[cfg(not(target_os = "none"))]
impl Pools {
    /// Puts all homes that others have left into the lists.
    pub(crate) fn gather(&mut self, returned: &Homecoming) {
        while let Some((home, class)) = returned.next().map(|header| {
            // SAFETY: as in `take_returned`.
            (header, unsafe { header.as_ref() }.operations.class)
        }) {
            // SAFETY: as there.
            let _is_kept = unsafe { self.give(class, home) };
        }
    }

    /// How many homes there are in all lists, and how many slots without a block; counted.
    pub(crate) fn count(&self, table: &Table) -> (usize, usize) {
        let next = |home: &NonNull<Header>| {
            // SAFETY: as in `take`.
            unsafe { home.as_ref().next.get() }
        };
        let list = |first| core::iter::successors(first, next).count();
        let homes = self.homes.iter().map(|&first| list(first)).sum();
        let orphans = core::iter::successors(self.orphans, |&it| table.orphan_after(it));
        (homes, self.fresh.len() + orphans.count())
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    fn layout(size: usize, align: usize) -> Layout {
        Layout::from_size_align(size, align).expect("small")
    }

    #[test]
    fn a_block_holds_what_it_is_for() {
        for size in 1..=STEP * CLASSES {
            let block = Class::of(layout(size, 8)).block(layout(size, 8));
            assert!(block.size() >= size && block.size() < size + STEP);
        }
    }

    #[test]
    fn what_is_large_or_oddly_aligned_is_not_kept() {
        for odd in [layout(STEP * CLASSES + 1, 8), layout(64, 32)] {
            assert_eq!(Class::of(odd).block(odd), odd);
        }
    }
}
