//! Damage to the structure block: each kind is refused by its own name.

mod support;

use girder_describe::{TreeError, describe, limits};
use support::*;

fn refused(blob: &[u8]) -> TreeError {
    describe(&mut blob.to_vec()).expect_err("a damaged tree")
}

/// A tree of exactly these words of structure, with "reg" as its one string.
fn structure(words: &[u32]) -> Vec<u8> {
    raw(&[], &be(words), b"reg\0")
}

/// Where the structure block of `structure` begins.
const AT: usize = 56;

#[test]
fn unknown_token_is_refused() {
    let expected = TreeError::BadToken {
        offset: AT,
        token: 5,
    };
    assert_eq!(refused(&structure(&[5, END])), expected);
}

#[test]
fn missing_end_is_refused() {
    let expected = TreeError::EndMissing { offset: AT + 12 };
    assert_eq!(refused(&structure(&[BEGIN_NODE, 0, END_NODE])), expected);
}

#[test]
fn empty_structure_is_refused() {
    assert_eq!(refused(&structure(&[END])), TreeError::RootMissing);
    assert_eq!(
        refused(&structure(&[NOP, NOP, END])),
        TreeError::RootMissing
    );
    assert_eq!(
        refused(&structure(&[])),
        TreeError::EndMissing { offset: AT }
    );
}

#[test]
fn second_root_is_refused() {
    let words = [BEGIN_NODE, 0, END_NODE, BEGIN_NODE, 0, END_NODE, END];
    assert_eq!(
        refused(&structure(&words)),
        TreeError::SecondRoot { offset: AT + 12 }
    );
}

#[test]
fn end_without_a_beginning_is_refused() {
    let words = [BEGIN_NODE, 0, END_NODE, END_NODE, END];
    assert_eq!(
        refused(&structure(&words)),
        TreeError::UnbalancedEnd { offset: AT + 12 }
    );
}

#[test]
fn unclosed_node_is_refused() {
    let expected = TreeError::NodeUnclosed { offset: AT + 8 };
    assert_eq!(refused(&structure(&[BEGIN_NODE, 0, END])), expected);
}

fn nested(depth: usize) -> Node {
    (1..depth).fold(Node::new("innermost"), |inner, _| {
        Node::new("n").child(inner)
    })
}

#[test]
fn nesting_up_to_the_limit_is_read() {
    let root = board().child(nested(limits::DEPTH - 1));
    assert_eq!(machine(&root), machine(&board()));
}

#[test]
fn nesting_beyond_the_limit_is_refused() {
    let root = board().child(nested(limits::DEPTH));
    assert!(matches!(refusal(&root), TreeError::TooDeep { .. }));
    let endless = [BEGIN_NODE, 0x6e00_0000].repeat(10_000);
    let offset = AT + 8 * limits::DEPTH;
    assert_eq!(refused(&structure(&endless)), TreeError::TooDeep { offset });
}

#[test]
fn more_nodes_than_the_limit_are_refused() {
    let leaf = [BEGIN_NODE, 0x6e00_0000, END_NODE].repeat(limits::TREE_NODES);
    let words = [&[BEGIN_NODE, 0], &leaf[..], &[END_NODE, END]].concat();
    assert_eq!(refused(&structure(&words)), TreeError::TooManyNodes);
}

#[test]
fn property_outside_any_node_is_refused() {
    let words = [PROPERTY, 0, 0, BEGIN_NODE, 0, END_NODE, END];
    assert_eq!(
        refused(&structure(&words)),
        TreeError::PropertyMisplaced { offset: AT }
    );
}

#[test]
fn property_after_a_child_is_refused() {
    let words = [
        BEGIN_NODE,
        0,
        BEGIN_NODE,
        0x6e00_0000,
        END_NODE,
        PROPERTY,
        0,
        0,
        END_NODE,
        END,
    ];
    assert_eq!(
        refused(&structure(&words)),
        TreeError::PropertyMisplaced { offset: AT + 20 }
    );
}

#[test]
fn value_outside_the_structure_block_is_refused() {
    for length in [9, 0x1000, u32::MAX] {
        let words = [BEGIN_NODE, 0, PROPERTY, length, 0, END_NODE, END];
        let expected = TreeError::PropertyTruncated {
            offset: AT + 8,
            length,
        };
        assert_eq!(refused(&structure(&words)), expected);
    }
}

