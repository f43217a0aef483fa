//! The arithmetic of a wheel: in which slot a tick is, and which slot comes next.
//!
//! Level *k* counts in units of its own, a slot for each. Seen from the wheel's tick, a level holds what
//! is in the present unit of the level above or in the next one, as far as no lower level holds it: twice as many slots
//! as the unit above has of its units, used round and round. So whatever is in a slot of an upper level fits into the
//! levels below as soon as the unit *before* that slot begins, and that is when it is hung anew: what is in there is not
//! due for a whole unit yet, which is the time to move however many there are.
//!
//! ```text
//! level   slots   unit       holds what is due
//!   0     2,048   1 us       in this millisecond and the next
//!   1       512   1 ms       in this 268 ms and the next
//!   2       512   268 ms     in this 69 s and the next
//!   3       512   69 s       within 511 units: nine hours; what is later waits in the last of them
//! ```
//!
//! The first level is the largest: most sleeps are short, and what is set there is never moved.
//!
//! A new timer goes where those of its tick are that came before, for both change their level at the same tick.

#![forbid(unsafe_code)]

/// Bits of a tick that the first level counts.
const FIRST_BITS: u32 = 10;
/// Bits that another level adds to the one below.
const BITS: u32 = 8;
const LEVELS: u32 = 4;
const TOP_SHIFT: u32 = shift_of(LEVELS - 1);
/// Slots of the first level, and of another one: two units of the level above.
const FIRST_SLOTS: u32 = 2 << FIRST_BITS;
const PER_LEVEL: u32 = 2 << BITS;

/// Slots of all levels.
const SLOTS: u32 = base_of(LEVELS);
/// Behind them a slot for each level, for what could not be done in one turn.
const BACKLOG: u32 = SLOTS;
const BACKLOG_WORD: usize = (BACKLOG / u64::BITS) as usize;
/// As many as a summary has bits, so that no look at one can go wrong.
const WORDS: usize = u64::BITS as usize;
const _: () = assert!(BACKLOG.is_multiple_of(u64::BITS) && BACKLOG_WORD < WORDS);
pub(super) const HEADS: u32 = SLOTS + LEVELS;

/// No tick.
const NEVER: u64 = u64::MAX;

/// Bits of a tick below a level's unit.
const fn shift_of(level: u32) -> u32 {
    match level {
        0 => 0,
        _ => FIRST_BITS + (level - 1) * BITS,
    }
}

/// The first slot of a level.
const fn base_of(level: u32) -> u32 {
    match level {
        0 => 0,
        _ => FIRST_SLOTS + (level - 1) * PER_LEVEL,
    }
}

/// How many slots a level has.
const fn slots_of(level: u32) -> u32 {
    match level {
        0 => FIRST_SLOTS,
        _ => PER_LEVEL,
    }
}

/// What the levels reach, seen from the wheel's tick.
#[derive(Debug)]
pub(super) struct Reach {
    /// The first tick that a level does not hold any more.
    ends: [u64; LEVELS as usize - 1],
    /// In place of all that are later.
    last: u64,
}

/// Where a timer belongs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    /// As wide as an address: then the compiler need not widen it.
    pub(super) slot: u64,
    /// The tick at which the slot is to be emptied.
    pub(super) look: u64,
}

/// Which slots hold something.
#[derive(Debug)]
pub(super) struct Slots {
    words: [u64; WORDS],
    /// Which words have a bit; those of some that have none any more are here still, until somebody looks.
    summary: u64,
}

impl Reach {
    /// What they reach from this tick.
    #[inline(always)]
    pub(super) const fn from(wheel: u64) -> Self {
        Self {
            ends: [
                end(wheel, shift_of(1)),
                end(wheel, shift_of(2)),
                end(wheel, shift_of(3)),
            ],
            last: ((wheel >> TOP_SHIFT) + PER_LEVEL as u64 - 1) << TOP_SHIFT,
        }
    }

    /// True if they reach something else from one tick than from another.
    #[inline(always)]
    pub(super) const fn differs(one: u64, other: u64) -> bool {
        one >> FIRST_BITS != other >> FIRST_BITS
    }

    /// The place for a tick that is later than the wheel's.
    #[inline(always)]
    pub(super) fn place(&self, tick: u64) -> Place {
        let [first, second, third] = self.ends;
        // Each with numbers of its own: no level has to be reckoned with.
        if tick < first {
            in_level::<0>(tick)
        } else if tick < second {
            in_level::<1>(tick)
        } else if tick < third {
            in_level::<2>(tick)
        } else {
            in_level::<3>(tick.min(self.last))
        }
    }
}

/// The place in this level.
#[inline(always)]
fn in_level<const LEVEL: u32>(tick: u64) -> Place {
    let shift = shift_of(LEVEL);
    let unit = tick >> shift;
    Place {
        slot: u64::from(base_of(LEVEL)) + unit % u64::from(slots_of(LEVEL)),
        look: (unit - u64::from(LEVEL != 0)) << shift,
    }
}

