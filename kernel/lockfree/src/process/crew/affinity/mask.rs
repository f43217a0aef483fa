//! A set of cores.

use core::fmt;

/// Cores that a set may name: their numbers are below this.
const CORES_MAX: usize = 512;
const WORDS: usize = CORES_MAX / u64::BITS as usize;

/// A set of cores, by their numbers among those that run processes.
///
/// ```
/// use girder_lockfree::process::CoreMask;
///
/// let pair: CoreMask = [2, 3].into_iter().collect();
/// assert!(pair.contains(3) && !pair.contains(4));
/// assert_eq!(pair.to_string(), "2-3");
/// assert!(CoreMask::none().is_empty());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct CoreMask([u64; WORDS]);

impl CoreMask {
    /// No core.
    pub const fn none() -> Self {
        Self([0; WORDS])
    }

    /// Every core.
    pub const fn all() -> Self {
        Self([u64::MAX; WORDS])
    }

    /// That core alone; none, if there can't be one of that number.
    pub const fn only(core: usize) -> Self {
        Self::none().with(core)
    }

    /// That core as well.
    #[must_use]
    pub const fn with(mut self, core: usize) -> Self {
        if core < CORES_MAX {
            self.0[core / 64] |= 1 << (core % 64);
        }
        self
    }

    /// True if that core is in it.
    pub const fn contains(&self, core: usize) -> bool {
        core < CORES_MAX && self.0[core / 64] >> (core % 64) & 1 != 0
    }

    /// True if no core is.
    pub fn is_empty(&self) -> bool {
        *self == Self::none()
    }

    /// How many are.
    pub fn count(&self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// Their numbers, the lowest first.
    pub fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        (0..CORES_MAX).filter(|&core| self.contains(core))
    }

    /// Those whose numbers are below this.
    #[must_use]
    pub(crate) fn below(&self, cores: usize) -> Self {
        let mut rest = *self;
        for (index, word) in rest.0.iter_mut().enumerate() {
            let bits = cores.saturating_sub(index * 64).min(64);
            *word &= match bits {
                64 => u64::MAX,
                bits => (1 << bits) - 1,
            };
        }
        rest
    }

    /// As words of 64 cores each.
    pub(in crate::process) fn words(&self) -> &[u64; WORDS] {
        &self.0
    }

    pub(super) fn from_words(words: impl Iterator<Item = u64>) -> Self {
        let mut mask = Self::none();
        mask.0
            .iter_mut()
            .zip(words)
            .for_each(|(to, from)| *to = from);
        mask
    }
}

impl FromIterator<usize> for CoreMask {
    fn from_iter<I: IntoIterator<Item = usize>>(cores: I) -> Self {
        cores.into_iter().fold(Self::none(), Self::with)
    }
}

/// As ranges: `0-3,8`.
impl fmt::Display for CoreMask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        let mut next = 0;
        while let Some(first) = (next..CORES_MAX).find(|&core| self.contains(core)) {
            let end = (first..CORES_MAX).find(|&core| !self.contains(core));
            next = end.unwrap_or(CORES_MAX);
            match next - 1 {
                last if last == first => write!(f, "{separator}{first}")?,
                last => write!(f, "{separator}{first}-{last}")?,
            }
            separator = ",";
        }
        match separator {
            "" => f.write_str("none"),
            _ => Ok(()),
        }
    }
}
