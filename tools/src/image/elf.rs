//! What the tools want to know of a linked ELF: segments, sizes, build id, relocations left.

use std::ops::Range;

use object::LittleEndian;
use object::elf::{
    EM_AARCH64, ET_DYN, FileHeader64, NT_GNU_BUILD_ID, PT_LOAD, R_AARCH64_NONE, SHF_ALLOC,
    SHF_EXECINSTR, SHF_WRITE, SHT_NOBITS, SHT_SYMTAB, STT_FUNC, STT_NOTYPE, SectionFlags,
};
use object::read::elf::{
    FileHeader as _, ProgramHeader as _, Rela as _, SectionHeader as _, SectionTable, Sym as _,
};

use super::Error;
use super::flat::Segment;

const ENDIAN: LittleEndian = LittleEndian;

/// A position-independent ELF for AArch64.
pub(crate) struct Elf<'a> {
    bytes: &'a [u8],
    header: &'a FileHeader64<LittleEndian>,
    sections: SectionTable<'a, FileHeader64<LittleEndian>>,
}

/// A named place in the code.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CodeSymbol<'a> {
    pub(crate) name: &'a str,
    pub(crate) address: u64,
    /// In bytes; 0 for a label.
    pub(crate) size: u64,
}

/// Bytes in memory, by what may be done with them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sizes {
    pub(crate) text: u64,
    pub(crate) rodata: u64,
    pub(crate) data: u64,
    pub(crate) bss: u64,
}

impl From<object::read::Error> for Error {
    fn from(error: object::read::Error) -> Self {
        Self::Malformed(error)
    }
}

impl<'a> Elf<'a> {
    pub(crate) fn parse(bytes: &'a [u8]) -> Result<Self, Error> {
        let header = FileHeader64::<LittleEndian>::parse(bytes)?;
        header.endian()?;
        if header.e_machine(ENDIAN) != EM_AARCH64 {
            return Err(Error::NotAarch64);
        }
        if header.e_type(ENDIAN) != ET_DYN {
            return Err(Error::NotPositionIndependent);
        }
        let sections = header.sections(ENDIAN, bytes)?;
        Ok(Self {
            bytes,
            header,
            sections,
        })
    }

