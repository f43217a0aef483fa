//! The interrupt controllers, each with the numbers of cores and the entry levels that matter to it.

use super::plain_row;
use crate::machine::Gic::{self, V2, V4};
use crate::machine::Level::{self, El1, El2};
use crate::machine::Machine;
use crate::test::row::Row;

pub(super) fn rows() -> Vec<Row> {
    let machines = [
        (V2, 1, El1, "cortex-a53"),
        (V2, 2, El2, "max"),
        (V2, 4, El1, "cortex-a72"),
        (V2, 4, El2, "cortex-a72"),
        (V2, 8, El1, "neoverse-n1"),
        (V2, 8, El2, "cortex-a76"),
        (V4, 8, El2, "max"),
    ];
    let mut rows: Vec<_> = machines.into_iter().map(row).collect();
    rows.push(Row {
        machine: Machine {
            is_secure: true,
            ..machine(V2, 4, El2, "cortex-a72")
        },
        ..plain_row("gicv2-not-secure")
    });
    rows
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
