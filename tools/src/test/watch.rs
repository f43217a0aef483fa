//! Lines that a row waits for besides the test report.

use super::outcome::{Outcome, Reason};

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
}

/// Expectations, each with what has become of it.
#[derive(Debug)]
pub(crate) struct Watches(Vec<(Expect, Option<Outcome>)>);

impl Watches {
    pub(crate) fn new(expects: &[Expect]) -> Self {
        Self(expects.iter().map(|&expect| (expect, None)).collect())
    }

    pub(crate) fn take(&mut self, line: &str) {
        for (expect, outcome) in &mut self.0 {
            if outcome.is_none() {
                *outcome = expect.judge(line);
            }
        }
    }

    /// One outcome an expectation; those nothing has met have failed.
    pub(crate) fn finish(self) -> Vec<Outcome> {
        let settle = |(expect, outcome): (Expect, Option<Outcome>)| {
            outcome.unwrap_or_else(|| expect.unmet())
        };
        self.0.into_iter().map(settle).collect()
    }
}

impl Expect {
    fn what(&self) -> &'static str {
        match self {
            Self::Line { what, .. } => what,
            Self::PromptWithin { .. } => "boot is quick",
        }
    }

    /// The outcome, if this line decides it.
    fn judge(&self, line: &str) -> Option<Outcome> {
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
        }
    }

    fn unmet(&self) -> Outcome {
        let text = match self {
            Self::Line { texts, .. } => texts.last().copied().unwrap_or_default(),
            Self::PromptWithin { .. } => "boot: N us to prompt",
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

    fn failed(reason: Reason) -> super::super::outcome::Verdict {
        super::super::outcome::Verdict::Failed(reason)
    }
}
