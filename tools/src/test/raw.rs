//! Boots that no boot loader arranges: the raw image at any address, and anything in x0.
//!
//! QEMU's generic loader puts files into memory and starts core 0 where it is told. Then x0 is
//! zero, and the tree that QEMU makes lies at the start of RAM. For another x0 a stub of a few
//! instructions runs first.

use std::fs;
use std::path::Path;

use super::code::*;
use crate::error::Error;
use crate::machine::{Blob, Level, Start};

/// Where RAM starts on QEMU's virt machine, and the tree lies if nobody else wants it.
const RAM: u64 = 0x4000_0000;
/// Clear of the image, which is put into the first 32 MiB.
const STUB_AT: u64 = RAM + (32 << 20);
/// The word that lets all cores go at once, behind the stub.
const GATE: u64 = STUB_AT + (1 << 20);
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
    /// As `Tree`, on so many cores at the same moment, started in the way of this level.
    TreeOnAllCores(u64, Level),
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
        Handover::TreeOnAllCores(cores, level) => call_all(cores, level, entry),
        Handover::NoTree => [&load(1, RAM)[..], &[CLEAR_AT_X1]].concat(),
    };
    code.extend(load(2, entry));
    code.push(GO_TO_X2);
    if let Handover::TreeOnAllCores(..) = handover {
        code.extend(called());
    }
    bytes(&code)
}

/// Has the other cores wait at the gate, opens it, and goes on as they do.
fn call_all(cores: u64, level: Level, entry: u64) -> Vec<u32> {
    let go = [load(1, GATE), load(2, entry)].concat();
    let go = [
        &go[..],
        &[STORE_LONG_AT_X1, DSB, SEND_EVENT],
        &load(0, TREE_AT),
    ]
    .concat();
    let call = |core, called_at| {
        let arguments = [load(0, CPU_ON), load(1, core), load(2, called_at)].concat();
        let conduit = match level {
            Level::El1 => HVC,
            Level::El2 => SMC,
        };
        [arguments, vec![conduit]].concat()
    };
    let calls = |called_at| (1..cores).flat_map(move |core| call(core, called_at));
    // The way out of the stub comes before what the called cores do.
    let length = calls(0).count() + go.len() + load(2, entry).len() + 1;
    let called_at = STUB_AT + 4 * length as u64;
    calls(called_at).chain(go).collect()
}

/// What a called core does.
fn called() -> Vec<u32> {
    [load(0, TREE_AT).into(), poll(GATE)].concat()
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

    #[test]
    fn called_cores_find_their_code_behind_the_way_out() {
        let code = code(Handover::TreeOnAllCores(4, Level::El2), 0x4123_5000);
        let called = bytes(&called());
        let start = code.len() - called.len();
        assert_eq!(code[start..], called);
        let address = bytes(&load(2, STUB_AT + start as u64));
        let calls = code.windows(address.len()).filter(|it| *it == address);
        assert_eq!(calls.count(), 3);
    }
}
