//! Who is asked to end before the machine does: the one that came last first.

use girder_lockfree::process::Pid;

/// As many as there is room for.
pub const MOST: usize = 32;

/// Asks a process to end, in good order.
pub type Ask = fn(Pid);

/// There are as many as there is room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full;

/// Those who are to be asked, in the order in which they came.
#[derive(Debug)]
pub struct Departures {
    places: [Option<(Pid, Ask)>; MOST],
    count: usize,
}

impl Departures {
    /// Starts with nobody.
    pub const fn new() -> Self {
        Self {
            places: [None; MOST],
            count: 0,
        }
    }

    /// Enters a process behind the others. Those who have ended meanwhile leave their places.
    pub fn enter(
        &mut self,
        pid: Pid,
        ask: Ask,
        is_there: impl Fn(Pid) -> bool,
    ) -> Result<(), Full> {
        if self.count == MOST {
            self.leave_out(is_there);
        }
        let place = self.places.get_mut(self.count).ok_or(Full)?;
        *place = Some((pid, ask));
        self.count += 1;
        Ok(())
    }

    /// The one that came last. It stays until it has [left](Self::leave), so whoever else ends the machine meanwhile waits for it too.
    pub fn last(&self) -> Option<(Pid, Ask)> {
        self.places[..self.count].last().copied().flatten()
    }

    /// This one has ended: it leaves, with all others that are not there any more.
    pub fn leave(&mut self, gone: Pid, is_there: impl Fn(Pid) -> bool) {
        self.leave_out(|pid| pid != gone && is_there(pid));
    }

    fn leave_out(&mut self, is_there: impl Fn(Pid) -> bool) {
        let mut kept = 0;
        for place in 0..self.count {
            let entry = self.places[place].take();
            if entry.is_some_and(|(pid, _)| is_there(pid)) {
                self.places[kept] = entry;
                kept += 1;
            }
        }
        self.count = kept;
    }
}

impl Default for Departures {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    fn pid(number: usize) -> Pid {
        format!("{number}.1").parse().expect("a pid")
    }

    fn all(mut departures: Departures) -> Vec<Pid> {
        let next = || {
            let (last, _) = departures.last()?;
            departures.leave(last, |_| true);
            Some(last)
        };
        core::iter::from_fn(next).collect()
    }

    #[test]
    fn who_came_last_is_asked_first() {
        let mut departures = Departures::new();
        for number in 1..=3 {
            assert_eq!(departures.enter(pid(number), drop, |_| true), Ok(()));
        }
        assert_eq!(all(departures), [pid(3), pid(2), pid(1)]);
    }

    #[test]
    fn two_who_ask_wait_for_the_same_one() {
        let mut departures = Departures::new();
        for number in 1..=3 {
            assert_eq!(departures.enter(pid(number), drop, |_| true), Ok(()));
        }
        let last = |departures: &Departures| departures.last().map(|(pid, _)| pid);
        assert_eq!(
            (last(&departures), last(&departures)),
            (Some(pid(3)), Some(pid(3)))
        );
        departures.leave(pid(3), |_| true);
        // The other one comes second, and takes nobody else out.
        departures.leave(pid(3), |_| true);
        assert_eq!(last(&departures), Some(pid(2)));
        // Who has ended unasked is not asked.
        departures.leave(pid(2), |one| one != pid(1));
        assert_eq!(last(&departures), None);
    }

    #[test]
    fn one_too_many_is_told_and_the_dead_make_room() {
        let mut departures = Departures::new();
        for number in 1..=MOST {
            assert_eq!(departures.enter(pid(number), drop, |_| false), Ok(()));
        }
        let is_there = |one: Pid| one != pid(2) && one != pid(5);
        assert_eq!(departures.enter(pid(100), drop, |_| true), Err(Full));
        assert_eq!(departures.enter(pid(101), drop, is_there), Ok(()));
        assert_eq!(departures.enter(pid(102), drop, is_there), Ok(()));
        assert_eq!(departures.enter(pid(103), drop, is_there), Err(Full));
        let order = all(departures);
        assert_eq!(order[..3], [pid(102), pid(101), pid(MOST)]);
        assert_eq!(order[MOST - 3..], [pid(4), pid(3), pid(1)]);
    }
}
