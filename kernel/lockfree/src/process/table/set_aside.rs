//! Slots that nobody occupies and no core has; and those of them that are set aside for the kernel's own processes.
//!
//! A slot waits for the last block that its process has leaked. So somebody who leaks one small block in each of many short
//! lives comes to have all slots, while there is memory. Then nobody else is born; but a reaper is to be, and a shell. So
//! some slots are set aside, and only the kernel's own are born in them, when there is no other slot:
//!
//! - whom a core's loop bears: reapers, two for each core. (More, where destructors are slow, have to wait for a slot.)
//! - whom a process of the kernel's level bears in the same level: the shell, the run of tests.
//!
//! Each of them has a part of its own. A reaper runs destructors, which are somebody's code and may leak as well: a slot of
//! that part is lost to it until the block is freed. So there may be no slots for reapers one day, and still some for a shell. On
//! the kernel's level nobody else's code runs.
//!
//! # How they stay aside
//!
//! Which slots they are is decided when the table is made: the last ones of the first chunk, so the others have the numbers
//! that they had. From the first moment that chunk is there they are in lists that only [`Table::take_set_aside`] takes
//! from. Everything else goes by a slot's number:
//!
//! - No core ever keeps one. A core keeps a slot with the home of an ended process, and homes of no common size are not
//!   kept (`Class::ODD`); so who is born in such a slot lives in a home of that kind. What is told about that is in the
//!   operations, which its end looks at anyway. So neither a birth nor an end by the short way knows anything of this.
//! - Whoever gives a slot without a home back asks for its number, and a slot that is set aside goes to its list:
//!   when a home is not kept, whether its process was abroad or not; when it turns out that nobody is to live there; and when
//!   the last block is freed that an ended process has left.
//!
//! So there are as many as at first whenever none of the kernel's own that were born in them lives or has left blocks. What
//! is cached on other cores, or spread, is never one of them, however many cores there are and whatever moves.
//!
//! # Between cores
//!
//! Each list is a `Spread`, with its orderings and its stories: what is said there of a slot goes for these.

use super::super::own_level;
use super::super::{crew::Spread, own_pid};
use super::{CHUNK, Table};
use crate::process::PINNED;
use core::ops::Range;

/// The level of the kernel's own processes, which nobody else has.
pub const KERNELS_LEVEL: u8 = 0;

/// Slots that are set aside for what each core's loop bears: a reaper, and one in a hurry.
const EACH_CORE: u32 = 2;
/// Slots that are set aside for whom the kernel's level bears.
const SYSTEM: u32 = 16;
/// That is no more than one such part of the first chunk.
const PART: u32 = 64;
/// And the other no more than so many of them: enough for 512 cores.
const MOST_PARTS: u32 = 8;

/// Slots for one purpose.
struct Part {
    slots: Range<u32>,
    free: Spread,
}

/// What is set aside.
pub(super) struct SetAside {
    loops: Part,
    system: Part,
}

impl SetAside {
    /// Of a table with room for so many slots, of so many cores.
    pub(super) fn new(limit: u32, cores: usize) -> Self {
        let cores = u32::try_from(cores).unwrap_or(u32::MAX).max(1);
        let end = limit.min(CHUNK as u32);
        let middle = end - SYSTEM.min(end / PART);
        let start = middle - cores.saturating_mul(EACH_CORE).min(end / PART * MOST_PARTS);
        let part = |slots| Part {
            slots,
            free: Spread::new(),
        };
        Self {
            loops: part(start..middle),
            system: part(middle..end),
        }
    }

    /// Where a slot belongs, if it is set aside.
    fn list_of(&self, index: u32) -> Option<&Spread> {
        let parts = [&self.loops, &self.system];
        let part = parts.into_iter().find(|part| part.slots.contains(&index));
        part.map(|part| &part.free)
    }

    /// Where whoever runs finds a slot for somebody of this level, if there is no other.
    fn list_for(&self, level: u8) -> Option<&Spread> {
        let is_kernels = |level: u8| level & !PINNED == KERNELS_LEVEL;
        match own_pid() {
            None => Some(&self.loops.free),
            Some(_) if is_kernels(own_level()) && is_kernels(level) => Some(&self.system.free),
            Some(_) => None,
        }
    }
}

impl Table {
    /// Leaves a slot that nobody occupies to whichever core wants one; one that is set aside, to whom it is for.
    pub(crate) fn spread_slot(&self, index: u32) {
        let list = self.set_aside.list_of(index).unwrap_or(&self.spread);
        list.push(index, |next| self.set_orphan_after(index, next));
    }

    /// Takes such a slot.
    pub(crate) fn take_spread_slot(&self) -> Option<u32> {
        self.spread.pop(|index| self.orphan_after(index))
    }

    /// Takes one that is set aside, if whoever runs may have it for somebody of this level.
    pub(crate) fn take_set_aside(&self, level: u8) -> Option<u32> {
        let list = self.set_aside.list_for(level)?;
        list.pop(|index| self.orphan_after(index))
    }

    /// True if no core is to keep that slot.
    pub(crate) fn is_set_aside(&self, index: u32) -> bool {
        self.set_aside.list_of(index).is_some()
    }

    /// Slots that were never used. A core of several takes a few at a time, and leaves the others what it has made more than
    /// that: or one would have all, and the others none.
    pub(crate) fn fresh_slots(&self) -> Option<Range<u32>> {
        if self.has_one_core() {
            return self.grow_for_all();
        }
        if let Some(batch) = self.spread.take_fresh() {
            return Some(batch);
        }
        Some(self.spread.leave_fresh(self.grow_for_all()?))
    }

    /// Adds a chunk, and sets aside what is to be.
    fn grow_for_all(&self) -> Option<Range<u32>> {
        let chunk = self.grow()?;
        let (first, end) = (self.set_aside.loops.slots.start, chunk.end);
        if !chunk.contains(&first) {
            return Some(chunk);
        }
        (first..end).for_each(|index| self.spread_slot(index));
        Some(chunk.start..first)
    }

    /// How many there are that nobody occupies and no core has, counted, while nobody gives or takes one.
    #[cfg(not(target_os = "none"))]
    pub(crate) fn count_spread(&self) -> usize {
        let SetAside { loops, system } = &self.set_aside;
        let count = |list: &Spread| {
            let next = |&index: &u32| self.orphan_after(index);
            core::iter::successors(list.first(), next).count()
        };
        let lists = [&self.spread, &loops.free, &system.free];
        lists.map(count).iter().sum::<usize>() + self.spread.count_fresh()
    }
}

#[cfg(all(test, not(loom)))]
mod tests;
