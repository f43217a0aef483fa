//! What the boot loader chose, and what the board is called.

mod support;

use girder_describe::{Range, TreeError, limits};
use support::*;

fn chosen(change: impl FnOnce(Node) -> Node) -> Node {
    board().change("/chosen", change)
}

#[test]
fn bootargs_are_kept() {
    let root = chosen(|chosen| chosen.text("bootargs", "test=memory girder.seed=7"));
    assert_eq!(machine(&root).bootargs, "test=memory girder.seed=7");
    assert_eq!(machine(&board()).bootargs, "");
}

#[test]
fn bootargs_that_are_not_text_stay_readable() {
    let root = chosen(|chosen| chosen.bytes("bootargs", b"shell \xfe x"));
    assert_eq!(machine(&root).bootargs, "shell \u{fffd} x");
}

#[test]
fn overlong_bootargs_are_refused() {
    let with = |length| chosen(|chosen| chosen.text("bootargs", &"a".repeat(length)));
    assert_eq!(
        machine(&with(limits::BOOTARGS)).bootargs.len(),
        limits::BOOTARGS
    );
    let length = limits::BOOTARGS + 1;
    assert_eq!(
        refusal(&with(length)),
        TreeError::TextTooLong {
            property: "bootargs",
            length
        }
    );
}

fn initrd(start: &[u32], end: &[u32]) -> Node {
    chosen(|chosen| {
        chosen
            .cells("linux,initrd-start", start)
            .cells("linux,initrd-end", end)
    })
}

#[test]
fn initrd_may_have_one_or_two_cells() {
    let expected = Some(Range {
        base: 0x4800_0000,
        size: 0x1234,
    });
    assert_eq!(
        machine(&initrd(&[0x4800_0000], &[0x4800_1234])).initrd,
        expected
    );
    assert_eq!(
        machine(&initrd(&[0, 0x4800_0000], &[0, 0x4800_1234])).initrd,
        expected
    );
}

#[test]
fn empty_or_half_an_initrd_is_none() {
    assert_eq!(machine(&initrd(&[0x1000], &[0x1000])).initrd, None);
    let half = chosen(|chosen| chosen.cells("linux,initrd-start", &[0x1000]));
    assert_eq!(machine(&half).initrd, None);
}

#[test]
fn inverted_initrd_is_refused() {
    let expected = TreeError::InitrdInverted {
        start: 0x2000,
        end: 0x1000,
    };
    assert_eq!(refusal(&initrd(&[0x2000], &[0x1000])), expected);
}

#[test]
fn names_of_the_board_are_kept() {
    let machine = machine(&board());
    assert_eq!(
        (machine.model.as_str(), machine.compatible.as_str()),
        ("test board", "test,board")
    );
}
