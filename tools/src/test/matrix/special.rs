//! Boots of the default machine with something of their own: arguments, scripts at the prompt, a tree that
//! lies about a core.

use super::{ASK_MOST, POWEROFF, ask, plain_row, says};
use crate::machine::{Machine, PowerOff};
use crate::test::dialogue::{Ends, Step};
use crate::test::flood::Flood;
use crate::test::row::{Kernel, Row, Tree};
use crate::test::tree::Edit;
use crate::test::watch::Expect;

/// Ten million instructions at one a nanosecond.
const BOOT_LIMIT_MICROS: u64 = 10_000;

const TYPED: &[Step] = &[
    ask("help", &["cores", "mem", "poweroff", "test"]),
    ask("cores", &["0", "7"]),
    ask("mem", &["1"]),
    ask("ps", &["pid", "running", "max", "shell"]),
    ask("info shell", &["pid", "shell"]),
    ask("info 0.1", &["0.1", "waiting", "max"]),
    ask("info 7.77", &["there is no process '7.77'"]),
    ask("info", &["'info' wants to know more"]),
    ask("help crash", &["panic, fault, overflow, nested"]),
    ask("crash gently", &["does not take 'gently'"]),
    ask(
        "crash process",
        &["died: panicked at boot/src/provoke.rs", "goes on"],
    ),
    ask(
        "crashes",
        &[
            " of ",
            " died: panicked at boot/src/provoke.rs",
            "crash process was asked for",
            "\n  frame  0   girder_boot::provoke::",
            " deaths were told of",
        ],
    ),
    ask(
        "crash shell",
        &["the shell panicked at boot/src/provoke.rs", "another one"],
    ),
    ask("config", &["girder.quantum_us  1000 (default)"]),
    ask("run", &["  ring", "  timers"]),
    ask("run nothing", &["no program 'nothing'", "run=ring"]),
    ask("kill 0.1", &["0.1 is the kernel's own"]),
    ask("kill 77.7", &["no process '77.7' to end"]),
    ask("kill shell", &["the shell was killed", "another one"]),
    ask("frobnicate now", &["unknown command", "frobnicate"]),
    ask("", &[]),
    ASK_MOST,
    POWEROFF,
];

/// Somebody has all memory and keeps it: there is another shell, which can look and can end him.
const HOARDED: &[Step] = &[
    Step {
        flood: None,
        command: "run hoarding",
        expected: &[
            "hoarding is ",
            " bytes",
            "the shell was killed",
            "another one",
        ],
        ends: Ends::AtThePromptAfter("here is another one"),
    },
    ask("mem", &["0 B free of", "\nreserve   ", "the kernel's own"]),
    ask("kill 77.7", &["no process '77.7' to end"]),
    ask("crash shell", &["the shell panicked", "another one"]),
    ask("ps", &["hoarding"]),
    ask("kill hoarding", &[" ends"]),
    ask("test memory::alignment", &["test result: ok. 1 passed"]),
    POWEROFF,
];

/// Somebody has all slots and keeps them: there are other shells, and reapers.
const LEAKED: &[Step] = &[
    ask("test slots::", &["test result: ok. 1 passed"]),
    Step {
        flood: None,
        command: "run leaking",
        expected: &["leaking in ", "the shell was killed", "another one"],
        ends: Ends::AtThePromptAfter("here is another one"),
    },
    ask("mem", &["\nreserve   ", "the kernel's own"]),
    ask("kill 77.7", &["no process '77.7' to end"]),
    ask("crash shell", &["the shell panicked", "another one"]),
    ask("run ring", &["no room for another process"]),
    ask("kill leaking", &[" ends"]),
    POWEROFF,
];

const NOTHING_LOST: &str = "console   0 received bytes damaged or lost";

const FLOODED: &[Step] = &[
    Step {
        flood: Some(Flood::Noise),
        command: "noise-is-over",
        expected: &["unknown command 'noise-is-over'"],
        ends: Ends::AtThePromptAfter("unknown command 'noise-is-over'"),
    },
    ask("cores", &["up (boot core)"]),
    ask("mem", &[NOTHING_LOST]),
    Step {
        flood: Some(Flood::Numbered(2000)),
        command: "numbers-are-over",
        expected: &["unknown command 'numbers-are-over'"],
        ends: Ends::AtThePromptAfter("unknown command 'numbers-are-over'"),
    },
    ask("mem", &[NOTHING_LOST]),
    POWEROFF,
];

