//! Boards other than QEMU's own: Raspberry Pis, in every way in which a kernel gets into them, and
//! one for its serial port.

use super::{ASK_MOST, POWEROFF, ask, plain_row, says};
use crate::machine::Board::{self, Npcm845, RaspberryPi3, RaspberryPi4};
use crate::machine::{Line, Machine, PowerOff};
use crate::test::dialogue::Step;
use crate::test::judge::After;
use crate::test::row::{Course, Kernel, Row, Tree};
use crate::test::shim::{SHARED_WORD, Shim};
use crate::test::tree::Edit;
use crate::test::watch::Expect;

const ALL_UP: Expect = says!("all are up", "4 of 4 cores up");
const BY_HEART: Expect = says!("no tree is needed", "(no device tree)");

/// The console interrupts, or nothing that is typed would arrive.
const TYPED: &[Step] = &[
    ask("help", &["cores", "mem", "poweroff", "test"]),
    ask("cores", &["up (boot core)", "0x3"]),
    ask(
        "mem",
        &[
            "\nmessages  0 to nobody, ",
            "0 received bytes damaged or lost",
        ],
    ),
    ask("", &[]),
    ASK_MOST,
    POWEROFF,
];

const ELF_WITHOUT_TREE: &[Step] = &[ASK_MOST, POWEROFF];

pub(super) fn rows() -> Vec<Row> {
    [
        of_board(RaspberryPi3, "rpi3"),
        of_board(RaspberryPi4, "rpi4"),
        release_words(),
        vec![capped(), garbage(), mute(), mini_uart(), console_by_path()],
        trees_of_makers(),
        of_npcm845(),
    ]
    .concat()
}

fn board(board: Board, name: &str) -> Row {
    Row {
        machine: Machine {
            board,
            cores: 4,
            ..Machine::default()
        },
        expects: &[ALL_UP],
        ..plain_row(name)
    }
}

fn of_board(which: Board, name: &'static str) -> Vec<Row> {
    let row = |suffix: &str| board(which, &format!("{name}-{suffix}"));
    let tree = Tree::Source(name, &[]);
    let by_heart = &[ALL_UP, BY_HEART];
    let without_emulator = |row: Row| Row {
        machine: Machine {
            power_off: PowerOff::Psci,
            ..row.machine
        },
        ..row
    };
    vec![
        Row {
            tree,
            ..row("image")
        },
        Row {
            expects: by_heart,
            ..row("atags")
        },
        Row {
            tree,
            kernel: Kernel::Elf,
            ..row("elf")
        },
        Row {
            kernel: Kernel::Elf,
            script: ELF_WITHOUT_TREE,
            expects: by_heart,
            ..row("elf-without-tree")
        },
        Row {
            tree,
            script: TYPED,
            ..row("typed-commands")
        },
        Row {
            tree,
            course: Course::Bench,
            expects: super::BENCHES,
            ..row("bench")
        },
        without_emulator(Row {
            tree,
            ..row("power-block")
        }),
        without_emulator(Row {
            expects: by_heart,
            ..row("power-block-by-heart")
        }),
    ]
}

/// All cores poll one word; another core than the first boots; words that can't be.
fn release_words() -> Vec<Row> {
    const ONE_WORD: &[Edit] = &[
        Edit::Cells("/cpus/cpu@1", "cpu-release-addr", &[0, SHARED_WORD]),
        Edit::Cells("/cpus/cpu@2", "cpu-release-addr", &[0, SHARED_WORD]),
        Edit::Cells("/cpus/cpu@3", "cpu-release-addr", &[0, SHARED_WORD]),
    ];
    const BAD_WORDS: &[Edit] = &[
        Edit::Cells("/cpus/cpu@1", "cpu-release-addr", &[0, 0x100_0000]),
        Edit::Cells("/cpus/cpu@2", "cpu-release-addr", &[0, 0xe9]),
        Edit::NoProperty("/cpus/cpu@3", "cpu-release-addr"),
    ];
    vec![
        Row {
            tree: Tree::Source("rpi4", ONE_WORD),
            kernel: Kernel::ImageAfter(Shim::OneWord),
            ..board(RaspberryPi4, "rpi4-one-release-word")
        },
        Row {
            tree: Tree::Source("rpi4", &[]),
            kernel: Kernel::ImageAfter(Shim::BootOn(3)),
            expects: &[ALL_UP, says!("it is told", "boot core 3")],
            ..board(RaspberryPi4, "rpi4-boot-core-3")
        },
        Row {
            tree: Tree::Source("rpi4", BAD_WORDS),
            expects: &[
                says!("memory that is in use", "core 1 (", "can be 0x1000000"),
                says!("an odd word", "core 2 (", "can be 0xe9"),
                says!("no word", "core 3 (", "no cpu-release-addr"),
                says!("one is up", "1 of 4 cores up"),
            ],
            ..board(RaspberryPi4, "rpi4-bad-release-words")
        },
        Row {
            tree: Tree::Source("rpi4", &[]),
            bootargs: "girder.panic=reset",
            script: super::crashes::RESET,
            course: Course::Crash(After::Reset),
            expects: &[],
            ..board(RaspberryPi4, "rpi4-reset")
        },
    ]
}