#[test]
fn value_that_swallows_the_end_is_refused() {
    let words = [BEGIN_NODE, 0, PROPERTY, 8, 0, END_NODE, END];
    assert_eq!(
        refused(&structure(&words)),
        TreeError::EndMissing { offset: AT + 28 }
    );
}

#[test]
fn property_cut_in_its_header_is_refused() {
    let words = [BEGIN_NODE, 0, PROPERTY, 0];
    assert_eq!(
        refused(&structure(&words)),
        TreeError::EndMissing { offset: AT + 8 }
    );
}

#[test]
fn property_name_outside_the_strings_block_is_refused() {
    for name in [4, u32::MAX] {
        let words = [BEGIN_NODE, 0, PROPERTY, 0, name, END_NODE, END];
        let expected = TreeError::PropertyNameOutside {
            offset: AT + 8,
            name,
        };
        assert_eq!(refused(&structure(&words)), expected);
    }
}

#[test]
fn property_name_without_an_end_is_refused() {
    let words = be(&[BEGIN_NODE, 0, PROPERTY, 0, 0, END_NODE, END]);
    let blob = raw(&[], &words, b"reg");
    assert_eq!(
        refused(&blob),
        TreeError::NameUnterminated {
            offset: AT + words.len()
        }
    );
}

#[test]
fn node_name_without_an_end_is_refused() {
    let words = [BEGIN_NODE, 0x6e6e_6e6e, 0x6e6e_6e6e];
    assert_eq!(
        refused(&structure(&words)),
        TreeError::NameUnterminated { offset: AT + 4 }
    );
}

#[test]
fn overlong_name_is_refused() {
    let longest = board().child(Node::new(&"n".repeat(limits::NAME)));
    assert_eq!(machine(&longest), machine(&board()));
    let node = board().child(Node::new(&"n".repeat(limits::NAME + 1)));
    assert!(matches!(refusal(&node), TreeError::NameTooLong { .. }));
    let property = board().flag(&"p".repeat(limits::NAME + 1));
    assert!(matches!(refusal(&property), TreeError::NameTooLong { .. }));
}

#[test]
fn name_that_is_not_text_is_refused() {
    let node = structure(&[BEGIN_NODE, 0xff00_0000, END_NODE, END]);
    assert_eq!(refused(&node), TreeError::BadName { offset: AT + 4 });
    let words = be(&[BEGIN_NODE, 0, PROPERTY, 0, 0, END_NODE, END]);
    let property = raw(&[], &words, b"\xff\0");
    assert_eq!(
        refused(&property),
        TreeError::BadName {
            offset: AT + words.len()
        }
    );
}

#[test]
fn child_without_a_name_is_refused() {
    let words = [BEGIN_NODE, 0, BEGIN_NODE, 0, END_NODE, END_NODE, END];
    assert_eq!(
        refused(&structure(&words)),
        TreeError::BadName { offset: AT + 12 }
    );
}

#[test]
fn duplicate_phandle_is_refused() {
    let root = board().child(Node::new("impostor").cells("phandle", &[GIC]));
    assert_eq!(refusal(&root), TreeError::DuplicatePhandle(GIC));
}

#[test]
fn phandle_under_its_old_name_as_well_is_one_phandle() {
    let root = board().change("/cpus/cpu@0", |cpu| cpu.cells("linux,phandle", &[0x10]));
    assert_eq!(machine(&root), machine(&board()));
}

#[test]
fn phandle_of_wrong_length_is_refused() {
    let root = board().change("/cpus/cpu@0", |cpu| cpu.bytes("phandle", &[0, 0, 1]));
    assert_eq!(
        refusal(&root),
        TreeError::BadLength {
            property: "phandle",
            length: 3
        }
    );
}

#[test]
fn nops_before_every_token_change_nothing() {
    for nops in 1..4 {
        let mut blob = board().flatten_with(&[], || nops);
        assert_eq!(describe(&mut blob), Ok(machine(&board())));
    }
}

#[test]
fn squeezed_tree_is_a_good_tree() {
    let mut blob = board().flatten_with(&[], || 2);
    let first = describe(&mut blob);
    assert_eq!(describe(&mut blob), first);
    assert_eq!(
        peek(&blob, STRUCTURE_SIZE),
        peek(&board().flatten(), STRUCTURE_SIZE)
    );
}
