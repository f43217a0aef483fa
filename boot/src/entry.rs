//! From the boot loader to Rust: `entry.s`, and the little that Rust does before translation is on.
//! `levels.s` gets every core to the level that the kernel runs at, `pen.s` keeps those that are
//! early, `atomics.s` has the kernel use the atomic instructions that its cores have.
//!
//! `early` runs with translation and caches off, after relocation. Memory is device memory then:
//! no atomic read-modify-write works, no unaligned access. So it only finds the device tree and
//! builds the boot tables, which map the image and the tree and nothing else.

use crate::cores::PEN;
use crate::early_fault::{self, early_fault};
use crate::image;
use crate::pool::Pool;
use crate::start;
use core::cell::UnsafeCell;
use core::mem::{MaybeUninit, offset_of};
use girder_aarch64::core_block::offsets;
use girder_aarch64::mmu::Regime;
use girder_aarch64::monitor;
use girder_aarch64::page_table::{BLOCK_2M, Kind, MapError, Mapping, Tables};
use girder_aarch64::probe;
use girder_aarch64::spin_table::Pen;

/// Bytes of the stack that the boot core uses until it has one with a guard.
const STACK_SIZE: usize = 64 * 1024;
/// Bytes of its exception stack until then.
const EXCEPTION_STACK_SIZE: usize = 16 * 1024;
/// First word of a device tree, as a little-endian core reads it.
const TREE_MAGIC: u32 = 0xd00d_feed_u32.swap_bytes();
/// The largest tree that is mapped. The boot protocol allows 2 MiB, but QEMU pads trees beyond.
pub(crate) const TREE_LIMIT: u64 = 4 << 20;
/// Where the first 2 MiB of memory are mapped, if there is a tree in them: in the lower half,
/// beyond what any board has.
const NULL_WINDOW: u64 = 1 << 46;
/// Machines that keep the tree at the start of RAM begin it at such a border.
const RAM_BORDER: u64 = 1 << 30;
/// SCTLR_EL1 with translation and caches off: its reserved ones.
const SCTLR_OFF: u64 = 0x30d0_0800;
/// HCR_EL2 of a host: E2H and TGE, level 1 would be AArch64, and all interrupts are level 2's.
const HCR_HOST: u64 = 1 << 34 | 1 << 31 | 1 << 27 | 0b111 << 3;
/// ID_AA64ISAR0_EL1, field Atomic, and its value from which on the Large System Extensions are there.
const ATOMIC_SHIFT: u64 = 20;
const ATOMIC_LSE: u64 = 2;
/// The level at which there is no firmware.
const MONITOR_LEVEL: u64 = 3;

/// Bytes of the stack on which a fault before that is told.
const FAULT_STACK_SIZE: usize = 1024;

#[repr(C, align(16))]
struct BootStack<const SIZE: usize>(UnsafeCell<MaybeUninit<[u8; SIZE]>>);

// SAFETY: only the boot core's stack pointer ever refers to it.
unsafe impl<const SIZE: usize> Sync for BootStack<SIZE> {}

#[unsafe(link_section = ".noinit")]
static BOOT_STACK: BootStack<STACK_SIZE> = BootStack(UnsafeCell::new(MaybeUninit::uninit()));
#[unsafe(link_section = ".noinit")]
static BOOT_EXCEPTION_STACK: BootStack<EXCEPTION_STACK_SIZE> =
    BootStack(UnsafeCell::new(MaybeUninit::uninit()));

/// In the file, and so in memory if anything is.
#[unsafe(link_section = ".data.girder_fault_stack")]
static FAULT_STACK: BootStack<FAULT_STACK_SIZE> =
    BootStack(UnsafeCell::new(MaybeUninit::new([0; FAULT_STACK_SIZE])));

core::arch::global_asm!(
    include_str!("asm/entry.s"),
    include_str!("asm/levels.s"),
    include_str!("asm/pen.s"),
    include_str!("asm/atomics.s"),
    BOOT_STACK = sym BOOT_STACK,
    BOOT_STACK_SIZE = const STACK_SIZE,
    BOOT_EXCEPTION_STACK = sym BOOT_EXCEPTION_STACK,
    BOOT_EXCEPTION_STACK_SIZE = const EXCEPTION_STACK_SIZE,
    FAULT_STACK = sym FAULT_STACK,
    FAULT_STACK_SIZE = const FAULT_STACK_SIZE,
    EARLY_FAULT = sym early_fault,
    EARLY = sym early,
    MAIN = sym main,
    REGIME = const offsets::REGIME,
    EXCEPTION_STACK = const offsets::EXCEPTION_STACK,
    LOOP_STACK = const offsets::LOOP_STACK,
    MAIN_OFFSET = const offsets::MAIN,
    LEVEL = const offsets::LEVEL,
    SCTLR_OFF = const SCTLR_OFF,
    ATOMIC_SHIFT = const ATOMIC_SHIFT,
    ATOMIC_LSE = const ATOMIC_LSE,
    HCR_HOST = const HCR_HOST,
    MONITOR_STORE = const monitor::STORE,
    PEN = sym PEN,
    PEN_TABLE = const offset_of!(Pen, table),
    PEN_COUNT = const offset_of!(Pen, count),
);

