//! Why a core has to look up from its work: the bits of its status word.
//!
//! Handlers, and other cores, only set bits in a core's word; its loop takes the whole word and
//! serves what is in it (spec, first law of preemption). A bit says *look*, not *how often*: what
//! has to be counted or kept lies where the bit points to (a receive buffer, an inbox). So setting
//! a bit twice is setting it once, and no handler ever waits.
//!
//! The atomic word itself belongs to the machine's side; here are its values.

/// One cause. The discriminant is the bit, and lower bits are served first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Cause {
    /// Crash here, on purpose: somebody wants to see the report.
    Crash,
    /// The deadline has passed. Before the console, so that no flood of input delays a time limit.
    Timer,
    /// Another core wants to know whether this one still answers.
    Ping,
    /// Another core has left work for this one.
    Wake,
    /// The console has received something or has room again.
    Console,
    /// There was no stack to go on with in place of a process: perhaps there is one now.
    Stack,
}

impl Cause {
    /// All causes in the order of service.
    pub const ALL: [Self; 6] = [
        Self::Crash,
        Self::Timer,
        Self::Ping,
        Self::Wake,
        Self::Console,
        Self::Stack,
    ];

    /// The bit that stands for it in the status word.
    pub const fn bit(self) -> u32 {
        1 << self as u8
    }
}

/// A set of causes: the value of a status word. Iterating gives them in the order of service.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Causes(u32);

impl Causes {
    /// No cause at all.
    pub const EMPTY: Self = Self(0);

    const KNOWN: u32 = (1 << Cause::ALL.len()) - 1;

    /// Takes the value of a status word. Bits that stand for nothing are left out.
    pub const fn from_word(word: u32) -> Self {
        Self(word & Self::KNOWN)
    }

    /// The value that the status word has for this set.
    pub const fn word(self) -> u32 {
        self.0
    }

    /// True when there is nothing to serve.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// True when this cause is in the set.
    pub const fn contains(self, cause: Cause) -> bool {
        self.0 & cause.bit() != 0
    }

    /// True when the timer is to be asked anew: its time has come, or a handler has asked it for something else (it does
    /// when there is no stack to go on with).
    #[inline(always)]
    pub const fn concern_timer(self) -> bool {
        self.0 & (Cause::Timer.bit() | Cause::Stack.bit()) != 0
    }

    /// Puts a cause in.
    pub const fn insert(&mut self, cause: Cause) {
        self.0 |= cause.bit();
    }

    /// Takes out the cause to be served first.
    pub fn take_first(&mut self) -> Option<Cause> {
        let index = self.0.trailing_zeros() as usize;
        let cause = *Cause::ALL.get(index)?;
        self.0 &= !cause.bit();
        Some(cause)
    }
}

impl From<Cause> for Causes {
    fn from(cause: Cause) -> Self {
        Self(cause.bit())
    }
}

impl Iterator for Causes {
    type Item = Cause;

    fn next(&mut self) -> Option<Cause> {
        self.take_first()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn bits_follow_the_order_of_service() {
        for (index, cause) in Cause::ALL.into_iter().enumerate() {
            assert_eq!(cause.bit(), 1 << index);
        }
        assert!(Causes::from_word(u32::MAX).eq(Cause::ALL));
    }

    #[test]
    fn cause_noted_twice_is_served_once() {
        let mut causes = Causes::from(Cause::Console);
        causes.insert(Cause::Timer);
        causes.insert(Cause::Console);
        assert!(causes.contains(Cause::Console) && !causes.contains(Cause::Wake));
        assert!(causes.eq([Cause::Timer, Cause::Console]));
    }

    #[test]
    fn empty_set_has_nothing_to_take() {
        let mut causes = Causes::EMPTY;
        assert!(causes.is_empty());
        assert_eq!(causes.take_first(), None);
    }

    proptest! {
        #[test]
        fn serving_empties_any_word(word: u32) {
            let causes = Causes::from_word(word);
            let mut served = Causes::EMPTY;
            causes.for_each(|cause| served.insert(cause));
            prop_assert_eq!(served, causes);
            prop_assert_eq!(served.word() & !word, 0);
        }
    }
}
