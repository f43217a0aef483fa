//! What is kept of processes that have died of a panic or a fault, for whoever asks later: the last ones, and how they came to it.
//!
//! Who keeps it is called by a core's loop, so nothing here allocates or takes long. What has become of addresses is found out
//! when somebody asks.

use crate::names::Name;
use crate::symbols::Symbols;
use core::fmt;
use core::time::Duration;
use girder_lockfree::process::{ExitReason, Makers, Pid};

/// Calls that are kept of each.
pub const DEPTH: usize = 16;

/// A process that has died.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Obituary {
    /// How many were kept before it.
    pub number: u64,
    /// Who it was.
    pub pid: Pid,
    /// The name that others knew it by.
    pub name: Option<Name>,
    /// Who had made it, as far as is known.
    pub makers: Makers,
    /// On which core it died.
    pub core: u32,
    /// When, since the clock began.
    pub at: Duration,
    /// Why.
    pub reason: ExitReason,
    /// Where it stood, the innermost first.
    pub stood_at: Trail,
}

/// Instructions of the image, counted from its first byte: where something stopped, then the calls that led there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Trail {
    offsets: [u32; DEPTH],
    length: u8,
}

impl Trail {
    /// Makes one of addresses, of an image that lies there; what is outside of it is shown as a gap.
    pub fn new(addresses: impl IntoIterator<Item = u64>, image: core::ops::Range<u64>) -> Self {
        let mut trail = Self::default();
        for (place, address) in trail.offsets.iter_mut().zip(addresses) {
            let is_inside = image.contains(&address);
            let offset = u32::try_from(address.wrapping_sub(image.start)).ok();
            *place = offset.filter(|_| is_inside).unwrap_or(OUTSIDE);
            trail.length += 1;
        }
        trail
    }

    fn offsets(&self) -> &[u32] {
        self.offsets
            .get(..usize::from(self.length))
            .unwrap_or_default()
    }

    /// Those that are worth telling: what the language does to panic is not.
    fn worth_telling<'a>(&'a self, symbols: Option<Symbols<'a>>) -> &'a [u32] {
        let offsets = self.offsets();
        let is_panicking = |&offset: &u32| {
            let symbol = symbols.and_then(|symbols| symbols.find(offset));
            symbol.is_some_and(|symbol| symbol.scope.starts_with(PANICKING))
        };
        match offsets.iter().rposition(is_panicking) {
            Some(last) => &offsets[last + 1..],
            None => offsets,
        }
    }

    /// One line with the first `count` functions: `in a::b+0x10 < c::d+0x20`.
    pub fn in_one_line<'a>(&'a self, symbols: Option<Symbols<'a>>, count: usize) -> OneLine<'a> {
        let mut offsets = self.worth_telling(symbols);
        offsets = &offsets[..offsets.len().min(count)];
        OneLine { offsets, symbols }
    }

    /// A line for each.
    pub fn in_lines<'a>(&'a self, symbols: Option<Symbols<'a>>) -> Lines<'a> {
        Lines(OneLine {
            offsets: self.worth_telling(symbols),
            symbols,
        })
    }
}

/// Instead of an offset.
const OUTSIDE: u32 = u32::MAX;
/// Where the language's own functions are that a panic goes through.
const PANICKING: &str = "core::panicking";

/// See [`Trail::in_one_line`].
#[derive(Debug)]
pub struct OneLine<'a> {
    offsets: &'a [u32],
    symbols: Option<Symbols<'a>>,
}

/// See [`Trail::in_lines`].
#[derive(Debug)]
pub struct Lines<'a>(OneLine<'a>);

impl OneLine<'_> {
    fn show(&self, offset: u32, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if offset == OUTSIDE {
            return f.write_str("?");
        }
        match self.symbols.and_then(|symbols| symbols.find(offset)) {
            Some(symbol) => write!(f, "{symbol}+{:#x}", offset - symbol.start),
            None => write!(f, "image+{offset:#x}"),
        }
    }
}

impl fmt::Display for OneLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("in ")?;
        for (index, &offset) in self.offsets.iter().enumerate() {
            f.write_str(if index > 0 { " < " } else { "" })?;
            self.show(offset, f)?;
        }
        Ok(())
    }
}

impl fmt::Display for Lines<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (depth, &offset) in self.0.offsets.iter().enumerate() {
            write!(f, "  frame {depth:2}   ")?;
            self.0.show(offset, f)?;
            writeln!(f)?;
        }
        Ok(())
    }
}

/// Who it was, by pid and name, and who had made it.
#[derive(Debug)]
pub struct Who<'a>(pub &'a Obituary);

impl fmt::Display for Who<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "process {}", self.0.pid)?;
        if let Some(name) = self.0.name {
            write!(f, " {name}")?;
        }
        for (index, maker) in self.0.makers.iter().flatten().enumerate() {
            write!(f, "{}{maker}", if index > 0 { ", of " } else { " of " })?;
        }
        Ok(())
    }
}

/// The last `N` of them.
#[derive(Debug)]
pub struct Obituaries<const N: usize> {
    last: [Option<Obituary>; N],
    count: u64,
    silenced: u64,
}

impl<const N: usize> Obituaries<N> {
    /// None.
    pub const fn new() -> Self {
        Self {
            last: [const { None }; N],
            count: 0,
            silenced: 0,
        }
    }

    /// Keeps one, before which so many were not told of; the oldest goes. Its number is what comes back.
    pub fn keep(&mut self, obituary: Obituary, silenced: u64) -> u64 {
        let number = self.count;
        if let Some(place) = self.last.get_mut((number % N.max(1) as u64) as usize) {
            *place = Some(Obituary { number, ..obituary });
        }
        self.count += 1;
        self.silenced += silenced;
        number
    }

    /// How many there were, those included that have gone since.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// How many deaths nobody was told of.
    pub fn silenced(&self) -> u64 {
        self.silenced
    }

    /// The numbers of those that are kept, the oldest first.
    pub fn numbers(&self) -> core::ops::Range<u64> {
        self.count.saturating_sub(N as u64)..self.count
    }

    /// The one of this number, if it is kept still.
    pub fn get(&self, number: u64) -> Option<&Obituary> {
        let place = self.last.get((number % N.max(1) as u64) as usize)?;
        place.as_ref().filter(|kept| kept.number == number)
    }
}

impl<const N: usize> Default for Obituaries<N> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests;
