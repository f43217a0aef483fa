//! The few instructions that stand in and around exclusive accesses, read and written (Arm ARM, "A64
//! instruction set encoding"; the names of fields are the manual's).

/// The register that is no register.
pub(super) const ZERO: u32 = 31;
pub(super) const NOP: u32 = 0xd503_201f;

const LOAD_EXCLUSIVE: u32 = 0x085f_7c00;
const STORE_EXCLUSIVE: u32 = 0x0800_7c00;
/// The o0 bit: acquire for a load, release for a store.
const ORDERED: u32 = 1 << 15;

fn field(word: u32, low: u32, bits: u32) -> u32 {
    word >> low & ((1 << bits) - 1)
}

fn signed(word: u32, low: u32, bits: u32) -> i32 {
    (word << (32 - low - bits)) as i32 >> (32 - bits)
}

/// `ldxr` or `ldaxr` of 2^size bytes: t from where n points.
#[derive(Clone, Copy)]
pub(super) struct Load {
    pub(super) size: u32,
    pub(super) acquires: bool,
    pub(super) n: u32,
    pub(super) t: u32,
}

impl Load {
    pub(super) fn read(word: u32) -> Option<Self> {
        (word & 0x3fff_7c00 == LOAD_EXCLUSIVE).then_some(Self {
            size: word >> 30,
            acquires: word & ORDERED != 0,
            n: field(word, 5, 5),
            t: field(word, 0, 5),
        })
    }
}

/// `stxr` or `stlxr`: t to where n points, s tells whether it failed.
#[derive(Clone, Copy)]
pub(super) struct Store {
    pub(super) size: u32,
    pub(super) releases: bool,
    pub(super) s: u32,
    pub(super) n: u32,
    pub(super) t: u32,
}

impl Store {
    pub(super) fn read(word: u32) -> Option<Self> {
        (word & 0x3fe0_7c00 == STORE_EXCLUSIVE).then_some(Self {
            size: word >> 30,
            releases: word & ORDERED != 0,
            s: field(word, 16, 5),
            n: field(word, 5, 5),
            t: field(word, 0, 5),
        })
    }
}

/// Whether an instruction works on 64 bits.
pub(super) const fn is_wide(word: u32) -> bool {
    word >> 31 == 1
}

/// What is done to the value between load and store.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Add,
    Subtract,
    And,
    AndNot,
    Or,
    ExclusiveOr,
}

/// The operand beside the value.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Operand {
    Register(u32),
    Number(u32),
    /// N, immr and imms of a bit pattern, where they stand.
    Pattern(u32),
}

/// `d = value kind operand`, with or without flags.
#[derive(Clone, Copy)]
pub(super) struct Operation {
    pub(super) kind: Kind,
    pub(super) operand: Operand,
    pub(super) value: u32,
    pub(super) d: u32,
}

impl Operation {
    pub(super) fn read(word: u32) -> Option<Self> {
        let (kind, operand) = arithmetic(word).or_else(|| logical(word))?;
        Some(Self {
            kind,
            operand,
            value: field(word, 5, 5),
            d: field(word, 0, 5),
        })
    }
}

fn arithmetic(word: u32) -> Option<(Kind, Operand)> {
    let kind = match field(word, 30, 1) {
        0 => Kind::Add,
        _ => Kind::Subtract,
    };
    let operand = if word & 0x1f80_0000 == 0x1100_0000 {
        Operand::Number(field(word, 10, 12) << (12 * field(word, 22, 1)))
    } else if word & 0x1fe0_fc00 == 0x0b00_0000 {
        Operand::Register(field(word, 16, 5))
    } else {
        return None;
    };
    Some((kind, operand))
}

