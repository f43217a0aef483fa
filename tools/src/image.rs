//! `image`: from the linked ELF to the files that boot loaders take.
//!
//! Cargo decides whether anything must be compiled; the rest is cheap and always done, so
//! `dist/` never lags behind the sources.

mod atomics;
mod elf;
mod flat;
mod header;
mod moved;
#[cfg(test)]
mod sample;
mod source;
mod symbols;
mod waits;

use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::path::Path;
use std::process::ExitCode;

use lexopt::{Arg, Parser, ValueExt};

use crate::error::Error as CommandError;
use crate::options::check_board;
use crate::workspace::{Products, Workspace};
use elf::{Elf, Sizes};
pub(crate) use source::{Option as SourceOption, Source};
use symbols::Filled;
use waits::Wait;

/// Where QEMU's virt machine loads an image, and the ELF is linked.
pub(crate) const VIRT: u64 = 0x4020_0000;
/// Where a Raspberry Pi does, and the other ELF is: no address is memory on both.
pub(crate) const RASPBERRY_PI: u64 = 0x20_0000;

/// Why an ELF can't become an image.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Error {
    /// Not a well-formed 64-bit little-endian ELF, and what is wrong.
    Malformed(object::read::Error),
    SegmentOutsideFile,
    NotAarch64,
    /// Linked for fixed addresses, so it can't run where a boot loader puts it.
    NotPositionIndependent,
    /// A relocation that the kernel does not apply to itself.
    Relocation {
        kind: u32,
        at: u64,
        symbol: String,
    },
    NoSegments,
    /// The loaded addresses span more than any image should: one of them is wrong.
    TooLarge {
        span: u64,
    },
    SegmentsOverlap {
        at: u64,
    },
    /// Our own code waits with a barrier in place of a hint, there.
    Waits(Vec<Wait>),
    /// The first bytes are no arm64 `Image` header, and the field that is wrong.
    Header(header::Error),
}

/// What was built.
struct Report {
    symbols: Option<Filled>,
    atomics: Option<atomics::Filled>,
    image_bytes: usize,
    image_size: u64,
    sizes: Sizes,
    build_id: Option<String>,
}

/// Builds an image into `dist/` and tells its sizes.
pub(crate) fn run(
    workspace: &Workspace,
    arguments: impl Iterator<Item = OsString>,
) -> Result<ExitCode, CommandError> {
    let mut source = Source::default();
    let mut parser = Parser::from_args(arguments);
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Long("board") => _ = check_board(&parser.value()?.string()?)?,
            other => match SourceOption::of(other) {
                Ok(option) => source.take(option, &mut parser)?,
                Err(other) => return Err(other.unexpected().into()),
            },
        }
    }
    let linked = source.compile(workspace)?;
    make(workspace, &source, &linked.path, &workspace.dist())?;
    Ok(ExitCode::SUCCESS)
}

/// Compiles what changed of the stock image and renews `dist/`.
pub(crate) fn build(workspace: &Workspace) -> Result<(), CommandError> {
    let linked = Source::Stock.compile(workspace)?;
    make(workspace, &Source::Stock, &linked.path, &workspace.dist())
}

/// The same for whatever is to run now: what is not the stock image gets a place of its own.
pub(crate) fn build_to_run(
    workspace: &Workspace,
    source: &Source,
) -> Result<Products, CommandError> {
    let linked = source.compile(workspace)?;
    let products = match source {
        Source::Stock => workspace.dist(),
        _ => workspace.products_of(&linked.name),
    };
    make(workspace, source, &linked.path, &products)?;
    Ok(products)
}

/// From the linked ELF to the files that boot loaders take.
fn make(
    workspace: &Workspace,
    source: &Source,
    linked: &Path,
    products: &Products,
) -> Result<(), CommandError> {
    let mut bytes = fs::read(linked).map_err(CommandError::file(linked))?;
    let refused = |cause| CommandError::Image {
        path: linked.to_owned(),
        cause,
    };
    // An application waits as it likes.
    if *source == Source::Stock {
        waits::refuse(&bytes).map_err(refused)?;
    }
    let (image, report) = convert(&mut bytes).map_err(refused)?;
    let folder = products.folder();
    fs::create_dir_all(folder).map_err(CommandError::file(folder))?;
    write_changed(&products.image(), &image)?;
    write_changed(&products.elf(), &bytes)?;
    let moved = moved::load_at(&bytes, RASPBERRY_PI).map_err(refused)?;
    write_changed(&products.raspberry_pi_elf(), &moved)?;
    eprintln!("{}: {report}", workspace.short(&products.image()));
    Ok(())
}

/// Code as instructions.
fn words(code: &[u8]) -> Vec<u32> {
    let words = code.as_chunks().0.iter();
    words.map(|word| u32::from_le_bytes(*word)).collect()
}

/// Leaves a file alone that already says so: a machine may be booting from it.
fn write_changed(path: &Path, bytes: &[u8]) -> Result<(), CommandError> {
    if fs::read(path).is_ok_and(|present| present == bytes) {
        return Ok(());
    }
    fs::write(path, bytes).map_err(CommandError::file(path))
}

