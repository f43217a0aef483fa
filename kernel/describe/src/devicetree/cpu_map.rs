//! `/cpus/cpu-map`: which cores sit in one cluster.
//!
//! Linux binding `cpu/cpu-topology.txt`: sockets hold clusters, clusters hold clusters or cores,
//! cores are, or hold threads that are, references to cpu nodes. The binding fixes the names of
//! these nodes, and nothing but their names tells them apart.

use alloc::vec::Vec;

use super::tree::Node;

/// The ordinals of clusters, by cpu node.
pub(super) struct Clusters {
    /// Cpu node and cluster node, sorted; the ordinal is the cluster's place in `holders`.
    members: Vec<(u16, u16)>,
    /// The clusters that hold cores themselves, in the tree's order.
    holders: Vec<u16>,
}

impl Clusters {
    /// Reads the map below the `/cpus` node.
    pub(super) fn of(cpus: Node<'_>) -> Self {
        let (mut members, mut holders) = (Vec::new(), Vec::new());
        for leaf in cpus
            .child(b"cpu-map")
            .into_iter()
            .flat_map(Node::descendants)
        {
            let Ok(Some(phandle)) = leaf.cell("cpu") else {
                continue;
            };
            let Some(cluster) = innermost_cluster(leaf, cpus) else {
                continue;
            };
            holders.push(cluster.index());
            if let Some(cpu) = cpus.tree().by_phandle(phandle) {
                members.push((cpu.index(), cluster.index()));
            }
        }
        holders.sort_unstable();
        holders.dedup();
        members.sort_unstable();
        Self { members, holders }
    }

    /// Returns the ordinal of the cluster that holds `cpu`.
    pub(super) fn ordinal(&self, cpu: Node<'_>) -> Option<u32> {
        let first = self
            .members
            .partition_point(|member| member.0 < cpu.index());
        let (_, cluster) = self
            .members
            .get(first)
            .filter(|member| member.0 == cpu.index())?;
        self.holders
            .binary_search(cluster)
            .ok()
            .map(|ordinal| ordinal as u32)
    }
}

fn innermost_cluster<'t>(leaf: Node<'t>, cpus: Node<'t>) -> Option<Node<'t>> {
    let mut node = leaf.parent()?;
    while node != cpus {
        if node.name().starts_with("cluster") {
            return Some(node);
        }
        node = node.parent()?;
    }
    None
}
