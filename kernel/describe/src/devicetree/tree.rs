//! Nodes with parents, children and typed properties: the `fdt` crate's walk joined to the shape.
//!
//! One walk of the crate numbers its nodes as `structure` numbered them; from there on every step
//! is an index. A lookup of a property is linear in that node's own properties and no more, so no
//! tree makes a walk over its nodes quadratic.

use alloc::string::String;
use alloc::vec::Vec;

use fdt::Fdt;
use fdt::node::FdtNode;

use super::limits;
use super::structure::{Link, Shape};
use crate::error::TreeError;

/// All nodes of a verified tree.
pub(super) struct Tree<'t> {
    nodes: Vec<FdtNode<'t, 't>>,
    shape: Shape,
}

impl<'t> Tree<'t> {
    /// Walks `fdt`, which must be what `shape` was taken from.
    pub(super) fn new(fdt: &'t Fdt<'t>, shape: Shape) -> Result<Self, TreeError> {
        let counted = shape.links.len();
        let mut nodes = Vec::with_capacity(counted);
        nodes.extend(fdt.all_nodes().take(counted));
        match nodes.len() == counted && counted != 0 {
            true => Ok(Self { nodes, shape }),
            false => Err(TreeError::WalkDisagrees {
                counted,
                walked: nodes.len(),
            }),
        }
    }

    pub(super) fn root(&'t self) -> Node<'t> {
        Node {
            tree: self,
            index: 0,
        }
    }

    /// Iterates over all nodes in the tree's order.
    pub(super) fn nodes(&'t self) -> impl Iterator<Item = Node<'t>> {
        (0..self.nodes.len()).map(|index| Node {
            tree: self,
            index: index as u16,
        })
    }

    pub(super) fn by_phandle(&'t self, phandle: u32) -> Option<Node<'t>> {
        let phandles = &self.shape.phandles;
        let at = phandles
            .binary_search_by_key(&phandle, |entry| entry.0)
            .ok()?;
        phandles.get(at).map(|entry| Node {
            tree: self,
            index: entry.1,
        })
    }

    /// Finds the node at an absolute path, in which unit addresses may be left out.
    pub(super) fn by_path(&'t self, path: &[u8]) -> Option<Node<'t>> {
        let path = path.strip_prefix(b"/")?;
        let names = path
            .split(|byte| *byte == b'/')
            .filter(|name| !name.is_empty());
        names.into_iter().try_fold(self.root(), Node::child)
    }
}

/// One node.
#[derive(Clone, Copy)]
pub(super) struct Node<'t> {
    tree: &'t Tree<'t>,
    index: u16,
}

impl PartialEq for Node<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.index == other.index
    }
}

impl<'t> Node<'t> {
    /// Its position in the tree's order.
    pub(super) fn index(self) -> u16 {
        self.index
    }

    pub(super) fn tree(self) -> &'t Tree<'t> {
        self.tree
    }

    fn link(self) -> Link {
        self.tree.shape.links[usize::from(self.index)]
    }

    /// Its name with the unit address.
    pub(super) fn name(self) -> &'t str {
        self.tree.nodes[usize::from(self.index)].name
    }

    /// Its path from the root.
    pub(super) fn path(self) -> String {
        let mut names = Vec::new();
        let mut node = Some(self);
        while let Some(this) = node {
            names.push(this.name());
            node = this.parent();
        }
        // The root's name is empty, or a slash in old trees.
        names.pop();
        let below = names.iter().rev();
        below.fold(String::new(), |path, name| path + "/" + name)
    }

