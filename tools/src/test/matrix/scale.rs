//! As many cores as the kernel takes, and as many processes; and cores that take turns at fixed numbers of instructions, each of
//! which is as slow as the shift says: another order of events for each. Two host cores need minutes for them, so these rows run
//! only with all the others.

use std::time::Duration;

use super::crashes::crash;
use super::{LAST_AS_FIRST, ask, plain_row, says};
use crate::machine::Machine;
use crate::test::dialogue::{Ends, Step};
use crate::test::judge::After;
use crate::test::row::{Course, Row};
use crate::test::watch::Expect;

const MOST_CORES: u32 = 512;
const TIME_LIMIT: Duration = Duration::from_secs(1800);
const SILENCE: Duration = Duration::from_secs(400);
/// By the machine's clock, which goes on while the host is busy; 6 s on an idle one.
const BOOT_LIMIT_MICROS: u64 = 300_000_000;

const ALL_UP: &[Expect] = &[
    says!("all cores are up", "512 of 512 cores up"),
    Expect::PromptWithin {
        micros: BOOT_LIMIT_MICROS,
    },
];

const TEN_MILLION: Expect = says!(
    "ten million wait at once",
    "idle_memory 10000000 ops, ",
    " bytes/op"
);

/// Every core schedules, but few have work at a time: 512 that never rest are too many for two of the host's.
const FEW_AT_A_TIME: &str = "affinity::,cores::,many::each_senders,many::a_spinner,stacks::";

/// What they take, and a crash in their midst.
const CRASH: &[Step] = &[
    ask("mem", &["\ncores     ", " each"]),
    ask("crash deaf@400", &[]),
    crash!(
        "crash panic@300",
        "\ncore 300, mpidr 0x120c: crashed",
        "\ncore 0, mpidr 0x0: stopped",
        " girder_boot::provoke::crash_on+0x",
        "\ncore 400, mpidr 0x1900: does not answer",
        "\ncore 511, mpidr 0x1f0f: stopped",
        " girder_boot::attend::secondary_core+0x"
    ),
];

/// Shifts: an instruction takes 1 to 128 nanoseconds.
const SHIFTS: std::ops::Range<u8> = 0..8;

fn counted(shift: u8) -> Row {
    Row {
        machine: Machine {
            cores: 4,
            icount_shift: Some(shift),
            ..Machine::default()
        },
        tests: super::but_the_longest!(),
        silence: SILENCE,
        time_limit: TIME_LIMIT,
        ..plain_row(&format!("counted-{shift}"))
    }
}

pub(super) fn rows() -> Vec<Row> {
    let mut rows = crowds();
    rows.extend(SHIFTS.map(counted));
    rows.extend([
        on_64("shared", "girder.deploy=shared"),
        on_64("message", "girder.deploy=message"),
    ]);
    rows
}

/// The suite, on many times more cores than the host has.
fn on_64(deployment: &str, bootargs: &'static str) -> Row {
    Row {
        machine: Machine {
            cores: super::MANY_CORES,
            ..Machine::default()
        },
        bootargs,
        tests: super::but_the_longest!(),
        silence: SILENCE,
        time_limit: TIME_LIMIT,
        ..plain_row(&format!("all-on-64-{deployment}"))
    }
}

fn crowds() -> Vec<Row> {
    let row = |name| Row {
        machine: Machine {
            cores: MOST_CORES,
            ..Machine::default()
        },
        expects: ALL_UP,
        silence: SILENCE,
        time_limit: TIME_LIMIT,
        ..plain_row(name)
    };
    vec![
        Row {
            silence: SILENCE,
            time_limit: TIME_LIMIT,
            ..super::counting(super::crowd(
                "4G",
                "bench=idle_memory:10000000",
                &[TEN_MILLION, LAST_AS_FIRST],
            ))
        },
        Row {
            machine: Machine {
                cores: 8,
                memory: "2G".to_owned(),
                ..Machine::default()
            },
            bootargs: "girder.deploy=shared",
            tests: "dying::ten_thousand",
            time_limit: TIME_LIMIT,
            ..plain_row("killed-among-100000")
        },
        Row {
            bootargs: "girder.deploy=shared",
            tests: FEW_AT_A_TIME,
            ..row("scale-512-shared")
        },
        Row {
            bootargs: "girder.deploy=message",
            tests: FEW_AT_A_TIME,
            ..row("scale-512-message")
        },
        Row {
            bootargs: "girder.deploy=single",
            ..row("scale-512-single")
        },
        Row {
            script: CRASH,
            bootargs: "girder.panic=off",
            course: Course::Crash(After::PowerOff),
            ..row("scale-512-crash")
        },
    ]
}
