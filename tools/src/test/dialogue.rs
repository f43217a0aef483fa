//! Typing at the prompt: send a command when the prompt shows, judge what came back by the next.

use girder_core::check::protocol::PROMPT;

use super::flood::Flood;
use super::lines::without_escapes;
use super::outcome::{Outcome, Reason};

/// Text kept of one answer; of a longer one the end counts.
const ANSWER_LIMIT: usize = 1 << 20;
/// Lines that are told of an answer that won't do.
const TOLD: usize = 4;
/// Enough of the end to see the prompt there, with its control sequences.
const PROMPT_LIMIT: usize = 64;

/// One command and what its answer must contain, in this order; texts may overlap.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    /// Typed in one go before the command.
    pub(crate) flood: Option<Flood>,
    pub(crate) command: &'static str,
    pub(crate) expected: &'static [&'static str],
    pub(crate) ends: Ends,
}

/// What follows the answer to a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ends {
    AtThePrompt,
    /// As above, but there are prompts before: the one after this text is meant.
    AtThePromptAfter(&'static str),
    /// A program that goes on beside the shell has said a line with this in it, before the prompt or behind it.
    WhenSaid(&'static str),
    /// The machine goes off, so this step comes last.
    WithTheMachine,
}

/// A script and how far it has come.
#[derive(Debug)]
pub(crate) struct Dialogue {
    steps: &'static [Step],
    prompt: &'static str,
    sent: usize,
    answer: Vec<u8>,
    outcomes: Vec<Outcome>,
}

impl Dialogue {
    pub(crate) fn new(steps: &'static [Step], prompt: &'static str) -> Self {
        Self {
            steps,
            prompt,
            sent: 0,
            answer: Vec::new(),
            outcomes: Vec::new(),
        }
    }

    /// Takes the next bytes; what to type now, if it is our turn.
    pub(crate) fn hear(&mut self, bytes: &[u8]) -> Option<Vec<u8>> {
        self.answer.extend_from_slice(bytes);
        // Not at each byte: what is kept is moved.
        if self.answer.len() > 2 * ANSWER_LIMIT {
            self.answer.drain(..self.answer.len() - ANSWER_LIMIT);
        }
        if !self.is_answered() {
            return None;
        }
        self.judge_answer();
        let step = self.steps.get(self.sent)?;
        self.sent += 1;
        let mut typed = step.flood.map(Flood::bytes).unwrap_or_default();
        typed.extend(step.command.bytes());
        typed.push(b'\r');
        Some(typed)
    }

    fn is_answered(&self) -> bool {
        if let Some(Ends::WhenSaid(text)) = self.asked().map(|step| step.ends) {
            let answer = String::from_utf8_lossy(&self.answer);
            let said = answer.split_once(text).map(|(_, behind)| behind);
            return answer.contains(self.prompt) && said.is_some_and(|rest| rest.contains('\n'));
        }
        if !ends_with(&self.answer, self.prompt) {
            return self.is_talked_over();
        }
        match self.asked().map(|step| step.ends) {
            Some(Ends::AtThePromptAfter(text)) => {
                let mut windows = self.answer.windows(text.len());
                windows.any(|window| window == text.as_bytes())
            }
            _ => true,
        }
    }

    /// True if the answer has come, and the prompt behind it, and somebody else has printed a line since: nothing says
    /// the prompt anew then.
    fn is_talked_over(&self) -> bool {
        let Some(step) = self.asked().filter(|step| step.ends == Ends::AtThePrompt) else {
            return false;
        };
        let answer = String::from_utf8_lossy(&self.answer);
        let said = answer.split_once('\n').map_or("", |(_, said)| said);
        let mut rest = said;
        for text in step.expected {
            let Some((_, behind)) = rest.split_once(text) else {
                return false;
            };
            rest = behind;
        }
        !step.expected.is_empty() && rest.ends_with('\n') && rest.contains(self.prompt)
    }

    /// One outcome a step; those that were not answered have failed.
    pub(crate) fn finish(mut self) -> Vec<Outcome> {
        if self
            .asked()
            .is_some_and(|step| step.ends == Ends::WithTheMachine)
        {
            self.judge_answer();
        }
        for step in &self.steps[self.outcomes.len()..] {
            self.outcomes
                .push(Outcome::failed(name(step), Reason::Unanswered));
        }
        self.outcomes
    }

    /// The step whose answer is being listened to.
    fn asked(&self) -> Option<&'static Step> {
        let last = self.sent.checked_sub(1)?;
        self.steps
            .get(last)
            .filter(|_| self.outcomes.len() < self.sent)
    }

    fn judge_answer(&mut self) {
        let answer = std::mem::take(&mut self.answer);
        let Some(step) = self.asked() else {
            return;
        };
        let answer = String::from_utf8_lossy(&answer);
        // The first line is the echo of the command.
        let said = answer.split_once('\n').map_or("", |(_, said)| said);
        let missing = first_missing(step.expected, said);
        let lost = step.flood.and_then(|flood| flood.judge(&answer));
        let unsaid = |missing| Reason::Unsaid {
            missing,
            said: told_of(said),
        };
        let failure = lost.or(missing.map(unsaid));
        self.outcomes.push(match failure {
            None => Outcome::passed(name(step)),
            Some(reason) => Outcome::failed(name(step), reason),
        });
    }
}

