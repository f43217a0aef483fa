//! A core's timers: a hierarchical wheel.
//!
//! A tick is 1,024 nanoseconds. A timer is due at the first tick that begins after its deadline, so never early and, of
//! itself, never more than a tick late. Timers are in slots (`slots`), in the order in which they were set; what is
//! in the slots of upper levels is hung anew, further down, when its time comes near. Setting a timer and
//! taking it back cost the same however many there are; one that is never taken back is hung anew at most
//! three times, and once more for every nine hours beyond the first.
//!
//! # Work is bounded
//!
//! `expire` touches so many timers and no more. A slot that holds more than there is time for is a
//! *crowd*: what is left of it goes to the backlog, whole and in one step, and the wheel goes on. The next
//! calls divide their time between the slots that follow and the backlog. So
//!
//! - of a million timers on one deadline, each rings when its turn comes, in the order of arrival, and who is due
//!   after them waits for one call;
//! - a million timers in a slot of an upper level are moved a few at a time, before the first of them is due.
//!
//! Who is due in the same millisecond as a crowd of thousands may still have to wait until those have been told apart.
//!
//! # What it does not do
//!
//! It calls nobody and knows no clock: it belongs to one core, which keeps others away and brings the
//! time along. It never gives memory back, only room to other timers: its largest size is its size.
//!
//! `tests/sim/tests/wheel.rs` compares what it does with a sorted map.

mod slab;
mod slots;
mod sweep;

pub use slab::{Chunk, Order};

use crate::heap::Source;
use slab::{Slab, Visit};
use slots::{Place, Reach, Slots, backlog_of, is_due_whole};
use sweep::Sweep;

/// Nanoseconds of a tick, as a power of two.
const TICK_BITS: u32 = 10;

/// Names a timer that was set. Once that has been due or was taken back, this names nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timer(slab::Key);

impl Timer {
    /// The number of the core whose wheel it is on.
    #[inline(always)]
    pub(crate) fn core(self) -> usize {
        slab::core_of(self.0)
    }

    #[cfg(all(test, loom))]
    pub(crate) fn of_nobody() -> Self {
        Self(0)
    }
}

/// There is no room: [`Wheel::order`] says what to make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoRoom;

/// What was set, and whether it changes when the wheel has to be looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Set {
    /// The timer.
    pub timer: Timer,
    /// [`Wheel::next`] has become earlier.
    pub is_first: bool,
}

/// What is done with what is due. A portion of it is taken together, and is none of anybody's but the loop that makes it: so
/// it may lie in registers.
pub trait Ringer<T> {
    /// What has come of some that were due.
    type Portion: Default;

    /// Does what is to be done for one.
    fn ring(&mut self, what: T, portion: &mut Self::Portion);

    /// Takes what has come of some.
    fn end(&mut self, portion: Self::Portion);
}

/// With nothing to be put together.
impl<T, F: FnMut(T)> Ringer<T> for F {
    type Portion = ();

    #[inline(always)]
    fn ring(&mut self, what: T, (): &mut ()) {
        self(what);
    }

    fn end(&mut self, (): ()) {}
}

/// The timers of one core, each with a `T` that says what is due.
#[derive(Debug)]
pub struct Wheel<T> {
    slab: Slab<T>,
    slots: Slots,
    reach: Reach,
    /// The last tick whose slot was emptied.
    elapsed: u64,
    /// Nothing is to be done before this tick.
    next: u64,
    /// The last `expire` has not done all.
    is_behind: bool,
    sweep: Sweep,
}

impl<T: Copy> Wheel<T> {
    /// Creates a wheel without room for any timer.
    pub const fn new() -> Self {
        Self {
            slab: Slab::new(),
            slots: Slots::new(),
            reach: Reach::from(0),
            elapsed: 0,
            next: u64::MAX,
            is_behind: false,
            sweep: Sweep::DONE,
        }
    }

    /// Says whose wheel it is, before there is any room. A timer of another core's wheel names nothing here.
    pub fn set_core(&mut self, core: u32) {
        self.slab.set_core(core);
    }

    /// What room to make, if there is none.
    pub fn order(&self) -> Order {
        self.slab.order()
    }

    /// Bytes of all room.
    pub(crate) fn room_bytes(&self, source: &impl Source) -> usize {
        self.slab.bytes(source)
    }

    /// Takes room in. It comes back if there is no memory, or if somebody else has meanwhile brought what
    /// was ordered.
    pub fn add_room(&mut self, chunk: Chunk<T>) -> Result<(), Chunk<T>> {
        self.slab.add(chunk)
    }

    /// Sets a timer for a time in nanoseconds; one that is over is due at the next tick. `u64::MAX` never
    /// comes.
    #[inline(always)]
    pub fn set(&mut self, at: u64, what: T) -> Result<Set, NoRoom> {
        // The first tick that begins after that time, and is not over.
        let tick = (at >> TICK_BITS).max(self.elapsed) + 1;
        let place = self.reach.place(tick);
        let (key, is_alone) = self.slab.insert(place.slot, tick, what).ok_or(NoRoom)?;
        // Where others are already, both are known.
        let is_first = is_alone && self.note(place);
        let timer = Timer(key);
        Ok(Set { timer, is_first })
    }

