//! The structure block: verified token by token, squeezed in place, its shape written down.
//!
//! One pass with a read and a write position. What is read is checked, then kept by moving it down
//! to the write position; an FDT_NOP is read and not kept. Without NOPs the positions are the same
//! and nothing moves. After the pass, and only after it, the following holds, and the `fdt` crate
//! relies on each point (it panics or stops short otherwise):
//!
//! 1. the block is one root node, then FDT_END, without FDT_NOP;
//! 2. in a node, all properties come before the first child;
//! 3. every name ends inside its block and is UTF-8; only the root's may be empty;
//! 4. every value with its padding ends inside the block;
//! 5. nodes nest no deeper than [`limits::DEPTH`].

use core::ops;

use alloc::vec::Vec;

use super::header::{Blocks, STRUCTURE_SIZE_FIELD, word};
use super::limits;
use crate::error::TreeError;

const BEGIN_NODE: u32 = 1;
const END_NODE: u32 = 2;
const PROPERTY: u32 = 3;
const NOP: u32 = 4;
const END: u32 = 9;

const WORD: usize = 4;
/// Token, length and name of a property, before its value.
const PROPERTY_HEADER: usize = 3 * WORD;

/// What the `fdt` crate does not tell, or only by a search from the start: which node is whose
/// parent, which may be used, and which a phandle names. Nodes are numbered in the block's order.
#[derive(Default)]
pub(super) struct Shape {
    /// One link a node.
    pub(super) links: Vec<Link>,
    /// Phandle and node, sorted by phandle.
    pub(super) phandles: Vec<(u32, u16)>,
}

/// Where a node hangs.
#[derive(Clone, Copy)]
pub(super) struct Link {
    /// Its parent; the root is its own.
    pub(super) parent: u16,
    /// The first node after its last descendant.
    pub(super) end: u16,
    /// Its own status and that of all its ancestors let it be used.
    pub(super) usable: bool,
}

/// Verifies the structure block of `blob`, squeezes it, and returns its shape.
pub(super) fn verify(blob: &mut [u8], blocks: &Blocks) -> Result<Shape, TreeError> {
    let mut pass = Pass {
        read: blocks.structure.start,
        write: blocks.structure.start,
        blob,
        blocks,
        shape: Shape::default(),
        open: [0; limits::DEPTH],
        depth: 0,
        takes_properties: false,
    };
    while pass.step()? {}
    pass.finish()
}

struct Pass<'a> {
    blob: &'a mut [u8],
    blocks: &'a Blocks,
    read: usize,
    write: usize,
    shape: Shape,
    /// The nodes that have begun and not ended.
    open: [u16; limits::DEPTH],
    depth: usize,
    /// The innermost open node has no child yet.
    takes_properties: bool,
}

