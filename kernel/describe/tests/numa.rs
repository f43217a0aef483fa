//! NUMA nodes and the distances between them.

mod support;

use girder_describe::{Machine, Range, TreeError, limits};
use support::*;

fn pairs(ranges: &[Range]) -> Vec<(u64, u64)> {
    ranges
        .iter()
        .map(|range| (range.base, range.size))
        .collect()
}

/// Memory of one MiB at each address, at home in the node beside it.
fn numa(homes: &[(u64, u32)]) -> Node {
    let banks = homes
        .iter()
        .map(|(base, id)| memory(*base, 0x10_0000).cells("numa-node-id", &[*id]));
    banks.fold(board().remove("/memory@40000000"), Node::child)
}

fn map(cells: &[u32]) -> Node {
    Node::new("distance-map")
        .text("compatible", "numa-distance-map-v1")
        .cells("distance-matrix", cells)
}

fn node_memory(machine: &Machine) -> Vec<(u32, Vec<(u64, u64)>)> {
    machine
        .nodes
        .iter()
        .map(|node| (node.id.0, pairs(&node.memory)))
        .collect()
}

#[test]
fn without_ids_there_is_one_node() {
    let machine = machine(&board());
    assert_eq!(
        node_memory(&machine),
        [(0, vec![(0x4000_0000, 0x1000_0000)])]
    );
    assert_eq!(machine.nodes[0].cpus.len(), 2);
    assert_eq!(machine.distances, [[10]]);
}

#[test]
fn nodes_come_by_ascending_id() {
    let root = numa(&[
        (0x30_0000, 7),
        (0x20_0000, 2),
        (0x40_0000, 2),
        (0x50_0000, 2),
    ]);
    let machine = machine(&root);
    let expected = [
        (0, vec![]),
        (2, vec![(0x20_0000, 0x10_0000), (0x40_0000, 0x20_0000)]),
        (7, vec![(0x30_0000, 0x10_0000)]),
    ];
    assert_eq!(node_memory(&machine), expected);
    assert_eq!(machine.nodes[0].cpus.len(), 2);
    assert_eq!(pairs(&machine.memory), [(0x20_0000, 0x40_0000)]);
}

#[test]
fn distances_default_to_local_and_remote() {
    let machine = machine(&numa(&[(0x10_0000, 1), (0x20_0000, 2)]));
    assert_eq!(
        machine.distances,
        [[10, 20, 20], [20, 10, 20], [20, 20, 10]]
    );
}

#[test]
fn one_sided_distance_holds_both_ways() {
    let root = numa(&[(0x10_0000, 1), (0x20_0000, 2)]).child(map(&[2, 0, 30, 0, 1, 15]));
    assert_eq!(
        machine(&root).distances,
        [[10, 15, 30], [15, 10, 20], [30, 20, 10]]
    );
}

#[test]
fn distance_may_depend_on_the_direction() {
    let root = numa(&[(0x10_0000, 1)]).child(map(&[0, 1, 15, 1, 0, 25, 0, 9, 99]));
    assert_eq!(machine(&root).distances, [[10, 15], [25, 10]]);
}

#[test]
fn distance_matrix_of_wrong_length_is_refused() {
    let root = board().child(map(&[0, 0, 10, 0]));
    assert_eq!(
        refusal(&root),
        TreeError::BadLength {
            property: "distance-matrix",
            length: 16
        }
    );
}

#[test]
fn distance_beyond_a_byte_is_refused() {
    assert_eq!(
        refusal(&board().child(map(&[0, 0, 256]))),
        TreeError::BadDistance(256)
    );
}

#[test]
fn node_id_beyond_the_limit_is_refused() {
    let root = numa(&[(0x10_0000, limits::NODE_ID + 1)]);
    assert_eq!(refusal(&root), TreeError::BadNodeId(limits::NODE_ID + 1));
}

#[test]
fn overlap_between_nodes_is_refused() {
    let root = numa(&[(0x10_0000, 0), (0x18_0000, 1)]);
    assert_eq!(refusal(&root), TreeError::NodesOverlap { base: 0x18_0000 });
    let wrapped = numa(&[(0x10_0000, 0), (0x14_0000, 0), (0x22_0000, 1)]);
    assert_eq!(
        refusal(&wrapped),
        TreeError::NodesOverlap { base: 0x22_0000 }
    );
}

#[test]
fn overlap_within_a_node_merges() {
    let root = numa(&[(0x10_0000, 0), (0x18_0000, 0)]);
    assert_eq!(pairs(&machine(&root).memory), [(0x10_0000, 0x18_0000)]);
}
