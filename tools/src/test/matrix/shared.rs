//! The deployments: cores that steal from each other (the default where there are several), cores that send each other packets,
//! and one core that schedules while the others are parked. All tests on each, but on 64 cores those about several (`scale` has
//! all).

use super::{MANY_CORES, plain_row, says};
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
const ALONE: &[Expect] = &[says!(
    "the banner names the deployment",
    " up, ",
    "deployment single"
)];

/// What happens to processes and what they do to each other, but for what is measured in quanta.
const SHORT_QUANTA: &str = "killing::,dying::,containment::,runtimes::,leaving::,reaping::,linking::,monitoring::,\
                            supervising::,calling::,mailboxes::,blocking::,hibernation::,behaving::,\
                            -mail_does_not_pile_up,-linking::crowds,-supervising::trees";

pub(super) fn rows() -> Vec<Row> {
    let row = |name: &str, cores: u32, cpu: &str| Row {
        machine: Machine {
            cores,
            cpu: cpu.to_owned(),
            ..Machine::default()
        },
        ..plain_row(&format!("{name}-{cores}-{cpu}"))
    };
    let named = |name| Row {
        machine: Machine {
            cores: 4,
            ..Machine::default()
        },
        ..plain_row(name)
    };
    let by_default = |cores, cpu, expects| Row {
        expects,
        ..row("default", cores, cpu)
    };
    let shared = |cores, cpu| Row {
        bootargs: "girder.deploy=shared",
        expects: STEALING,
        ..row("shared", cores, cpu)
    };
    let message = |cores, cpu| Row {
        bootargs: "girder.deploy=message",
        expects: SENDING,
        ..row("message", cores, cpu)
    };
    let single = |cores, cpu| Row {
        bootargs: "girder.deploy=single",
        expects: ALONE,
        ..row("single", cores, cpu)
    };
    let on_gic_v2 = |row: Row| Row {
        machine: Machine {
            gic: Gic::V2,
            ..row.machine
        },
        ..row
    };
    vec![
        by_default(1, "cortex-a53", ALONE),
        by_default(2, "cortex-a72", STEALING),
        shared(1, "neoverse-n1"),
        shared(2, "max"),
        on_gic_v2(shared(4, "cortex-a72")),
        shared(8, "neoverse-n1"),
        message(1, "cortex-a72"),
        message(2, "neoverse-n1"),
        message(4, "max"),
        on_gic_v2(message(8, "cortex-a72")),
        Row {
            tests: "many::",
            ..message(MANY_CORES, "neoverse-n1")
        },
        // Interrupts everywhere: what they find between two instructions in one of a million turns, they find here.
        Row {
            bootargs: "girder.deploy=shared girder.quantum_us=50",
            tests: SHORT_QUANTA,
            ..named("quanta-of-50-us")
        },
        // Those who watch need seconds.
        Row {
            bootargs: "girder.deploy=shared",
            tests: "watchdogs::",
            ..named("watchdogs-sharing")
        },
        Row {
            bootargs: "girder.deploy=message",
            tests: "watchdogs::",
            ..named("watchdogs-sending")
        },
        single(4, "cortex-a72"),
        on_gic_v2(single(8, "max")),
    ]
}
