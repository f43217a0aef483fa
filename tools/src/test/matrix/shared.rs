//! The deployment in which all cores schedule and steal from each other: on one core all tests, on several those that are about
//! that. (What adds up one core's memory can't be told there yet, so the rest would say little.)

use super::{plain_row, says};
use crate::machine::Machine;
use crate::test::row::Row;
use crate::test::watch::Expect;

const SAYS_SO: &[Expect] = &[says!(
    "the banner names the deployment",
    " up, ",
    "deployment shared"
)];

pub(super) fn rows() -> Vec<Row> {
    let row = |cores: u32, cpu: &str, bootargs| Row {
        machine: Machine {
            cores,
            cpu: cpu.to_owned(),
            ..Machine::default()
        },
        bootargs,
        expects: SAYS_SO,
        ..plain_row(&format!("shared-{cores}-{cpu}"))
    };
    let several = "girder.deploy=shared test=many::";
    vec![
        row(1, "neoverse-n1", "girder.deploy=shared"),
        row(2, "max", several),
        row(4, "cortex-a72", several),
        row(8, "neoverse-n1", several),
    ]
}
