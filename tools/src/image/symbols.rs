//! The names of the kernel's functions, put where a crash report finds them: a section that the linker
//! script reserves. It is filled after linking, for before that nobody knows the addresses.

use std::fmt;

use girder_core::symbols::{Encoded, Function, encode};

use super::Error;
use super::elf::Elf;

const SECTION: &[u8] = b"girder_symbols";

/// What became of the names.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Filled {
    functions: usize,
    bytes: usize,
    room: usize,
    shortened: usize,
    dropped: usize,
}

/// Fills the table of a linked ELF, if it has room for one.
pub(super) fn fill(bytes: &mut [u8]) -> Result<Option<Filled>, Error> {
    let elf = Elf::parse(bytes)?;
    let Some(room) = elf.section_in_file(SECTION)? else {
        return Ok(None);
    };
    let base = elf.segments()?.iter().map(|segment| segment.address).min();
    let functions = functions(&elf, base.ok_or(Error::NoSegments)?)?;
    let Encoded {
        bytes: table,
        functions,
        shortened,
        dropped,
    } = encode(&functions, room.len());
    let room = bytes.get_mut(room).ok_or(Error::SegmentOutsideFile)?;
    room.fill(0);
    // A room too small for an empty table stays empty.
    if let Some(place) = room.get_mut(..table.len()) {
        place.copy_from_slice(&table);
    }
    Ok(Some(Filled {
        functions,
        bytes: table.len(),
        room: room.len(),
        shortened,
        dropped,
    }))
}

fn functions(elf: &Elf<'_>, base: u64) -> Result<Vec<Function>, Error> {
    let symbols = elf.code_symbols()?;
    let function = |symbol: super::elf::CodeSymbol<'_>| {
        Some(Function {
            start: u32::try_from(symbol.address.checked_sub(base)?).ok()?,
            size: u32::try_from(symbol.size).ok()?,
            name: readable(symbol.name),
        })
    };
    Ok(symbols.into_iter().filter_map(function).collect())
}

/// As the source has it: without hashes, and `<a::B>::c` as `a::B::c`.
pub(super) fn readable(mangled: &str) -> String {
    let name = format!("{:#}", rustc_demangle::demangle(mangled));
    let Some(inside) = name.strip_prefix('<') else {
        return name;
    };
    let mut depth = 1;
    for (at, letter) in inside.char_indices() {
        match letter {
            '<' => depth += 1,
            '>' if inside[..at].ends_with('-') => {}
            '>' => depth -= 1,
            _ => {}
        }
        let kind = &inside[..at];
        let is_path = kind.starts_with(|c: char| c.is_alphanumeric()) && !kind.contains(' ');
        if depth == 0 {
            return match is_path {
                true => format!("{kind}{}", &inside[at + 1..]),
                false => name,
            };
        }
    }
    name
}

impl fmt::Display for Filled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            functions,
            bytes,
            room,
            shortened,
            dropped,
        } = self;
        write!(f, "{functions} functions named in {bytes} of {room} bytes")?;
        if *shortened > 0 {
            write!(f, ", {shortened} without their generic arguments")?;
        }
        if *dropped > 0 {
            write!(f, ", {dropped} not named for want of room")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::Sample;
    use super::*;
    use girder_core::symbols::Symbols;

    #[test]
    fn names_read_as_in_the_source() {
        let cases = [
            (
                "_RNvNtCsd560HuPJ1jr_4core9panicking5panic",
                "core::panicking::panic",
            ),
            (
                "_RNvMsa_NtCsd560HuPJ1jr_4core3fmtNtB5_9Formatter3pad",
                "core::fmt::Formatter::pad",
            ),
            (
                "_RNvXs8_NtCsd560HuPJ1jr_4core3fmtNtB5_9ArgumentsNtB5_7Display3fmt",
                "<core::fmt::Arguments as core::fmt::Display>::fmt",
            ),
            ("girder_start", "girder_start"),
        ];
        for (mangled, name) in cases {
            assert_eq!(readable(mangled), name);
        }
    }

    #[test]
    fn the_table_of_an_elf_knows_its_functions() {
        let mut bytes = Sample::default().bytes();
        let filled = fill(&mut bytes).expect("sound").expect("it has room");
        assert_eq!(filled.functions, 1);
        let elf = Elf::parse(&bytes).expect("still sound");
        let room = elf.section_in_file(SECTION).expect("sound").expect("there");
        let symbols = Symbols::parse(&bytes[room]).expect("filled");
        let symbol = symbols.find(0x44).expect("inside");
        assert_eq!(
            (symbol.to_string().as_str(), symbol.start),
            ("wanted", 0x40)
        );
    }

    #[test]
    fn an_elf_without_room_stays_as_it_is() {
        let sample = Sample {
            symbol_room: 0,
            ..Sample::default()
        };
        let before = sample.bytes();
        let mut bytes = before.clone();
        assert_eq!(fill(&mut bytes), Ok(None));
        assert_eq!(bytes, before);
    }
}
