//! The same ELF for a machine whose memory is elsewhere.
//!
//! Who loads an ELF file puts its segments where their physical addresses say. The kernel moves
//! itself to wherever it is, so these, and nothing else, are what one file for each place in
//! memory has to differ in; the addresses of symbols stay as they are linked.

use object::LittleEndian;
use object::elf::{FileHeader64, PT_LOAD, ProgramHeader64};
use object::read::elf::{FileHeader as _, ProgramHeader as _};

use super::Error;

const ENDIAN: LittleEndian = LittleEndian;
/// Bytes of a program header, and where in it the physical address is (generic ELF ABI, "Program
/// Header").
const ENTRY: usize = size_of::<ProgramHeader64<LittleEndian>>();
const PHYSICAL: usize = 24;

/// Returns `elf` with its lowest segment loaded at `base`, and the others as far from it as they
/// were.
pub(crate) fn load_at(elf: &[u8], base: u64) -> Result<Vec<u8>, Error> {
    let header = FileHeader64::<LittleEndian>::parse(elf)?;
    let programs = header.program_headers(ENDIAN, elf)?;
    let loaded = |program: &&ProgramHeader64<_>| program.p_type(ENDIAN) == PT_LOAD;
    let addresses = programs.iter().filter(loaded);
    let lowest = addresses
        .map(|program| program.p_vaddr(ENDIAN))
        .min()
        .ok_or(Error::NoSegments)?;
    let table =
        usize::try_from(header.e_phoff.get(ENDIAN)).map_err(|_| Error::SegmentOutsideFile)?;
    let mut moved = elf.to_vec();
    for (index, program) in programs.iter().enumerate() {
        let address = program
            .p_vaddr(ENDIAN)
            .wrapping_sub(lowest)
            .wrapping_add(base);
        let place = table + index * ENTRY + PHYSICAL;
        let field = moved.get_mut(place..place + size_of::<u64>());
        let field = field.ok_or(Error::SegmentOutsideFile)?;
        field.copy_from_slice(&address.to_le_bytes());
    }
    Ok(moved)
}

#[cfg(test)]
mod tests {
    use super::super::sample::Sample;
    use super::*;

    fn addresses(elf: &[u8]) -> Vec<(u64, u64)> {
        let header = FileHeader64::<LittleEndian>::parse(elf).expect("a good header");
        let programs = header.program_headers(ENDIAN, elf).expect("a good table");
        let each = |program: &ProgramHeader64<LittleEndian>| {
            (program.p_vaddr(ENDIAN), program.p_paddr(ENDIAN))
        };
        programs.iter().map(each).collect()
    }

    #[test]
    fn only_the_physical_addresses_move() {
        let elf = Sample::default().bytes();
        let moved = load_at(&elf, 0x20_0000).expect("a good file");
        assert_eq!(
            addresses(&moved),
            [(0x4020_0000, 0x20_0000), (0x4020_1000, 0x20_1000)]
        );
        let back = load_at(&moved, 0x4020_0000).expect("a good file");
        assert_eq!(back, elf);
    }

    #[test]
    fn a_truncated_file_is_an_error() {
        let elf = Sample::default().bytes();
        assert!(load_at(&elf[..100], 0).is_err());
    }
}
