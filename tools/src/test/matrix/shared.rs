//! The deployments in which all cores schedule, and steal from each other or send packets: on one core all tests, on several
//! those that are about that. (What adds up one core's memory can't be told there yet, so the rest would say little.)

use super::{plain_row, says};
use crate::machine::Machine;
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
    let several = "girder.deploy=shared test=many::";
    let several_by_message = "girder.deploy=message test=many::";
    vec![
        shared(1, "neoverse-n1", "girder.deploy=shared"),
        shared(2, "max", several),
        shared(4, "cortex-a72", several),
        shared(8, "neoverse-n1", several),
        message(1, "cortex-a72", "girder.deploy=message"),
        message(2, "neoverse-n1", several_by_message),
        message(8, "cortex-a72", several_by_message),
    ]
}
