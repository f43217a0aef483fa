//! Translation tables with 4 KiB pages, four levels, 48 bits (Arm ARM, "The AArch64 Virtual
//! Memory System Architecture").
//!
//! Only ever from invalid to valid: no function here changes or removes a valid entry, so no
//! break-before-make and no TLB invalidation is needed ("TLB maintenance": an invalid entry is never
//! cached). What needs other attributes is mapped once, rightly; a mapping that would meet an
//! existing one is refused.
//!
//! Tables are reached through their physical addresses, so the module works where those are
//! mapped to themselves: in the kernel always, in the tests on the host by nature.

use core::ptr::NonNull;
use tock_registers::fields::FieldValue;
use tock_registers::register_bitfields;

/// Size of the smallest page.
pub const PAGE: u64 = 4096;
/// Size of a block at level 2.
pub const BLOCK_2M: u64 = 2 << 20;

const ENTRIES: usize = 512;
const INDEX_BITS: u32 = 9;
const LAST_LEVEL: u32 = 3;
/// Addresses have 48 bits; the upper half's go through the second root.
const ADDRESS_BITS: u32 = 48;

register_bitfields! {u64,
    DESCRIPTOR [
        /// Execute never at EL0.
        UXN OFFSET(54) NUMBITS(1) [],
        /// Execute never at EL1.
        PXN OFFSET(53) NUMBITS(1) [],
        /// Where the next table or the memory is.
        ADDRESS OFFSET(12) NUMBITS(36) [],
        /// Belongs to one address space identifier.
        NOT_GLOBAL OFFSET(11) NUMBITS(1) [],
        /// Access flag; without it the first access faults.
        ACCESSED OFFSET(10) NUMBITS(1) [],
        /// Who sees the same value.
        SHARE OFFSET(8) NUMBITS(2) [Inner = 0b11],
        /// Write protection (AP[2]).
        READ_ONLY OFFSET(7) NUMBITS(1) [],
        /// Index into MAIR.
        ATTRIBUTES OFFSET(2) NUMBITS(3) [Normal = 0, Device = 1],
        /// Table or page (1), or block (0).
        TABLE OFFSET(1) NUMBITS(1) [],
        /// Anything at all.
        VALID OFFSET(0) NUMBITS(1) [],
    ]
}

/// One table: 512 descriptors in one page.
#[repr(C, align(4096))]
pub struct Table([u64; ENTRIES]);

impl Table {
    /// A table with nothing in it.
    pub const EMPTY: Self = Self([0; ENTRIES]);
}

/// What may be done with memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Code: read and execute.
    Code,
    /// Constants: read.
    Constants,
    /// Data: read and write.
    Data,
    /// Device registers: read and write, in order, uncached.
    Device,
    /// Everything, and only in the address space of the first moments of boot.
    Boot,
}

/// A range to map.
#[derive(Clone, Copy, Debug)]
pub struct Mapping {
    /// First address that the program uses.
    pub virt: u64,
    /// First address that the memory system sees.
    pub phys: u64,
    /// Bytes.
    pub size: u64,
    /// What may be done with it.
    pub kind: Kind,
}

impl Mapping {
    /// Maps addresses to themselves.
    pub fn identity(base: u64, size: u64, kind: Kind) -> Self {
        Self {
            virt: base,
            phys: base,
            size,
            kind,
        }
    }
}

/// Why a range was not mapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MapError {
    /// An address or size is no multiple of the page size, or beyond 48 bits.
    BadRange,
    /// Something is mapped at this address already.
    Occupied(u64),
    /// There is no memory for one more table.
    NoFrame,
}

/// Where tables come from.
pub trait Frames {
    /// Gives an empty table, for ever.
    fn table(&mut self) -> Option<NonNull<Table>>;
}

/// The tables under one root.
pub struct Tables {
    root: NonNull<Table>,
}

// SAFETY: the tables live for ever at addresses that are the same on every core, and only the one
// value changes them.
unsafe impl Send for Tables {}

impl Tables {
    /// Starts with an empty root.
    pub fn new(frames: &mut impl Frames) -> Result<Self, MapError> {
        Ok(Self {
            root: frames.table().ok_or(MapError::NoFrame)?,
        })
    }

    /// The physical address of the root.
    pub fn root(&self) -> u64 {
        self.root.as_ptr() as u64
    }

