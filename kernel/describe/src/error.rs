//! Why a tree is refused. Offsets count from the tree's first byte, as `dtc` and hex dumps do.

use core::fmt;

use crate::machine::Mpidr;

/// Why a tree is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TreeError {
    /// Fewer bytes than a header has.
    HeaderTruncated {
        /// The bytes there are.
        length: usize,
    },
    /// It is not a flattened device tree.
    BadMagic(u32),
    /// It says it has fewer bytes than a header, or more than the boot protocol allows.
    BadTotalSize(u32),
    /// Fewer bytes than it says it has.
    Truncated {
        /// The bytes it says it has.
        total: usize,
        /// The bytes there are.
        length: usize,
    },
    /// A reader of version 17 can't read it.
    BadVersion {
        /// Its version.
        version: u32,
        /// The oldest version that its readers may know.
        last_compatible: u32,
    },
    /// A block does not begin where its words can be read.
    BlockMisaligned {
        /// Which block.
        block: Block,
        /// Where it begins.
        offset: usize,
    },
    /// A block does not lie inside the tree.
    BlockOutside {
        /// Which block.
        block: Block,
        /// Where it begins.
        offset: usize,
    },
    /// Two blocks claim the same bytes.
    BlocksOverlap {
        /// The one that begins first.
        first: Block,
        /// The one that begins inside it.
        second: Block,
    },
    /// The memory reservation block runs out of the tree without its last entry.
    ReservationsUnterminated,
    /// A word that is no token stands where a token should.
    BadToken {
        /// Where.
        offset: usize,
        /// The word.
        token: u32,
    },
    /// The structure block ends before the tree does.
    EndMissing {
        /// Where the next token should have been.
        offset: usize,
    },
    /// The structure block has no node at all.
    RootMissing,
    /// A node begins after the root has ended.
    SecondRoot {
        /// Where.
        offset: usize,
    },
    /// A node ends that never began.
    UnbalancedEnd {
        /// Where.
        offset: usize,
    },
    /// The tree ends while a node is open.
    NodeUnclosed {
        /// Where the tree ends.
        offset: usize,
    },
    /// Nodes are nested deeper than [`limits::DEPTH`](crate::limits::DEPTH).
    TooDeep {
        /// Where the node too deep begins.
        offset: usize,
    },
    /// There are more nodes than [`limits::TREE_NODES`](crate::limits::TREE_NODES).
    TooManyNodes,
    /// A property stands outside any node or after a node's first child.
    PropertyMisplaced {
        /// Where.
        offset: usize,
    },
    /// A property's value runs out of the structure block.
    PropertyTruncated {
        /// Where the property begins.
        offset: usize,
        /// The length it claims.
        length: u32,
    },
    /// A property's name does not lie in the strings block.
    PropertyNameOutside {
        /// Where the property begins.
        offset: usize,
        /// The name's offset in the strings block.
        name: u32,
    },
    /// A name has no end inside its block.
    NameUnterminated {
        /// Where the name begins.
        offset: usize,
    },
    /// A name is longer than [`limits::NAME`](crate::limits::NAME).
    NameTooLong {
        /// Where the name begins.
        offset: usize,
    },
    /// A name is not UTF-8, or empty where only the root's may be.
    BadName {
        /// Where the name begins.
        offset: usize,
    },
    /// Two nodes have the same phandle.
    DuplicatePhandle(u32),
    /// The `fdt` crate saw another number of nodes than we did.
    WalkDisagrees {
        /// The nodes we counted.
        counted: usize,
        /// The nodes it walked.
        walked: usize,
    },
    /// `#address-cells` or `#size-cells` has a value that its bus can't have.
    BadCells {
        /// Which property.
        property: &'static str,
        /// Its value.
        cells: u32,
    },
    /// A property's value has a length that its meaning does not allow.
    BadLength {
        /// Which property.
        property: &'static str,
        /// Its length in bytes.
        length: usize,
    },
    /// A text is longer than its limit.
    TextTooLong {
        /// Which property.
        property: &'static str,
        /// Its length in bytes.
        length: usize,
    },
    /// A property is absent where it must be present.
    PropertyMissing {
        /// Which property.
        property: &'static str,
    },
    /// There is no usable core.
    NoCpus,
    /// There are more usable cores than [`limits::CPUS`](crate::limits::CPUS).
    TooManyCpus,
    /// Two usable cores have the same affinity.
    DuplicateCpu(Mpidr),
    /// A range ends beyond 64 bits.
    RangeOverflow {
        /// Where it begins.
        base: u64,
        /// Its size.
        size: u64,
    },
    /// There are more ranges in one list than [`limits::RANGES`](crate::limits::RANGES).
    TooManyRanges,
    /// A reserved region can't be translated to an address that cores use.
    ReservedUntranslatable {
        /// Its address on its own bus.
        address: u64,
    },
    /// Two NUMA nodes claim the same memory.
    NodesOverlap {
        /// The first address that both claim.
        base: u64,
    },
    /// A NUMA node's number is above [`limits::NODE_ID`](crate::limits::NODE_ID).
    BadNodeId(u32),
    /// A distance between NUMA nodes does not fit in a byte.
    BadDistance(u32),
    /// Interrupt controllers hand their interrupts to each other in a circle.
    InterruptCycle,
    /// The initial RAM disk ends before it begins.
    InitrdInverted {
        /// Where it begins.
        start: u64,
        /// Where it ends.
        end: u64,
    },
}

