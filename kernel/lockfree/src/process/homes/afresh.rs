//! New homes: a block of the heap, and a slot from wherever one is left.
//!
//! When no slot is left for all, the kernel's own processes still find one that is set aside for them. Such a slot is no
//! core's to keep, so the home around it is not kept either: see `table::set_aside`.

use super::super::header::{Operations, Process, Slot};
use super::super::here::{table, with_desk};
use super::super::platform;
use super::super::platform::PreemptionOff;
use super::super::pool::{Class, Home};
use super::super::table::Table;
use crate::scarcity::{Purpose, may_take};
use core::alloc::Layout;
use core::ptr::NonNull;

/// Who is to be born.
#[derive(Clone, Copy)]
pub(super) struct Birth {
    /// The operations on it, in a home that may be kept.
    kept: &'static Operations,
    /// And in one that is not.
    for_once: &'static Operations,
    level: u8,
}

/// A home, and the operations on who is to live there.
type Prepared = (Home, &'static Operations);

impl Birth {
    pub(super) fn of<F: Future<Output = ()>>(level: u8) -> Self {
        Self {
            kept: Process::<F>::operations(),
            for_once: Process::<F>::operations_for_once(),
            level,
        }
    }

    /// A home that was left on this core, or a new one; with preemption off, for it is in nobody's list.
    pub(super) fn any_home(self, stays: &PreemptionOff) -> Option<Prepared> {
        let left = with_desk(|_, desk| desk.pools.take(self.kept.class));
        match left {
            Some(home) => Some((home, self.kept)),
            None => self.fresh_home(stays),
        }
    }

    /// One that others have left for this core, or a new one; with preemption off, as there.
    pub(super) fn fresh_home(self, stays: &PreemptionOff) -> Option<Prepared> {
        if stays.here().homecoming().has_some()
            && let Some(home) = returned_home(self.kept.class)
        {
            return Some((home, self.kept));
        }
        let place = block(self.kept)?;
        if let Some((index, slot)) = free_slot() {
            return Some((Home { place, index, slot }, self.kept));
        }
        // SAFETY: just allocated with this layout, and not used.
        unsafe { platform::old_block(place, layout_of(self.kept)) };
        self.home_set_aside()
    }

    /// The same in a slot that is set aside, if there is one for this.
    #[cold]
    #[inline(never)]
    fn home_set_aside(self) -> Option<Prepared> {
        let table = table();
        let index = table.take_set_aside(self.level)?;
        let slot = table.slot(index)?;
        let Some(place) = block(self.for_once) else {
            table.spread_slot(index);
            return None;
        };
        Some((Home { place, index, slot }, self.for_once))
    }
}

impl Home {
    /// Leaves it without having lived there.
    pub(super) fn leave(self, operations: &Operations) {
        let table = table();
        match table.is_set_aside(self.index) {
            true => table.spread_slot(self.index),
            false => with_desk(|_, desk| desk.pools.give_slot(self.index, table)),
        }
        // SAFETY: `block` allocated it with this layout, or somebody who had one of this class.
        unsafe { platform::old_block(self.place, layout_of(operations)) }
    }
}

fn layout_of(operations: &Operations) -> Layout {
    operations.class.block(operations.layout)
}

/// One of those that others have left, if one of this class is found among some.
#[cold]
#[inline(never)]
fn returned_home(class: Class) -> Option<Home> {
    with_desk(|here, desk| desk.pools.take_returned(class, here.homecoming()))
}

/// A block of the heap to live in.
fn block(operations: &Operations) -> Option<NonNull<u8>> {
    if !may_take(Purpose::Process) {
        return None;
    }
    // SAFETY: a process has a header, so the size is not zero.
    unsafe { platform::new_block(layout_of(operations)) }
}

/// A slot without a block: of those that are left over, or new, or from a home of another size.
fn free_slot() -> Option<(u32, &'static Slot)> {
    let table = table();
    if let Some(index) = with_desk(|here, desk| {
        let paid = || here.take_paid_slot();
        desk.pools.free_slot(table).or_else(paid)
    }) {
        return Some((index, table.slot(index)?));
    }
    free_slot_of_all(table)
}

/// The same if this core has none.
#[cold]
#[inline(never)]
fn free_slot_of_all(table: &'static Table) -> Option<(u32, &'static Slot)> {
    if let Some(index) = table.take_spread_slot() {
        return Some((index, table.slot(index)?));
    }
    if let Some(fresh) = table.fresh_slots() {
        let index = with_desk(|_, desk| desk.pools.add_slots(fresh, table))?;
        return Some((index, table.slot(index)?));
    }
    let (home, class) = with_desk(|here, desk| desk.pools.take_any(here.homecoming()))?;
    // SAFETY: `fresh_home` allocated it with this layout, and nobody lives there.
    unsafe { platform::old_block(home.place, class.layout()) };
    Some((home.index, home.slot))
}