    /// Maps a range, in the largest pieces that fit. On an error a part of it may be mapped.
    pub fn map(&mut self, frames: &mut impl Frames, range: Mapping) -> Result<(), MapError> {
        let limit = 1 << ADDRESS_BITS;
        let is_aligned = (range.virt | range.phys | range.size).is_multiple_of(PAGE);
        let fits = range.size <= limit && range.phys <= limit - range.size;
        let stays_in_half = range.size == 0
            || (range.virt ^ (range.virt.wrapping_add(range.size - 1))) >> ADDRESS_BITS == 0;
        if !is_aligned || !fits || !stays_in_half {
            return Err(MapError::BadRange);
        }
        let mut done = 0;
        while done < range.size {
            let (virt, phys) = (range.virt + done, range.phys + done);
            let level = largest_level(virt | phys, range.size - done);
            let slot = self.slot(frames, virt, level)?;
            // SAFETY: `slot` points into a live table that only this value changes.
            unsafe {
                if slot.read_volatile() != 0 {
                    return Err(MapError::Occupied(virt));
                }
                slot.write_volatile(leaf(phys, range.kind, level));
            }
            done += piece(level);
        }
        Ok(())
    }

    /// Finds the descriptor of `virt` at `level`, adding tables on the way.
    fn slot(
        &mut self,
        frames: &mut impl Frames,
        virt: u64,
        level: u32,
    ) -> Result<*mut u64, MapError> {
        let mut table = self.root.as_ptr();
        let mut depth = 0;
        loop {
            let index = (virt >> piece(depth).trailing_zeros()) as usize % ENTRIES;
            // SAFETY: `table` is the root or was put into its parent below, and tables live for
            // ever; `index` is below their length.
            let slot = unsafe { (&raw mut (*table).0).cast::<u64>().add(index) };
            if depth == level {
                return Ok(slot);
            }
            // SAFETY: as above, and only this value writes descriptors.
            let entry = unsafe { slot.read_volatile() };
            let is_table = DESCRIPTOR::TABLE.is_set(entry) && DESCRIPTOR::VALID.is_set(entry);
            table = if is_table {
                (entry & DESCRIPTOR::ADDRESS.mask << DESCRIPTOR::ADDRESS.shift) as *mut Table
            } else if entry == 0 {
                let next = frames.table().ok_or(MapError::NoFrame)?.as_ptr();
                let link = next as u64 | (DESCRIPTOR::TABLE::SET + DESCRIPTOR::VALID::SET).value;
                // SAFETY: as above.
                unsafe { slot.write_volatile(link) }
                next
            } else {
                return Err(MapError::Occupied(virt));
            };
            depth += 1;
        }
    }
}

/// How much one descriptor at `level` covers.
fn piece(level: u32) -> u64 {
    PAGE << ((LAST_LEVEL - level) * INDEX_BITS)
}

/// The lowest level number whose pieces fit: 1 GiB, 2 MiB or 4 KiB.
fn largest_level(alignment: u64, size: u64) -> u32 {
    (1..LAST_LEVEL)
        .find(|&level| alignment.is_multiple_of(piece(level)) && size >= piece(level))
        .unwrap_or(LAST_LEVEL)
}