impl Pass<'_> {
    /// Takes one token; false after the last.
    fn step(&mut self) -> Result<bool, TreeError> {
        let offset = self.read;
        match self.word(offset).ok_or(TreeError::EndMissing { offset })? {
            BEGIN_NODE => self.begin_node(offset)?,
            END_NODE => self.end_node(offset)?,
            PROPERTY => self.property(offset)?,
            NOP => self.read += WORD,
            END => {
                self.keep(WORD);
                return Ok(false);
            }
            token => return Err(TreeError::BadToken { offset, token }),
        }
        Ok(true)
    }

    fn begin_node(&mut self, offset: usize) -> Result<(), TreeError> {
        let nodes = self.shape.links.len();
        if self.depth == 0 && nodes != 0 {
            return Err(TreeError::SecondRoot { offset });
        }
        if self.depth == limits::DEPTH {
            return Err(TreeError::TooDeep { offset });
        }
        if nodes == limits::TREE_NODES {
            return Err(TreeError::TooManyNodes);
        }
        let name = offset + WORD;
        let length = name_length(self.blob, name, self.blocks.structure.end)?;
        if length == 0 && self.depth != 0 {
            return Err(TreeError::BadName { offset: name });
        }
        let index = nodes as u16;
        let parent = self.innermost().unwrap_or(index);
        let usable = self.depth == 0 || self.shape.links[usize::from(parent)].usable;
        self.shape.links.push(Link {
            parent,
            end: index,
            usable,
        });
        self.open[self.depth] = index;
        self.depth += 1;
        self.takes_properties = true;
        self.keep_padded(WORD + length + 1, offset)
    }

    fn end_node(&mut self, offset: usize) -> Result<(), TreeError> {
        let node = self
            .innermost()
            .ok_or(TreeError::UnbalancedEnd { offset })?;
        self.shape.links[usize::from(node)].end = self.shape.links.len() as u16;
        self.depth -= 1;
        self.takes_properties = false;
        self.keep(WORD);
        Ok(())
    }

    fn property(&mut self, offset: usize) -> Result<(), TreeError> {
        let node = match self.innermost() {
            Some(node) if self.takes_properties => node,
            _ => return Err(TreeError::PropertyMisplaced { offset }),
        };
        let header = self.word(offset + WORD).zip(self.word(offset + 2 * WORD));
        let (length, name) = header.ok_or(TreeError::EndMissing { offset })?;
        let value = offset + PROPERTY_HEADER;
        let room = self.blocks.structure.end - value;
        if length as usize > room {
            return Err(TreeError::PropertyTruncated { offset, length });
        }
        let value = value..value + length as usize;
        let name = self.property_name(offset, name)?;
        match &self.blob[name] {
            b"phandle" | b"linux,phandle" => self.note_phandle(node, value)?,
            b"status" => self.note_status(node, value),
            _ => {}
        }
        self.keep_padded(PROPERTY_HEADER + length as usize, offset)
    }

    fn property_name(&self, offset: usize, name: u32) -> Result<ops::Range<usize>, TreeError> {
        let strings = &self.blocks.strings;
        let start = strings.start.saturating_add(name as usize);
        if start >= strings.end {
            return Err(TreeError::PropertyNameOutside { offset, name });
        }
        let length = name_length(self.blob, start, strings.end)?;
        Ok(start..start + length)
    }

    fn note_phandle(&mut self, node: u16, value: ops::Range<usize>) -> Result<(), TreeError> {
        let length = value.len();
        let phandle = self.word(value.start).filter(|_| length == WORD);
        let phandle = phandle.ok_or(TreeError::BadLength {
            property: "phandle",
            length,
        })?;
        // Older trees carry the same number under both names.
        if self.shape.phandles.last() != Some(&(phandle, node)) {
            self.shape.phandles.push((phandle, node));
        }
        Ok(())
    }

    fn note_status(&mut self, node: u16, value: ops::Range<usize>) {
        let status = self.blob[value].split(|byte| *byte == 0).next();
        let is_usable = matches!(status, Some(b"okay" | b"ok"));
        self.shape.links[usize::from(node)].usable &= is_usable;
    }

    fn finish(mut self) -> Result<Shape, TreeError> {
        let offset = self.read - WORD;
        if self.depth != 0 {
            return Err(TreeError::NodeUnclosed { offset });
        }
        if self.shape.links.is_empty() {
            return Err(TreeError::RootMissing);
        }
        let phandles = &mut self.shape.phandles;
        phandles.sort_unstable();
        if let Some(twice) = phandles.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            return Err(TreeError::DuplicatePhandle(twice[0].0));
        }
        let size = (self.write - self.blocks.structure.start) as u32;
        self.blob[STRUCTURE_SIZE_FIELD..][..WORD].copy_from_slice(&size.to_be_bytes());
        Ok(self.shape)
    }

    fn innermost(&self) -> Option<u16> {
        self.depth.checked_sub(1).map(|top| self.open[top])
    }

    fn word(&self, offset: usize) -> Option<u32> {
        word(&self.blob[..self.blocks.structure.end], offset)
    }

    /// Keeps `length` bytes, which the caller has checked, and the padding after them.
    fn keep_padded(&mut self, length: usize, offset: usize) -> Result<(), TreeError> {
        let padded = length.next_multiple_of(WORD);
        if padded > self.blocks.structure.end - offset {
            return Err(TreeError::EndMissing {
                offset: offset + length,
            });
        }
        self.keep(padded);
        Ok(())
    }

    fn keep(&mut self, length: usize) {
        if self.read != self.write {
            self.blob
                .copy_within(self.read..self.read + length, self.write);
        }
        self.read += length;
        self.write += length;
    }
}

/// Returns the length of the name at `start`, which must end before `end` and be text.
fn name_length(blob: &[u8], start: usize, end: usize) -> Result<usize, TreeError> {
    let bytes = &blob[start..end];
    let window = &bytes[..bytes.len().min(limits::NAME + 1)];
    let Some(length) = window.iter().position(|byte| *byte == 0) else {
        return Err(match window.len() == bytes.len() {
            true => TreeError::NameUnterminated { offset: start },
            false => TreeError::NameTooLong { offset: start },
        });
    };
    match core::str::from_utf8(&window[..length]) {
        Ok(_) => Ok(length),
        Err(_) => Err(TreeError::BadName { offset: start }),
    }
}
