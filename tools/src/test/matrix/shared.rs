//! The deployments in which all cores schedule, and steal from each other or send packets: all tests on one core and on four;
//! otherwise those that are about several cores.

use super::{plain_row, says};
use crate::machine::{Gic, Machine};
use crate::test::row::Row;
use crate::test::watch::Expect;

const STEALING: &[Expect] = &[says!(
    "the banner names the deployment",
    " up, ",
    "deployment shared"
)];
const SENDING: &[Expect] = &[says!(
    "the banner names the deployment",
    " up, ",
    "deployment message"
)];

pub(super) fn rows() -> Vec<Row> {
    let row = |name: &str, cores: u32, cpu: &str, bootargs| Row {
        machine: Machine {
            cores,
            cpu: cpu.to_owned(),
            ..Machine::default()
        },
        bootargs,
        ..plain_row(&format!("{name}-{cores}-{cpu}"))
    };
    let shared = |cores, cpu, bootargs| Row {
        expects: STEALING,
        ..row("shared", cores, cpu, bootargs)
    };
    let message = |cores, cpu, bootargs| Row {
        expects: SENDING,
        ..row("message", cores, cpu, bootargs)
    };
    let on_gic_v2 = |row: Row| Row {
        machine: Machine {
            gic: Gic::V2,
            ..row.machine
        },
        ..row
    };
    let several = "girder.deploy=shared test=many::";
    let several_by_message = "girder.deploy=message test=many::";
    vec![
        shared(1, "neoverse-n1", "girder.deploy=shared"),
        shared(2, "max", several),
        on_gic_v2(shared(4, "cortex-a72", "girder.deploy=shared")),
        shared(8, "neoverse-n1", several),
        message(1, "cortex-a72", "girder.deploy=message"),
        message(2, "neoverse-n1", several_by_message),
        message(4, "max", "girder.deploy=message"),
        message(8, "cortex-a72", several_by_message),
    ]
}
