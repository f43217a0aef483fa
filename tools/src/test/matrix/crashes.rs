//! Crashes on purpose, typed at the prompt: each path of the report, and each end.

use super::{POWEROFF, ask, plain_row, says};
use crate::machine::{Machine, PowerOff};
use crate::test::dialogue::{Ends, Step};
use crate::test::judge::After;
use crate::test::row::{Course, Row};
use crate::test::watch::Expect;

/// A step that crashes the kernel; the report must hold these texts and be whole.
macro_rules! crash {
    ($command:literal, $($text:literal),*) => {
        Step {
            flood: None,
            command: $command,
            expected: &["kernel crash: ", $($text,)* "end of crash dump"],
            ends: Ends::WithTheMachine,
        }
    };
}
pub(super) use crash;

pub(super) const PANIC: Step = crash!(
    "crash panic",
    "panicked at boot/src/provoke.rs:",
    "crash panic was asked for",
    "\n  build ",
    "\n  x0 -x3  ",
    "  sp ",
    "\n  frame  0   0x"
);
const FAULT: Step = crash!(
    "crash fault",
    "data abort on read, translation fault",
    "address 0xffff8000dead0000",
    "\n  build ",
    "\n  x0 -x3  ",
    "  sp ",
    "\n  frame  0   0x"
);
const OVERFLOW: Step = crash!(
    "crash overflow",
    "kernel crash: stack overflow, data abort on write",
    "\n  build ",
    "\n  x0 -x3  ",
    "  sp ",
    "\n  frame 40   0x"
);
const NESTED: Step = crash!(
    "crash nested",
    "inside an exception handler",
    "\n  build ",
    "\n  x0 -x3  ",
    "  sp ",
    "\n  frame  0   0x"
);
const REPORT: Step = crash!(
    "crash report",
    "data abort on read",
    "while reporting a crash",
    "\n  x0 -x3  ",
    "  sp "
);

/// All cores are in the report of a core that is not the boot core, each with what it did.
const ELSEWHERE: Step = crash!(
    "crash panic@3",
    "panicked at boot/src/provoke.rs:",
    "\ncore 3, mpidr 0x3: crashed",
    "  runs       its loop",
    " girder_boot::provoke::kernel+0x",
    " girder_boot::attend::secondary_core+0x",
    "\ncore 0, mpidr 0x0: stopped",
    "  runs       process ",
    "\n  x0 -x3  ",
    " girder_boot::provoke::crash_on+0x",
    // Its first loop, or another if a tick broke a process off before.
    " girder_core::sched::run+0x",
    "\ncore 1, mpidr 0x1: stopped",
    " girder_boot::attend::secondary_core+0x",
    "\ncore 2, mpidr 0x2: stopped",
    " girder_boot::attend::secondary_core+0x",
    "\ncore 4, mpidr 0x4: stopped",
    " girder_boot::attend::secondary_core+0x",
    "\ncore 5, mpidr 0x5: stopped",
    " girder_boot::attend::secondary_core+0x",
    "\ncore 6, mpidr 0x6: stopped",
    " girder_boot::attend::secondary_core+0x",
    "\ncore 7, mpidr 0x7: stopped",
    " girder_boot::attend::secondary_core+0x",
    "\nthe last lines of the log:",
    "\n  | [",
    "boot stage 5"
);
/// The same where all cores schedule: the shell, and whoever the others run, may be on any.
const AMONG_SHARING: Step = crash!(
    "crash panic@3",
    "panicked at boot/src/provoke.rs:",
    "\ncore 3, mpidr 0x3: crashed",
    " girder_boot::provoke::kernel+0x",
    "\ncore 0, mpidr 0x0: stopped",
    "\ncore 1, mpidr 0x1: stopped",
    "\ncore 2, mpidr 0x2: stopped",
    "\ncore 4, mpidr 0x4: stopped",
    "\ncore 5, mpidr 0x5: stopped",
    "\ncore 6, mpidr 0x6: stopped",
    "\ncore 7, mpidr 0x7: stopped",
    "\nthe last lines of the log:"
);
/// This core does not listen any more.
const DEAF: Step = ask("crash deaf@5", &[]);
const WITHOUT_THE_DEAF: Step = crash!(
    "crash fault",
    "data abort on read, translation fault",
    "\ncore 0, mpidr 0x0: crashed",
    "\n  frame  0   0x",
    " girder_boot::provoke::kernel+0x",
    "\ncore 4, mpidr 0x4: stopped",
    "\ncore 5, mpidr 0x5: does not answer",
    "\ncore 6, mpidr 0x6: stopped"
);
/// This core's backtrace leads nowhere.
const WILD: Step = ask("crash wild@6", &[]);
const PAST_THE_WILD: Step = crash!(
    "crash panic",
    "\ncore 0, mpidr 0x0: crashed",
    "\ncore 6, mpidr 0x6: stopped",
    "\n  frame  0   0x",
    " girder_aarch64::cpu::spin_without_frame+0x",
    "\r\ncore 7, mpidr 0x7: stopped",
    "\n  frame  0   0x"
);
/// A core that schedules no more: its neighbour tells of it, and where it stands, for it takes interrupts still.
const HANGING: Step = ask(
    "crash hang@2",
    &[
        "core 2 has not scheduled for ",
        ", says core 1 beside it",
        "core 2: its loop runs, and does not come to its next turn",
        "core 2 stands in girder_boot::provoke::hang+0x",
        "core 2 has taken ",
        "core 2 was told of; everything else goes on",
    ],
);
/// The same for a process, which is named, next to a core that has gone.
const STUCK: Step = ask(
    "crash stuck@1",
    &[
        "core 1 has not scheduled for ",
        ", says core 0 beside it",
        "core 1: process ",
        " keeps preemption off",
        "core 1 stands in girder_boot::provoke::hang+0x",
        "core 1 was told of; everything else goes on",
    ],
);
/// Whoever comes first reports.
const EVERYWHERE: Step = crash!(
    "crash fault@all",
    "data abort on read, translation fault",
    ": crashed\r\n",
    ": crashed as well\r\n",
    "\nthe last lines of the log:"
);
const NOBODY: Step = ask("crash fault@8", &["core 8 is not up"]);