    /// Notes that a slot holds something. True if that is the first that is to be looked at.
    #[inline(always)]
    fn note(&mut self, Place { slot, look }: Place) -> bool {
        self.slots.set(slot as u32);
        let is_first = look < self.next;
        if is_first {
            self.next = look;
        }
        is_first
    }

    /// Takes a timer back, and what would have been due. `None` if it has been due already.
    #[inline(always)]
    pub fn take_back(&mut self, timer: Timer) -> Option<T> {
        let (what, emptied) = self.slab.remove(timer.0)?;
        if let Some(slot) = emptied {
            self.slots.clear(slot);
        }
        Some(what)
    }

    /// When to call `expire` again, in nanoseconds; `u64::MAX` while there is nothing to do.
    #[inline(always)]
    pub fn next(&self) -> u64 {
        self.next.saturating_mul(1 << TICK_BITS)
    }

    /// True if the last call of `expire` had to leave something undone.
    pub fn is_behind(&self) -> bool {
        self.is_behind
    }

    /// Has the next look count as one that is behind: there is something to do besides.
    pub(crate) fn keep_behind(&mut self) {
        self.is_behind = true;
    }

    /// How many timers are set; looks at each node to find out.
    pub fn count(&mut self) -> usize {
        let nodes = 0..self.slab.count();
        nodes
            .filter(|&index| self.slab.timer(index).is_some())
            .count()
    }

    /// Gives `ringer` what is due, in the order of deadlines and then of arrival, crowds aside, and returns how many those
    /// were. Touches at most twice `budget` timers.
    #[inline(always)]
    pub fn expire(&mut self, now: u64, budget: usize, mut ringer: impl Ringer<T>) -> usize {
        let now = now >> TICK_BITS;
        let mut left = budget;
        let mut rung = 0;
        let is_over = loop {
            let (slot, tick) = self.slots.next(self.elapsed);
            if tick > now {
                self.next = tick;
                break true;
            }
            if left == 0 {
                self.next = tick;
                break false;
            }
            self.go_to(tick);
            rung += self.empty(slot, &mut left, &mut ringer);
            if left == 0 {
                self.put_off(slot);
            }
        };
        if is_over {
            self.go_to(now);
        }
        if self.slots.backlog().is_some() {
            rung += self.work_off(budget, &mut ringer);
        }
        self.is_behind = !is_over || self.slots.backlog().is_some();
        rung
    }

    #[inline(always)]
    fn go_to(&mut self, tick: u64) {
        if tick <= self.elapsed {
            return;
        }
        if Reach::differs(self.elapsed, tick) {
            self.reach = Reach::from(tick);
        }
        self.elapsed = tick;
    }

    /// Does part of what was left over: half of it what is due, half what may be due soon. Returns how many rang.
    #[cold]
    #[inline(never)]
    fn work_off(&mut self, budget: usize, ringer: &mut impl Ringer<T>) -> usize {
        let Some(first) = self.slots.backlog() else {
            return 0;
        };
        let mut left = budget / 2;
        let mut rung = self.empty(first, &mut left, ringer);
        left += budget - budget / 2;
        while let Some(slot) = self.slots.backlog_ahead()
            && left > 0
        {
            rung += self.empty(slot, &mut left, ringer);
        }
        rung
    }

    /// Rings what is due of a slot that the wheel has come to, and hangs the rest anew. Returns how many rang.
    #[inline(always)]
    fn empty(&mut self, slot: u32, left: &mut usize, ringer: &mut impl Ringer<T>) -> usize {
        let (first, rung) = if is_due_whole(slot) {
            let before = *left;
            let first;
            (first, *left) = self.slab.ring_all(slot, before, ringer);
            (first, before - *left)
        } else {
            self.sort(slot, left, ringer)
        };
        if first == slot {
            self.slab.close(slot);
            self.slots.clear(slot);
        } else {
            self.slab.cut(slot, first);
        }
        rung
    }

    /// The same for a slot of an upper level. Returns the node that is first there now as well.
    #[inline(never)]
    fn sort(&mut self, slot: u32, left: &mut usize, ringer: &mut impl Ringer<T>) -> (u32, usize) {
        let mut rung = 0;
        let mut portion = Default::default();
        let mut index = self.slab.first(slot);
        while index != slot && *left > 0 {
            *left -= 1;
            let (visit, next) = self.slab.visit(index, self.elapsed);
            match visit {
                Visit::Due(what) => {
                    ringer.ring(what, &mut portion);
                    rung += 1;
                }
                Visit::Later(tick) => self.hang(index, tick),
            }
            index = next;
        }
        ringer.end(portion);
        (index, rung)
    }

    /// Makes what is left in a slot, if anything is, part of the backlog.
    fn put_off(&mut self, slot: u32) {
        let backlog = backlog_of(slot);
        if self.slab.append_all(backlog, slot) {
            self.slots.clear(slot);
            self.slots.set(backlog);
        }
    }

    #[inline(always)]
    fn hang(&mut self, index: u32, tick: u64) {
        let place = self.reach.place(tick);
        if self.slab.append(place.slot as u32, index) {
            self.note(place);
        }
    }
}

impl<T: Copy> Default for Wheel<T> {
    fn default() -> Self {
        Self::new()
    }
}