    /// Its name without the unit address.
    pub(super) fn base_name(self) -> &'t str {
        let name = self.name();
        name.split_once('@').map_or(name, |(base, _)| base)
    }

    /// Its `status` and its ancestors' let it be used.
    pub(super) fn is_usable(self) -> bool {
        self.link().usable
    }

    pub(super) fn parent(self) -> Option<Self> {
        let parent = self.link().parent;
        (parent != self.index).then_some(Self {
            tree: self.tree,
            index: parent,
        })
    }

    pub(super) fn children(self) -> impl Iterator<Item = Self> {
        let end = self.link().end;
        let mut next = self.index + 1;
        core::iter::from_fn(move || {
            let child = Self {
                tree: self.tree,
                index: next,
            };
            (next < end).then(|| {
                next = child.link().end;
                child
            })
        })
    }

    /// Iterates over all nodes below this one in the tree's order.
    pub(super) fn descendants(self) -> impl Iterator<Item = Self> {
        (self.index + 1..self.link().end).map(move |index| Self {
            tree: self.tree,
            index,
        })
    }

    /// Finds the child of that name; a name without unit address fits any.
    pub(super) fn child(self, name: &[u8]) -> Option<Self> {
        let exact = self
            .children()
            .find(|child| child.name().as_bytes() == name);
        exact.or_else(|| {
            self.children()
                .find(|child| child.base_name().as_bytes() == name)
        })
    }

    pub(super) fn property(self, name: &str) -> Option<&'t [u8]> {
        let node = self.tree.nodes[usize::from(self.index)];
        node.property(name).map(|property| property.value)
    }

    pub(super) fn has(self, name: &str) -> bool {
        self.property(name).is_some()
    }

    /// Reads a property of one cell.
    pub(super) fn cell(self, property: &'static str) -> Result<Option<u32>, TreeError> {
        let Some(value) = self.property(property) else {
            return Ok(None);
        };
        match <[u8; 4]>::try_from(value) {
            Ok(cell) => Ok(Some(u32::from_be_bytes(cell))),
            Err(_) => Err(TreeError::BadLength {
                property,
                length: value.len(),
            }),
        }
    }

    /// Reads a property of one cell that can be done without: one of another length is none.
    pub(super) fn detail(self, property: &'static str) -> Option<u32> {
        self.cell(property).ok().flatten()
    }

    /// Reads a property of one or two cells.
    pub(super) fn number(self, property: &'static str) -> Result<Option<u64>, TreeError> {
        let Some(value) = self.property(property) else {
            return Ok(None);
        };
        match <[u8; 8]>::try_from(value) {
            Ok(cells) => Ok(Some(u64::from_be_bytes(cells))),
            Err(_) => self.cell(property).map(|cell| cell.map(u64::from)),
        }
    }

    /// Iterates over the texts of a property, NULs removed.
    pub(super) fn strings(self, property: &str) -> impl Iterator<Item = &'t [u8]> {
        Names(self.property(property).unwrap_or_default()).iter()
    }

    /// Copies the first text of a property; empty if there is none.
    pub(super) fn text(self, property: &'static str) -> Result<String, TreeError> {
        self.text_within(property, limits::TEXT)
    }

    /// Copies the first text of a property if it has at most `limit` bytes.
    pub(super) fn text_within(
        self,
        property: &'static str,
        limit: usize,
    ) -> Result<String, TreeError> {
        let text = self.strings(property).next().unwrap_or_default();
        match text.len() <= limit {
            true => Ok(String::from_utf8_lossy(text).into_owned()),
            false => Err(TreeError::TextTooLong {
                property,
                length: text.len(),
            }),
        }
    }

    /// Returns what the node is compatible with, the most specific first.
    pub(super) fn compatible(self) -> Names<'t> {
        Names(self.property("compatible").unwrap_or_default())
    }
}

/// The texts of one property. A property is found by a search, so look it up once.
#[derive(Clone, Copy)]
pub(super) struct Names<'t>(&'t [u8]);

impl<'t> Names<'t> {
    fn iter(self) -> impl Iterator<Item = &'t [u8]> {
        self.0
            .strip_suffix(b"\0")
            .unwrap_or(self.0)
            .split(|byte| *byte == 0)
    }

    /// Returns what `table` has for the first name that is in it.
    pub(super) fn lookup<T: Copy>(self, table: &[(&str, T)]) -> Option<T> {
        self.iter().find_map(|text| {
            let entry = table.iter().find(|(name, _)| name.as_bytes() == text);
            entry.map(|(_, found)| *found)
        })
    }
}
