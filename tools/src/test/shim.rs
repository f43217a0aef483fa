//! Code that runs on a Raspberry Pi before the kernel, as a boot loader other than QEMU would.
//!
//! QEMU starts a file without the header of an image at 0x80000, with everything else as for an
//! image: x0 has the tree, the other cores poll their words. The image itself lies where a board
//! would put it.

use std::fs;
use std::path::Path;

use super::code::*;
use crate::error::Error;
use crate::machine::{Blob, Start};

/// Where QEMU puts a file without a header.
const SHIM_AT: u64 = 0x8_0000;
const IMAGE_AT: u64 = 0x20_0000;
/// The word that core `n` polls after reset.
const fn word_of(core: u64) -> u64 {
    0xd8 + 8 * core
}
/// The one that all poll after the shim, in the page that the tree reserves.
pub(crate) const SHARED_WORD: u32 = 0x800;
/// Where x0 waits for another core.
const KEPT: u64 = 0x808;

/// What the shim changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shim {
    /// All cores but the first poll one word, `SHARED_WORD`.
    OneWord,
    /// The kernel finds this in x0.
    Garbage(u64),
    /// This core gets the kernel; core 0 polls its own word, like the others.
    BootOn(u64),
}

impl Shim {
    /// A start through this shim, written to `file`.
    pub(super) fn start(self, image: &Path, file: &Path) -> Result<Start, Error> {
        fs::write(file, bytes(&self.code())).map_err(Error::file(file))?;
        Ok(Start::KernelAnd {
            kernel: file.into(),
            blobs: vec![Blob {
                file: image.into(),
                address: IMAGE_AT,
            }],
        })
    }

    fn code(self) -> Vec<u32> {
        // What the called cores do lies behind what core 0 does, whose length does not depend on
        // where.
        let length = self.first_core(0).len() as u64;
        let called_at = SHIM_AT + 4 * length;
        [self.first_core(called_at), self.called()].concat()
    }

    fn first_core(self, called_at: u64) -> Vec<u32> {
        let go = [load(2, IMAGE_AT).as_slice(), &[GO_TO_X2]].concat();
        match self {
            Self::OneWord => {
                let calls = [1, 2, 3].map(|core| call(core, called_at));
                [calls.concat(), vec![DSB, SEND_EVENT], go].concat()
            }
            Self::Garbage(value) => [load(0, value).into(), go].concat(),
            Self::BootOn(core) => {
                let keep = [load(1, KEPT).as_slice(), &[STORE_X0_AT_X1, DSB]].concat();
                let called = [call(core, called_at), vec![DSB, SEND_EVENT]].concat();
                [keep, called, poll(word_of(0))].concat()
            }
        }
    }

    fn called(self) -> Vec<u32> {
        match self {
            Self::OneWord => poll(SHARED_WORD.into()),
            Self::Garbage(_) => Vec::new(),
            Self::BootOn(_) => {
                let recall = [load(1, KEPT).as_slice(), &[LOAD_X0_AT_X1]].concat();
                [recall, load(2, IMAGE_AT).into(), vec![GO_TO_X2]].concat()
            }
        }
    }
}

/// Writes an address into a core's word.
fn call(core: u64, address: u64) -> Vec<u32> {
    let values = [load(1, word_of(core)), load(2, address)].concat();
    [values, vec![STORE_LONG_AT_X1]].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn called_cores_find_their_code_behind_the_first_core_s() {
        for shim in [Shim::OneWord, Shim::BootOn(2)] {
            let (code, called) = (shim.code(), shim.called());
            let start = code.len() - called.len();
            assert_eq!(code[start..], called);
            let address = load(2, SHIM_AT + 4 * start as u64);
            assert!(code.windows(4).any(|words| words == address), "{shim:?}");
        }
    }
}
