//! A hand-made ELF, small enough to read, with one thing wrong at a time.

use object::elf::{EM_AARCH64, ET_DYN, FileType, Machine};

pub(crate) const ABSOLUTE: u64 = 257;
pub(crate) const RELATIVE: u64 = 1027;

const BASE: u64 = 0x4020_0000;
/// Where the sections lie in the file; the segments' bytes follow the three program headers.
const TEXT_AT: u64 = 64 + 2 * 56;
const DATA_AT: u64 = TEXT_AT + 0x80;
const NOTE_AT: u64 = DATA_AT + 0x10;
const RELA_AT: u64 = NOTE_AT + 20;
const SYMBOLS_AT: u64 = RELA_AT + 24;
const STRINGS_AT: u64 = SYMBOLS_AT + 48;
const STRINGS: &[u8] = b"\0wanted\0girder_symbols\0";
const SYMBOLS_NAME: u32 = 8;
const ROOM_AT: u64 = STRINGS_AT + STRINGS.len() as u64;

/// What may vary.
pub(crate) struct Sample {
    pub(crate) kind: FileType,
    pub(crate) machine: Machine,
    pub(crate) image_size: u64,
    pub(crate) relocation: Option<u64>,
    /// Bytes for the names of functions.
    pub(crate) symbol_room: u64,
}

impl Default for Sample {
    fn default() -> Self {
        Self {
            kind: ET_DYN,
            machine: EM_AARCH64,
            image_size: 0x2000,
            relocation: None,
            symbol_room: 0x80,
        }
    }
}

impl Sample {
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut file = self.file_header();
        // type, flags, then offset, addresses, sizes, alignment
        file.extend(program_header(5, TEXT_AT, BASE, 0x80, 0x80));
        file.extend(program_header(6, DATA_AT, BASE + 0x1000, 0x10, 0x30));
        file.extend(self.text());
        file.extend([0xda; 0x10]);
        file.extend(words(&[4, 4, 3]));
        file.extend(b"GNU\0\xc0\xff\xee\x42");
        let relocation = self.relocation.unwrap_or_default();
        file.extend(longs(&[BASE + 0x1008, 1 << 32 | relocation, 0]));
        file.extend([0; 24]);
        // a function in the first section, 0x40 bytes behind its start
        file.extend(words(&[1, 1 << 16 | 2]));
        file.extend(longs(&[BASE + 0x40, 0x10]));
        file.extend(STRINGS);
        file.extend(vec![0; self.symbol_room as usize]);
        file.extend([0; 64]);
        file.extend(section(1, 6, BASE, TEXT_AT, 0x80, 0, 0));
        file.extend(section(1, 3, BASE + 0x1000, DATA_AT, 0x10, 0, 0));
        file.extend(section(8, 3, BASE + 0x1010, 0, 0x20, 0, 0));
        file.extend(section(7, 2, 0, NOTE_AT, 20, 0, 0));
        let length = if self.relocation.is_some() { 24 } else { 0 };
        file.extend(section(4, 2, 0, RELA_AT, length, 6, 24));
        file.extend(section(2, 0, 0, SYMBOLS_AT, 48, 7, 24));
        file.extend(section(3, 0, 0, STRINGS_AT, STRINGS.len() as u64, 0, 0));
        let mut room = section(1, 2, 0, ROOM_AT, self.symbol_room, 0, 0);
        room[..4].copy_from_slice(&SYMBOLS_NAME.to_le_bytes());
        file.extend(room);
        file
    }

    fn file_header(&self) -> Vec<u8> {
        let mut header = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0".to_vec();
        header.extend(
            [self.kind.0, self.machine.0]
                .iter()
                .flat_map(|each| each.to_le_bytes()),
        );
        header.extend(words(&[1]));
        header.extend(longs(&[BASE, 64, ROOM_AT + self.symbol_room]));
        header.extend(words(&[0]));
        let counts: [u16; 6] = [64, 56, 2, 64, 9, 7];
        header.extend(counts.iter().flat_map(|each| each.to_le_bytes()));
        header
    }

    fn text(&self) -> Vec<u8> {
        let mut text = longs(&[0, 0, self.image_size, 0xa, 0, 0, 0]);
        text.extend(b"ARM\x64\0\0\0\0");
        text.resize(0x80, 0x77);
        text
    }
}

fn program_header(flags: u32, offset: u64, address: u64, file: u64, memory: u64) -> Vec<u8> {
    let mut header = words(&[1, flags]);
    header.extend(longs(&[offset, address, address, file, memory, 1]));
    header
}

fn section(
    kind: u32,
    flags: u64,
    address: u64,
    offset: u64,
    size: u64,
    link: u32,
    entry: u64,
) -> Vec<u8> {
    let mut header = words(&[0, kind]);
    header.extend(longs(&[flags, address, offset, size]));
    header.extend(words(&[link, 0]));
    header.extend(longs(&[1, entry]));
    header
}

fn words(values: &[u32]) -> Vec<u8> {
    values.iter().flat_map(|each| each.to_le_bytes()).collect()
}

fn longs(values: &[u64]) -> Vec<u8> {
    values.iter().flat_map(|each| each.to_le_bytes()).collect()
}
