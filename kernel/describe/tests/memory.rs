//! Memory, and what of it is reserved.

mod support;

use girder_describe::{Range, TreeError, describe, limits};
use support::*;

fn pairs(ranges: &[Range]) -> Vec<(u64, u64)> {
    ranges
        .iter()
        .map(|range| (range.base, range.size))
        .collect()
}

fn with_memory(cells: &[u32]) -> Node {
    board().change("/memory@40000000", |memory| memory.cells("reg", cells))
}

#[test]
fn memory_is_sorted_and_merged() {
    let root = board()
        .child(memory(0x2000_0000, 0x1000_0000))
        .child(memory(0x5000_0000, 0x1000))
        .child(memory(0x5000_0800, 0x1000))
        .child(memory(0x8000_0000, 0));
    let expected = [(0x2000_0000, 0x1000_0000), (0x4000_0000, 0x1000_1800)];
    assert_eq!(pairs(&machine(&root).memory), expected);
}

#[test]
fn one_node_may_have_several_ranges() {
    let root = with_memory(&[0x1, 0x0, 0x1, 0x0, 0x0, 0x1000, 0x0, 0x1000]);
    let expected = [(0x1000, 0x1000), (0x1_0000_0000, 0x1_0000_0000)];
    assert_eq!(pairs(&machine(&root).memory), expected);
}

#[test]
fn only_usable_memory_below_the_root_counts() {
    let disabled = memory(0x1000_0000, 0x1000).text("status", "disabled");
    let nested = Node::new("bus").child(memory(0x2000_0000, 0x1000));
    let named = Node::new("memory@30000000").cells("reg", &[0, 0x3000_0000, 0, 0x1000]);
    let root = board().child(disabled).child(nested).child(named);
    assert_eq!(machine(&root).memory, machine(&board()).memory);
}

#[test]
fn machine_without_memory_is_described() {
    let root = with_memory(&[0, 0, 0, 0]);
    assert_eq!(pairs(&machine(&root).memory), []);
    assert_eq!(
        pairs(&machine(&board().remove("/memory@40000000")).memory),
        []
    );
}

#[test]
fn memory_that_wraps_is_refused() {
    let root = with_memory(&[0xffff_ffff, 0xffff_f000, 0x0, 0x1000]);
    let expected = TreeError::RangeOverflow {
        base: 0xffff_ffff_ffff_f000,
        size: 0x1000,
    };
    assert_eq!(refusal(&root), expected);
}

#[test]
fn memory_of_wrong_length_is_refused() {
    let expected = TreeError::BadLength {
        property: "reg",
        length: 12,
    };
    assert_eq!(refusal(&with_memory(&[0, 0x4000_0000, 0])), expected);
}

#[test]
fn bad_cells_of_memory_are_refused() {
    for cells in [0, 3, 5, u32::MAX] {
        for property in ["#address-cells", "#size-cells"] {
            let root = board().cells(property, &[cells]);
            assert_eq!(refusal(&root), TreeError::BadCells { property, cells });
        }
    }
}

#[test]
fn more_ranges_than_the_limit_are_refused() {
    let cells = |count: u32| {
        (0..count)
            .flat_map(|at| [0, at << 13, 0, 0x1000])
            .collect::<Vec<_>>()
    };
    let most = machine(&with_memory(&cells(limits::RANGES as u32)));
    assert_eq!(most.memory.len(), limits::RANGES);
    let beyond = with_memory(&cells(limits::RANGES as u32 + 1));
    assert_eq!(refusal(&beyond), TreeError::TooManyRanges);
}

fn reserved_memory(cells: u32, ranges: &[u32]) -> Node {
    Node::new("reserved-memory")
        .cells("#address-cells", &[cells])
        .cells("#size-cells", &[cells])
        .cells("ranges", ranges)
}

#[test]
fn reservations_come_from_both_places() {
    let parent = reserved_memory(1, &[])
        .child(Node::new("firmware@1000").cells("reg", &[0x1000, 0x1000, 0x8000, 0x100]))
        .child(Node::new("pool").cells("size", &[0x10_0000]))
        .child(
            Node::new("off")
                .cells("reg", &[0x9000, 0x1000])
                .text("status", "disabled"),
        );
    let mut blob = board()
        .child(parent)
        .reserving(&[(0x2000, 0x1000), (0x5000, 0)]);
    let machine = describe(&mut blob).expect("a good tree");
    assert_eq!(
        pairs(&machine.reserved),
        [(0x1000, 0x2000), (0x8000, 0x100)]
    );
}

#[test]
fn reserved_regions_are_translated() {
    let parent = reserved_memory(1, &[0x1000_0000, 0x9, 0x0, 0x1000_0000])
        .child(Node::new("firmware").cells("reg", &[0x1000_1000, 0x1000]));
    assert_eq!(
        pairs(&machine(&board().child(parent)).reserved),
        [(0x9_0000_1000, 0x1000)]
    );
}

#[test]
fn reserved_regions_without_ranges_are_plain_addresses() {
    let parent = reserved_memory(2, &[])
        .without("ranges")
        .child(Node::new("firmware").cells("reg", &[0, 0x1000, 0, 0x1000]));
    assert_eq!(
        pairs(&machine(&board().child(parent)).reserved),
        [(0x1000, 0x1000)]
    );
}

#[test]
fn reserved_region_outside_ranges_is_refused() {
    let parent = reserved_memory(1, &[0x1000_0000, 0x9, 0x0, 0x1000_0000])
        .child(Node::new("firmware").cells("reg", &[0x1000, 0x1000]));
    let expected = TreeError::ReservedUntranslatable { address: 0x1000 };
    assert_eq!(refusal(&board().child(parent)), expected);
}

#[test]
fn bad_cells_of_reserved_memory_are_refused() {
    for cells in [0, 3, 5] {
        let parent = reserved_memory(cells, &[]).child(Node::new("firmware").cells("reg", &[0; 6]));
        let expected = TreeError::BadCells {
            property: "#address-cells",
            cells,
        };
        assert_eq!(refusal(&board().child(parent)), expected);
    }
}

#[test]
fn reservation_that_wraps_is_refused() {
    let mut blob = board().reserving(&[(u64::MAX, 2)]);
    let expected = TreeError::RangeOverflow {
        base: u64::MAX,
        size: 2,
    };
    assert_eq!(describe(&mut blob), Err(expected));
}

#[test]
fn more_reservations_than_the_limit_are_refused() {
    let many = (0..limits::RANGES as u64 + 1)
        .map(|at| (at << 13, 0x1000))
        .collect::<Vec<_>>();
    assert_eq!(
        describe(&mut board().reserving(&many)),
        Err(TreeError::TooManyRanges)
    );
}

#[test]
fn usable_memory_is_memory_minus_reserved() {
    let mut blob = board().reserving(&[(0x3fff_f000, 0x2000), (0x4800_0000, 0x1000)]);
    let machine = describe(&mut blob).expect("a good tree");
    let expected = [(0x4000_1000, 0x7ff_f000), (0x4800_1000, 0x7ff_f000)];
    assert_eq!(pairs(&machine.usable_memory()), expected);
}