/// A part of the flattened tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Block {
    /// The header.
    Header,
    /// The memory reservations.
    Reservations,
    /// The tokens of nodes and properties.
    Structure,
    /// The names of properties.
    Strings,
}

impl fmt::Display for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Header => "header",
            Self::Reservations => "memory reservation block",
            Self::Structure => "structure block",
            Self::Strings => "strings block",
        })
    }
}

impl core::error::Error for TreeError {}

impl fmt::Display for TreeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use TreeError as E;
        match self {
            E::HeaderTruncated { length } => write!(f, "{length} bytes are no tree header"),
            E::BadMagic(magic) => write!(f, "not a device tree: magic {magic:#010x}"),
            E::BadTotalSize(size) => write!(f, "impossible total size {size}"),
            E::Truncated { total, length } => write!(f, "{length} bytes left of {total}"),
            E::BadVersion {
                version,
                last_compatible,
            } => {
                write!(
                    f,
                    "version {version} (compatible to {last_compatible}) is not 17"
                )
            }
            E::BlockMisaligned { block, offset } => {
                write!(f, "{block} at {offset:#x} is not aligned")
            }
            E::BlockOutside { block, offset } => {
                write!(f, "{block} at {offset:#x} does not lie inside the tree")
            }
            E::BlocksOverlap { first, second } => write!(f, "{first} runs into the {second}"),
            E::ReservationsUnterminated => f.write_str("memory reservation block has no end"),
            E::BadToken { offset, token } => write!(f, "token {token:#x} at {offset:#x}"),
            E::EndMissing { offset } => write!(f, "no token at {offset:#x}: the end is missing"),
            E::RootMissing => f.write_str("no root node"),
            E::SecondRoot { offset } => write!(f, "second root node at {offset:#x}"),
            E::UnbalancedEnd { offset } => write!(f, "end of no node at {offset:#x}"),
            E::NodeUnclosed { offset } => write!(f, "tree ends inside a node at {offset:#x}"),
            E::TooDeep { offset } => write!(f, "node nested too deep at {offset:#x}"),
            E::TooManyNodes => f.write_str("too many nodes"),
            E::PropertyMisplaced { offset } => write!(f, "property out of place at {offset:#x}"),
            E::PropertyTruncated { offset, length } => {
                write!(
                    f,
                    "property of {length} bytes at {offset:#x} runs out of its block"
                )
            }
            E::PropertyNameOutside { offset, name } => {
                write!(f, "property at {offset:#x} has its name outside: {name:#x}")
            }
            E::NameUnterminated { offset } => write!(f, "name at {offset:#x} has no end"),
            E::NameTooLong { offset } => write!(f, "name at {offset:#x} is too long"),
            E::BadName { offset } => write!(f, "name at {offset:#x} is no name"),
            E::DuplicatePhandle(phandle) => write!(f, "two nodes have phandle {phandle:#x}"),
            E::WalkDisagrees { counted, walked } => {
                write!(f, "{counted} nodes counted, {walked} walked")
            }
            E::BadCells { property, cells } => write!(f, "{property} is {cells}"),
            E::BadLength { property, length } => write!(f, "{property} has {length} bytes"),
            E::TextTooLong { property, length } => {
                write!(f, "{property} is too long: {length} bytes")
            }
            E::PropertyMissing { property } => write!(f, "{property} is missing"),
            E::NoCpus => f.write_str("no usable cpu"),
            E::TooManyCpus => f.write_str("too many cpus"),
            E::DuplicateCpu(Mpidr(mpidr)) => write!(f, "two cpus have mpidr {mpidr:#x}"),
            E::RangeOverflow { base, size } => {
                write!(f, "range {base:#x}+{size:#x} ends beyond 64 bits")
            }
            E::TooManyRanges => f.write_str("too many ranges"),
            E::ReservedUntranslatable { address } => {
                write!(f, "reserved region {address:#x} has no cpu address")
            }
            E::NodesOverlap { base } => write!(f, "two nodes claim the memory at {base:#x}"),
            E::BadNodeId(id) => write!(f, "node id {id} is too large"),
            E::BadDistance(distance) => write!(f, "node distance {distance} is too large"),
            E::InterruptCycle => f.write_str("interrupt controllers form a circle"),
            E::InitrdInverted { start, end } => {
                write!(f, "initrd ends at {end:#x} before it begins at {start:#x}")
            }
        }
    }
}
