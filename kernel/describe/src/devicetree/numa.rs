//! NUMA nodes and how far apart they are.
//!
//! Linux binding `numa.txt`. The matrix lists triples (from, to, distance) and may give one
//! direction only, or be absent.

use alloc::vec;
use alloc::vec::Vec;

use super::memory::Bank;
use super::tree::Node;
use crate::error::TreeError;
use crate::machine::{Cpu, NodeId, NumaNode};
use crate::range;

const LOCAL: u8 = 10;
const REMOTE: u8 = 20;

/// Collects the nodes that have cores or memory, by ascending id.
pub(super) fn nodes(cpus: &[Cpu], banks: &[Bank]) -> Vec<NumaNode> {
    let homes = cpus
        .iter()
        .map(|cpu| cpu.node)
        .chain(banks.iter().map(|bank| bank.0));
    let mut ids = homes.collect::<Vec<_>>();
    ids.sort_unstable();
    ids.dedup();
    ids.into_iter().map(|id| node(id, cpus, banks)).collect()
}

fn node(id: NodeId, cpus: &[Cpu], banks: &[Bank]) -> NumaNode {
    let mut memory = banks
        .iter()
        .filter(|bank| bank.0 == id)
        .map(|bank| bank.1)
        .collect();
    range::normalise(&mut memory);
    let cpus = cpus
        .iter()
        .filter(|cpu| cpu.node == id)
        .map(|cpu| cpu.mpidr)
        .collect();
    NumaNode { id, cpus, memory }
}

/// Reads the distances between `nodes`: what the map says, else what it says of the way back,
/// else the usual.
pub(super) fn distances(
    nodes: &[NumaNode],
    map: Option<Node<'_>>,
) -> Result<Vec<Vec<u8>>, TreeError> {
    let mut given = vec![vec![None; nodes.len()]; nodes.len()];
    let position = |id: u32| nodes.binary_search_by_key(&id, |node| node.id.0).ok();
    for [from, to, distance] in triples(map)? {
        let distance = u8::try_from(distance).map_err(|_| TreeError::BadDistance(distance))?;
        if let (Some(from), Some(to)) = (position(from), position(to)) {
            given[from][to] = Some(distance);
        }
    }
    let distance = |from: usize, to: usize| {
        let usual = if from == to { LOCAL } else { REMOTE };
        given[from][to].or(given[to][from]).unwrap_or(usual)
    };
    let places = 0..nodes.len();
    Ok(places
        .clone()
        .map(|from| places.clone().map(|to| distance(from, to)).collect())
        .collect())
}

fn triples(map: Option<Node<'_>>) -> Result<impl Iterator<Item = [u32; 3]>, TreeError> {
    let property = "distance-matrix";
    let value = map
        .and_then(|map| map.property(property))
        .unwrap_or_default();
    if !value.len().is_multiple_of(12) {
        return Err(TreeError::BadLength {
            property,
            length: value.len(),
        });
    }
    let cells = |entry: &[u8]| {
        let mut words = entry.chunks_exact(4);
        [(); 3].map(|()| words.next().map_or(0, be_word))
    };
    Ok(value.chunks_exact(12).map(cells))
}

fn be_word(bytes: &[u8]) -> u32 {
    bytes
        .iter()
        .fold(0, |word, byte| word << 8 | u32::from(*byte))
}
