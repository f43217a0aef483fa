//! Every bound on a tree, in one place. A tree beyond one of them is refused by name.
//!
//! They are far above what boards have, and low enough that the heap of early boot holds the
//! worst tree that passes.

/// Bytes of a whole tree. The arm64 boot protocol allows 2 MiB, but QEMU pads trees beyond.
pub const TOTAL_SIZE: usize = 4 << 20;
/// Nodes inside nodes, the root counted.
pub const DEPTH: usize = 32;
/// Nodes of a tree. Phones come near 3000.
pub const TREE_NODES: usize = 16 << 10;
/// Bytes of a node's or property's name, without its NUL.
pub const NAME: usize = 255;
/// Bytes of a text that is kept, such as a `compatible`.
pub const TEXT: usize = 255;
/// Bytes of the boot arguments.
pub const BOOTARGS: usize = 4096;
/// Usable cores.
pub const CPUS: usize = 512;
/// Cells of an address or a size on any bus.
pub const CELLS: u32 = 4;
/// The highest number of a NUMA node.
pub const NODE_ID: u32 = 255;
/// Ranges in one list: of memory, of reserved regions, of a device's registers.
pub const RANGES: usize = 1024;
/// Interrupts of one device; further ones are ignored.
pub const INTERRUPTS: usize = 16;
/// Cells of one interrupt; a controller with more is taken for broken.
pub const INTERRUPT_CELLS: u32 = 8;
/// Serial ports that are considered where the tree names none.
pub const PORTS: usize = 8;
/// The largest shift between a port's registers; a larger one is taken for none.
pub const REG_SHIFT: u32 = 4;