/// Completes the ELF, and makes the raw image of it.
fn convert(bytes: &mut [u8]) -> Result<(Vec<u8>, Report), Error> {
    Elf::parse(bytes)?.refuse_foreign_relocations()?;
    let symbols = symbols::fill(bytes)?;
    let atomics = atomics::fill(bytes)?;
    let elf = Elf::parse(bytes)?;
    let flat = flat::lay_out(&elf.segments()?)?;
    let image_size = header::check(&flat.bytes, flat.memory_size).map_err(Error::Header)?;
    let report = Report {
        symbols,
        atomics,
        image_bytes: flat.bytes.len(),
        image_size,
        sizes: elf.sizes()?,
        build_id: elf.build_id()?,
    };
    Ok((flat.bytes, report))
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Sizes {
            text,
            rodata,
            data,
            bss,
        } = self.sizes;
        write!(
            f,
            "{} bytes, {} in memory",
            self.image_bytes, self.image_size
        )?;
        write!(f, " (text {text}, rodata {rodata}, data {data}, bss {bss})")?;
        write!(
            f,
            ", build id {}",
            self.build_id.as_deref().unwrap_or("missing")
        )?;
        match &self.symbols {
            Some(filled) => write!(f, "; {filled}")?,
            None => f.write_str("; no room for the names of functions")?,
        }
        match &self.atomics {
            Some(filled) => write!(f, "; {filled}"),
            None => f.write_str("; no room for a second form of atomic operations"),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(error) => write!(f, "damaged ELF: {error}"),
            Self::SegmentOutsideFile => f.write_str("a segment lies outside the file"),
            Self::NotAarch64 => f.write_str("this ELF is not for AArch64"),
            Self::NotPositionIndependent => {
                f.write_str("this ELF is linked for fixed addresses; link it with -pie")
            }
            Self::Relocation { kind, at, symbol } => write!(
                f,
                "relocation type {kind} at {at:#x} against `{symbol}`: \
                 the kernel applies those of its RELR table and no others"
            ),
            Self::NoSegments => f.write_str("nothing to load"),
            Self::TooLarge { span } => write!(
                f,
                "loaded addresses span {span} bytes, more than {}",
                flat::SPAN_LIMIT
            ),
            Self::SegmentsOverlap { at } => write!(f, "two segments claim address {at:#x}"),
            Self::Waits(waits) => {
                f.write_str("spin loops that wait with an ISB and not with a YIELD")?;
                let mut places = waits.iter();
                places.try_for_each(|wait| write!(f, "\n  {wait}"))
            }
            Self::Header(error) => write!(f, "arm64 image header: {error}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sample::Sample;

    #[test]
    fn a_sound_elf_becomes_an_image_with_its_sizes() {
        let (image, report) = match convert(&mut Sample::default().bytes()) {
            Ok(converted) => converted,
            Err(error) => panic!("{error}"),
        };
        // 0x80 bytes of text, then data at 0x1000 from the first; the bss behind it is not there.
        assert_eq!(image.len(), 0x1010);
        assert_eq!(&image[0x1000..], [0xda; 0x10]);
        assert!(image[0x80..0x1000].iter().all(|&byte| byte == 0));
        let Sizes {
            text,
            rodata,
            data,
            bss,
        } = report.sizes;
        assert_eq!((text, rodata, data, bss), (0x80, 20 + 0x80, 0x10, 0x20));
        assert_eq!(report.image_size, 0x2000);
        assert_eq!(report.build_id.as_deref(), Some("c0ffee42"));
    }

    #[test]
    fn relocations_outside_relr_are_refused_with_their_place() {
        for kind in [sample::ABSOLUTE, sample::RELATIVE] {
            let sample = Sample {
                relocation: Some(kind),
                ..Sample::default()
            };
            let Err(error) = convert(&mut sample.bytes()) else {
                panic!("accepted");
            };
            let expected = Error::Relocation {
                kind: kind as u32,
                at: 0x4020_1008,
                symbol: "wanted".to_owned(),
            };
            assert_eq!(error, expected);
        }
    }

    #[test]
    fn an_elf_for_fixed_addresses_is_refused() {
        let sample = Sample {
            kind: object::elf::ET_EXEC,
            ..Sample::default()
        };
        assert_eq!(
            convert(&mut sample.bytes()).err(),
            Some(Error::NotPositionIndependent)
        );
    }

    #[test]
    fn another_architecture_is_refused() {
        let sample = Sample {
            machine: object::elf::EM_X86_64,
            ..Sample::default()
        };
        assert_eq!(convert(&mut sample.bytes()).err(), Some(Error::NotAarch64));
    }

    #[test]
    fn bss_must_be_inside_the_image_size() {
        let sample = Sample {
            image_size: 0x1020,
            ..Sample::default()
        };
        let Err(error) = convert(&mut sample.bytes()) else {
            panic!("accepted");
        };
        assert_eq!(
            error,
            Error::Header(header::Error::SizeTooSmall {
                said: 0x1020,
                needed: 0x1030
            })
        );
    }

    #[test]
    fn a_truncated_file_is_an_error_at_every_length() {
        let bytes = Sample::default().bytes();
        for length in 0..bytes.len() {
            assert!(
                convert(&mut bytes.clone()[..length]).is_err(),
                "accepted at {length} bytes"
            );
        }
    }
}