fn logical(word: u32) -> Option<(Kind, Operand)> {
    let operand = if word & 0x1f80_0000 == 0x1200_0000 {
        Operand::Pattern(word & 0x007f_fc00)
    } else if word & 0x1fc0_fc00 == 0x0a00_0000 {
        Operand::Register(field(word, 16, 5))
    } else {
        return None;
    };
    let is_inverted = matches!(operand, Operand::Register(_)) && field(word, 21, 1) == 1;
    let kind = match (field(word, 29, 2), is_inverted) {
        (0 | 3, false) => Kind::And,
        (0 | 3, true) => Kind::AndNot,
        (1, false) => Kind::Or,
        (2, false) => Kind::ExclusiveOr,
        _ => return None,
    };
    Some((kind, operand))
}

/// What a loaded value is compared with, and the comparison sets the flags.
#[derive(Clone, Copy)]
pub(super) enum Expected {
    Register(u32),
    Number(u32),
    /// A small negative number, without its sign.
    Minus(u32),
}

/// `cmp t, …` in any of its forms.
pub(super) fn comparison(word: u32, t: u32) -> Option<Expected> {
    if field(word, 0, 5) != ZERO || field(word, 5, 5) != t {
        return None;
    }
    let register = Expected::Register(field(word, 16, 5));
    match word & 0x7fff_ffff {
        w if w & 0x7fe0_fc00 == 0x6b00_0000 => Some(register),
        // The lowest 8 or 16 bits of a register.
        w if w & 0xffe0_fc00 == 0x6b20_0000 || w & 0xffe0_fc00 == 0x6b20_2000 => Some(register),
        w if w & 0x7fc0_0000 == 0x7100_0000 => Some(Expected::Number(field(word, 10, 12))),
        w if w & 0x7fc0_0000 == 0x3100_0000 => Some(Expected::Minus(field(word, 10, 12))),
        _ => None,
    }
}

/// A jump, and how many instructions further it goes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Jump {
    Always(i32),
    NotEqual(i32),
    Zero(u32, i32),
    NotZero(u32, i32),
    /// One that is of no further interest.
    Other(i32),
}

impl Jump {
    pub(super) fn read(word: u32) -> Option<Self> {
        let near = signed(word, 5, 19);
        let register = field(word, 0, 5);
        Some(match word {
            w if w & 0xfc00_0000 == 0x1400_0000 => Self::Always(signed(w, 0, 26)),
            w if w & 0xfc00_0000 == 0x9400_0000 => Self::Other(signed(w, 0, 26)),
            w if w & 0xff00_001f == 0x5400_0001 => Self::NotEqual(near),
            w if w & 0xff00_0000 == 0x5400_0000 => Self::Other(near),
            w if w & 0x7f00_0000 == 0x3400_0000 => Self::Zero(register, near),
            w if w & 0x7f00_0000 == 0x3500_0000 => Self::NotZero(register, near),
            w if w & 0x7e00_0000 == 0x3600_0000 => Self::Other(signed(w, 5, 14)),
            _ => return None,
        })
    }

    pub(super) const fn distance(self) -> i32 {
        match self {
            Self::Always(far)
            | Self::NotEqual(far)
            | Self::Zero(_, far)
            | Self::NotZero(_, far)
            | Self::Other(far) => far,
        }
    }
}

/// The same jump from `later` instructions further on, if it still reaches.
pub(super) fn moved(jump: u32, later: i32) -> Option<u32> {
    let distance = signed(jump, 5, 19) - later;
    let fits = (-(1 << 18)..1 << 18).contains(&distance);
    fits.then_some(jump & !(0x7_ffff << 5) | (distance as u32 & 0x7_ffff) << 5)
}

pub(super) fn always(distance: i32) -> u32 {
    0x1400_0000 | distance as u32 & 0x03ff_ffff
}

fn wide(is_wide: bool) -> u32 {
    u32::from(is_wide) << 31
}

/// `mov d, m`.
pub(super) fn copy(is_wide: bool, d: u32, m: u32) -> u32 {
    0x2a00_03e0 | wide(is_wide) | m << 16 | d
}

/// `mov d, #number`, if that is one instruction.
pub(super) fn number(is_wide: bool, d: u32, number: u32) -> Option<u32> {
    let (half, low) = match (number >> 16, number & 0xffff) {
        (0, low) => (0, low),
        (high, 0) => (1, high),
        _ => return None,
    };
    Some(0x5280_0000 | wide(is_wide) | half << 21 | low << 5 | d)
}

