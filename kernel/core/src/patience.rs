//! How long to wait for many: as long as now and then another one comes.
//!
//! A limit for all together would have to know how many they are, and how busy the host of an emulator
//! is. So the limit holds between two of them, and how many can still come bounds the whole.

/// A wait for somebody who may never come.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    ticks: u64,
    missing: usize,
    deadline: u64,
}

impl Patience {
    /// Begins to wait at `now` for so many, with so much time for the first.
    pub fn new(now: u64, ticks: u64, missing: usize) -> Self {
        Self {
            ticks,
            missing,
            deadline: now.saturating_add(ticks),
        }
    }

    /// True if somebody is missing still, and there is time. Whenever there are fewer, the time begins
    /// anew.
    pub fn lasts(&mut self, now: u64, missing: usize) -> bool {
        if missing < self.missing {
            *self = Self::new(now, self.ticks, missing);
        }
        missing > 0 && now < self.deadline
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_ends_when_nobody_is_missing() {
        let mut patience = Patience::new(0, 10, 1);
        assert!(patience.lasts(9, 1));
        assert!(!patience.lasts(9, 0));
        assert!(!Patience::new(0, 10, 0).lasts(0, 0));
    }

    #[test]
    fn it_ends_when_nobody_has_come_for_too_long() {
        let mut patience = Patience::new(5, 10, 2);
        assert!(patience.lasts(14, 2));
        assert!(!patience.lasts(15, 2));
    }

    #[test]
    fn each_who_comes_gives_the_others_their_time_again() {
        let mut patience = Patience::new(0, 10, 3);
        assert!(patience.lasts(9, 2));
        assert!(patience.lasts(18, 2));
        assert!(patience.lasts(18, 1));
        assert!(patience.lasts(27, 1));
        assert!(!patience.lasts(28, 1));
    }
}