/// Those that are left out stay in the kernel's own pen.
fn capped() -> Row {
    Row {
        tree: Tree::Source("rpi4", &[]),
        kernel: Kernel::Elf,
        bootargs: "girder.cores=2",
        expects: &[says!("the cap is obeyed", "2 of 4 cores up")],
        ..board(RaspberryPi4, "rpi4-capped-cores")
    }
}

/// No serial port at all.
fn mute() -> Row {
    const EDITS: &[Edit] = &[
        Edit::Text("/soc/serial@7e201000", "status", "disabled"),
        Edit::Text("/soc/serial@7e215040", "status", "disabled"),
    ];
    Row {
        tree: Tree::Source("rpi4", EDITS),
        course: Course::Mute,
        expects: &[],
        ..board(RaspberryPi4, "rpi4-no-console")
    }
}

/// A core polls another word than the tree says. Its name is told after ten seconds.
pub(super) fn slow_rows() -> Vec<Row> {
    const EDITS: &[Edit] = &[Edit::Cells(
        "/cpus/cpu@3",
        "cpu-release-addr",
        &[0, SHARED_WORD],
    )];
    vec![Row {
        tree: Tree::Source("rpi4", EDITS),
        expects: &[
            says!("it is named", "core 3 (", "no answer in 10000 ms"),
            says!("the others are up", "3 of 4 cores up"),
        ],
        ..board(RaspberryPi4, "rpi4-silent-core")
    }]
}

/// Neither tree nor ATAGs where x0 says.
fn garbage() -> Row {
    Row {
        kernel: Kernel::ImageAfter(Shim::Garbage(0x00de_ad00_0000_0000)),
        expects: &[ALL_UP, BY_HEART],
        ..board(RaspberryPi4, "rpi4-garbage")
    }
}

/// The second serial line, as the trees of the board's maker have it.
fn mini_uart() -> Row {
    const EDITS: &[Edit] = &[Edit::Text("/chosen", "stdout-path", "serial1:115200n8")];
    Row {
        tree: Tree::Source("rpi4", EDITS),
        machine: Machine {
            line: Line::Second,
            ..board(RaspberryPi4, "").machine
        },
        script: TYPED,
        ..board(RaspberryPi4, "rpi4-mini-uart")
    }
}

fn console_by_path() -> Row {
    Row {
        tree: Tree::Source("rpi4", &[]),
        machine: Machine {
            line: Line::Second,
            ..board(RaspberryPi4, "").machine
        },
        bootargs: "console=/soc/serial@7e215040",
        ..board(RaspberryPi4, "rpi4-console-by-path")
    }
}

/// What the boards' maker says of them, which is more than we need. It names their mini UARTs.
fn trees_of_makers() -> Vec<Row> {
    let row = |which, name, tree| Row {
        tree: Tree::Makers(tree),
        machine: Machine {
            line: Line::Second,
            ..board(which, name).machine
        },
        ..board(which, name)
    };
    vec![
        row(
            RaspberryPi3,
            "rpi3-makers-tree",
            "broadcom/bcm2837-rpi-3-b.dtb",
        ),
        row(
            RaspberryPi4,
            "rpi4-makers-tree",
            "broadcom/bcm2711-rpi-4-b.dtb",
        ),
    ]
}

/// A 16550. Only an emulator that listens ends this machine, and only for tests and crashes.
fn of_npcm845() -> Vec<Row> {
    const TYPED_AND_CRASHED: &[Step] = &[
        ask("cores", &["up (boot core)"]),
        ASK_MOST,
        super::crashes::PANIC,
    ];
    let row = |name| Row {
        tree: Tree::Source("npcm845", &[]),
        expects: &[says!("it is that board", "NPCM845", "1 of 1 core up")],
        ..board(Npcm845, name)
    };
    vec![
        row("ns16550"),
        Row {
            bootargs: "girder.panic=off",
            script: TYPED_AND_CRASHED,
            course: Course::Crash(After::PowerOff),
            ..row("ns16550-typed-commands")
        },
    ]
}
