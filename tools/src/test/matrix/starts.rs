//! Starts that no good boot loader makes: odd addresses, garbage in x0, trees that lie, lack or break
//! something. Each must run the tests or say clearly what is wrong.

use super::{POWEROFF, ask, plain_row, says};
use crate::machine::{Level, Machine};
use crate::test::dialogue::Step;
use crate::test::judge::After;
use crate::test::raw::Handover;
use crate::test::row::{Course, Kernel, Row, Tree};
use crate::test::tree::Edit;
use crate::test::watch::Expect;

const DISTRIBUTOR: u64 = 0x0800_0000;
const REDISTRIBUTOR: u64 = 0x080a_0000;
const CLOCK: u64 = 0x0901_0000;
/// The file fits between this and the end of 8 MiB, what the image needs beyond it does not.
const LAST_MEGABYTES: u64 = 0x4050_0000;
/// A multiple of 4 KiB and of nothing more.
const ODD: u64 = 0x4123_5000;

pub(super) fn rows() -> Vec<Row> {
    [addresses(), trees_that_boot(), trees_that_do_not()].concat()
}

/// The console interrupts, or nothing that is typed would arrive.
const ANSWERS: &[Step] = &[ask("cores", &["up (boot core)"]), POWEROFF];

pub(super) fn raw(name: &str, handover: Handover) -> Row {
    Row {
        kernel: Kernel::ImageAt(ODD, handover),
        ..plain_row(name)
    }
}

fn addresses() -> Vec<Row> {
    let at_level_2 = Machine {
        level: Level::El2,
        ..Machine::default()
    };
    vec![
        raw("odd-address", Handover::Zero),
        Row {
            machine: at_level_2,
            ..raw("odd-address-el2", Handover::Zero)
        },
        raw("unmapped-x0", Handover::Garbage(0x00de_ad00_0000_0000)),
        raw("misaligned-x0", Handover::Garbage(u64::MAX)),
        raw("treeless-x0", Handover::Garbage(0x4300_0000)),
        raw("tree-in-x0", Handover::Tree),
        raw("ringing-clock", Handover::TreeAfter(RINGING_CLOCK)),
        Row {
            script: ANSWERS,
            ..raw("never-ended", Handover::TreeAfter(NEVER_ENDED))
        },
        raw("never-ended-tests", Handover::TreeAfter(NEVER_ENDED)),
        Row {
            machine: Machine {
                memory: "8M".to_owned(),
                ..Machine::default()
            },
            kernel: Kernel::ImageAt(LAST_MEGABYTES, Handover::Zero),
            expects: &[says!("it is told", "boot stage 0 (Entry)", "fault")],
            course: Course::Crash(After::Halt),
            ..plain_row("image-beyond-memory")
        },
        Row {
            expects: &[says!(
                "the missing tree is told",
                "boot stage 1",
                "no device tree"
            )],
            course: Course::Crash(After::Halt),
            ..raw("no-tree", Handover::NoTree)
        },
    ]
}

/// Firmware that used the clock's alarm and left it ringing: its interrupt, number 34, is of our
/// group, enabled, and pending.
const RINGING_CLOCK: &[(u64, u32)] = &[
    (DISTRIBUTOR, 0x10),
    (DISTRIBUTOR + 0x84, u32::MAX),
    (DISTRIBUTOR + 0x104, 1 << 2),
    (CLOCK + 0x8, 0),
    (CLOCK + 0x4, 0),
    (CLOCK + 0x10, 1),
];
/// Firmware that was in the handlers of the timer's interrupt, 27, and of the console's, 33.
const NEVER_ENDED: &[(u64, u32)] = &[
    (DISTRIBUTOR, 0x10),
    (DISTRIBUTOR + 0x304, 1 << 1),
    (REDISTRIBUTOR + 0x1_0300, 1 << 27),
];

/// The tree in x0 with these changes: the one way in which QEMU adds nothing to it.
pub(super) fn edited(name: &str, edits: &'static [Edit], expects: &'static [Expect]) -> Row {
    Row {
        tree: Tree::Edited(edits),
        expects,
        ..raw(name, Handover::Tree)
    }
}

