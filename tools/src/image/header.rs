//! The arm64 `Image` header: what Linux's boot protocol and its loaders read of an image.
//!
//! Linux: Documentation/arch/arm64/booting.rst. The kernel writes the header itself; this
//! checks it, because a wrong one boots on some loaders and not on others.

use std::fmt;

/// Bytes of the header.
const LENGTH: usize = 64;
const MAGIC: u32 = u32::from_le_bytes(*b"ARM\x64");
/// Little endian, 4 KiB pages, anywhere in memory.
const FLAGS: u64 = 0xa;

/// The field that is wrong.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Error {
    TooShort,
    Magic(u32),
    TextOffset(u64),
    Flags(u64),
    /// A loader would hand out memory that the kernel uses.
    SizeTooSmall {
        said: u64,
        needed: u64,
    },
}

/// Checks the header at the start of `image`; its image size, if all is well.
pub(crate) fn check(image: &[u8], memory_size: u64) -> Result<u64, Error> {
    let Some(header) = image.first_chunk::<LENGTH>() else {
        return Err(Error::TooShort);
    };
    let long = |at: usize| {
        let bytes = header[at..at + 8]
            .try_into()
            .expect("the slice has eight bytes");
        u64::from_le_bytes(bytes)
    };
    let magic = (long(56) & u64::from(u32::MAX)) as u32;
    let (text_offset, image_size, flags) = (long(8), long(16), long(24));
    if magic != MAGIC {
        return Err(Error::Magic(magic));
    }
    if text_offset != 0 {
        return Err(Error::TextOffset(text_offset));
    }
    if flags != FLAGS {
        return Err(Error::Flags(flags));
    }
    if image_size < memory_size {
        return Err(Error::SizeTooSmall {
            said: image_size,
            needed: memory_size,
        });
    }
    Ok(image_size)
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooShort => write!(f, "the image is shorter than its {LENGTH} bytes"),
            Self::Magic(found) => write!(f, "magic is {found:#x}, not {MAGIC:#x}"),
            Self::TextOffset(found) => write!(f, "text_offset is {found:#x}, not 0"),
            Self::Flags(found) => write!(f, "flags are {found:#x}, not {FLAGS:#x}"),
            Self::SizeTooSmall { said, needed } => {
                write!(f, "image_size is {said}, but file and bss take {needed}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(text_offset: u64, image_size: u64, flags: u64, magic: u32) -> Vec<u8> {
        let mut bytes = vec![0; 8];
        for field in [text_offset, image_size, flags, 0, 0, 0] {
            bytes.extend(field.to_le_bytes());
        }
        bytes.extend(magic.to_le_bytes());
        bytes.extend([0; 4]);
        bytes
    }

    #[test]
    fn each_field_is_checked() {
        assert_eq!(check(&header(0, 100, 0xa, MAGIC), 100), Ok(100));
        assert_eq!(
            check(&header(0, 100, 0xa, MAGIC)[..63], 1),
            Err(Error::TooShort)
        );
        assert_eq!(check(&header(0, 100, 0xa, 7), 1), Err(Error::Magic(7)));
        assert_eq!(
            check(&header(1, 100, 0xa, MAGIC), 1),
            Err(Error::TextOffset(1))
        );
        assert_eq!(check(&header(0, 100, 0x2, MAGIC), 1), Err(Error::Flags(2)));
        let small = Error::SizeTooSmall {
            said: 100,
            needed: 101,
        };
        assert_eq!(check(&header(0, 100, 0xa, MAGIC), 101), Err(small));
    }
}
