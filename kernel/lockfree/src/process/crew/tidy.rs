//! Giving back what cores keep for processes and messages to come, of all of them, while they stand still.
//!
//! Who would otherwise be told that there is no memory does it *in turns*: as long as one takes, all cores rest, so each turn has
//! a budget, and between two of them everybody goes on. A [`Tidying`] says how far it has come. What is in the hands of a turn
//! is put away before it ends, so it is no matter whether there is a next one. Who wants to see what is left then, a report or a
//! test, does it at once, however much it is.
//!
//! ```text
//!   others' envelopes home -> slabs back -> homes back, blocks on their way home -> blocks into their spans, empty spans back
//! ```
//!
//! Each of these is done for one core after the other, before the next begins: what one core sends home is there when the other
//! one's turn comes. As everybody goes on meanwhile, there may always be more; so for each core there is a [most](most_of).

use super::Standstill;
use crate::heap::{Source, trim_some};
use crate::mail::{trim_pool, trim_some_of};
use crate::process::here::Here;
use crate::process::platform;

/// Homes that are given back before somebody looks at the budget again.
const HOMES: usize = 32;
/// The same of blocks.
const BLOCKS: usize = 64;

/// How far it has come.
#[derive(Debug, Default)]
pub struct Tidying {
    stage: Stage,
    /// Which core is next.
    core: usize,
    /// What was done for it.
    done: usize,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stage {
    #[default]
    Sorting,
    Envelopes,
    Homes,
    Blocks,
    Over,
}

impl Tidying {
    /// True if nothing is left to do.
    pub fn is_over(&self) -> bool {
        self.stage == Stage::Over
    }

    fn go_to_next_core(&mut self) {
        self.core += 1;
        self.done = 0;
    }

    fn go_to_next_stage(&mut self) {
        self.core = 0;
        self.done = 0;
        self.stage = match self.stage {
            Stage::Sorting => Stage::Envelopes,
            Stage::Envelopes => Stage::Homes,
            Stage::Homes => Stage::Blocks,
            Stage::Blocks | Stage::Over => Stage::Over,
        };
    }
}

impl Standstill<'_> {
    /// Goes on with that for a turn: looks at about `budget` envelopes, homes and blocks, some dozens more at most.
    pub fn tidy(&self, tidying: &mut Tidying, budget: usize, source: &impl Source) {
        let mut spent = 0;
        while spent < budget && !tidying.is_over() {
            let Some(here) = self.cores().nth(tidying.core) else {
                tidying.go_to_next_stage();
                continue;
            };
            let step = self.tidy_some(tidying.stage, here, source);
            tidying.done += step;
            if step == 0 || tidying.done > most_of(here) {
                tidying.go_to_next_core();
            }
            spent += step.max(1);
        }
    }

    /// What was looked at; nothing at the end.
    fn tidy_some(&self, stage: Stage, here: &'static Here, source: &impl Source) -> usize {
        match stage {
            Stage::Sorting => self.with_desk(here, |desk| desk.pool.sort_some_mixed(here)),
            Stage::Envelopes => self.with_desk(here, |desk| trim_some_of(&mut desk.pool, here)),
            Stage::Homes => self.trim_some_homes(here, HOMES),
            Stage::Blocks => trim_some(self, here, BLOCKS, source),
            Stage::Over => 0,
        }
    }

    /// Gives the homes that are kept back to the heap, their slots aside; how many there were. (Blocks of other cores are on
    /// their way home then: see [`trim_all`](crate::heap::trim_all).)
    pub fn trim_homes(&self) -> usize {
        let all_of = |here| self.trim_some_homes(here, usize::MAX);
        self.cores().map(all_of).sum()
    }

    fn trim_some_homes(&self, here: &'static Here, most: usize) -> usize {
        let table = here.table();
        let mut count = 0;
        let take = || {
            self.with_desk(here, |desk| {
                let (home, class) = desk.pools.take_any(here.homecoming())?;
                desk.pools.give_slot(home.index, table);
                Some((home.place, class))
            })
        };
        while count < most
            && let Some((place, class)) = take()
        {
            // SAFETY: made for a process with this layout, and nobody lives there.
            unsafe { platform::old_block(place, class.layout()) };
            count += 1;
        }
        count
    }

    /// Gives the slabs of which no envelope is used back to memory; how many.
    pub fn trim_envelopes(&self) -> usize {
        self.sort_envelopes();
        let cores = self.cores();
        let each = cores.map(|here| self.with_desk(here, |desk| trim_pool(&mut desk.pool, here)));
        each.sum()
    }
}

/// What is looked at for a core in a stage, at most: each of its envelopes twice, and a home in each slot. Of blocks there may be
/// more: so many are enough for one time.
fn most_of(here: &Here) -> usize {
    let table = here.table();
    (2 * table.slabs().room()).max(table.slots() as usize) + BLOCKS_MOST
}

const BLOCKS_MOST: usize = 1 << 16;

#[cfg(all(test, not(loom)))]
mod tests;
