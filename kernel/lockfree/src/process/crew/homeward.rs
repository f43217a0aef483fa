//! Where a process goes that may not run on every core.
//!
//! Whoever has its token asks here whenever the process is to be queued: woken, born, moved, interrupted. So none is ever queued
//! where it may not run, and if that changes while it is queued, its holder is told before it runs (`affinity`).

use super::affinity::{CoreMask, Where};
use super::{Crew, Pace};
use crate::process::here::Here;
use crate::process::token::Token;

/// Cores that are looked at for one that is likely to be free.
const LOOKED_AT: usize = 8;

impl Crew {
    /// Where a process has to go that may not run on every core; nowhere, if it may run on `own`. Preferably where it was
    /// last; else to one that is likely to be free, looked for from `from` on. For the holder of its token.
    #[inline]
    pub fn home_of(&self, token: &Token, own: usize, from: usize) -> Option<usize> {
        if !token.is_pinned() {
            return None;
        }
        let home = match self.affinities.where_of(token.pid()) {
            // One of the kernel's own, of which nobody has said where.
            None => self.number_of(token.last_core()?)?,
            Some(Where::Anywhere) => own,
            Some(Where::Only(core)) => core,
            Some(Where::Among(mask)) => self.home_among(&mask, token, own, from),
        };
        (home != own).then_some(home)
    }

    #[cold]
    #[inline(never)]
    fn home_among(&self, mask: &CoreMask, token: &Token, own: usize, from: usize) -> usize {
        if mask.contains(own) {
            return own;
        }
        let last = token.last_core().and_then(|last| self.number_of(last));
        let last = last.filter(|&last| mask.contains(last));
        let home = last.or_else(|| self.idlest_of(mask, from));
        home.unwrap_or(own)
    }

    /// Takes a core that wants work and on which a process may run that may not run on every core, to be called.
    pub fn claim_hungry_for(&self, token: &Token, own: usize) -> Option<usize> {
        match self.affinities.where_of(token.pid())? {
            Where::Anywhere => None,
            Where::Only(core) if core == own => None,
            Where::Only(core) => self.sharing().hunger.claim_of(&CoreMask::only(core)),
            Where::Among(mask) => self.sharing().hunger.claim_of(&mask),
        }
    }

    /// Sends a process where it may run, if that is not here, for code of this core; else it comes back.
    pub(in crate::process) fn send_home(&self, here: &Here, token: Token) -> Option<Token> {
        let Some(own) = here.seat() else {
            return Some(token);
        };
        match self.home_of(&token, own, own) {
            Some(home) => {
                let stays = self.deliver(home, token).err();
                if stays.is_none() {
                    self.call(home);
                }
                stays
            }
            None => Some(token),
        }
    }

    /// True if a process was given a choice of cores and this is one of them; for the holder of its token. One of the
    /// kernel's own has none, and stays where it is.
    pub fn is_free_to_run_on(&self, token: &Token, core: usize) -> bool {
        match self.affinities.where_of(token.pid()) {
            None => false,
            Some(Where::Anywhere) => true,
            Some(Where::Only(only)) => only == core,
            Some(Where::Among(mask)) => mask.contains(core),
        }
    }

    /// Of these cores the one that is likely to be free first, of some that are looked at from that one on.
    fn idlest_of(&self, mask: &CoreMask, from: usize) -> Option<usize> {
        let urgency = |&core: &usize| match self.pace_of(core) {
            Pace::Idle => 0,
            Pace::Busy => 1,
            Pace::Ticking => 2,
        };
        let behind = mask.iter().filter(|&core| core >= from);
        let before = mask.iter().filter(|&core| core < from);
        behind.chain(before).take(LOOKED_AT).min_by_key(urgency)
    }
}
