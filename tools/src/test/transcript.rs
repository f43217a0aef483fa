//! What a machine has reported so far: each line of the serial report moves this state on.

use girder_core::check::protocol::{Line, Tally, Verdict};

/// How one test in the machine ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    Passed,
    /// With the cause in the kernel's words: assertion, panic, fault, time limit.
    Failed(String),
    Ignored(String),
    /// The report went on without a verdict on it.
    NoVerdict,
}

/// A kernel crash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Crash {
    pub(crate) reason: String,
    /// The dump came to its last line.
    pub(crate) is_complete: bool,
}

/// What was announced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Plan {
    tests: u32,
    rounds: u32,
}

/// The report up to now.
#[derive(Debug, Default)]
pub(crate) struct Transcript {
    plan: Option<Plan>,
    running: Option<String>,
    ended: Vec<(String, Ended)>,
    result: Option<Tally>,
    crash: Option<Crash>,
    has_spoken: bool,
}

impl Transcript {
    /// Takes the next line.
    pub(crate) fn take(&mut self, line: &str) {
        self.has_spoken = true;
        match Line::parse(line) {
            Line::Plan { tests, rounds, .. } => {
                self.plan = Some(Plan { tests, rounds });
            }
            Line::Running(name) => {
                self.abandon();
                self.running = Some(name.to_owned());
            }
            Line::Verdict(name, verdict) => self.conclude(name, verdict),
            Line::Cause(cause) => self.explain(cause),
            Line::Result(tally) => {
                self.abandon();
                self.result = Some(tally);
            }
            Line::Crash(reason) => self.crashed(reason),
            Line::CrashEnd => {
                if let Some(crash) = &mut self.crash {
                    crash.is_complete = true;
                }
            }
            Line::Other(_) => {}
        }
    }

    /// Verdicts that the plan calls for: ignored tests are told once, the others every round.
    pub(crate) fn planned(&self) -> Option<u64> {
        let Plan { tests, rounds } = self.plan?;
        let ignored = u64::from(self.counted().ignored);
        let running = u64::from(tests).saturating_sub(ignored);
        Some(running * u64::from(rounds) + ignored)
    }

    /// The test that has started and not ended.
    pub(crate) fn running(&self) -> Option<&str> {
        self.running.as_deref()
    }

    /// Tests that are over, in the order of the report.
    pub(crate) fn ended(&self) -> &[(String, Ended)] {
        &self.ended
    }

    /// The machine's own count, once it has given it.
    pub(crate) fn result(&self) -> Option<Tally> {
        self.result
    }

    /// True once there was something of a report, or of a crash.
    pub(crate) fn has_begun(&self) -> bool {
        let has_tests = self.running.is_some() || !self.ended.is_empty();
        has_tests || self.plan.is_some() || self.result.is_some() || self.crash.is_some()
    }

    /// True once there was a line, whatever it said.
    pub(crate) fn has_spoken(&self) -> bool {
        self.has_spoken
    }

    /// The first crash; what comes after it is its consequence.
    pub(crate) fn crash(&self) -> Option<&Crash> {
        self.crash.as_ref()
    }

    /// Our count of the same tests.
    pub(crate) fn counted(&self) -> Tally {
        let mut tally = Tally::default();
        for (_, ended) in &self.ended {
            match ended {
                Ended::Passed => tally.passed += 1,
                Ended::Failed(_) => tally.failed += 1,
                Ended::Ignored(_) => tally.ignored += 1,
                Ended::NoVerdict => {}
            }
        }
        tally
    }

    fn conclude(&mut self, name: &str, verdict: Verdict) {
        if self.running.as_deref() == Some(name) {
            self.running = None;
        }
        self.abandon();
        let unexplained = String::new();
        let ended = match verdict {
            Verdict::Ok => Ended::Passed,
            Verdict::Failed => Ended::Failed(unexplained),
            Verdict::Ignored => Ended::Ignored(unexplained),
        };
        self.ended.push((name.to_owned(), ended));
    }

    fn explain(&mut self, cause: &str) {
        if let Some((_, Ended::Failed(text) | Ended::Ignored(text))) = self.ended.last_mut()
            && text.is_empty()
        {
            text.push_str(cause);
        }
    }

    fn abandon(&mut self) {
        if let Some(name) = self.running.take() {
            self.ended.push((name, Ended::NoVerdict));
        }
    }

    fn crashed(&mut self, reason: &str) {
        self.crash.get_or_insert_with(|| Crash {
            reason: reason.to_owned(),
            is_complete: false,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn transcript(text: &str) -> Transcript {
        let mut transcript = Transcript::default();
        text.lines().for_each(|line| transcript.take(line));
        transcript
    }

    #[test]
    fn a_whole_report_is_understood() {
        let transcript = transcript(
            "Girder 0.1.0 on virt\nplan: 3 tests, 1 rounds, seed 7\n\
             running a\ntest a ... ok\nrunning b\nlog line\ntest b ... FAILED\n  cause: panicked\n\
             test c ... ignored\n  cause: one core\n\
             test result: FAILED. 1 passed; 1 failed; 1 ignored\n",
        );
        let expected = [
            ("a".to_owned(), Ended::Passed),
            ("b".to_owned(), Ended::Failed("panicked".to_owned())),
            ("c".to_owned(), Ended::Ignored("one core".to_owned())),
        ];
        assert_eq!(transcript.ended(), expected);
        assert_eq!(transcript.planned(), Some(3));
        assert_eq!(transcript.result(), Some(transcript.counted()));
        assert_eq!(transcript.running(), None);
    }

    #[test]
    fn ignored_tests_count_once_however_many_rounds() {
        let ignored = "test a ... ignored\ntest b ... ignored\n";
        let transcript = transcript(&format!("plan: 5 tests, 4 rounds, seed 1\n{ignored}"));
        assert_eq!(transcript.planned(), Some(14));
    }

    #[test]
    fn a_test_without_verdict_is_remembered() {
        let transcript = transcript("running a\nrunning b\ntest b ... ok\nrunning c\n");
        let expected = [
            ("a".to_owned(), Ended::NoVerdict),
            ("b".to_owned(), Ended::Passed),
        ];
        assert_eq!(transcript.ended(), expected);
        assert_eq!(transcript.running(), Some("c"));
    }

    #[test]
    fn the_first_crash_counts_and_names_the_test_it_hit() {
        let transcript = transcript(
            "running a\nkernel crash: data abort\nkernel crash: again\nend of crash dump\n",
        );
        let crash = Crash {
            reason: "data abort".to_owned(),
            is_complete: true,
        };
        assert_eq!(transcript.crash(), Some(&crash));
        assert_eq!(transcript.running(), Some("a"));
    }

    #[test]
    fn only_the_first_cause_explains_and_only_a_test() {
        let transcript =
            transcript("  cause: of nothing\ntest a ... FAILED\n  cause: this\n  cause: that\n");
        let expected = [("a".to_owned(), Ended::Failed("this".to_owned()))];
        assert_eq!(transcript.ended(), expected);
    }
}
