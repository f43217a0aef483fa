//! What the linker knows: where the image's parts are, who built it, which tests and programs it holds.

use girder_aarch64::page_table::Kind;
use girder_core::check::Test;
use girder_core::program::Program;
use girder_core::symbols::{Symbols, TableError};

macro_rules! address_of {
    ($symbol:ident) => {{
        unsafe extern "C" {
            static $symbol: u8;
        }
        &raw const $symbol as u64
    }};
}

/// First address of the image and the first behind it, with everything that is not in the file.
pub(crate) fn range() -> (u64, u64) {
    (address_of!(__image_start), address_of!(__image_end))
}

/// The image's parts, first address and the first behind it, and what may be done with each.
pub(crate) fn parts() -> [(u64, u64, Kind); 3] {
    let (start, end) = range();
    let constants = address_of!(__constants_start);
    let data = address_of!(__data_start);
    [
        (start, constants, Kind::Code),
        (constants, data, Kind::Constants),
        (data, end, Kind::Data),
    ]
}

/// Bytes of the note's header before the identifier: three lengths and the name "GNU".
const NOTE_HEADER: usize = 16;

/// The identifier that the linker computed over the whole image.
pub(crate) fn build_id() -> &'static [u8] {
    let (start, end) = (address_of!(__build_id_start), address_of!(__build_id_end));
    let length = (end - start) as usize;
    // SAFETY: the linker script puts the note, and nothing else, between the two symbols; it is
    // constant.
    let note = unsafe { core::slice::from_raw_parts(start as *const u8, length) };
    note.get(NOTE_HEADER..).unwrap_or_default()
}

/// The tests that `#[girder::test]` has put into the image.
pub(crate) fn tests() -> &'static [Test] {
    let (start, end) = (
        address_of!(__girder_tests_start),
        address_of!(__girder_tests_end),
    );
    let count = (end - start) as usize / size_of::<Test>();
    // SAFETY: the linker script puts the attribute's statics, all of this type, and nothing else
    // between the two symbols; relocation is done, and they are constant.
    unsafe { core::slice::from_raw_parts(start as *const Test, count) }
}

/// The programs that `#[girder::main]` has put into the image, and the stock image's own.
pub(crate) fn programs() -> &'static [Program] {
    let (start, end) = (
        address_of!(__girder_programs_start),
        address_of!(__girder_programs_end),
    );
    let count = (end - start) as usize / size_of::<Program>();
    // SAFETY: as for the tests: statics of this type and nothing else.
    unsafe { core::slice::from_raw_parts(start as *const Program, count) }
}

/// The names of the image's functions, if it was given them.
pub(crate) fn symbols() -> Result<Symbols<'static>, TableError> {
    let (start, end) = (
        address_of!(__girder_symbols_start),
        address_of!(__girder_symbols_end),
    );
    let length = (end - start) as usize;
    // SAFETY: the linker script keeps the room between the two symbols for the table; it is constant.
    Symbols::parse(unsafe { core::slice::from_raw_parts(start as *const u8, length) })
}

/// How many atomic operations there are in a second form, and how many of those the code has now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Atomics {
    /// Places that the image's table names.
    pub places: usize,
    /// Those among them that hold what the table says.
    pub rewritten: usize,
}

/// Compares the code with the table of its second forms.
pub fn atomics() -> Atomics {
    let (start, end) = (
        address_of!(__girder_atomics_start),
        address_of!(__girder_atomics_end),
    );
    let room = (end - start) as usize / size_of::<u32>();
    // SAFETY: the linker script keeps the room between the two symbols for the table; it is constant.
    let table = unsafe { core::slice::from_raw_parts(start as *const u32, room) };
    let (image, constants) = (range().0, address_of!(__constants_start));
    // SAFETY: the linker script puts code, readable and written no more, between these.
    let code = unsafe {
        core::slice::from_raw_parts(
            image as *const u32,
            (constants - image) as usize / size_of::<u32>(),
        )
    };
    let mut rest = table
        .split_first()
        .and_then(|(&length, rest)| rest.get(..length as usize))
        .unwrap_or_default();
    let mut found = Atomics {
        places: 0,
        rewritten: 0,
    };
    while let Some((&place, behind)) = rest.split_first() {
        let (first, length) = ((place & 0x00ff_ffff) as usize, (place >> 24) as usize);
        let Some((new, next)) = behind.split_at_checked(length) else {
            break;
        };
        found.places += 1;
        found.rewritten += usize::from(code.get(first..first + length) == Some(new));
        rest = next;
    }
    found
}

/// The first `build_id` bytes in hexadecimal, enough to tell images apart.
pub(crate) struct ShortBuildId;

impl core::fmt::Display for ShortBuildId {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        build_id()
            .iter()
            .take(8)
            .try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
