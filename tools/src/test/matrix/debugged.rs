//! What `make debug` shows: all cores, on each board that has an image.

use super::plain_row;
use crate::machine::Board::{self, RaspberryPi3, RaspberryPi4, Virt};
use crate::machine::Machine;
use crate::test::row::{Course, Row};

pub(super) fn rows() -> Vec<Row> {
    let row = |name: &str, board: Board| Row {
        machine: Machine {
            board,
            cores: board.fixed_cores().unwrap_or(8),
            ..Machine::default()
        },
        course: Course::Debugged,
        ..plain_row(name)
    };
    vec![
        row("debug-virt", Virt),
        row("debug-rpi3", RaspberryPi3),
        row("debug-rpi4", RaspberryPi4),
    ]
}