/// `mov d, #-number`.
pub(super) fn minus(is_wide: bool, d: u32, number: u32) -> Option<u32> {
    let inverted = number.checked_sub(1).filter(|below| *below <= 0xffff)?;
    Some(0x1280_0000 | wide(is_wide) | inverted << 5 | d)
}

/// `neg d, m`.
pub(super) fn negated(is_wide: bool, d: u32, m: u32) -> u32 {
    0x4b00_03e0 | wide(is_wide) | m << 16 | d
}

/// `mvn d, m`.
pub(super) fn inverted(is_wide: bool, d: u32, m: u32) -> u32 {
    0x2a20_03e0 | wide(is_wide) | m << 16 | d
}

/// `mov d, #pattern`. The stack pointer would be meant if d were 31.
pub(super) fn pattern(is_wide: bool, d: u32, pattern: u32) -> Option<u32> {
    (d != ZERO).then_some(0x3200_03e0 | wide(is_wide) | pattern | d)
}

/// The fields of the pattern whose bits are all the others: as many zeroes as there were ones, in
/// elements of the same size.
pub(super) fn inverted_pattern(pattern: u32) -> Option<u32> {
    let (n, rotation, lengths) = (
        field(pattern, 22, 1),
        field(pattern, 16, 6),
        field(pattern, 10, 6),
    );
    // The element is the highest bit that is not set in imms, with N above it, inverted.
    let size = match n {
        1 => 64,
        _ => 1 << (!lengths & 0x3f).checked_ilog2()?,
    };
    let ones = (lengths & (size - 1)) + 1;
    let zeroes = size.checked_sub(ones).filter(|zeroes| *zeroes > 0)?;
    let lengths = lengths & !(size - 1) & 0x3f | (zeroes - 1);
    let rotation = (rotation + zeroes) & (size - 1);
    Some(n << 22 | rotation << 16 | lengths << 10)
}

/// An access of the Large System Extensions, ordered as the exclusive ones were.
#[derive(Clone, Copy)]
pub(super) struct Access {
    size: u32,
    acquires: bool,
    releases: bool,
    n: u32,
}

impl Access {
    pub(super) fn of(load: Load, store: Store) -> Self {
        Self {
            size: load.size,
            acquires: load.acquires,
            releases: store.releases,
            n: load.n,
        }
    }

    pub(super) const fn is_wide(self) -> bool {
        self.size == 3
    }

    /// `cas expected, new, [n]`: what was there is in `expected` afterwards.
    pub(super) fn compare_and_swap(self, expected: u32, new: u32) -> u32 {
        let order = u32::from(self.acquires) << 22 | u32::from(self.releases) << 15;
        0x08a0_7c00 | self.size << 30 | order | expected << 16 | self.n << 5 | new
    }

    fn update(self, operation: u32, operand: u32, old: u32) -> u32 {
        let order = u32::from(self.acquires) << 23 | u32::from(self.releases) << 22;
        0x3820_0000 | self.size << 30 | order | operand << 16 | operation | self.n << 5 | old
    }

    /// `swp new, old, [n]`.
    pub(super) fn swap(self, new: u32, old: u32) -> u32 {
        self.update(1 << 15, new, old)
    }

    /// `ldadd`, `ldclr`, `ldset` or `ldeor operand, old, [n]`.
    pub(super) fn add(self, operand: u32, old: u32) -> u32 {
        self.update(0, operand, old)
    }

    pub(super) fn clear(self, operand: u32, old: u32) -> u32 {
        self.update(1 << 12, operand, old)
    }

    pub(super) fn exclusive_or(self, operand: u32, old: u32) -> u32 {
        self.update(2 << 12, operand, old)
    }

    pub(super) fn set(self, operand: u32, old: u32) -> u32 {
        self.update(3 << 12, operand, old)
    }
}
