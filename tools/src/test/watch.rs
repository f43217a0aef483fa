//! Lines that a row waits for besides the test report.

use super::outcome::{Outcome, Reason};
use crate::bench::Figure;

/// Something a run must say.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Expect {
    /// One line that contains all of these texts.
    Line {
        what: &'static str,
        texts: &'static [&'static str],
    },
    /// The boot line, with fewer microseconds than this.
    PromptWithin { micros: u64 },
    /// The figures of two benchmarks, the first before the other: that takes at most so many hundredths more.
    NoDearer {
        what: &'static str,
        first: &'static str,
        last: &'static str,
        percent: u64,
    },
}

/// Expectations, each with what has become of it.
#[derive(Debug)]
pub(crate) struct Watches(Vec<Watch>);

#[derive(Debug)]
struct Watch {
    expect: Expect,
    /// The first figure of two.
    seen: Option<u64>,
    outcome: Option<Outcome>,
}

impl Watches {
    pub(crate) fn new(expects: &[Expect]) -> Self {
        let watch = |&expect| Watch {
            expect,
            seen: None,
            outcome: None,
        };
        Self(expects.iter().map(watch).collect())
    }

    pub(crate) fn take(&mut self, line: &str) {
        for watch in self.0.iter_mut().filter(|it| it.outcome.is_none()) {
            watch.outcome = watch.expect.judge(line, &mut watch.seen);
        }
    }

    /// One outcome an expectation; those nothing has met have failed.
    pub(crate) fn finish(self) -> Vec<Outcome> {
        let settle = |it: Watch| it.outcome.unwrap_or_else(|| it.expect.unmet());
        self.0.into_iter().map(settle).collect()
    }
}

impl Expect {
    fn what(&self) -> &'static str {
        match self {
            Self::Line { what, .. } | Self::NoDearer { what, .. } => what,
            Self::PromptWithin { .. } => "boot is quick",
        }
    }

    /// The outcome, if this line decides it. What it has seen before is kept for it.
    fn judge(&self, line: &str, seen: &mut Option<u64>) -> Option<Outcome> {
        match *self {
            Self::Line { texts, .. } => {
                let is_it = texts.iter().all(|text| line.contains(text));
                is_it.then(|| Outcome::passed(self.what()))
            }
            Self::PromptWithin { micros: limit } => {
                let micros = boot_micros(line)?;
                Some(if micros < limit {
                    Outcome::passed(self.what())
                } else {
                    Outcome::failed(self.what(), Reason::SlowBoot { micros, limit })
                })
            }
            Self::NoDearer {
                first: one,
                last: other,
                percent,
                ..
            } => {
                let figure = Figure::parse(line)?;
                if figure.name == one {
                    *seen = Some(figure.hundredths());
                }
                let (first, last) = (seen.filter(|_| figure.name == other)?, figure.hundredths());
                Some(match 100 * last <= (100 + percent) * first {
                    true => Outcome::passed(self.what()),
                    false => Outcome::failed(self.what(), Reason::Dearer { first, last }),
                })
            }
        }
    }

    fn unmet(&self) -> Outcome {
        let text = match self {
            Self::Line { texts, .. } => texts.last().copied().unwrap_or_default(),
            Self::PromptWithin { .. } => "boot: N us to prompt",
            Self::NoDearer { last, .. } => last,
        };
        Outcome::failed(self.what(), Reason::Missing(text))
    }
}

/// Reads `boot: N us to prompt`.
fn boot_micros(line: &str) -> Option<u64> {
    line.strip_prefix("boot: ")?
        .strip_suffix(" us to prompt")?
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXPECTS: &[Expect] = &[
        Expect::Line {
            what: "a core is named",
            texts: &["core 3", "did not start"],
        },
        Expect::PromptWithin { micros: 10_000 },
    ];

    fn outcomes(lines: &[&str]) -> Vec<Outcome> {
        let mut watches = Watches::new(EXPECTS);
        lines.iter().for_each(|line| watches.take(line));
        watches.finish()
    }

    #[test]
    fn all_texts_must_be_in_one_line() {
        let found = outcomes(&["core 3 did not start: psci -2", "boot: 9999 us to prompt"]);
        assert!(found.iter().all(Outcome::is_passed));
        let scattered = outcomes(&["core 3", "core 4 did not start"]);
        assert_eq!(
            scattered[0].verdict,
            failed(Reason::Missing("did not start"))
        );
    }

    #[test]
    fn a_slow_boot_fails_with_its_figure() {
        let slow = outcomes(&["boot: 10000 us to prompt", "boot: 1 us to prompt"]);
        let reason = Reason::SlowBoot {
            micros: 10_000,
            limit: 10_000,
        };
        assert_eq!(slow[1].verdict, failed(reason));
        let none = outcomes(&["boot: soon us to prompt"]);
        assert_eq!(
            none[1].verdict,
            failed(Reason::Missing("boot: N us to prompt"))
        );
    }

    #[test]
    fn what_is_dearer_in_the_end_fails_with_both_figures() {
        const EXPECT: &[Expect] = &[Expect::NoDearer {
            what: "the last is as cheap",
            first: "one",
            last: "other",
            percent: 10,
        }];
        let outcome = |lines: &[&str]| {
            let mut watches = Watches::new(EXPECT);
            lines.iter().for_each(|line| watches.take(line));
            watches.finish().remove(0).verdict
        };
        let one = "one 10 ops, 4000 ns, 400.00 ns/op";
        let cheap = outcome(&[one, "other 10 ops, 4400 ns, 440.00 ns/op"]);
        assert_eq!(cheap, super::super::outcome::Verdict::Passed);
        let dear = outcome(&[one, "other 10 ops, 4401 ns, 440.10 ns/op"]);
        let (first, last) = (40_000, 44_010);
        assert_eq!(dear, failed(Reason::Dearer { first, last }));
        assert_eq!(outcome(&[one]), failed(Reason::Missing("other")));
        let alone = outcome(&["other 10 ops, 1 ns, 0.10 ns/op", one]);
        assert_eq!(alone, failed(Reason::Missing("other")));
    }

    fn failed(reason: Reason) -> super::super::outcome::Verdict {
        super::super::outcome::Verdict::Failed(reason)
    }
}
