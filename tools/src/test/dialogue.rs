//! Typing at the prompt: send a command when the prompt shows, judge what came back by the next.

use girder_core::check::protocol::PROMPT;

use super::lines::without_escapes;
use super::outcome::{Outcome, Reason};

/// Text kept of one answer; of a longer one the end counts.
const ANSWER_LIMIT: usize = 64 << 10;

/// One command and what its answer must contain.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    pub(crate) command: &'static str,
    pub(crate) expected: &'static [&'static str],
    pub(crate) ends: Ends,
}

/// What follows the answer to a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ends {
    AtThePrompt,
    /// The machine goes off, so this step comes last.
    WithTheMachine,
}

/// A script and how far it has come.
#[derive(Debug)]
pub(crate) struct Dialogue {
    steps: &'static [Step],
    sent: usize,
    answer: Vec<u8>,
    outcomes: Vec<Outcome>,
}

impl Dialogue {
    pub(crate) fn new(steps: &'static [Step]) -> Self {
        Self {
            steps,
            sent: 0,
            answer: Vec::new(),
            outcomes: Vec::new(),
        }
    }

    /// Takes the next bytes; what to type now, if it is our turn.
    pub(crate) fn hear(&mut self, bytes: &[u8]) -> Option<String> {
        self.answer.extend_from_slice(bytes);
        let excess = self.answer.len().saturating_sub(ANSWER_LIMIT);
        self.answer.drain(..excess);
        let text = without_escapes(&String::from_utf8_lossy(&self.answer));
        if !text.ends_with(PROMPT) {
            return None;
        }
        self.judge_answer();
        let step = self.steps.get(self.sent)?;
        self.sent += 1;
        Some(format!("{}\r", step.command))
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
        let missing = step.expected.iter().find(|&&text| !said.contains(text));
        self.outcomes.push(match missing {
            None => Outcome::passed(name(step)),
            Some(&text) => Outcome::failed(name(step), Reason::Missing(text)),
        });
    }
}

fn name(step: &Step) -> String {
    format!("prompt answers `{}`", step.command)
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEPS: &[Step] = &[
        Step {
            command: "cores",
            expected: &["core 0", "core 1"],
            ends: Ends::AtThePrompt,
        },
        Step {
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
        let mut dialogue = Dialogue::new(STEPS);
        assert_eq!(dialogue.hear(b"booting\r\n"), None);
        assert_eq!(dialogue.hear(b"gir"), None);
        assert_eq!(dialogue.hear(b"der> ").as_deref(), Some("cores\r"));
        assert_eq!(dialogue.hear(b"cores\r\ncore 0 up\r\n"), None);
        assert_eq!(
            dialogue.hear(b"core 1 up\r\ngirder> ").as_deref(),
            Some("poweroff\r")
        );
        assert_eq!(dialogue.hear(b"poweroff\r\nbye\r\n"), None);
        assert_eq!(passed(&dialogue.finish()), [true, true]);
    }

    #[test]
    fn a_redrawn_prompt_is_one_prompt_however_it_is_cut() {
        let whole = b"\rgirder> \x1b[K";
        for cut in 0..whole.len() {
            let mut dialogue = Dialogue::new(STEPS);
            let (left, right) = whole.split_at(cut);
            let typed = [dialogue.hear(left), dialogue.hear(right)];
            assert_eq!(typed.iter().flatten().count(), 1, "cut at {cut}");
        }
    }

    #[test]
    fn the_echo_is_no_answer() {
        const ECHOED: &[Step] = &[Step {
            command: "nonsense",
            expected: &["nonsense"],
            ends: Ends::AtThePrompt,
        }];
        let mut dialogue = Dialogue::new(ECHOED);
        dialogue.hear(b"girder> ");
        dialogue.hear(b"nonsense\r\ngirder> ");
        assert_eq!(passed(&dialogue.finish()), [false]);
    }

    #[test]
    fn steps_that_never_had_their_turn_have_failed() {
        let mut dialogue = Dialogue::new(STEPS);
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
        let mut dialogue = Dialogue::new(STEPS);
        dialogue.hear(b"girder> ");
        for _ in 0..100 {
            dialogue.hear(&[b'x'; 4096]);
        }
        assert_eq!(dialogue.answer.len(), ANSWER_LIMIT);
    }
}
