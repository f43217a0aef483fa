//! How a core runs: what whoever wants something of it has to know.

use crate::atomic::{AtomicU8, Relaxed};

/// How a core runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Pace {
    /// It may run one process for as long as that likes, and looks at its word only when it is signalled.
    Busy = 0,
    /// Several want it, and a tick will have it look.
    Ticking = 1,
    /// It runs nobody: it looks for work, or sleeps. Whether it has to be signalled then its word says.
    Idle = 3,
}

/// As [`Pace::Ticking`], and somebody wants work: whatever the running process leaves on the desk is to be looked at at once.
const EAGER: u8 = 2;
/// In a pace with which the core looks before long, whatever comes up.
const LOOKS: u8 = 1;

/// A core's, as others see it. What it is worth when, `crew` says.
#[derive(Debug)]
pub(in crate::process) struct PaceWord(AtomicU8);

impl PaceWord {
    #[cfg(not(loom))]
    pub(in crate::process) const fn new() -> Self {
        Self(AtomicU8::new(Pace::Busy as u8))
    }

    #[cfg(loom)]
    pub(in crate::process) fn new() -> Self {
        Self(AtomicU8::new(Pace::Busy as u8))
    }

    #[inline(always)]
    pub(in crate::process) fn set(&self, pace: Pace) {
        self.0.store(pace as u8, Relaxed);
    }

    #[inline(always)]
    pub(in crate::process) fn get(&self) -> Pace {
        match self.0.load(Relaxed) {
            0 => Pace::Busy,
            1 | EAGER => Pace::Ticking,
            _ => Pace::Idle,
        }
    }

    /// Has a core that ticks look at its desk as soon as there is something: says it itself, or somebody who wants work. A pace that it
    /// takes meanwhile counts.
    pub(in crate::process) fn make_eager(&self) {
        let ticking = Pace::Ticking as u8;
        // A look first: mostly it is so already, or the core does not tick.
        if self.0.load(Relaxed) == ticking {
            let _ = self.0.compare_exchange(ticking, EAGER, Relaxed, Relaxed);
        }
    }

    pub(in crate::process) fn is_eager(&self) -> bool {
        self.0.load(Relaxed) == EAGER
    }

    /// True if it looks by itself before long, and need not look at once, for code that runs on it.
    #[inline(always)]
    pub(in crate::process) fn will_look(&self) -> bool {
        self.0.load(Relaxed) & LOOKS != 0
    }
}
