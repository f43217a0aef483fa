//! From a finished run to counted results.
//!
//! The report, the machine's own count and QEMU's exit status tell the same story three times;
//! any disagreement is a failure of its own, for then one of them lies.

use std::time::Duration;

use girder_core::check::ExitStatus;

use super::outcome::{Outcome, Reason, Verdict};
use super::transcript::{Ended, Transcript};
use crate::machine::PowerOff;

/// The name of the result that stands for a run as a whole.
const RUN: &str = "run";
/// How a run came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// QEMU ended (`None`: by a signal).
    Exited(Option<i32>),
    /// Not a byte for so long.
    Silent(Duration),
    /// The row's time was over.
    OutOfTime(Duration),
    /// The log had grown beyond its limit.
    Flooded,
    /// The prompt did not do what it was asked, however often.
    Unheeded,
}

/// What a run was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// All tests of the image: there must be some.
    AllTests,
    /// Those with a text in their name: there may be none.
    SomeTests,
    /// The prompt; its answers are judged elsewhere.
    Prompt,
    /// A program, which ends the machine with this status; what it says is judged elsewhere.
    Program(ExitStatus),
    /// A crash of the kernel, told whole, and this after it.
    Crash(After),
    /// A machine without a console: not a byte, and the status that says so.
    Mute,
}

impl Purpose {
    /// How the machine has to end, if no tests say so.
    fn status(self) -> Option<ExitStatus> {
        match self {
            Self::Prompt => Some(ExitStatus::AllPassed),
            Self::Program(status) => Some(status),
            _ => None,
        }
    }
}

/// What follows a crash dump.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum After {
    /// Quiet, until we end the machine.
    Halt,
    /// The status of the contract.
    PowerOff,
    /// The machine boots again, and somebody powers it off.
    Reset,
}

/// The outcomes of one run. None at all: the filter left nothing to run here, as it may.
pub(crate) fn judge(
    transcript: &Transcript,
    end: End,
    purpose: Purpose,
    power_off: PowerOff,
) -> Vec<Outcome> {
    match purpose {
        Purpose::AllTests | Purpose::SomeTests | Purpose::Prompt | Purpose::Program(_) => {}
        Purpose::Crash(after) => {
            return vec![crash_outcome(transcript, end, after, power_off)];
        }
        Purpose::Mute => return vec![mute_outcome(transcript, end)],
    }
    let mut outcomes = Vec::new();
    if purpose.status().is_none() {
        outcomes.extend(transcript.ended().iter().map(test_outcome));
    }
    let counted = transcript.counted();
    let has_run = counted.passed + counted.failed > 0;
    match violent_end(transcript, end, purpose) {
        Some(reason) => {
            let culprit = transcript.running().unwrap_or(RUN);
            outcomes.push(Outcome::failed(culprit, reason));
        }
        None => match disagreement(transcript, end, purpose, power_off) {
            Some(reason) => outcomes.push(Outcome::failed(RUN, reason)),
            None if purpose == Purpose::SomeTests && !has_run => {}
            None => outcomes.push(Outcome::passed(RUN)),
        },
    }
    outcomes
}

/// Whether a crash that had to come came whole, and what had to follow it.
fn crash_outcome(transcript: &Transcript, end: End, after: After, power_off: PowerOff) -> Outcome {
    let Some(crash) = transcript.crash() else {
        return Outcome::failed(RUN, Reason::NoCrash);
    };
    let failure = match (end, after) {
        _ if !crash.is_complete => Some(Reason::Crashed {
            reason: crash.reason.clone(),
            is_complete: false,
        }),
        (End::Silent(_), After::Halt) => None,
        (End::Exited(found), After::PowerOff) => {
            status_other_than(as_seen(ExitStatus::Crashed, power_off), found)
        }
        (End::Exited(found), After::Reset) => status_other_than(ExitStatus::AllPassed, found),
        (End::Exited(_), After::Halt) => Some(Reason::WentOff),
        (End::Silent(time), _) => Some(Reason::Silent(time)),
        (End::OutOfTime(time), _) => Some(Reason::OutOfTime(time)),
        (End::Flooded, _) => Some(Reason::Flooded),
        (End::Unheeded, _) => Some(Reason::Unanswered),
    };
    failure.map_or(Outcome::passed(RUN), |reason| Outcome::failed(RUN, reason))
}

