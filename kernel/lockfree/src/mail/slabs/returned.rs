//! Envelopes on their way home: a stack that any core pushes onto, and its own core takes whole.

use crate::atomic::{AtomicU32, Relaxed};
use crate::order::Site;

/// Envelopes that other cores have emptied: the number of the newest.
#[derive(Debug)]
pub(crate) struct Returned(AtomicU32);

impl Returned {
    #[cfg(not(loom))]
    pub(crate) const fn new() -> Self {
        Self(AtomicU32::new(0))
    }

    #[cfg(loom)]
    pub(crate) fn new() -> Self {
        Self(AtomicU32::new(0))
    }

    /// Pushes a number, or a chain by the number of its newest; `link` is told which one is before it, or before the
    /// oldest.
    pub(crate) fn push(&self, number: u32, link: impl Fn(u32)) {
        let mut before = self.0.load(Relaxed);
        loop {
            link(before);
            let ordering = Site::Return.ordering();
            match self
                .0
                .compare_exchange_weak(before, number, ordering, Relaxed)
            {
                Ok(_) => return,
                Err(now) => before = now,
            }
        }
    }

    /// Takes all of them.
    pub(crate) fn take(&self) -> u32 {
        self.0.swap(0, Site::TakeReturned.ordering())
    }
}
