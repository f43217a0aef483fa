//! ATAGs: what boot loaders told kernels before there were device trees, and a Pi's firmware still
//! tells one that it has no tree for.
//!
//! A list of tags (Linux: Documentation/arch/arm/booting.rst), each a size in words, a number, and
//! the rest. It begins with one known tag and ends with an empty one. Like a tree it may be damaged
//! or anything else altogether, so nothing is read beyond the words that are given, and a tag that
//! does not fit ends the list.

use alloc::string::String;
use alloc::vec::Vec;

use crate::devicetree::limits;
use crate::range::{Range, normalise};

/// Words of a list at most: the boot arguments, and tens of other tags.
pub const WORDS: usize = 2048;

const CORE: u32 = 0x5441_0001;
const MEMORY: u32 = 0x5441_0002;
const COMMAND_LINE: u32 = 0x5441_0009;
const INITRD: u32 = 0x5442_0005;
const NONE: u32 = 0;
/// Words of a tag's size and number.
const HEADER: usize = 2;

/// What a list told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Atags {
    /// Memory, sorted and merged; empty if none was told.
    pub memory: Vec<Range>,
    /// The boot arguments, with U+FFFD for what is not text.
    pub bootargs: String,
    /// Where the boot loader put the initial RAM disk.
    pub initrd: Option<Range>,
}

impl Atags {
    /// True if a list may begin with these two words.
    #[must_use]
    pub fn may_begin(first: u32, second: u32) -> bool {
        /// With its three words, or without them.
        const SIZES: [u32; 2] = [5, 2];
        second == CORE && SIZES.contains(&first)
    }

    /// Reads the list at the start of `words`, as far as it goes; `None` if none begins there.
    #[must_use]
    pub fn parse(words: &[u32]) -> Option<Self> {
        let [first, second, ..] = *words else {
            return None;
        };
        if !Self::may_begin(first, second) {
            return None;
        }
        let mut atags = Self::default();
        let mut rest = &words[..words.len().min(WORDS)];
        while let [size, tag, ..] = *rest {
            let size = usize::try_from(size).unwrap_or(usize::MAX);
            if tag == NONE || size < HEADER || size > rest.len() {
                break;
            }
            atags.take(tag, &rest[HEADER..size]);
            rest = &rest[size..];
        }
        normalise(&mut atags.memory);
        Some(atags)
    }

    fn take(&mut self, tag: u32, content: &[u32]) {
        match (tag, content) {
            (MEMORY, &[size, start, ..]) => self.memory.push(range(start, size)),
            (INITRD, &[start, size, ..]) if size > 0 => self.initrd = Some(range(start, size)),
            (COMMAND_LINE, text) => self.bootargs = words_as_text(text),
            _ => {}
        }
    }
}

/// Always in the first 8 GiB, so nothing overflows.
fn range(start: u32, size: u32) -> Range {
    Range {
        base: start.into(),
        size: size.into(),
    }
}

/// The text up to its NUL, in the order of bytes that a little-endian machine has.
fn words_as_text(words: &[u32]) -> String {
    let bytes = words.iter().flat_map(|word| word.to_le_bytes());
    let text: Vec<u8> = bytes.take_while(|&byte| byte != 0).collect();
    let length = text.len().min(limits::BOOTARGS);
    String::from_utf8_lossy(&text[..length]).into_owned()
}
