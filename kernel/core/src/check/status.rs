//! What a script sees when the machine has powered off.

use super::protocol::Tally;

/// Exit status of a machine that ran tests or benchmarks, as the contract numbers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum ExitStatus {
    /// Something ran and all of it did what it should.
    AllPassed = 0,
    /// Something did not.
    Failed = 1,
    /// The kernel itself crashed.
    Crashed = 2,
    /// Nothing was selected, all of it was ignored, or there is no console to report on.
    NothingToRun = 3,
}

impl ExitStatus {
    /// The number itself.
    pub const fn code(self) -> u8 {
        self as u8
    }
}

impl From<Tally> for ExitStatus {
    fn from(tally: Tally) -> Self {
        match tally {
            Tally { failed: 1.., .. } => Self::Failed,
            Tally { passed: 1.., .. } => Self::AllPassed,
            _ => Self::NothingToRun,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn status_follows_the_tally() {
        for (passed, failed, ignored, code) in [
            (1, 0, 0, 0),
            (1, 0, 5, 0),
            (1, 1, 0, 1),
            (0, 1, 0, 1),
            (0, 0, 0, 3),
            (0, 0, 5, 3),
        ] {
            let tally = Tally {
                passed,
                failed,
                ignored,
            };
            assert_eq!(ExitStatus::from(tally).code(), code);
            assert_eq!(tally.is_success(), code == 0);
        }
        assert_eq!(ExitStatus::Crashed.code(), 2);
    }
}
