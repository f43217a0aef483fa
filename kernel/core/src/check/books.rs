//! What the kernel has given out, before a test and after it: the rule by which a test has left something.
//!
//! A test leaves *nothing* if afterwards there is exactly what there was before. Less would be as wrong as more: something was
//! given back that was not given out, or twice, or what others go on using. Less is right only
//!
//! - after a test that has failed that way: what it has left may go in its time;
//! - where what there was before could not be waited for: before the first test, and after one that leaves something on
//!   purpose. Something on its way between two cores may have been there then, though the least of some looks is taken.

use core::fmt;

/// What is given out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    /// Those that live.
    pub processes: isize,
    /// Bytes that are charged to the kernel: homes and arenas too.
    pub kernel: isize,
    /// Bytes of arenas, of those that live.
    pub arenas: isize,
    /// Envelopes that hold a message.
    pub envelopes: isize,
    /// Stacks that neither a core nor a process stands on, and that nobody could find.
    pub stacks: isize,
}

impl Ledger {
    fn lines(&self) -> [isize; 5] {
        let &Self {
            processes,
            kernel,
            arenas,
            envelopes,
            stacks,
        } = self;
        [processes, kernel, arenas, envelopes, stacks]
    }

    /// The less of each: what two looks have in common, if something was on its way at one of them.
    #[must_use]
    pub fn least(&self, other: &Self) -> Self {
        Self {
            processes: self.processes.min(other.processes),
            kernel: self.kernel.min(other.kernel),
            arenas: self.arenas.min(other.arenas),
            envelopes: self.envelopes.min(other.envelopes),
            stacks: self.stacks.min(other.stacks),
        }
    }

    /// True if no more is given out than was then.
    fn is_within(&self, before: &Self) -> bool {
        let (found, before) = (self.lines(), before.lines());
        found.iter().zip(before).all(|(&now, then)| now <= then)
    }
}

/// The books of a run of tests.
#[derive(Clone, Copy, Debug)]
pub struct Books {
    before: Ledger,
    /// A test has left something that it was not meant to.
    is_shaken: bool,
    /// What there was before is what all had come to.
    is_settled: bool,
}

/// What a test has left: how much more there is of each, or less.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Left {
    found: Ledger,
    before: Ledger,
}

impl Books {
    /// Opens them, with what is given out before the first test.
    pub fn new(before: Ledger) -> Self {
        Self {
            before,
            is_shaken: false,
            is_settled: false,
        }
    }

    /// What a test has left, if this is found after it, and anything is.
    pub fn compare(&self, found: Ledger) -> Result<(), Left> {
        let before = self.before;
        let may_be_less = self.is_shaken || !self.is_settled;
        match found == before || may_be_less && found.is_within(&before) {
            true => Ok(()),
            false => Err(Left { found, before }),
        }
    }

    /// Goes on from what was found after a test that left nothing: it is what there was before the next one.
    pub fn carry_over(&mut self, found: Ledger) {
        self.before = found;
        self.is_settled = true;
    }

    /// The same, after a test that was meant to leave something.
    pub fn carry_over_with(&mut self, found: Ledger) {
        self.before = found;
        self.is_settled = false;
    }

    /// The same, after a test that left something and was not meant to.
    pub fn carry_over_shaken(&mut self, found: Ledger) {
        self.carry_over_with(found);
        self.is_shaken = true;
    }
}

impl fmt::Display for Left {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const OF: [&str; 5] = [
            "processes",
            "bytes of the kernel",
            "bytes of arenas",
            "envelopes",
            "stacks",
        ];
        f.write_str("not all is as before:")?;
        let lines = self.found.lines().into_iter().zip(self.before.lines());
        let differing = lines.zip(OF).filter(|((now, then), _)| now != then);
        for (number, ((now, then), of)) in differing.enumerate() {
            let comma = if number == 0 { "" } else { "," };
            write!(f, "{comma} {:+} {of}, {now} in all", now - then)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    const BEFORE: Ledger = Ledger {
        processes: 3,
        kernel: 10_000,
        arenas: 1_024,
        envelopes: 2,
        stacks: 0,
    };

    /// One line changed by so much, for each line.
    fn changed(by: isize) -> [(Ledger, &'static str); 5] {
        let mut all = [BEFORE; 5];
        all[0].processes += by;
        all[1].kernel += by;
        all[2].arenas += by;
        all[3].envelopes += by;
        all[4].stacks += by;
        let of = ["processes", "kernel", "arenas", "envelopes", "stacks"];
        core::array::from_fn(|line| (all[line], of[line]))
    }

    /// Books after a test that has left nothing.
    fn settled() -> Books {
        let mut books = Books::new(BEFORE);
        books.carry_over(BEFORE);
        books
    }

    #[test]
    fn who_leaves_nothing_passes() {
        assert_eq!(Books::new(BEFORE).compare(BEFORE), Ok(()));
        assert_eq!(settled().compare(BEFORE), Ok(()));
    }

    #[test]
    fn what_was_on_its_way_at_the_beginning_may_be_gone_once() {
        let (more, less) = (changed(1)[1].0, changed(-1)[1].0);
        let mut books = Books::new(BEFORE);
        assert!(books.compare(more).is_err());
        assert_eq!(books.compare(less), Ok(()));
        books.carry_over(less);
        assert!(books.compare(BEFORE).is_err());
        assert!(settled().compare(less).is_err());
    }

    #[test]
    fn one_of_anything_more_or_less_is_found_and_named() {
        for by in [1, -1] {
            for (found, of) in changed(by) {
                let left = settled().compare(found).expect_err(of);
                let words = left.to_string();
                assert!(words.contains(of), "{words}");
                assert!(words.contains(if by > 0 { " +1 " } else { " -1 " }));
                assert_eq!(words.matches("in all").count(), 1, "{words}");
            }
        }
    }

    /// What one test leaves is not found again after the next one.
    #[test]
    fn each_test_answers_for_what_it_has_left_itself() {
        let [(more, _), ..] = changed(1);
        let mut books = Books::new(BEFORE);
        books.carry_over_with(more);
        assert_eq!(books.compare(more), Ok(()));
        books.carry_over(more);
        assert!(books.compare(BEFORE).is_err(), "it was meant to stay");
    }

    #[test]
    fn what_a_failed_test_has_left_may_go_and_not_come_again() {
        let [(more, _), ..] = changed(1);
        let mut books = Books::new(BEFORE);
        books.carry_over_shaken(more);
        assert_eq!(books.compare(BEFORE), Ok(()));
        books.carry_over(BEFORE);
        assert!(books.compare(more).is_err());
    }

    #[test]
    fn what_was_there_at_one_look_only_is_not_in_the_least() {
        for (more, _) in changed(32) {
            assert_eq!(more.least(&BEFORE), BEFORE);
            assert_eq!(BEFORE.least(&more), BEFORE);
        }
    }

    #[test]
    fn all_that_differs_is_told() {
        let found = Ledger {
            processes: 4,
            kernel: 9_000,
            ..BEFORE
        };
        let left = settled().compare(found).expect_err("it differs");
        assert_eq!(
            left.to_string(),
            "not all is as before: +1 processes, 4 in all, -1000 bytes of the kernel, 9000 in all"
        );
    }
}
