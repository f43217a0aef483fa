//! Memory, and what of it belongs to others.
//!
//! Devicetree Specification v0.4, sections 3.4 and 3.5.

use alloc::vec::Vec;

use super::address::{self, BusAddress, Cells, Window};
use super::tree::{Node, Tree};
use super::{cpus, limits};
use crate::error::TreeError;
use crate::machine::NodeId;
use crate::range::{self, Range};

/// A piece of memory and the NUMA node it belongs to.
pub(super) type Bank = (NodeId, Range);

/// Lists the memory by ascending address; it may be none, where firmware fills it in.
pub(super) fn banks(tree: &Tree<'_>) -> Result<Vec<Bank>, TreeError> {
    let root = tree.root();
    let cells = Cells::of(root)?;
    let mut banks = Vec::new();
    for node in root
        .children()
        .filter(|node| is_memory(*node) && node.is_usable())
    {
        cells.check_memory()?;
        let numa_node = cpus::numa_node(node)?;
        for (address, size) in address::on_bus(node, cells)? {
            push(&mut banks, (numa_node, Range::new(address.offset, size)?))?;
        }
    }
    banks.retain(|(_, range)| range.size != 0);
    banks.sort_unstable_by_key(|(numa_node, range)| (*range, *numa_node));
    check_nodes_apart(&banks)?;
    Ok(banks)
}

/// Merges the banks of all nodes.
pub(super) fn merged(banks: &[Bank]) -> Vec<Range> {
    let mut memory = banks.iter().map(|(_, range)| *range).collect();
    range::normalise(&mut memory);
    memory
}

fn is_memory(node: Node<'_>) -> bool {
    node.strings("device_type").next() == Some(b"memory")
}

/// One node may describe its memory twice, but a byte has one home. Banks are sorted.
fn check_nodes_apart(banks: &[Bank]) -> Result<(), TreeError> {
    let Some((mut owner, first)) = banks.first().copied() else {
        return Ok(());
    };
    let mut end = first.end();
    for (numa_node, range) in banks.iter().copied() {
        if range.base < end && numa_node != owner {
            return Err(TreeError::NodesOverlap { base: range.base });
        }
        if range.end() >= end {
            (owner, end) = (numa_node, range.end());
        }
    }
    Ok(())
}

/// Lists what is reserved: the header's reservations and the fixed regions of `/reserved-memory`.
pub(super) fn reserved(tree: &Tree<'_>, header: Vec<Range>) -> Result<Vec<Range>, TreeError> {
    let mut reserved = header;
    if let Some(parent) = tree.by_path(b"/reserved-memory") {
        let cells = Cells::of(parent)?;
        // Whoever forgets `ranges` means plain addresses; to reserve none would be the worse guess.
        let ranges = parent.property("ranges").unwrap_or_default();
        let window = Window::new(parent, tree.root(), ranges)?;
        let regions = parent.children().filter(|node| node.has("reg"));
        for node in regions.filter(|node| node.is_usable()) {
            cells.check_memory()?;
            for (address, size) in address::on_bus(node, cells)? {
                let base = to_cpu(&window, address)?;
                push(&mut reserved, Range::new(base, size)?)?;
            }
        }
    }
    range::normalise(&mut reserved);
    Ok(reserved)
}

fn to_cpu(window: &Window<'_>, address: BusAddress) -> Result<u64, TreeError> {
    let translated = window.translate(address)?;
    let unreachable = TreeError::ReservedUntranslatable {
        address: address.offset,
    };
    translated.map(|address| address.offset).ok_or(unreachable)
}

fn push<T>(list: &mut Vec<T>, item: T) -> Result<(), TreeError> {
    if list.len() == limits::RANGES {
        return Err(TreeError::TooManyRanges);
    }
    list.push(item);
    Ok(())
}
