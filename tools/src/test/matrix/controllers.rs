//! The interrupt controllers, each with the numbers of cores and the entry levels that matter to it.

use super::{plain_row, says};
use crate::machine::Gic::{self, V2, V3, V4};
use crate::machine::Level::{self, El1, El2};
use crate::machine::Machine;
use crate::test::judge::After;
use crate::test::row::{Course, Row, Tree};
use crate::test::tree::Edit;
use crate::test::watch::Expect;

/// One region of redistributors holds 123 cores, or 61 where they lie further apart.
const BEYOND_ONE_REGION_V3: u32 = 130;
const BEYOND_ONE_REGION_V4: u32 = 64;

pub(super) fn rows() -> Vec<Row> {
    let machines = [
        (V2, 1, El1, "cortex-a53"),
        (V2, 2, El2, "max"),
        (V2, 4, El1, "cortex-a72"),
        (V2, 4, El2, "cortex-a72"),
        (V2, 8, El1, "neoverse-n1"),
        (V2, 8, El2, "cortex-a76"),
        (V4, 8, El2, "max"),
        (V4, BEYOND_ONE_REGION_V4, El2, "neoverse-n1"),
        (V3, BEYOND_ONE_REGION_V3, El1, "cortex-a72"),
    ];
    let mut rows: Vec<_> = machines.into_iter().map(row).collect();
    rows.iter_mut().for_each(super::spare_the_host);
    rows.push(Row {
        machine: Machine {
            is_secure: true,
            ..machine(V2, 4, El2, "cortex-a72")
        },
        ..plain_row("gicv2-not-secure")
    });
    rows.extend(descriptions_that_lie());
    rows
}

/// A row of what a tree says wrongly of a GICv2.
fn lie(name: &str, edits: &'static [Edit], expects: &'static [Expect]) -> Row {
    Row {
        machine: machine(V2, 4, El1, "cortex-a72"),
        tree: Tree::Edited(edits),
        expects,
        ..plain_row(name)
    }
}

fn descriptions_that_lie() -> Vec<Row> {
    const CONTROLLER: &str = "/intc@8000000";
    let fatal = |row: Row| Row {
        course: Course::Crash(After::PowerOff),
        bootargs: "girder.panic=off",
        script: &[],
        ..row
    };
    let no_interface = &[says!(
        "it is told",
        "boot stage 4",
        "no GICv2 CPU interface of a usable size"
    )];
    vec![
        fatal(lie(
            "gicv2-interface-missing",
            &[Edit::Cells(
                CONTROLLER,
                "reg",
                &[0, 0x800_0000, 0, 0x1_0000],
            )],
            no_interface,
        )),
        fatal(lie(
            "gicv2-interface-small",
            &[Edit::Cells(
                CONTROLLER,
                "reg",
                &[0, 0x800_0000, 0, 0x1_0000, 0, 0x801_0000, 0, 0x1000],
            )],
            no_interface,
        )),
        fatal(lie(
            "gicv2-interface-nowhere",
            &[Edit::Cells(
                CONTROLLER,
                "reg",
                &[0, 0x800_0000, 0, 0x1_0000, 0, 0x3000_0000, 0, 0x1_0000],
            )],
            &[says!(
                "it is told",
                "boot stage 4",
                "no GICv2 CPU interface at 0x30000000"
            )],
        )),
        fatal(lie(
            "gicv2-clock-for-distributor",
            &[Edit::Cells(
                CONTROLLER,
                "reg",
                &[0, 0x901_0000, 0, 0x1000, 0, 0x801_0000, 0, 0x1_0000],
            )],
            &[says!(
                "it is told",
                "boot stage 4",
                "no GICv2 distributor at 0x9010000"
            )],
        )),
        fatal(lie(
            "gicv2-clock-for-interface",
            &[Edit::Cells(
                CONTROLLER,
                "reg",
                &[0, 0x800_0000, 0, 0x1_0000, 0, 0x901_0000, 0, 0x2000],
            )],
            &[says!(
                "it is told",
                "boot stage 4",
                "no GICv2 CPU interface at 0x9010000"
            )],
        )),
        fatal(Row {
            machine: machine(V3, 4, El1, "cortex-a72"),
            ..lie(
                "gicv3-called-v2",
                &[Edit::Text(CONTROLLER, "compatible", "arm,gic-400")],
                &[says!("it is told", "boot stage 4", "no GICv2 distributor")],
            )
        }),
        fatal(Row {
            machine: machine(V3, 4, El1, "cortex-a72"),
            ..lie(
                "gicv3-odd-stride",
                &[Edit::Cells(
                    CONTROLLER,
                    "redistributor-stride",
                    &[0, 0x1_1000],
                )],
                &[says!("it is told", "boot stage 4", "0x11000 bytes apart")],
            )
        }),
        lie(
            "console-interrupt-nowhere",
            &[Edit::Cells("/pl011@9000000", "interrupts", &[0, 900, 4])],
            &[says!("it is told", "no input", "has no interrupt 932")],
        ),
    ]
}

fn row((gic, cores, level, cpu): (Gic, u32, Level, &str)) -> Row {
    let version = format!("{gic:?}").to_lowercase();
    let word = format!("{level:?}").to_lowercase();
    Row {
        machine: machine(gic, cores, level, cpu),
        ..plain_row(&format!("gic{version}-{cores}-{word}"))
    }
}

fn machine(gic: Gic, cores: u32, level: Level, cpu: &str) -> Machine {
    Machine {
        cores,
        level,
        gic,
        cpu: cpu.to_owned(),
        ..Machine::default()
    }
}
