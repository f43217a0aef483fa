//! Processes that have come to a core, on its desk: newly made ones, and those that something happened to.
//!
//! Who was woken is looked for at each turn, for that is how messages go to and fro: one look at the queue tells,
//! and one process, as there nearly always is, needs no more bookkeeping.

use super::hand::Held;
use super::in_loop::InLoop;
use super::platform;
use super::queue::Queue;
use super::token::{Runnable, Token};

/// Processes that have come to a core.
#[derive(Debug, Default)]
pub struct Arrived {
    /// They themselves.
    pub queue: Queue,
    /// How many there are besides the first.
    others: u64,
    /// The levels that those have: a bit for each, and the upper half for those that are pinned.
    levels: u8,
}

/// Who was handed a message on a core.
#[derive(Debug)]
pub enum Handed {
    /// This one. Nobody else was woken, all that are ready simply take turns, and nobody can have asked anything of it.
    One(Runnable),
    /// Nobody; the rest is true as well.
    Nobody,
    /// It has to be looked at.
    Unknown,
}

/// Who was woken on a core.
#[derive(Debug)]
pub enum Woken {
    /// Nobody.
    Nobody,
    /// This one.
    Only(Token),
    /// Several, or one of another level; they are still there.
    Others,
}

impl Arrived {
    pub(super) const NOBODY: Self = Self {
        queue: Queue::new(),
        others: 0,
        levels: 0,
    };

    #[inline(always)]
    pub(super) fn add(&mut self, token: Token, level: u8) {
        if !self.queue.is_empty() {
            self.others += 1;
            self.levels |= 1_u32.wrapping_shl(u32::from(level)) as u8;
        }
        self.queue.push_back(token);
    }

    /// Puts others behind these.
    #[inline(always)]
    pub(super) fn append(&mut self, mut later: Self) {
        let Some(first) = later.queue.first_level() else {
            return;
        };
        if !self.queue.is_empty() {
            self.others += 1;
            self.levels |= 1_u32.wrapping_shl(u32::from(first)) as u8;
        }
        self.others += later.others;
        self.levels |= later.levels;
        self.queue.append(&mut later.queue);
    }

    /// How many there are, and the levels that they have: a bit for each, and the upper half for those that are pinned.
    #[inline(always)]
    pub fn take_summary(&mut self) -> (u64, u8) {
        let Some(level) = self.queue.first_level() else {
            return (0, 0);
        };
        let levels = 1_u32.wrapping_shl(u32::from(level)) as u8;
        (
            core::mem::take(&mut self.others) + 1,
            core::mem::take(&mut self.levels) | levels,
        )
    }
}

impl InLoop<'_> {
    /// Ends a branch that is to stay apart from another one: see the platform.
    #[inline(always)]
    pub fn keep_apart(self) {
        platform::keep_apart();
    }

    /// Takes the process that a message was handed to, if there is one.
    #[inline(always)]
    pub fn take_handed(self) -> Handed {
        match self.here().take_handed() {
            Held::One(token) => {
                debug_assert!(!token.has_frame(), "handed over in mid-poll");
                Handed::One(token.handed())
            }
            Held::Nobody => Handed::Nobody,
            Held::Closed => Handed::Unknown,
        }
    }

    /// The next one that is handed a message simply takes turns with the others: a tick will come, all that are ready are
    /// of the ordinary level, and nobody who was woken is left on the desk.
    #[inline(always)]
    pub fn open_hand(self) {
        self.here().open_hand();
    }

    /// The same where it may not be known that the desk is empty.
    #[inline(always)]
    pub fn open_hand_if_empty(self) {
        let is_empty = self.with_desk(|desk| desk.woken.queue.is_empty());
        if is_empty && !self.here().is_laden() {
            self.here().open_hand();
        }
    }

    /// Takes the process that was woken on this core, if it is only one, of this level; only the core's loop
    /// does.
    #[inline(always)]
    pub fn take_only_woken(self, level: u8) -> Woken {
        self.with_desk(|desk| {
            let woken = &mut desk.woken;
            if woken.queue.is_empty() {
                return Woken::Nobody;
            }
            match woken.queue.take_only(level) {
                Some(token) => Woken::Only(token),
                None => Woken::Others,
            }
        })
    }

    /// Takes the process that was born on this core, if it is only one, of this level, and nobody was woken. There is
    /// nothing else on the desk: see [`Load::Newborn`](super::here::Load).
    #[inline(always)]
    pub fn take_only_newborn(self, level: u8) -> Option<Token> {
        let token = self.with_desk(|desk| {
            let is_alone = desk.woken.queue.is_empty() && !self.here().has_handed();
            is_alone.then(|| desk.newborn.queue.take_only(level))?
        })?;
        self.here().has_taken_newborn();
        Some(token)
    }

    /// Takes the processes that were woken on this core. From now on those that are handed a message have to be looked at.
    #[inline(always)]
    pub fn take_woken(self) -> Option<Arrived> {
        self.with_desk(|desk| {
            desk.empty_hand(self.here());
            (!desk.woken.queue.is_empty()).then(|| core::mem::take(&mut desk.woken))
        })
    }

    /// True if somebody was woken on this core.
    pub fn has_woken(self) -> bool {
        self.with_desk(|desk| self.here().has_handed() || !desk.woken.queue.is_empty())
    }
}
