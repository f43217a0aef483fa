//! The arithmetic of a wheel: in which slot a tick is, and which slot comes next.
//!
//! Level *k* counts in units of 256^*k* ticks, a slot for each. Seen from the wheel's tick, a level holds what
//! is in the present unit of the level above or in the next one, as far as no lower level holds it: 512
//! slots, used round and round. So whatever is in a slot of an upper level fits into the levels below as soon as the
//! unit *before* that slot begins, and that is when it is hung anew: what is in there is not due for a whole unit
//! yet, which is the time to move however many there are.
//!
//! ```text
//! level   unit       holds what is due
//!   0     1 us       in this 262 us and the next
//!   1     262 us     in this 67 ms and the next
//!   2     67 ms      in this 17 s and the next
//!   3     17 s       within 511 units: two hours; what is later waits in the last of them
//! ```
//!
//! A new timer goes where those of its tick are that came before, for both change their level at the same tick.

/// Bits of a tick that a level adds to the one below.
const BITS: u32 = 8;
const LEVELS: u32 = 4;
const TOP_SHIFT: u32 = (LEVELS - 1) * BITS;
/// Slots of a level: two units of the level above.
const PER_LEVEL: u32 = 2 << BITS;
const WORDS: usize = (SLOTS / u64::BITS) as usize;
const WORDS_PER_LEVEL: u32 = PER_LEVEL / u64::BITS;

/// Slots of all levels.
const SLOTS: u32 = LEVELS * PER_LEVEL;
/// Behind them a slot for each level, for what could not be done in one turn.
const BACKLOG: u32 = SLOTS;
pub(super) const HEADS: u32 = SLOTS + LEVELS;

/// What the levels reach, seen from the wheel's tick.
#[derive(Debug)]
pub(super) struct Reach {
    /// The first tick that a level does not hold any more.
    ends: [u64; LEVELS as usize - 1],
    /// In place of all that are later.
    last: u64,
}

/// Which slots hold something.
#[derive(Debug)]
pub(super) struct Slots {
    words: [u64; WORDS + 1],
    /// Which words have a bit.
    summary: u64,
}

impl Reach {
    /// What they reach from this tick.
    #[inline(always)]
    pub(super) const fn from(wheel: u64) -> Self {
        Self {
            ends: [end(wheel, BITS), end(wheel, 2 * BITS), end(wheel, 3 * BITS)],
            last: ((wheel >> TOP_SHIFT) + PER_LEVEL as u64 - 1) << TOP_SHIFT,
        }
    }

    /// True if they reach something else from one tick than from another.
    #[inline(always)]
    pub(super) const fn differs(one: u64, other: u64) -> bool {
        one >> BITS != other >> BITS
    }

    /// The slot for a tick that is later than the wheel's.
    #[inline(always)]
    pub(super) fn slot(&self, tick: u64) -> u32 {
        let level: u32 = self.ends.iter().map(|&end| u32::from(tick >= end)).sum();
        let unit = tick.min(self.last) >> (level * BITS);
        level * PER_LEVEL + unit as u32 % PER_LEVEL
    }

    /// The tick at which the slot of that tick is to be emptied.
    #[inline(always)]
    pub(super) fn look(&self, slot: u32, tick: u64) -> u64 {
        let level = slot / PER_LEVEL;
        let unit = tick.min(self.last) >> (level * BITS);
        (unit - u64::from(level != 0)) << (level * BITS)
    }
}

/// The end of the unit after the present one.
const fn end(wheel: u64, shift: u32) -> u64 {
    ((wheel >> shift) + 2) << shift
}

/// Where what is left over of a slot waits.
pub(super) fn backlog_of(slot: u32) -> u32 {
    BACKLOG + slot / PER_LEVEL
}

impl Slots {
    pub(super) const fn new() -> Self {
        Self {
            words: [0; WORDS + 1],
            summary: 0,
        }
    }

    /// Notes that a slot holds something.
    #[inline(always)]
    pub(super) fn set(&mut self, slot: u32) {
        let word = slot / u64::BITS;
        self.words[word as usize] |= 1 << (slot % u64::BITS);
        self.summary |= 1 << word;
    }

    /// Notes that a slot holds nothing.
    #[inline(always)]
    pub(super) fn clear(&mut self, slot: u32) {
        let word = slot / u64::BITS;
        self.words[word as usize] &= !(1 << (slot % u64::BITS));
        if self.words[word as usize] == 0 {
            self.summary &= !(1 << word);
        }
    }

    /// True if no slot holds anything.
    #[inline(always)]
    pub(super) fn is_empty(&self) -> bool {
        self.summary == 0
    }

    /// Where something was left over, the most urgent first.
    pub(super) fn backlog(&self) -> Option<u32> {
        match self.words[WORDS] {
            0 => None,
            word => Some(BACKLOG + word.trailing_zeros()),
        }
    }

    /// Where something was left over that is not due yet.
    pub(super) fn backlog_ahead(&self) -> Option<u32> {
        match self.words[WORDS] & !1 {
            0 => None,
            word => Some(BACKLOG + word.trailing_zeros()),
        }
    }

    /// The slot that is to be emptied next, and the tick for that.
    #[inline(always)]
    pub(super) fn next(&self, wheel: u64) -> Option<(u32, u64)> {
        let first = self.first(0, wheel);
        // Upper levels change only where a unit of theirs begins.
        let border = ((wheel >> BITS) + 1) << BITS;
        match first {
            Some((_, tick)) if tick < border => first,
            _ => self.next_of_all(first, wheel),
        }
    }

    #[inline(never)]
    fn next_of_all(&self, first: Option<(u32, u64)>, wheel: u64) -> Option<(u32, u64)> {
        let upper = (1..LEVELS).filter_map(|level| {
            let shift = level * BITS;
            let (slot, unit) = self.first(level, wheel >> shift)?;
            Some((slot, (unit - 1) << shift))
        });
        first.into_iter().chain(upper).min_by_key(|&(_, tick)| tick)
    }

    /// The first slot of a level behind the present unit that holds something, and its unit.
    #[inline(always)]
    fn first(&self, level: u32, unit: u64) -> Option<(u32, u64)> {
        let base = level * WORDS_PER_LEVEL;
        let start = (unit as u32).wrapping_add(1) % PER_LEVEL;
        let word = start / u64::BITS;
        let ahead = self.words[(base + word) as usize] & (u64::MAX << (start % u64::BITS));
        let (word, bits) = if ahead != 0 {
            (word, ahead)
        } else {
            let words = (self.summary >> base) & ((1 << WORDS_PER_LEVEL) - 1);
            let behind = words & ((2 << word) - 1);
            let in_order = if words != behind {
                words - behind
            } else {
                behind
            };
            if in_order == 0 {
                return None;
            }
            let word = in_order.trailing_zeros();
            (word, self.words[(base + word) as usize])
        };
        let index = word * u64::BITS + bits.trailing_zeros();
        let distance = index.wrapping_sub(unit as u32) % PER_LEVEL;
        Some((level * PER_LEVEL + index, unit + u64::from(distance)))
    }
}