/// What the first moments found out.
struct Found {
    handover: Handover,
    regime: Regime,
    tables: Tables,
}

/// What is known of the boot loader.
#[derive(Clone, Copy)]
pub(crate) struct Handover {
    /// The counter at entry.
    pub(crate) entry: u64,
    /// What it left in x0.
    pub(crate) candidate: u64,
    /// The device tree, if one was found.
    pub(crate) tree: Option<Tree>,
}

/// Where the device tree is, and how long it says that it is, up to the limit.
#[derive(Clone, Copy)]
pub(crate) struct Tree {
    pub(crate) address: u64,
    pub(crate) size: u64,
}

impl Tree {
    /// Where the boot tables have it. A tree at the start of memory that begins at 0 is a null
    /// pointer, at which Rust must find nothing.
    pub(crate) fn mapped_at(self) -> u64 {
        match self.address < BLOCK_2M {
            true => NULL_WINDOW + self.address,
            false => self.address,
        }
    }
}

struct FoundCell(UnsafeCell<MaybeUninit<Found>>);

// SAFETY: written by `early` and read by `main`, both on the boot core, one after the other.
unsafe impl Sync for FoundCell {}

#[unsafe(link_section = ".noinit")]
static FOUND: FoundCell = FoundCell(UnsafeCell::new(MaybeUninit::uninit()));

/// Called by `entry.s` with what the boot loader left in x0, the counter at entry, and the level.
extern "C" fn early(candidate: u64, entry: u64, level: u64) -> *const Regime {
    if level == MONITOR_LEVEL {
        monitor::install();
    }
    let tree = find_tree(candidate);
    let Ok((tables, upper)) = boot_tables(tree) else {
        early_fault::without_tables()
    };
    let regime = Regime::boot(tables.root(), upper.root());
    // SAFETY: nobody else uses the cell; see its `Sync`.
    unsafe {
        let found = (*FOUND.0.get()).write(Found {
            handover: Handover {
                entry,
                candidate,
                tree,
            },
            regime,
            tables,
        });
        &raw const found.regime
    }
}

/// Called by `entry.s` once translation is on.
extern "C" fn main() -> ! {
    // SAFETY: `early` has written the cell, and this is the only reader, called once.
    let found = unsafe { (*FOUND.0.get()).assume_init_read() };
    start::boot_core(found.handover, found.tables)
}

/// The device tree: where the boot loader says, else at the start of RAM, where QEMU leaves it for
/// an ELF file.
fn find_tree(candidate: u64) -> Option<Tree> {
    let start_of_ram = image::range().0 & !(RAM_BORDER - 1);
    [candidate, start_of_ram].into_iter().find_map(tree_at)
}

fn tree_at(address: u64) -> Option<Tree> {
    if !address.is_multiple_of(4) {
        return None;
    }
    // SAFETY: reading RAM or ROM does no harm, and what is neither faults, which is caught; a
    // device at the address a broken loader gave is the one thing left to luck.
    let word = |index: usize| unsafe { probe::read_word(address as usize + index * 4) };
    if word(0)? != TREE_MAGIC {
        return None;
    }
    let size = word(1)?.swap_bytes();
    Some(Tree {
        address,
        size: u64::from(size).min(TREE_LIMIT),
    })
}

/// Maps the image and the tree, in the lower half, and nothing in the upper half.
fn boot_tables(tree: Option<Tree>) -> Result<(Tables, Tables), MapError> {
    // SAFETY: the only `Pool` value now; `start` makes the next one.
    let mut pool = unsafe { Pool::new() };
    let mut tables = Tables::new(&mut pool)?;
    let upper = Tables::new(&mut pool)?;
    let (start, end) = image::range();
    map_blocks(&mut tables, &mut pool, (start, end), 0)?;
    if let Some(tree) = tree {
        let range = (tree.address, tree.address + tree.size);
        let distance = tree.mapped_at() - tree.address;
        map_blocks(&mut tables, &mut pool, range, distance)?;
    }
    Ok((tables, upper))
}

/// Maps the blocks of a range, each to an address so far above its own.
fn map_blocks(
    tables: &mut Tables,
    pool: &mut Pool,
    (start, end): (u64, u64),
    distance: u64,
) -> Result<(), MapError> {
    let mut block = start & !(BLOCK_2M - 1);
    while block < end {
        let own = Mapping::identity(block, BLOCK_2M, Kind::Boot);
        let mapping = Mapping {
            virt: block + distance,
            ..own
        };
        match tables.map(pool, mapping) {
            // The tree may share a block with the image.
            Ok(()) | Err(MapError::Occupied(_)) => block += BLOCK_2M,
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