fn mute_outcome(transcript: &Transcript, end: End) -> Outcome {
    let failure = match end {
        _ if transcript.has_spoken() => Some(Reason::Spoke),
        End::Exited(found) => status_other_than(ExitStatus::NothingToRun, found),
        End::Silent(time) => Some(Reason::Silent(time)),
        End::OutOfTime(time) => Some(Reason::OutOfTime(time)),
        End::Flooded => Some(Reason::Flooded),
        End::Unheeded => Some(Reason::Unanswered),
    };
    failure.map_or(Outcome::passed(RUN), |reason| Outcome::failed(RUN, reason))
}

fn status_other_than(expected: ExitStatus, found: Option<i32>) -> Option<Reason> {
    let expected = i32::from(expected.code());
    (found != Some(expected)).then_some(Reason::Status { expected, found })
}

fn test_outcome((name, ended): &(String, Ended)) -> Outcome {
    let verdict = match ended {
        Ended::Passed => Verdict::Passed,
        Ended::Failed(cause) => Verdict::Failed(Reason::Reported(cause.clone())),
        Ended::Ignored(reason) => Verdict::Ignored(reason.clone()),
        Ended::NoVerdict => Verdict::Failed(Reason::NoVerdict),
    };
    Outcome {
        name: name.clone(),
        verdict,
    }
}

/// The reason that ended a run before its time; blamed on the test that was running.
fn violent_end(transcript: &Transcript, end: End, purpose: Purpose) -> Option<Reason> {
    if let Some(crash) = transcript.crash() {
        return Some(Reason::Crashed {
            reason: crash.reason.clone(),
            is_complete: crash.is_complete,
        });
    }
    let is_over = purpose.status().is_none() && transcript.result().is_some();
    match end {
        End::Silent(_) if is_over => Some(Reason::StillOn),
        End::Exited(_) => transcript.running().map(|_| Reason::NoVerdict),
        End::Silent(time) => Some(Reason::Silent(time)),
        End::OutOfTime(time) => Some(Reason::OutOfTime(time)),
        End::Flooded => Some(Reason::Flooded),
        End::Unheeded => Some(Reason::Unanswered),
    }
}

/// The first way in which the three accounts of a run contradict each other.
fn disagreement(
    transcript: &Transcript,
    end: End,
    purpose: Purpose,
    power_off: PowerOff,
) -> Option<Reason> {
    let expected = match purpose.status() {
        Some(status) => status,
        None => {
            if let Some(reason) = inconsistency(transcript, purpose) {
                return Some(reason);
            }
            transcript.counted().into()
        }
    };
    let expected = as_seen(expected, power_off);
    let End::Exited(found) = end else {
        return None;
    };
    status_other_than(expected, found)
}

/// What is wrong with the report in itself.
fn inconsistency(transcript: &Transcript, purpose: Purpose) -> Option<Reason> {
    let Some(said) = transcript.result() else {
        return Some(Reason::NoResult);
    };
    let counted = transcript.counted();
    if said != counted {
        return Some(Reason::Counts { said, counted });
    }
    let ran = transcript.ended().len() as u64;
    match transcript.planned() {
        Some(planned) if planned != ran => Some(Reason::Plan { planned, ran }),
        _ if ran == 0 && purpose == Purpose::AllTests => Some(Reason::NothingRan),
        _ => None,
    }
}

/// PSCI carries no status, so it always looks like success.
fn as_seen(status: ExitStatus, power_off: PowerOff) -> ExitStatus {
    match power_off {
        PowerOff::Psci => ExitStatus::AllPassed,
        PowerOff::Semihosting => status,
    }
}

#[cfg(test)]
#[path = "judge_tests.rs"]
mod tests;