/// The end of the unit after the present one.
const fn end(wheel: u64, shift: u32) -> u64 {
    ((wheel >> shift) + 2) << shift
}

/// True for a slot in which everything is due when it is emptied: the first level's, and what was left over of them.
#[inline(always)]
pub(super) fn is_due_whole(slot: u32) -> bool {
    slot < FIRST_SLOTS || slot == BACKLOG
}

/// Where what is left over of a slot waits.
pub(super) fn backlog_of(slot: u32) -> u32 {
    match slot.checked_sub(FIRST_SLOTS) {
        None => BACKLOG,
        Some(above) => BACKLOG + 1 + above / PER_LEVEL,
    }
}

impl Slots {
    pub(super) const fn new() -> Self {
        Self {
            words: [0; WORDS],
            summary: 0,
        }
    }

    #[inline(always)]
    fn word_of(slot: u32) -> usize {
        (slot / u64::BITS) as usize % WORDS
    }

    /// Notes that a slot holds something.
    #[inline(always)]
    pub(super) fn set(&mut self, slot: u32) {
        let word = Self::word_of(slot);
        self.words[word] |= 1 << (slot % u64::BITS);
        self.summary |= 1 << word;
    }

    /// Notes that a slot holds nothing.
    #[inline(always)]
    pub(super) fn clear(&mut self, slot: u32) {
        self.words[Self::word_of(slot)] &= !(1 << (slot % u64::BITS));
    }

    /// True if no slot holds anything. Words that the summary does not name hold nothing; those that it does may.
    pub(super) fn is_empty(&self) -> bool {
        let mut named = self.summary;
        while named != 0 {
            if self.words[named.trailing_zeros() as usize % WORDS] != 0 {
                return false;
            }
            named &= named - 1;
        }
        true
    }

    /// Where something was left over, the most urgent first.
    pub(super) fn backlog(&self) -> Option<u32> {
        match self.words[BACKLOG_WORD] {
            0 => None,
            word => Some(BACKLOG + word.trailing_zeros()),
        }
    }

    /// Where something was left over that is not due yet.
    pub(super) fn backlog_ahead(&self) -> Option<u32> {
        match self.words[BACKLOG_WORD] & !1 {
            0 => None,
            word => Some(BACKLOG + word.trailing_zeros()),
        }
    }

    /// The slot that is to be emptied next, and the tick for that: [`NEVER`] if there is none.
    #[inline(always)]
    pub(super) fn next(&mut self, wheel: u64) -> (u32, u64) {
        let first @ (_, tick) = self.first(0, wheel);
        // Slots of upper levels are emptied only where a unit begins. Where the wheel stands there, some may still have to be.
        let border = wheel.next_multiple_of(1 << FIRST_BITS);
        if tick < border {
            return first;
        }
        self.next_of_all(first, wheel)
    }

    #[inline(never)]
    fn next_of_all(&mut self, first: (u32, u64), wheel: u64) -> (u32, u64) {
        let upper = (1..LEVELS).map(|level| {
            let shift = shift_of(level);
            match self.first(level, wheel >> shift) {
                (slot, NEVER) => (slot, NEVER),
                (slot, unit) => (slot, (unit - 1) << shift),
            }
        });
        upper.fold(first, |first, next| match next.1 < first.1 {
            true => next,
            false => first,
        })
    }

    /// The first slot of a level behind the present unit that holds something, and its unit.
    #[inline(always)]
    fn first(&mut self, level: u32, unit: u64) -> (u32, u64) {
        let (base, slots) = (base_of(level), slots_of(level));
        let start = (unit as u32).wrapping_add(1) % slots;
        let word = start / u64::BITS;
        let ahead = self.words[Self::word_of(base + start)] & (u64::MAX << (start % u64::BITS));
        let index = match ahead {
            0 => match self.first_beyond(level, word) {
                Some(index) => index,
                None => return (0, NEVER),
            },
            bits => word * u64::BITS + bits.trailing_zeros(),
        };
        let distance = index.wrapping_sub(unit as u32) % slots;
        (base + index, unit + u64::from(distance))
    }

    /// The first slot of a level in the words after this one, round and round until it comes back to it.
    #[inline(never)]
    fn first_beyond(&mut self, level: u32, word: u32) -> Option<u32> {
        let (base, words) = (base_of(level) / u64::BITS, slots_of(level) / u64::BITS);
        loop {
            let those = (self.summary >> base) & ((1 << words) - 1);
            let behind = those & ((2 << word) - 1);
            let in_order = if those != behind {
                those - behind
            } else {
                behind
            };
            if in_order == 0 {
                return None;
            }
            let word = in_order.trailing_zeros();
            match self.words[(base + word) as usize % WORDS] {
                0 => self.summary &= !(1 << (base + word)),
                bits => return Some(word * u64::BITS + bits.trailing_zeros()),
            }
        }
    }
}
