//! Trees that say what is not so, and memory that nobody would choose: the kernel finds out in time,
//! says so, and makes do with what there is.

use super::starts::edited;
use super::{plain_row, says};
use crate::machine::{Level, Machine};
use crate::test::row::Row;
use crate::test::tree::Edit;
use crate::test::watch::Expect;

pub(super) fn rows() -> Vec<Row> {
    [trees_that_lie(), memories(), vec![half_a_controller()]].concat()
}

/// The description's redistributors end in the middle of the cores.
fn half_a_controller() -> Row {
    edited(
        "half-the-redistributors",
        &[Edit::Cells(
            "/intc@8000000",
            "reg",
            &[0, 0x800_0000, 0, 0x1_0000, 0, 0x80a_0000, 0, 0x8_0000],
        )],
        &[
            says!(
                "the first is named",
                "core 4 (",
                "no redistributor for core 0x4"
            ),
            says!(
                "the last is named",
                "core 7 (",
                "no redistributor for core 0x7"
            ),
            says!("four are up", "4 of 8 cores up"),
        ],
    )
}

/// Memory of a size or a shape that nobody would choose.
fn memories() -> Vec<Row> {
    vec![
        Row {
            machine: Machine {
                // What QEMU itself needs behind an image of four.
                memory: "10M".to_owned(),
                ..Machine::default()
            },
            // Eight cores with a heap of their own each would have it all.
            bootargs: "girder.deploy=single",
            ..plain_row("little-memory")
        },
        edited(
            "memory-in-pieces",
            &[Edit::Cells("/memory@40000000", "reg", PIECES)],
            &[says!("all are up", "8 of 8 cores up")],
        ),
        Row {
            machine: Machine {
                cpu: "cortex-a53".to_owned(),
                cores: 4,
                ..Machine::default()
            },
            ..edited(
                "memory-out-of-reach",
                &[Edit::Cells(
                    "/memory@40000000",
                    "reg",
                    &[0, 0x4000_0000, 0, 0x4000_0000, 0x200, 0, 0, 0x4000_0000],
                )],
                &[says!(
                    "it is told",
                    "memory from 0x20000000000",
                    "left alone"
                )],
            )
        },
        edited(
            "ram-disk-over-the-image",
            &[
                Edit::Cells("/chosen", "linux,initrd-start", &[0, 0x4123_6000]),
                Edit::Cells("/chosen", "linux,initrd-end", &[0, 0x4130_0000]),
            ],
            &[says!("it is told", "RAM disk", "0x41236000")],
        ),
        edited(
            "ram-disk-nowhere",
            &[
                Edit::Cells("/chosen", "linux,initrd-start", &[0, 0x4800_0000]),
                Edit::Cells("/chosen", "linux,initrd-end", &[u32::MAX, u32::MAX]),
            ],
            &[says!("it is told", "RAM disk", "0x48000000")],
        ),
    ]
}

/// Seven of 512 KiB and one of 32 MiB, and no two side by side; the image lies over the first.
const PIECES: &[u32] = &[
    0,
    0x4100_0000,
    0,
    0x8_0000,
    0,
    0x4200_0000,
    0,
    0x8_0000,
    0,
    0x4300_0000,
    0,
    0x8_0000,
    0,
    0x4500_0000,
    0,
    0x8_0000,
    0,
    0x4600_0000,
    0,
    0x8_0000,
    0,
    0x4700_0000,
    0,
    0x8_0000,
    0,
    0x4800_0000,
    0,
    0x8_0000,
    0,
    0x4900_0000,
    0,
    0x8_0000,
];

/// What they say is not there, and the kernel finds out in time.
fn trees_that_lie() -> Vec<Row> {
    vec![
        Row {
            machine: Machine {
                level: Level::El2,
                ..Machine::default()
            },
            ..edited(
                "nobody-behind-hvc",
                &[Edit::Text("/psci", "method", "hvc")],
                &[
                    says!("the first is named", "core 1 (", "psci -1"),
                    says!("the last is named", "core 7 (", "psci -1"),
                    says!("one is up", "1 of 8 cores up"),
                ],
            )
        },
        edited(
            "clock-for-console",
            &[Edit::Cells(
                "/pl011@9000000",
                "reg",
                &[0, 0x901_0000, 0, 0x1000],
            )],
            &[says!(
                "it is told",
                "no arm,pl011 at 0x9010000",
                "0x9000000"
            )],
        ),
        edited(
            "console-nowhere",
            &[Edit::Cells(
                "/pl011@9000000",
                "reg",
                &[0, 0x3000_0000, 0, 0x1000],
            )],
            &[says!(
                "it is told",
                "no arm,pl011 at 0x30000000",
                "0x9000000"
            )],
        ),
        edited(
            "console-in-memory",
            &[Edit::Cells(
                "/pl011@9000000",
                "reg",
                &[0, 0x4123_5000, 0, 0x1000],
            )],
            &[says!(
                "it is told",
                "no arm,pl011 at 0x41235000",
                "0x9000000"
            )],
        ),
    ]
}