    pub(crate) fn segments(&self) -> Result<Vec<Segment<'a>>, Error> {
        let mut segments = Vec::new();
        for program in self.header.program_headers(ENDIAN, self.bytes)? {
            if program.p_type(ENDIAN) != PT_LOAD {
                continue;
            }
            let bytes = program
                .data(ENDIAN, self.bytes)
                .map_err(|()| Error::SegmentOutsideFile)?;
            segments.push(Segment {
                address: program.p_vaddr(ENDIAN),
                bytes,
                memory_size: program.p_memsz(ENDIAN),
            });
        }
        Ok(segments)
    }

    /// The kernel adds its load address to each place that RELR names. It reads no other table, so
    /// whatever stands in one would be left undone, relative or not.
    pub(crate) fn refuse_foreign_relocations(&self) -> Result<(), Error> {
        for section in self.sections.iter() {
            if section.sh_flags(ENDIAN).0 & SHF_ALLOC.0 == 0 {
                continue;
            }
            let Some((relocations, link)) = section.rela(ENDIAN, self.bytes)? else {
                continue;
            };
            for relocation in relocations {
                let kind = relocation.r_type(ENDIAN, false);
                if kind != R_AARCH64_NONE {
                    let kind = kind.0;
                    let symbol = self.symbol_name(link, relocation.r_sym(ENDIAN, false));
                    let at = relocation.r_offset(ENDIAN);
                    return Err(Error::Relocation { kind, at, symbol });
                }
            }
        }
        Ok(())
    }

    /// Only for a message, so a damaged table gives an empty name and no second error.
    fn symbol_name(&self, table: object::SectionIndex, index: u32) -> String {
        let name = || {
            let symbols = self
                .sections
                .symbol_table_by_index(ENDIAN, self.bytes, table)
                .ok()?;
            let symbol = symbols.symbol(object::SymbolIndex(index as usize)).ok()?;
            let name = symbol.name(ENDIAN, symbols.strings()).ok()?;
            Some(String::from_utf8_lossy(name).into_owned())
        };
        name().unwrap_or_default()
    }

    /// Sums sections by what they may do, whatever their names.
    pub(crate) fn sizes(&self) -> Result<Sizes, Error> {
        let mut sizes = Sizes::default();
        for section in self.sections.iter() {
            let flags = section.sh_flags(ENDIAN);
            let has = |flag: SectionFlags| flags.0 & flag.0 != 0;
            if !has(SHF_ALLOC) {
                continue;
            }
            let sum = if section.sh_type(ENDIAN) == SHT_NOBITS {
                &mut sizes.bss
            } else if has(SHF_EXECINSTR) {
                &mut sizes.text
            } else if has(SHF_WRITE) {
                &mut sizes.data
            } else {
                &mut sizes.rodata
            };
            *sum = sum.saturating_add(section.sh_size(ENDIAN));
        }
        Ok(sizes)
    }

    /// Where in the file the section of this name lies, if there is one with anything in it.
    pub(crate) fn section_in_file(&self, name: &[u8]) -> Result<Option<Range<usize>>, Error> {
        let Some((_, section)) = self.sections.section_by_name(ENDIAN, name) else {
            return Ok(None);
        };
        let Some((offset, size)) = section.file_range(ENDIAN).filter(|(_, size)| *size > 0) else {
            return Ok(None);
        };
        let end = offset.checked_add(size).ok_or(Error::SegmentOutsideFile)?;
        if end > self.bytes.len() as u64 {
            return Err(Error::SegmentOutsideFile);
        }
        Ok(Some(offset as usize..end as usize))
    }

    /// The sections of code: address and contents.
    pub(crate) fn code(&self) -> Result<Vec<(u64, &'a [u8])>, Error> {
        let mut code = Vec::new();
        for section in self.sections.iter() {
            if section.sh_flags(ENDIAN).0 & SHF_EXECINSTR.0 != 0 {
                code.push((section.sh_addr(ENDIAN), section.data(ENDIAN, self.bytes)?));
            }
        }
        Ok(code)
    }

    /// The functions, and the labels of assembly code.
    pub(crate) fn code_symbols(&self) -> Result<Vec<CodeSymbol<'a>>, Error> {
        let table = self.sections.symbols(ENDIAN, self.bytes, SHT_SYMTAB)?;
        let mut code = Vec::new();
        for symbol in table.symbols().iter() {
            if ![STT_FUNC, STT_NOTYPE].contains(&symbol.st_type()) {
                continue;
            }
            let index = object::SectionIndex(symbol.st_shndx(ENDIAN).0.into());
            let section = self.sections.section(index);
            let is_code = section.is_ok_and(|s| s.sh_flags(ENDIAN).0 & SHF_EXECINSTR.0 != 0);
            let name = std::str::from_utf8(symbol.name(ENDIAN, table.strings())?).unwrap_or("");
            // `$x` and `$d` say where code and data begin.
            if is_code && !name.is_empty() && !name.starts_with('$') {
                code.push(CodeSymbol {
                    name,
                    address: symbol.st_value(ENDIAN),
                    size: symbol.st_size(ENDIAN),
                });
            }
        }
        Ok(code)
    }

    /// The linker's digest of the contents, in hexadecimal.
    pub(crate) fn build_id(&self) -> Result<Option<String>, Error> {
        for section in self.sections.iter() {
            let Some(mut notes) = section.notes(ENDIAN, self.bytes)? else {
                continue;
            };
            while let Some(note) = notes.next()? {
                if note.n_type(ENDIAN) == NT_GNU_BUILD_ID {
                    let digits = note.desc().iter().map(|byte| format!("{byte:02x}"));
                    return Ok(Some(digits.collect()));
                }
            }
        }
        Ok(None)
    }
}
