//! A boot without a device tree: what the core is tells the board, and ATAGs tell the rest.
//!
//! Only a Raspberry Pi's firmware leaves a kernel without a tree, and QEMU in its place. The cores
//! of both boards are common elsewhere too, so the board's PL011 must be where it should be.

use crate::early::Early;
use crate::port::Place;
use crate::start::{Stage, fail};
use girder_aarch64::cpu::Part;
use girder_describe::{Atags, Board, Machine};

/// Where the list is if x0 does not say so: where old firmware and emulators always put it.
const USUAL: u64 = 0x100;

/// Main identification register: the implementer, and two of its parts.
const ARM: u64 = 0x41;
const CORTEX_A53: u64 = 0xd03;
const CORTEX_A72: u64 = 0xd08;

/// Describes the board that this is, if we know it by heart.
pub(crate) fn describe(early: &mut Early, candidate: u64) -> Machine {
    let Some(board) = this_board() else {
        fail(
            Stage::Description,
            format_args!(
                "no device tree in x0 ({candidate:#x}), nor at the start of RAM, and no board that is \
                 known without ({})",
                Part::of_this_core().name()
            ),
        )
    };
    let lists = [candidate, USUAL].into_iter();
    let told = lists
        .filter(|&address| address != 0)
        .find_map(|address| Atags::parse(&early.read_words(address)));
    board.describe(told.unwrap_or_default())
}

fn this_board() -> Option<Board> {
    let part = Part::of_this_core();
    let boards = [(CORTEX_A53, Board::Pi3), (CORTEX_A72, Board::Pi4)];
    let (_, board) = boards.into_iter().find(|&(known, _)| part.is(ARM, known))?;
    // SAFETY: `Early` has mapped the places where a console is likely, this one among them, or the
    // read faults, which is caught. Only identification registers are read.
    let is_it = unsafe { Place::pl011(board.console()).answers() };
    is_it.then_some(board)
}
