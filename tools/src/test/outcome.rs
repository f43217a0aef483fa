//! One counted result, and why it is not a good one.

use std::fmt;
use std::time::Duration;

use girder_core::check::protocol::Tally;

/// A result with a name of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) name: String,
    pub(crate) verdict: Verdict,
}

/// How it came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Passed,
    Failed(Reason),
    Ignored(String),
}

/// Why something failed. Failing, panicking, hanging and faulting read differently.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    /// The machine's harness said so, with its cause.
    Reported(String),
    /// The report went on, or ended, without a verdict.
    NoVerdict,
    /// Not a byte for so long.
    Silent(Duration),
    /// The result was told, and the machine stayed on.
    StillOn,
    /// The machine talked on beyond all patience.
    OutOfTime(Duration),
    /// More output than any honest run gives.
    Flooded,
    /// The kernel itself crashed.
    Crashed { reason: String, is_complete: bool },
    /// A crash that had to come did not.
    NoCrash,
    /// The machine ended where it had to stay.
    WentOff,
    /// A machine without a console spoke.
    Spoke,
    /// The machine ended without its result line.
    NoResult,
    /// The result line and the lines before it disagree.
    Counts { said: Tally, counted: Tally },
    /// Announced were more or fewer tests than ran.
    Plan { planned: u64, ran: u64 },
    /// QEMU's exit status says something else than the report (`None`: ended by a signal).
    Status { expected: i32, found: Option<i32> },
    /// No test ran.
    NothingRan,
    /// A text that had to appear and did not.
    Missing(&'static str),
    /// The same in an answer of the prompt, and what was said instead.
    Unsaid { missing: &'static str, said: String },
    /// Of so many commands at once, the prompt answered this many before one went missing.
    Lost { sent: usize, in_order: usize },
    /// A command that the prompt did not answer.
    Unanswered,
    /// Boot took longer than it may.
    SlowBoot { micros: u64, limit: u64 },
    /// A step of a benchmark took more than another, by more than it may: in hundredths of a nanosecond.
    Dearer { first: u64, last: u64 },
    /// The machine could not be started at all.
    NotStarted(String),
    /// A host test failed; its output is above.
    Host,
    /// A host test program, or cargo, ended badly without a failed test to show for it.
    HostProgram(String),
}

impl Outcome {
    pub(crate) fn passed(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            verdict: Verdict::Passed,
        }
    }

    pub(crate) fn failed(name: impl Into<String>, reason: Reason) -> Self {
        Self {
            name: name.into(),
            verdict: Verdict::Failed(reason),
        }
    }

    pub(crate) fn ignored(name: impl Into<String>, reason: String) -> Self {
        Self {
            name: name.into(),
            verdict: Verdict::Ignored(reason),
        }
    }

    pub(crate) fn is_failed(&self) -> bool {
        matches!(self.verdict, Verdict::Failed(_))
    }

    #[cfg(test)]
    pub(crate) fn is_passed(&self) -> bool {
        self.verdict == Verdict::Passed
    }

    /// The same result, named as part of `whole`.
    pub(crate) fn within(self, whole: &str) -> Self {
        Self {
            name: format!("{whole}/{}", self.name),
            ..self
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.verdict {
            Verdict::Passed => write!(f, "test {} ... ok", self.name),
            Verdict::Failed(reason) => write!(f, "test {} ... FAILED ({reason})", self.name),
            Verdict::Ignored(reason) => write!(f, "test {} ... ignored ({reason})", self.name),
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reported(cause) if cause.is_empty() => f.write_str("failed, no cause given"),
            Self::Reported(cause) => f.write_str(cause),
            Self::NoVerdict => f.write_str("started and never reported as ended"),
            Self::Silent(time) => write!(f, "hung: silent for {} s", time.as_secs_f32()),
            Self::StillOn => f.write_str("did not power off after the result line"),
            Self::OutOfTime(time) => write!(f, "not done after {} s", time.as_secs()),
            Self::Flooded => f.write_str("output without end"),
            Self::Crashed {
                reason,
                is_complete: true,
            } => write!(f, "kernel crash: {reason}"),
            Self::Crashed {
                reason,
                is_complete: false,
            } => {
                write!(f, "kernel crash with an unfinished dump: {reason}")
            }
            Self::NoCrash => f.write_str("the kernel did not crash as it had to"),
            Self::WentOff => f.write_str("the machine ended and had to stay on"),
            Self::Spoke => f.write_str("a machine without a console spoke"),
            Self::NoResult => f.write_str("the machine ended without a result line"),
            Self::Counts { said, counted } => write!(
                f,
                "the result line says {}, the lines before it {}",
                Counts(said),
                Counts(counted)
            ),
            Self::Plan { planned, ran } => write!(f, "{planned} tests planned, {ran} reported"),
            Self::Status {
                expected,
                found: Some(found),
            } => {
                write!(
                    f,
                    "qemu ended with status {found}, the report amounts to {expected}"
                )
            }
            Self::Status { found: None, .. } => f.write_str("qemu was ended by a signal"),
            Self::NothingRan => f.write_str("no test ran"),
            Self::Missing(text) => write!(f, "nothing said `{text}`"),
            Self::Unsaid { missing, said } => write!(f, "nothing said `{missing}`, but: {said}"),
            Self::Lost { sent, in_order } => {
                write!(f, "{sent} commands sent, {in_order} answered in order")
            }
            Self::Unanswered => f.write_str("no answer"),
            Self::SlowBoot { micros, limit } => {
                write!(f, "{micros} us from entry to prompt, {limit} allowed")
            }
            Self::Dearer { first, last } => write!(
                f,
                "{}.{:02} at first, {}.{:02} in the end",
                first / 100,
                first % 100,
                last / 100,
                last % 100
            ),
            Self::NotStarted(error) => f.write_str(error),
            Self::Host => f.write_str("failed on the host; its output is above"),
            Self::HostProgram(what) => f.write_str(what),
        }
    }
}

/// A tally in a sentence.
struct Counts<'a>(&'a Tally);

impl fmt::Display for Counts<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Tally {
            passed,
            failed,
            ignored,
        } = self.0;
        write!(f, "{passed} passed, {failed} failed, {ignored} ignored")
    }
}
