//! Crashes on purpose, typed at the prompt: each path of the report, and each end.

use super::{POWEROFF, plain_row};
use crate::machine::{Machine, PowerOff};
use crate::test::dialogue::{Ends, Step};
use crate::test::judge::After;
use crate::test::row::{Course, Row};

/// A step that crashes the kernel; the report must hold these texts and be whole.
macro_rules! crash {
    ($command:literal, $ends:expr, $($text:literal),*) => {
        Step {
            flood: None,
            command: $command,
            expected: &["kernel crash: ", $($text,)* "\n  x0 -x3  ", "  sp ", "end of crash dump"],
            ends: $ends,
        }
    };
}

pub(super) const PANIC: Step = crash!(
    "crash panic",
    Ends::WithTheMachine,
    "panicked at boot/src/provoke.rs:",
    "crash panic was asked for",
    "\n  build ",
    "\n  frame  0   0x"
);
const FAULT: Step = crash!(
    "crash fault",
    Ends::WithTheMachine,
    "data abort on read, translation fault",
    "address 0xffff8000dead0000",
    "\n  build ",
    "\n  frame  0   0x"
);
const OVERFLOW: Step = crash!(
    "crash overflow",
    Ends::WithTheMachine,
    "kernel crash: stack overflow, data abort on write",
    "\n  build ",
    "\n  frame 40   0x"
);
const NESTED: Step = crash!(
    "crash nested",
    Ends::WithTheMachine,
    "inside an exception handler",
    "\n  build ",
    "\n  frame  0   0x"
);
const REPORT: Step = crash!(
    "crash report",
    Ends::WithTheMachine,
    "data abort on read",
    "while reporting a crash"
);

/// The machine boots again and answers.
const AND_AGAIN: Step = crash!(
    "crash fault",
    Ends::AtThePrompt,
    "data abort on read",
    "Girder ",
    "cores up"
);

/// What is typed at a machine that resets itself.
pub(super) const RESET: &[Step] = &[AND_AGAIN, POWEROFF];

pub(super) fn rows() -> Vec<Row> {
    let row = |name: &str, bootargs, script, after| Row {
        bootargs,
        script,
        course: Course::Crash(after),
        ..plain_row(name)
    };
    let off = |name, script| row(name, "girder.panic=off", script, After::PowerOff);
    let without_emulator = Row {
        machine: Machine {
            power_off: PowerOff::Psci,
            ..Machine::default()
        },
        ..off("crash-fault-psci", &[FAULT])
    };
    vec![
        off("crash-panic", &[PANIC]),
        off("crash-fault", &[FAULT]),
        off("crash-overflow", &[OVERFLOW]),
        off("crash-nested", &[NESTED]),
        off("crash-report", &[REPORT]),
        without_emulator,
        row("crash-panic-halt", "", &[PANIC], After::Halt),
        row(
            "crash-nested-halt",
            "girder.panic=halt",
            &[NESTED],
            After::Halt,
        ),
        row("crash-reset", "girder.panic=reset", RESET, After::Reset),
    ]
}
