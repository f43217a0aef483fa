//! Boots that no boot loader arranges: the raw image at any address, and anything in x0.
//!
//! QEMU's generic loader puts files into memory and starts core 0 where it is told. Then x0 is
//! zero, and the tree that QEMU makes lies at the start of RAM. For another x0 a stub of a few
//! instructions runs first.

use std::fs;
use std::path::Path;

use super::code::*;
use crate::error::Error;
use crate::machine::{Blob, Start};

/// Where RAM starts on QEMU's virt machine, and the tree lies if nobody else wants it.
const RAM: u64 = 0x4000_0000;
/// Clear of the image, which is put into the first 32 MiB.
const STUB_AT: u64 = RAM + (32 << 20);
/// Clear of both; QEMU pads a tree to 1 MiB.
const TREE_AT: u64 = RAM + (64 << 20);

/// HCR_EL2 as m1n1 leaves it: E2H, TGE, interrupts to level 2, pointer authentication.
const M1N1_HCR: u64 = 0x324_8800_0038;
/// PSCI's functions.
const CPU_ON: u64 = 0xc400_0003;
const CPU_OFF: u64 = 0x8400_0002;

/// What the kernel finds in x0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Handover {
    /// Zero, and the tree at the start of RAM.
    Zero,
    /// This, and the tree at the start of RAM.
    Garbage(u64),
    /// The address of the tree, which lies as it is somewhere else; at the start of RAM is QEMU's.
    Tree,
    /// As above, after firmware has written these words to these addresses.
    TreeAfter(&'static [(u64, u32)]),
    /// As `Tree`, at level 2 as a host, as a boot loader on a machine of Apple's leaves it.
    TreeAsHost,
    /// As `Tree`, on this core, after core 0 has started it and gone off.
    TreeOnCore(u64),
    /// Zero, and no tree anywhere.
    NoTree,
}

impl Handover {
    /// True if the tree is ours to change.
    pub(super) fn has_own_tree(self) -> bool {
        !matches!(self, Self::Zero | Self::Garbage(_) | Self::NoTree)
    }
}

/// The files to load for a boot at `address`, with the stub written to `stub` if one is needed.
pub(super) fn start(
    image: &Path,
    address: u64,
    handover: Handover,
    tree: &Path,
    stub: &Path,
) -> Result<Start, Error> {
    let image = Blob {
        file: image.into(),
        address,
    };
    if handover == Handover::Zero {
        let blobs = vec![image];
        return Ok(Start::Raw {
            blobs,
            entry: address,
        });
    }
    fs::write(stub, code(handover, address)).map_err(Error::file(stub))?;
    let mut blobs = vec![
        image,
        Blob {
            file: stub.into(),
            address: STUB_AT,
        },
    ];
    if handover.has_own_tree() {
        blobs.push(Blob {
            file: tree.into(),
            address: TREE_AT,
        });
    }
    Ok(Start::Raw {
        blobs,
        entry: STUB_AT,
    })
}

fn code(handover: Handover, entry: u64) -> Vec<u8> {
    let mut code = match handover {
        Handover::Zero => Vec::new(),
        Handover::Garbage(value) => load(0, value).to_vec(),
        Handover::Tree => load(0, TREE_AT).to_vec(),
        Handover::TreeAfter(words) => {
            let store = |&(address, value): &(u64, u32)| {
                let values = [load(1, address), load(2, value.into())].concat();
                [values, vec![STORE_AT_X1]].concat()
            };
            let stores = words.iter().flat_map(store);
            stores.chain(load(0, TREE_AT)).collect()
        }
        Handover::TreeAsHost => {
            let host = [load(1, M1N1_HCR).as_slice(), &[SET_HCR_TO_X1, ISB]].concat();
            [&host[..], &load(0, TREE_AT)].concat()
        }
        Handover::TreeOnCore(number) => {
            let call = |function: u64| [load(0, function).as_slice(), &[HVC]].concat();
            let arguments = [load(1, number), load(2, entry), load(3, TREE_AT)].concat();
            let start = [&arguments[..], &call(CPU_ON)].concat();
            [start, call(CPU_OFF)].concat()
        }
        Handover::NoTree => [&load(1, RAM)[..], &[CLEAR_AT_X1]].concat(),
    };
    code.extend(load(2, entry));
    code.push(GO_TO_X2);
    bytes(&code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_stub_without_a_tree_clears_one() {
        let length = |handover| code(handover, 0).len() / 4;
        assert_eq!(length(Handover::Garbage(1)), 9);
        assert_eq!(length(Handover::Tree), 9);
        assert_eq!(length(Handover::TreeAfter(&[(1, 2), (3, 4)])), 9 + 2 * 9);
        assert_eq!(length(Handover::NoTree), 10);
    }
}