/// Of an answer that won't do, the lines that say of a test that it failed, or else the last ones.
fn told_of(said: &str) -> String {
    let lines = without_escapes(said);
    let lines: Vec<_> = lines
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    let failed: Vec<_> = lines
        .iter()
        .filter(|line| line.contains("FAILED"))
        .copied()
        .collect();
    let told = match failed.is_empty() {
        true => &lines[lines.len().saturating_sub(TOLD)..],
        false => &failed[..failed.len().min(TOLD)],
    };
    told.join(" | ")
}

/// True if the shell's prompt is the last thing that these bytes show.
pub(crate) fn ends_with_prompt(bytes: &[u8]) -> bool {
    ends_with(bytes, PROMPT)
}

fn ends_with(bytes: &[u8], prompt: &str) -> bool {
    let end = &bytes[bytes.len().saturating_sub(PROMPT_LIMIT)..];
    without_escapes(&String::from_utf8_lossy(end)).ends_with(prompt)
}

/// The first text that does not stand in `said`, where the one before it was found or later.
fn first_missing(texts: &[&'static str], said: &str) -> Option<&'static str> {
    let mut rest = said;
    for text in texts {
        match rest.find(text) {
            Some(at) => rest = &rest[at..],
            None => return Some(text),
        }
    }
    None
}

fn name(step: &Step) -> String {
    let more = |(first, _)| format!("{first},…");
    let command = step.command.split_once(',').map(more);
    let command = command.unwrap_or_else(|| step.command.to_owned());
    format!("prompt answers `{command}`")
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEPS: &[Step] = &[
        Step {
            flood: None,
            command: "cores",
            expected: &["core 0", "core 1"],
            ends: Ends::AtThePrompt,
        },
        Step {
            flood: None,
            command: "poweroff",
            expected: &[],
            ends: Ends::WithTheMachine,
        },
    ];

    fn passed(outcomes: &[Outcome]) -> Vec<bool> {
        outcomes.iter().map(Outcome::is_passed).collect()
    }

    #[test]
    fn commands_are_sent_at_prompts_and_answers_judged() {
        let mut dialogue = Dialogue::new(STEPS, PROMPT);
        assert_eq!(dialogue.hear(b"booting\r\n"), None);
        assert_eq!(dialogue.hear(b"gir"), None);
        assert_eq!(dialogue.hear(b"der> ").as_deref(), Some(&b"cores\r"[..]));
        assert_eq!(dialogue.hear(b"cores\r\ncore 0 up\r\n"), None);
        assert_eq!(
            dialogue.hear(b"core 1 up\r\ngirder> ").as_deref(),
            Some(&b"poweroff\r"[..])
        );
        assert_eq!(dialogue.hear(b"poweroff\r\nbye\r\n"), None);
        assert_eq!(passed(&dialogue.finish()), [true, true]);
    }

    #[test]
    fn one_that_goes_on_beside_the_shell_is_waited_for() {
        const BESIDE: &[Step] = &[
            Step {
                flood: None,
                command: "run it",
                expected: &["it is there"],
                ends: Ends::WhenSaid("is there"),
            },
            STEPS[1],
        ];
        let mut dialogue = Dialogue::new(BESIDE, PROMPT);
        assert!(dialogue.hear(b"girder> ").is_some());
        assert_eq!(dialogue.hear(b"run it\r\nit is 7.1\r\ngirder> "), None);
        assert_eq!(dialogue.hear(b"\r\nit is there"), None);
        assert!(dialogue.hear(b"\r\n").is_some());
        assert_eq!(passed(&dialogue.finish()), [true, true]);
    }

    #[test]
    fn a_redrawn_prompt_is_one_prompt_however_it_is_cut() {
        let whole = b"\rgirder> \x1b[K";
        for cut in 0..whole.len() {
            let mut dialogue = Dialogue::new(STEPS, PROMPT);
            let (left, right) = whole.split_at(cut);
            let typed = [dialogue.hear(left), dialogue.hear(right)];
            assert_eq!(typed.iter().flatten().count(), 1, "cut at {cut}");
        }
    }

    #[test]
    fn texts_are_looked_for_in_their_order() {
        let said = "core 3: crashed\nframe 0 a\ncore 4: stopped\nframe 0 b\n";
        assert_eq!(
            first_missing(&["core 3", "frame 0 a", "core 4", "frame 0 b"], said),
            None
        );
        assert_eq!(first_missing(&["core 3", "core 3: crashed"], said), None);
        assert_eq!(
            first_missing(&["core 4", "frame 0 a"], said),
            Some("frame 0 a")
        );
    }

    #[test]
    fn the_echo_is_no_answer() {
        const ECHOED: &[Step] = &[Step {
            flood: None,
            command: "nonsense",
            expected: &["nonsense"],
            ends: Ends::AtThePrompt,
        }];
        let mut dialogue = Dialogue::new(ECHOED, PROMPT);
        dialogue.hear(b"girder> ");
        dialogue.hear(b"nonsense\r\ngirder> ");
        assert_eq!(passed(&dialogue.finish()), [false]);
    }

    #[test]
    fn of_an_answer_that_fails_the_failed_tests_are_told_or_the_end() {
        let said =
            "test a ... ok\r\ntest b ... FAILED (no)\r\n\r\nfailures:\r\n  b\r\n\x1b[Kgirder> ";
        assert_eq!(told_of(said), "test b ... FAILED (no)");
        let said = "a\r\nb\r\nc\r\n\r\nd\r\n\x1b[Kgirder> ";
        assert_eq!(told_of(said), "b | c | d | girder>");
    }

    /// A line that comes in between is no reason to wait for a prompt for ever.
    #[test]
    fn who_prints_a_line_behind_the_prompt_hides_no_answer() {
        let mut dialogue = Dialogue::new(STEPS, PROMPT);
        assert!(dialogue.hear(b"girder> ").is_some());
        assert!(dialogue.hear(b"cores\r\ncore 0\r\n").is_none());
        assert!(dialogue.hear(b"core 1\r\n").is_none());
        let next = dialogue.hear(b"\rgirder> \x1b[Ksomebody was killed\r\n");
        assert_eq!(next.as_deref(), Some(&b"poweroff\r"[..]));
    }

    #[test]
    fn a_flood_is_over_at_the_prompt_after_its_last_answer() {
        const FLOOD: &[Step] = &[Step {
            flood: Some(Flood::Numbered(2)),
            command: "over",
            expected: &[],
            ends: Ends::AtThePromptAfter("'over'"),
        }];
        let mut dialogue = Dialogue::new(FLOOD, PROMPT);
        let typed = dialogue.hear(b"girder> ");
        assert_eq!(typed.as_deref(), Some(&b"n0\rn1\rover\r"[..]));
        for answer in ["n0", "n1", "over"] {
            let line = format!("{answer}\r\nunknown command '{answer}'\r\ngirder> ");
            dialogue.hear(line.as_bytes());
        }
        assert_eq!(passed(&dialogue.finish()), [true]);
    }

    #[test]
    fn steps_that_never_had_their_turn_have_failed() {
        let mut dialogue = Dialogue::new(STEPS, PROMPT);
        dialogue.hear(b"girder> ");
        dialogue.hear(b"cores\r\ncore 0 up");
        let reasons: Vec<_> = dialogue
            .finish()
            .into_iter()
            .map(|each| each.verdict)
            .collect();
        let unanswered = super::super::outcome::Verdict::Failed(Reason::Unanswered);
        assert_eq!(reasons, [unanswered.clone(), unanswered]);
    }

    #[test]
    fn an_endless_answer_is_bounded() {
        let mut dialogue = Dialogue::new(STEPS, PROMPT);
        dialogue.hear(b"girder> ");
        for _ in 0..1000 {
            dialogue.hear(&[b'x'; 4096]);
            assert!(dialogue.answer.len() <= 2 * ANSWER_LIMIT);
        }
    }
}
