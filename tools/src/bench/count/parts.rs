//! The parts of a yield, as its budget names them, and which functions each is made of.
//!
//! A function that is in no part is counted under the last one, so nothing is hidden when the code changes; the table
//! of functions beside it says where it went.

/// A part and its functions.
type Part = (&'static str, &'static [&'static str]);

const PARTS: [Part; 7] = [
    (
        "the process: its poll, and the note that it yields",
        &[
            "yields::run",
            "ProcessF::poll",
            "Future::poll",
            "preemption::current",
            "Local::intend_to_yield",
            "Local::set_intent",
        ],
    ),
    (
        "call of the poll, and what came of it",
        &["Runnable::poll", "Local::intent"],
    ),
    (
        "reductions and stint, low-in-eight (the note says that neither is due)",
        &[
            "Local::begin_stint",
            "Token::begin_stint",
            "Token::is_spent",
        ],
    ),
    (
        "pick: behind the others, and the first of them",
        &["Queue::rotate", "Queue::next", "Ready::rotate"],
    ),
    ("state word", &["Token::begin", "StateWord::is"]),
    ("pending check", &["Doorbell::is_quiet", "process::resume"]),
    (
        "who runs where: TPIDR_EL0, the core, statistics",
        &[
            "process::back_in_loop",
            "process::become_process",
            "Local::here",
            "Local::set_here",
            "Here::scheduler",
            "CoreW::give",
        ],
    ),
];

/// What belongs to no part.
pub(super) const REST: &str = "everything else";

/// The names of all parts, in the order of the table.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    PARTS.iter().map(|(name, _)| *name).chain([REST])
}

/// The part that a function belongs to.
pub(super) fn of(function: &str) -> &'static str {
    let part = PARTS
        .iter()
        .find(|(_, functions)| functions.contains(&function));
    part.map_or(REST, |(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_knows_is_the_rest() {
        assert_eq!(of("Queue::rotate"), PARTS[3].0);
        assert_eq!(of("Queue::sort"), REST);
        assert_eq!(names().count(), PARTS.len() + 1);
    }
}