fn leaf(phys: u64, kind: Kind, level: u32) -> u64 {
    let fields: FieldValue<u64, DESCRIPTOR::Register> = match kind {
        Kind::Code => DESCRIPTOR::UXN::SET + DESCRIPTOR::READ_ONLY::SET,
        Kind::Constants => DESCRIPTOR::UXN::SET + DESCRIPTOR::PXN::SET + DESCRIPTOR::READ_ONLY::SET,
        Kind::Data => DESCRIPTOR::UXN::SET + DESCRIPTOR::PXN::SET,
        Kind::Device => {
            DESCRIPTOR::UXN::SET + DESCRIPTOR::PXN::SET + DESCRIPTOR::ATTRIBUTES::Device
        }
        // Tagged with the boot address space, so that the TLB can never mix it with the lasting one.
        Kind::Boot => DESCRIPTOR::UXN::SET + DESCRIPTOR::NOT_GLOBAL::SET,
    };
    let shape = if level == LAST_LEVEL {
        DESCRIPTOR::TABLE::SET
    } else {
        DESCRIPTOR::TABLE::CLEAR
    };
    let common =
        DESCRIPTOR::ACCESSED::SET + DESCRIPTOR::SHARE::Inner + DESCRIPTOR::VALID::SET + shape;
    phys | (fields + common).value
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Heap(usize);

    impl Frames for Heap {
        fn table(&mut self) -> Option<NonNull<Table>> {
            self.0 = self.0.checked_sub(1)?;
            Some(NonNull::from(Box::leak(Box::new(Table::EMPTY))))
        }
    }

    /// Walks as the hardware does: the leaf descriptor and its level.
    fn walk(tables: &Tables, virt: u64) -> Option<(u64, u32)> {
        let mut table = tables.root() as *const Table;
        for level in 0..=LAST_LEVEL {
            let index = (virt >> piece(level).trailing_zeros()) as usize % ENTRIES;
            // SAFETY: tables in the tests are leaked boxes.
            let entry = unsafe { (*table).0[index] };
            match (entry & 0b11, level) {
                (0b11, LAST_LEVEL) | (0b01, 1 | 2) => return Some((entry, level)),
                (0b11, _) => table = (entry & 0xffff_ffff_f000) as *const Table,
                _ => return None,
            }
        }
        None
    }

    fn phys(tables: &Tables, virt: u64) -> Option<u64> {
        let (entry, level) = walk(tables, virt)?;
        Some((entry & 0xffff_ffff_f000) + virt % piece(level))
    }

    #[test]
    fn a_range_is_mapped_in_the_largest_pieces() {
        let mut heap = Heap(100);
        let mut tables = Tables::new(&mut heap).unwrap();
        let (base, size) = (0x3fff_f000, 0x4000_0000 + 0x20_0000 + 0x2000);
        tables
            .map(&mut heap, Mapping::identity(base, size, Kind::Data))
            .unwrap();
        for virt in [base, 0x4000_0000, 0x7fff_ffff, 0x8000_0000, 0x8020_0fff] {
            assert_eq!(phys(&tables, virt), Some(virt), "{virt:#x}");
        }
        assert_eq!(walk(&tables, base).unwrap().1, 3);
        assert_eq!(walk(&tables, 0x4000_0000).unwrap().1, 1);
        assert_eq!(walk(&tables, 0x8000_0000).unwrap().1, 2);
        assert_eq!(phys(&tables, base - 1), None);
        assert_eq!(phys(&tables, base + size), None);
    }

    #[test]
    fn nothing_is_both_writable_and_executable() {
        for kind in [Kind::Code, Kind::Constants, Kind::Data, Kind::Device] {
            let entry = leaf(0, kind, 3);
            let writable = entry >> 7 & 1 == 0;
            let executable = entry >> 53 & 1 == 0;
            assert!(!(writable && executable), "{kind:?}");
            assert_eq!(entry >> 54 & 1, 1, "{kind:?} runs at EL0");
        }
        assert_eq!(leaf(0, Kind::Device, 3) >> 2 & 7, 1);
    }

    #[test]
    fn an_occupied_address_is_refused() {
        let mut heap = Heap(100);
        let mut tables = Tables::new(&mut heap).unwrap();
        tables
            .map(
                &mut heap,
                Mapping::identity(0x20_0000, 0x20_0000, Kind::Data),
            )
            .unwrap();
        let inside = Mapping::identity(0x20_1000, 0x1000, Kind::Code);
        assert_eq!(
            tables.map(&mut heap, inside),
            Err(MapError::Occupied(0x20_1000))
        );
        let around = Mapping::identity(0, 0x4000_0000, Kind::Data);
        assert_eq!(tables.map(&mut heap, around), Err(MapError::Occupied(0)));
    }

    #[test]
    fn the_upper_half_has_its_own_root() {
        let mut heap = Heap(100);
        let mut tables = Tables::new(&mut heap).unwrap();
        let virt = 0xffff_0000_0001_0000;
        let range = Mapping {
            virt,
            phys: 0x5000,
            size: 0x2000,
            kind: Kind::Data,
        };
        tables.map(&mut heap, range).unwrap();
        assert_eq!(phys(&tables, virt + 0x1008), Some(0x6008));
        assert_eq!(phys(&tables, virt - 1), None);
    }

    #[test]
    fn bad_ranges_and_exhaustion_are_errors() {
        let mut heap = Heap(2);
        let mut tables = Tables::new(&mut heap).unwrap();
        for (virt, phys, size) in [
            (1, 0, PAGE),
            (0, 8, PAGE),
            (0, 0, 5),
            (0, u64::MAX - PAGE + 1, 2 * PAGE),
        ] {
            let range = Mapping {
                virt,
                phys,
                size,
                kind: Kind::Data,
            };
            assert_eq!(tables.map(&mut heap, range), Err(MapError::BadRange));
        }
        let across = Mapping {
            virt: (1 << 48) - PAGE,
            phys: 0,
            size: 2 * PAGE,
            kind: Kind::Data,
        };
        assert_eq!(tables.map(&mut heap, across), Err(MapError::BadRange));
        let page = Mapping::identity(0x1000, PAGE, Kind::Data);
        assert_eq!(tables.map(&mut heap, page), Err(MapError::NoFrame));
    }
}