fn trees_that_boot() -> Vec<Row> {
    vec![
        edited(
            "shuffled-cores",
            &[
                Edit::Cell("/cpus/cpu@0", "reg", 3),
                Edit::Cell("/cpus/cpu@3", "reg", 0),
                Edit::Cell("/cpus/cpu@1", "reg", 7),
                Edit::Cell("/cpus/cpu@7", "reg", 1),
            ],
            &[says!("all are up", "8 of 8 cores up")],
        ),
        edited(
            "unknown-boot-core",
            &[Edit::NoNode("/cpus/cpu@0")],
            &[
                says!("it is told", "does not know this core", "mpidr 0x0"),
                says!("it counts", "8 of 8 cores up"),
            ],
        ),
        edited(
            "disabled-core",
            &[Edit::Text("/cpus/cpu@2", "status", "fail")],
            &[says!("the others are up", "7 of 7 cores up")],
        ),
        edited("no-psci", &[Edit::NoNode("/psci")], NO_PSCI),
        edited(
            "disabled-psci",
            &[Edit::Text("/psci", "status", "disabled")],
            NO_PSCI,
        ),
        Row {
            course: Course::Mute,
            ..edited(
                "unknown-console",
                &[Edit::Text("/pl011@9000000", "compatible", "acme,uart")],
                &[],
            )
        },
        Row {
            course: Course::Mute,
            ..edited(
                "no-console",
                &[
                    Edit::NoProperty("/chosen", "stdout-path"),
                    Edit::Text("/pl011@9000000", "status", "disabled"),
                ],
                &[],
            )
        },
    ]
}

const NO_PSCI: &[Expect] = &[
    says!("the first is named", "core 1 (", "no enable method"),
    says!("the last is named", "core 7 (", "no enable method"),
    says!("one is up", "1 of 8 cores up"),
];

fn trees_that_do_not() -> Vec<Row> {
    let broken = |name, after, edits, expects| Row {
        course: Course::Crash(after),
        ..edited(name, edits, expects)
    };
    vec![
        broken(
            "no-memory",
            After::PowerOff,
            &[Edit::NoNode("/memory@40000000")],
            &[says!("it is told", "boot stage 3", "no free memory")],
        ),
        broken(
            "no-timer",
            After::PowerOff,
            &[Edit::NoNode("/timer")],
            &[says!("it is told", "boot stage 4", "timer")],
        ),
        broken(
            "no-interrupt-controller",
            After::PowerOff,
            &[Edit::NoNode("/intc@8000000")],
            &[says!("it is told", "boot stage 4", "interrupt controller")],
        ),
        broken(
            "shared-timer",
            After::PowerOff,
            &[Edit::Cells(
                "/timer",
                "interrupts",
                &[1, 13, 4, 1, 14, 4, 0, 100, 4, 1, 10, 4],
            )],
            &[says!(
                "it is told",
                "boot stage 4",
                "interrupt 132",
                "timer"
            )],
        ),
        broken(
            "clock-for-distributor",
            After::PowerOff,
            &[Edit::Cells(
                "/intc@8000000",
                "reg",
                &[0, 0x901_0000, 0, 0x1_0000, 0, 0x80a_0000, 0, 0xf6_0000],
            )],
            &[says!(
                "it is told",
                "boot stage 4",
                "no GICv3 distributor at 0x9010000"
            )],
        ),
        broken(
            "distributor-nowhere",
            After::PowerOff,
            &[Edit::Cells(
                "/intc@8000000",
                "reg",
                &[0, 0xc80_0000, 0, 0x1_0000, 0, 0x80a_0000, 0, 0xf6_0000],
            )],
            &[says!(
                "it is told",
                "boot stage 4",
                "no GICv3 distributor at 0xc800000"
            )],
        ),
        broken(
            "redistributors-nowhere",
            After::PowerOff,
            &[Edit::Cells(
                "/intc@8000000",
                "reg",
                &[0, 0x800_0000, 0, 0x1_0000, 0, 0x3000_0000, 0, 0xf6_0000],
            )],
            &[says!(
                "it is told",
                "boot stage 4",
                "no redistributor for core 0x0"
            )],
        ),
        broken(
            "unknown-controller",
            After::PowerOff,
            &[Edit::Text("/intc@8000000", "compatible", "acme,intc")],
            &[says!("it is named", "boot stage 4", "acme,intc")],
        ),
        broken(
            "no-cores",
            After::Halt,
            &[Edit::NoNode("/cpus")],
            &[says!("it is told", "boot stage 1", "no usable cpu")],
        ),
        broken(
            "damaged-tree",
            After::Halt,
            // Where the header says that the structure begins.
            &[Edit::Damage(8, 0xffff_fff0)],
            &[says!(
                "it is told",
                "boot stage 1",
                "device tree at 0x44000000"
            )],
        ),
        broken(
            "cut-tree",
            After::Halt,
            &[Edit::CutAfter(2000)],
            &[says!(
                "it is told",
                "boot stage 1",
                "device tree at 0x44000000"
            )],
        ),
    ]
}
