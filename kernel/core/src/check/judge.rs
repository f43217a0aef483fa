//! Whether a test ended as it should have.

use super::test::Expect;
use core::fmt;

/// How a test ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending<'a> {
    /// It returned.
    Returned,
    /// It panicked with this message.
    Panicked(&'a str),
    /// The processor faulted, in these words.
    Faulted(&'a str),
    /// However it ended, what the kernel has counted is not there, in these words.
    Disorder(&'a str),
    /// It ended as it should have, and left something that it should have given back, in these words.
    Leaked(&'a str),
    /// Another process killed it.
    Killed,
    /// A limit that it has reached ended it: in these words.
    Limited(&'a str),
    /// There was no room for its process.
    NotRun,
    /// It was abandoned after this time.
    TimedOut {
        /// The limit that was reached.
        limit_ms: u32,
    },
}

/// An ending that is not the one expected; displays as the cause that the report gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Misfit<'a> {
    ending: Ending<'a>,
    expected: Expect,
}

/// Compares how a test ended with how it had to.
pub fn judge(expected: Expect, ending: Ending<'_>) -> Result<(), Misfit<'_>> {
    let fits = match (expected, ending) {
        (Expect::Success, Ending::Returned) => true,
        (Expect::Panic(None), Ending::Panicked(_)) => true,
        (Expect::Panic(Some(text)), Ending::Panicked(message)) => message.contains(text),
        (Expect::Fault, Ending::Faulted(_)) => true,
        (Expect::Timeout, Ending::TimedOut { .. }) => true,
        (Expect::Leak(text), Ending::Leaked(words)) => words.contains(text),
        _ => false,
    };
    if fits {
        Ok(())
    } else {
        Err(Misfit { ending, expected })
    }
}

impl fmt::Display for Misfit<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.ending {
            Ending::Returned => f.write_str("failed: returned"),
            Ending::Panicked(message) => write!(f, "panicked: {message}"),
            Ending::Faulted(words) => write!(f, "faulted: {words}"),
            Ending::Disorder(words) | Ending::Leaked(words) => f.write_str(words),
            Ending::Killed => f.write_str("killed by another process"),
            Ending::Limited(words) => f.write_str(words),
            Ending::NotRun => f.write_str("not run: no room for its process"),
            Ending::TimedOut { limit_ms } => write!(f, "hung: still running after {limit_ms} ms"),
        }?;
        match self.expected {
            Expect::Success => Ok(()),
            Expect::Panic(None) => f.write_str("; expected a panic"),
            Expect::Panic(Some(text)) => write!(f, "; expected a panic that says `{text}`"),
            Expect::Fault => f.write_str("; expected a fault"),
            Expect::Timeout => f.write_str("; expected it to run into its time limit"),
            Expect::Leak(text) => write!(f, "; expected it to leave `{text}`"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HUNG: Ending<'_> = Ending::TimedOut { limit_ms: 50 };

    #[test]
    fn expected_endings_are_right() {
        for (expected, ending) in [
            (Expect::Success, Ending::Returned),
            (Expect::Panic(None), Ending::Panicked("anything")),
            (
                Expect::Panic(Some("by 0")),
                Ending::Panicked("divided by 0"),
            ),
            (Expect::Fault, Ending::Faulted("data abort")),
            (Expect::Timeout, HUNG),
            (
                Expect::Leak("+1 envelopes"),
                Ending::Leaked("+1 envelopes, 3 in all"),
            ),
        ] {
            assert_eq!(judge(expected, ending), Ok(()));
        }
    }

    #[test]
    fn other_endings_are_told_apart() {
        for (expected, ending, cause) in [
            (Expect::Success, Ending::Panicked("no"), "panicked: no"),
            (Expect::Success, Ending::Faulted("abort"), "faulted: abort"),
            (Expect::Success, HUNG, "hung: still running after 50 ms"),
            (Expect::Success, Ending::Killed, "killed by another process"),
            (Expect::Success, Ending::Limited("limit"), "limit"),
            (Expect::Success, Ending::Leaked("+1"), "+1"),
            (
                Expect::Leak("x"),
                Ending::Returned,
                "failed: returned; expected it to leave `x`",
            ),
            (
                Expect::Leak("x"),
                Ending::Leaked("y"),
                "y; expected it to leave `x`",
            ),
            (
                Expect::Leak("x"),
                Ending::Disorder("x"),
                "x; expected it to leave `x`",
            ),
            (
                Expect::Fault,
                Ending::Leaked("abort"),
                "abort; expected a fault",
            ),
            (
                Expect::Success,
                Ending::NotRun,
                "not run: no room for its process",
            ),
            (
                Expect::Panic(None),
                Ending::Returned,
                "failed: returned; expected a panic",
            ),
            (
                Expect::Panic(Some("x")),
                Ending::Panicked("y"),
                "panicked: y; expected a panic that says `x`",
            ),
            (
                Expect::Fault,
                Ending::Returned,
                "failed: returned; expected a fault",
            ),
            (
                Expect::Fault,
                Ending::Panicked("no"),
                "panicked: no; expected a fault",
            ),
            (
                Expect::Fault,
                HUNG,
                "hung: still running after 50 ms; expected a fault",
            ),
            (
                Expect::Timeout,
                Ending::Returned,
                "failed: returned; expected it to run into its time limit",
            ),
            (
                Expect::Timeout,
                Ending::Faulted("abort"),
                "faulted: abort; expected it to run into its time limit",
            ),
        ] {
            let misfit = judge(expected, ending).expect_err(cause);
            assert_eq!(misfit.to_string(), cause);
        }
    }
}