/// The machine boots again, tells why, and answers.
const AND_AGAIN: Step = ask(
    "crash fault",
    &[
        "kernel crash: data abort on read",
        "end of crash dump",
        "the kernel crashed before this boot, and reported:",
        "  | kernel crash: data abort on read",
        "  | core ",
        ": crashed",
        "  |   frame  0   ",
        "  | the last lines of the log:",
        "  | end of crash dump",
        "Girder ",
        "cores up",
    ],
);
/// A report that crashes, and the one that takes its place, are kept as one.
const AND_BROKEN: Step = ask(
    "crash report",
    &[
        "the kernel crashed before this boot, and reported:",
        "  | kernel crash: data abort on read",
        "  | kernel crash: ",
        "; while reporting a crash",
        "  | end of crash dump",
        "Girder ",
    ],
);

/// What is typed at a machine that resets itself.
pub(super) const RESET: &[Step] = &[AND_AGAIN, AND_BROKEN, POWEROFF];

/// A core crashes before it has arrived: the boot core, which waits for it, is in the report.
const CRASHED_3: &[Expect] = &[
    says!(
        "the crash is told",
        "kernel crash: panicked",
        "crash panic was asked for"
    ),
    says!("whose it is", "core 3, mpidr 0x3: crashed"),
    says!("what it did", " girder_boot::attend::secondary_core+0x"),
    says!("the boot core has stopped", "core 0, mpidr 0x0: stopped"),
    says!("what that did", " girder_boot::cores::start::start+0x"),
    says!("the last core is told", "core 7, mpidr 0x7: "),
];
/// The boot core crashes while the others come up.
const CRASHED_0: &[Expect] = &[
    says!("the crash is told", "kernel crash: data abort on read"),
    says!("whose it is", "core 0, mpidr 0x0: crashed"),
    says!("what it did", " girder_boot::cores::start::start+0x"),
    says!("the first core is told", "core 1, mpidr 0x1: "),
    says!("the last core is told", "core 7, mpidr 0x7: "),
];

fn as_they_come_up(name: &str, bootargs: &'static str, expects: &'static [Expect]) -> Row {
    Row {
        bootargs,
        expects,
        course: Course::Crash(After::PowerOff),
        ..plain_row(name)
    }
}

pub(super) fn rows() -> Vec<Row> {
    let row = |name: &str, bootargs, script, after| Row {
        bootargs,
        script,
        course: Course::Crash(after),
        ..plain_row(name)
    };
    let off = |name, script| row(name, "girder.panic=off", script, After::PowerOff);
    // Where the report of each core is looked at, the shell is to be on the boot core.
    let off_alone = |name, script| {
        let bootargs = "girder.panic=off girder.log=debug girder.deploy=single";
        row(name, bootargs, script, After::PowerOff)
    };
    let survived = |name: &str, bootargs| Row {
        bootargs,
        script: &[HANGING, STUCK, POWEROFF],
        ..plain_row(name)
    };
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
        off_alone("crash-beside-deaf", &[NOBODY, DEAF, WITHOUT_THE_DEAF]),
        off_alone("crash-beside-wild", &[WILD, PAST_THE_WILD]),
        off_alone("crash-on-core-3", &[ELSEWHERE]),
        off("crash-among-sharing", &[AMONG_SHARING]),
        survived("hang-among-sharing", "girder.deploy=shared"),
        survived("hang-among-sending", "girder.deploy=message"),
        off("crash-everywhere", &[EVERYWHERE]),
        as_they_come_up(
            "crash-coming-up",
            "girder.panic=off girder.crash=panic@3",
            CRASHED_3,
        ),
        as_they_come_up(
            "crash-bringing-up",
            "girder.panic=off girder.crash=fault@0",
            CRASHED_0,
        ),
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
