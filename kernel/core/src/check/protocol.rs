//! The words of the serial report, for both ends of the wire.
//!
//! The kernel prints [`Line`]s with `Display`; the host runner reads them back with
//! [`Line::parse`]. Nobody else spells these words, so the two can't drift apart. A line that is
//! none of them is [`Line::Other`]: log output, a panic message, a prompt.

use core::fmt;

/// What the shell prints when it waits for a command.
pub const PROMPT: &str = "girder> ";
/// First word of the banner that tells version, machine, cores, nodes and deployment.
pub const BANNER: &str = "Girder ";
/// Begins the first line of a crash dump; the reason follows.
pub const CRASH: &str = "kernel crash: ";
/// The last line of a crash dump.
pub const CRASH_END: &str = "end of crash dump";

const PLAN: &str = "plan: ";
const RUNNING: &str = "running ";
const TEST: &str = "test ";
const DOTS: &str = " ... ";
const CAUSE: &str = "  cause: ";
const RESULT: &str = "test result: ";

/// How a test ended, as the contract words it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It did what it should.
    Ok,
    /// It did not; a [`Line::Cause`] follows.
    Failed,
    /// It was not run; a [`Line::Cause`] with the reason follows.
    Ignored,
}

/// What a run amounted to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Tests that did what they should.
    pub passed: u32,
    /// Tests that did not.
    pub failed: u32,
    /// Tests that were not run, each with its reason.
    pub ignored: u32,
}

/// One line of the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line<'a> {
    /// How many tests will run, each so many times, with which seed.
    Plan {
        /// Tests selected by the filter.
        tests: u32,
        /// Rounds over all of them.
        rounds: u32,
        /// The seed that decides their order and whatever else they draw.
        seed: u64,
    },
    /// The named test starts now: if the wire falls silent, it is the one that hangs.
    Running(&'a str),
    /// The named test has ended.
    Verdict(&'a str, Verdict),
    /// Why the test of the line before failed or was ignored.
    Cause(&'a str),
    /// The run is over.
    Result(Tally),
    /// A crash dump begins, with its reason.
    Crash(&'a str),
    /// The crash dump is complete.
    CrashEnd,
    /// Anything else.
    Other(&'a str),
}

impl Tally {
    /// True when nothing failed and something ran.
    pub fn is_success(&self) -> bool {
        self.failed == 0 && self.passed > 0
    }
}

impl<'a> Line<'a> {
    /// Reads one line, without its line end.
    pub fn parse(line: &'a str) -> Self {
        Self::recognise(line).unwrap_or(Self::Other(line))
    }

    fn recognise(line: &'a str) -> Option<Self> {
        if line == CRASH_END {
            return Some(Self::CrashEnd);
        }
        if let Some(reason) = line.strip_prefix(CRASH) {
            return Some(Self::Crash(reason));
        }
        if let Some(cause) = line.strip_prefix(CAUSE) {
            return Some(Self::Cause(cause));
        }
        if let Some(rest) = line.strip_prefix(PLAN) {
            return parse_plan(rest);
        }
        if let Some(rest) = line.strip_prefix(RESULT) {
            return parse_tally(rest).map(Self::Result);
        }
        if let Some(name) = line.strip_prefix(RUNNING) {
            return is_name(name).then_some(Self::Running(name));
        }
        let (name, verdict) = line.strip_prefix(TEST)?.split_once(DOTS)?;
        let verdict = match verdict {
            "ok" => Verdict::Ok,
            "FAILED" => Verdict::Failed,
            "ignored" => Verdict::Ignored,
            _ => return None,
        };
        is_name(name).then_some(Self::Verdict(name, verdict))
    }
}

/// A test's name is a Rust path, so it holds no white space.
fn is_name(word: &str) -> bool {
    !word.is_empty() && !word.contains(char::is_whitespace)
}

fn parse_plan(rest: &str) -> Option<Line<'_>> {
    let mut words = rest.split(' ');
    let tests = words.next()?.parse().ok()?;
    let ("tests,", rounds) = (words.next()?, words.next()?.parse().ok()?) else {
        return None;
    };
    let ("rounds,", "seed") = (words.next()?, words.next()?) else {
        return None;
    };
    let seed = words.next()?.parse().ok()?;
    words.next().is_none().then_some(Line::Plan {
        tests,
        rounds,
        seed,
    })
}

fn parse_tally(rest: &str) -> Option<Tally> {
    let counts = rest
        .strip_prefix("ok. ")
        .or_else(|| rest.strip_prefix("FAILED. "))?;
    let mut parts = counts.split("; ");
    let mut take = |word: &str| parts.next()?.strip_suffix(word)?.parse().ok();
    let tally = Tally {
        passed: take(" passed")?,
        failed: take(" failed")?,
        ignored: take(" ignored")?,
    };
    parts.next().is_none().then_some(tally)
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ok => "ok",
            Self::Failed => "FAILED",
            Self::Ignored => "ignored",
        })
    }
}

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Plan {
                tests,
                rounds,
                seed,
            } => {
                write!(f, "{PLAN}{tests} tests, {rounds} rounds, seed {seed}")
            }
            Self::Running(name) => write!(f, "{RUNNING}{name}"),
            Self::Verdict(name, verdict) => write!(f, "{TEST}{name}{DOTS}{verdict}"),
            Self::Cause(cause) => write!(f, "{CAUSE}{cause}"),
            Self::Result(Tally {
                passed,
                failed,
                ignored,
            }) => {
                let word = if failed == 0 { "ok" } else { "FAILED" };
                write!(
                    f,
                    "{RESULT}{word}. {passed} passed; {failed} failed; {ignored} ignored"
                )
            }
            Self::Crash(reason) => write!(f, "{CRASH}{reason}"),
            Self::CrashEnd => f.write_str(CRASH_END),
            Self::Other(text) => f.write_str(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_reads_back_as_it_was_written() {
        let tally = Tally {
            passed: 3,
            failed: 1,
            ignored: 2,
        };
        for line in [
            Line::Plan {
                tests: 12,
                rounds: 3,
                seed: u64::MAX,
            },
            Line::Running("machine::timer::fires"),
            Line::Verdict("a::b", Verdict::Ok),
            Line::Verdict("a::b", Verdict::Failed),
            Line::Verdict("a::b", Verdict::Ignored),
            Line::Cause("panicked at x.rs:1: no"),
            Line::Result(tally),
            Line::Result(Tally { failed: 0, ..tally }),
            Line::Crash("data abort"),
            Line::CrashEnd,
            Line::Other("girder> "),
        ] {
            assert_eq!(Line::parse(&line.to_string()), line);
        }
    }

    #[test]
    fn the_contract_spells_these_words() {
        let verdict = Line::Verdict("x", Verdict::Failed).to_string();
        assert_eq!(verdict, "test x ... FAILED");
        let result = Line::Result(Tally {
            passed: 2,
            failed: 0,
            ignored: 1,
        })
        .to_string();
        assert_eq!(result, "test result: ok. 2 passed; 0 failed; 1 ignored");
    }

    #[test]
    fn damaged_lines_are_other() {
        for line in [
            "test a ... o",
            "test  ... ok",
            "test result: ok. 1 passed; 0 failed",
            "test result: ok. 1 passed; 0 failed; 0 ignored; 1 more",
            "plan: x tests, 1 rounds, seed 1",
            "running two words",
        ] {
            assert_eq!(Line::parse(line), Line::Other(line));
        }
    }
}