const TYPED_AHEAD: &[Step] = &[
    Step {
        flood: Some(Flood::BehindTests),
        command: "typing-is-over",
        expected: &["test result: ok. ", "unknown command 'typing-is-over'"],
        ends: Ends::AtThePromptAfter("unknown command 'typing-is-over'"),
    },
    ask("mem", &[NOTHING_LOST]),
    POWEROFF,
];

/// A machine with so little memory that it is soon used up.
fn little(cores: u32) -> Machine {
    Machine {
        cores,
        memory: "48M".to_owned(),
        ..Machine::default()
    }
}

/// Boots of another kind; each is there for the property in its name.
pub(super) fn rows() -> Vec<Row> {
    let machine = Machine::default();
    vec![
        Row {
            machine: Machine {
                icount_shift: Some(0),
                ..machine.clone()
            },
            script: &[POWEROFF],
            expects: &[Expect::PromptWithin {
                micros: BOOT_LIMIT_MICROS,
            }],
            ..plain_row("quick-boot")
        },
        Row {
            tree: Tree::Edited(&[Edit::Cell("/cpus/cpu@3", "reg", 0x777)]),
            expects: &[
                Expect::Line {
                    what: "the missing core is named",
                    texts: &["core 3", "did not start"],
                },
                Expect::Line {
                    what: "the others are up",
                    texts: &["7 of 8 cores up"],
                },
            ],
            ..plain_row("lying-tree")
        },
        Row {
            kernel: Kernel::Elf,
            ..plain_row("elf-without-tree")
        },
        Row {
            bootargs: "girder.cores=3",
            expects: &[Expect::Line {
                what: "the cap is obeyed",
                texts: &["3 of 8 cores up"],
            }],
            ..plain_row("capped-cores")
        },
        Row {
            machine: Machine {
                power_off: PowerOff::Psci,
                ..machine
            },
            ..plain_row("no-semihosting")
        },
        Row {
            bootargs: "girder.cores=banana frobnicate=1 = ==, \"girder.panic=maybe",
            expects: &[
                Expect::Line {
                    what: "an unknown argument warns",
                    texts: &["frobnicate"],
                },
                Expect::Line {
                    what: "a wrong value warns",
                    texts: &["banana"],
                },
            ],
            ..plain_row("garbage-bootargs")
        },
        Row {
            bootargs: "console=pl011@9010000",
            expects: &[Expect::Line {
                what: "a console that is not there warns",
                texts: &["no pl011 at 0x9010000"],
            }],
            ..plain_row("vain-bootargs")
        },
        Row {
            bootargs: "girder.quantum_us=3000 girder.reductions=1",
            ..plain_row("other-turns")
        },
        Row {
            bootargs: "girder.log=debug",
            expects: &[
                says!("a stage leaves a trace", "boot stage 3 (Memory)"),
                says!("so does the last", "boot stage 5 (Cores)"),
            ],
            ..plain_row("talkative-boot")
        },
        Row {
            script: TYPED,
            ..plain_row("typed-commands")
        },
        Row {
            machine: Machine {
                cores: 1,
                memory: "128M".to_owned(),
                ..Machine::default()
            },
            script: HOARDED,
            ..plain_row("hoarded-memory")
        },
        Row {
            machine: little(1),
            script: LEAKED,
            ..plain_row("leaked-slots")
        },
        Row {
            machine: little(4),
            bootargs: "girder.deploy=shared",
            tests: "slots::",
            ..plain_row("leaked-slots-shared")
        },
        Row {
            machine: little(4),
            bootargs: "girder.deploy=message",
            tests: "slots::",
            ..plain_row("leaked-slots-message")
        },
        Row {
            script: FLOODED,
            ..plain_row("flooded-prompt")
        },
        Row {
            script: TYPED_AHEAD,
            ..plain_row("typed-ahead")
        },
    ]
}
