//! The exception levels at which a kernel may be entered, beyond those that a good boot loader
//! chooses, and boot cores other than the first.

use super::starts::raw;
use super::{plain_row, says};
use crate::machine::Level::{self, El1, El2};
use crate::machine::{Gic, Machine};
use crate::test::raw::Handover;
use crate::test::row::{Course, Kernel, Row};
use crate::test::watch::Expect;

const ALL_UP: Expect = says!("all are up", "4 of 4 cores up");
const AT_LEVEL_1: Expect = says!("it runs at level 1", "EL1");
const AT_LEVEL_2: Expect = says!("it runs at level 2", "EL2");

pub(super) fn rows() -> Vec<Row> {
    let elf = |name: &str, cpu, level| Row {
        kernel: Kernel::Elf,
        machine: Machine {
            is_secure: true,
            ..machine(level, cpu)
        },
        expects: &[ALL_UP, AT_LEVEL_1],
        ..plain_row(name)
    };
    let host = |name: &str, cpu| Row {
        machine: machine(El2, cpu),
        expects: &[ALL_UP, AT_LEVEL_2],
        ..raw(name, Handover::TreeAsHost)
    };
    vec![
        elf("el3-without-el2", "cortex-a53", El1),
        elf("el3", "cortex-a72", El2),
        elf("el3-max", "max", El2),
        Row {
            machine: Machine {
                cores: 20,
                is_secure: true,
                ..machine(El2, "neoverse-n1")
            },
            expects: &[says!("all are up", "20 of 20 cores up"), AT_LEVEL_1],
            ..elf("el3-20-cores", "neoverse-n1", El2)
        },
        Row {
            machine: Machine {
                gic: Gic::V2,
                is_secure: true,
                ..machine(El2, "cortex-a72")
            },
            ..elf("el3-gicv2", "cortex-a72", El2)
        },
        Row {
            machine: Machine {
                cores: 1,
                is_secure: true,
                ..machine(El2, "cortex-a76")
            },
            ..raw("el3-garbage", Handover::Garbage(0x00de_ad00_0000_0000))
        },
        host("host", "max"),
        host("host-a76", "cortex-a76"),
        Row {
            machine: Machine {
                gic: Gic::V2,
                ..machine(El2, "max")
            },
            ..host("host-gicv2", "max")
        },
        Row {
            course: Course::Bench,
            expects: super::BENCHES,
            ..host("host-bench", "max")
        },
        all_at_once("all-at-once-el1", machine(El1, "cortex-a72")),
        all_at_once("all-at-once-el2", machine(El2, "cortex-a76")),
        all_at_once(
            "all-at-once-gicv2",
            Machine {
                gic: Gic::V2,
                ..machine(El2, "max")
            },
        ),
        Row {
            machine: machine(El1, "cortex-a72"),
            expects: &[ALL_UP, says!("it is told", "boot core 2")],
            ..raw("boot-core-2", Handover::TreeOnCore(2))
        },
    ]
}

/// As at level 3, but by a loader that starts all cores where it should start one.
fn all_at_once(name: &str, machine: Machine) -> Row {
    const CORES: u32 = 8;
    Row {
        machine: Machine {
            cores: CORES,
            ..machine
        },
        expects: &[says!("all are up", "8 of 8 cores up"), AT_LEVEL_1],
        ..raw(name, Handover::TreeOnAllCores(CORES.into(), machine.level))
    }
}

fn machine(level: Level, cpu: &str) -> Machine {
    Machine {
        cores: 4,
        cpu: cpu.to_owned(),
        level,
        ..Machine::default()
    }
}
