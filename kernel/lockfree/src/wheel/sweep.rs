//! The search for timers that are of no use any more.
//!
//! Whoever sets a timer takes it back, unless it dies in mid-poll: then nothing of it runs any more, and its timers
//! would stay until they are due, which may be never. They do no harm, for nobody is there to be woken, but they
//! take room. A list of a process's timers would find them, at the price of two more links in each node and
//! of stores in every `set` and `take_back`; and with several cores a list can't be kept, for a process leaves
//! timers on each core that it has been on. Such deaths are rare. So after one, each node is looked at, once, a few at a
//! time; any number of deaths make no more work than that.

#![forbid(unsafe_code)]

use super::{Timer, Wheel};

/// How far a search has come, round and round.
#[derive(Debug)]
pub(super) struct Sweep {
    /// The node to look at next.
    index: u32,
    /// Nodes to look at.
    left: u32,
}

impl Sweep {
    pub(super) const DONE: Self = Self { index: 0, left: 0 };
}

impl<T: Copy> Wheel<T> {
    /// Begins a search, or has the present one look at all once more.
    pub fn begin_sweep(&mut self) {
        if !self.slots.is_empty() {
            self.sweep.left = self.slab.count();
        }
    }

    /// True until a search has looked at everything.
    pub fn is_sweeping(&self) -> bool {
        self.sweep.left > 0
    }

    /// Looks at so many nodes and takes back what is of no use.
    pub fn sweep(&mut self, budget: u32, is_useless: impl Fn(T) -> bool) {
        let count = budget.min(self.sweep.left);
        self.sweep.left -= count;
        for _ in 0..count {
            let index = self.sweep.index;
            self.sweep.index = (index + 1) % self.slab.count();
            if let Some((key, what)) = self.slab.timer(index)
                && is_useless(what)
            {
                self.take_back(Timer(key));
            }
        }
    }
}
