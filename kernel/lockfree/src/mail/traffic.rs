//! What is counted of messages that nobody received: why, and how many.
//!
//! Each core counts what happens on it, with its pool. So a count costs a store, and whoever wants them all has the cores
//! stand still.

use super::Pool;
use super::later::Fate;
use crate::process::crew::{Restless, Standstill, at_standstill};
use core::fmt;

/// What a core has counted of messages that nobody read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Messages sent to nobody.
    pub dead_letters: u64,
    /// Messages that their receiver left unread when it ended.
    pub unread: u64,
    /// Answers that were given when nobody waited for them any more.
    pub late_answers: u64,
    /// Messages for which there was no envelope.
    pub refused: u64,
    /// Messages that were dropped because their receiver's mailbox had no room.
    pub dropped: u64,
}

/// What all cores have counted, if they come to rest for that.
pub fn traffic() -> Result<Traffic, Restless> {
    at_standstill(|all| all.traffic())
}

impl Standstill<'_> {
    /// What all cores have counted.
    pub fn traffic(&self) -> Traffic {
        let each = |here| self.with_desk(here, |desk| desk.pool.traffic);
        self.cores()
            .map(each)
            .fold(Traffic::default(), Traffic::and)
    }
}

impl Traffic {
    pub(super) const NOTHING: Self = Self {
        dead_letters: 0,
        unread: 0,
        late_answers: 0,
        refused: 0,
        dropped: 0,
    };

    fn and(self, other: Self) -> Self {
        Self {
            dead_letters: self.dead_letters + other.dead_letters,
            unread: self.unread + other.unread,
            late_answers: self.late_answers + other.late_answers,
            refused: self.refused + other.refused,
            dropped: self.dropped + other.dropped,
        }
    }
}

impl fmt::Display for Traffic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            dead_letters,
            unread,
            late_answers,
            refused,
            dropped,
        } = self;
        write!(
            f,
            "{dead_letters} to nobody, {unread} left unread, {late_answers} late answers, {dropped} dropped for want of room, \
             {refused} refused for want of memory"
        )
    }
}

impl Pool {
    /// Counts a message that was to be sent at a time, and was not delivered.
    pub(crate) fn count_undelivered(&mut self, fate: Fate) {
        let count = match fate {
            Fate::DeadLetter => &mut self.traffic.dead_letters,
            Fate::Dropped => &mut self.traffic.dropped,
        };
        *count += 1;
    }
}
