//! Giving back what cores keep for processes and messages to come, of all of them, while they stand still: for who wants to
//! see what is left then, and for who would otherwise be told that there is no memory.

use super::Standstill;
use crate::mail::trim_pool;
use crate::process::here::Here;
use crate::process::platform;

impl Standstill<'_> {
    /// Gives the homes that are kept back to the heap, their slots aside; how many there were. (Blocks of other cores are on
    /// their way home then: see [`trim_all`](crate::heap::trim_all).)
    pub fn trim_homes(&self) -> usize {
        self.cores().map(|here| self.trim_homes_of(here)).sum()
    }

    fn trim_homes_of(&self, here: &'static Here) -> usize {
        let table = here.table();
        let mut count = 0;
        let take = || {
            self.with_desk(here, |desk| {
                let (home, class) = desk.pools.take_any()?;
                desk.pools.give_slot(home.index, table);
                Some((home.place, class))
            })
        };
        while let Some((place, class)) = take() {
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
