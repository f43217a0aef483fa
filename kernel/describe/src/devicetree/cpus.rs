//! The cores, and the firmware that starts them.
//!
//! Devicetree Specification v0.4, section 3.8; Linux bindings `arm/cpus.yaml`, `arm/psci.yaml`.

use alloc::vec::Vec;

use super::address::{self, Cells};
use super::cpu_map::Clusters;
use super::limits;
use super::tree::{Node, Tree};
use crate::error::TreeError;
use crate::machine::{Conduit, Cpu, EnableMethod, Mpidr, NodeId};

/// Lists the usable cores in the tree's order.
pub(super) fn usable(tree: &Tree<'_>) -> Result<Vec<Cpu>, TreeError> {
    let Some(parent) = tree.by_path(b"/cpus") else {
        return Err(TreeError::NoCpus);
    };
    let common = Common {
        cells: Cells::of(parent)?,
        enable_method: parent.strings("enable-method").next().unwrap_or_default(),
        clusters: Clusters::of(parent),
    };
    let mut cpus = Vec::new();
    for node in parent
        .children()
        .filter(|node| is_cpu(*node) && node.is_usable())
    {
        if cpus.len() == limits::CPUS {
            return Err(TreeError::TooManyCpus);
        }
        cpus.push(cpu(node, &common)?);
    }
    check_distinct(&cpus)?;
    match cpus.is_empty() {
        true => Err(TreeError::NoCpus),
        false => Ok(cpus),
    }
}

/// What all cores share, read once.
struct Common<'t> {
    cells: Cells,
    enable_method: &'t [u8],
    clusters: Clusters,
}

/// `device_type` decides; the name does only in trees too old, or too new, to have one.
fn is_cpu(node: Node<'_>) -> bool {
    match node.property("device_type") {
        Some(kind) => kind.strip_suffix(b"\0").unwrap_or(kind) == b"cpu",
        None => node.base_name() == "cpu",
    }
}

fn cpu(node: Node<'_>, common: &Common<'_>) -> Result<Cpu, TreeError> {
    let own_method = node
        .strings("enable-method")
        .next()
        .filter(|method| !method.is_empty());
    Ok(Cpu {
        mpidr: Mpidr(address::first_plain(node, common.cells)?),
        compatible: node.text("compatible")?,
        enable_method: enable_method(own_method.unwrap_or(common.enable_method)),
        release_address: node.number("cpu-release-addr")?,
        capacity: node.cell("capacity-dmips-mhz")?,
        cluster: common.clusters.ordinal(node),
        node: numa_node(node)?,
    })
}

fn enable_method(name: &[u8]) -> Option<EnableMethod> {
    match name {
        b"psci" => Some(EnableMethod::Psci),
        b"spin-table" => Some(EnableMethod::SpinTable),
        _ => None,
    }
}

/// Returns the NUMA node that a core or a piece of memory belongs to.
pub(super) fn numa_node(node: Node<'_>) -> Result<NodeId, TreeError> {
    match node.cell("numa-node-id")?.unwrap_or(0) {
        id if id <= limits::NODE_ID => Ok(NodeId(id)),
        id => Err(TreeError::BadNodeId(id)),
    }
}

fn check_distinct(cpus: &[Cpu]) -> Result<(), TreeError> {
    let mut affinities = cpus.iter().map(|cpu| cpu.mpidr).collect::<Vec<_>>();
    affinities.sort_unstable();
    match affinities.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(twice) => Err(TreeError::DuplicateCpu(twice[0])),
        None => Ok(()),
    }
}

/// Returns how PSCI is called, if there is a node for it.
pub(super) fn conduit(psci: Option<Node<'_>>) -> Option<Conduit> {
    match psci?.strings("method").next()? {
        b"hvc" => Some(Conduit::Hvc),
        b"smc" => Some(Conduit::Smc),
        _ => None,
    }
}
