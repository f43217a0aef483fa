//! Makes a device tree lie about one core.
//!
//! Not a parser: it walks the tokens of a flattened tree (Devicetree Specification v0.4, §5.4)
//! that QEMU has just written, to the `reg` of the n-th node below /cpus that is a core.

use std::fmt;

const BEGIN_NODE: u32 = 1;
const END_NODE: u32 = 2;
const PROPERTY: u32 = 3;
const NOP: u32 = 4;

/// Where the walk stopped.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Error {
    /// The tokens end early or make no sense.
    Malformed,
    /// There are fewer cores.
    NoSuchCore(usize),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed => f.write_str("malformed device tree"),
            Self::NoSuchCore(index) => write!(f, "the device tree has no core {index}"),
        }
    }
}

/// Overwrites the last cell of the `reg` of core number `index`, in tree order.
pub(crate) fn replace_core_identity(
    blob: &mut [u8],
    index: usize,
    mpidr: u32,
) -> Result<(), Error> {
    let at = find_identity(blob, index)?;
    let cell = blob.get_mut(at..at + 4).ok_or(Error::Malformed)?;
    cell.copy_from_slice(&mpidr.to_be_bytes());
    Ok(())
}

/// Offset of that cell.
fn find_identity(blob: &[u8], index: usize) -> Result<usize, Error> {
    let mut at = word(blob, 8)? as usize;
    let names = word(blob, 12)? as usize;
    let mut path: Vec<&[u8]> = Vec::new();
    let mut cores_before = 0;
    loop {
        let token = word(blob, at)?;
        at += 4;
        match token {
            BEGIN_NODE => {
                let name = text(blob, at)?;
                path.push(name);
                at += padded(name.len() + 1);
            }
            END_NODE => {
                cores_before += usize::from(is_core(&path));
                path.pop().ok_or(Error::Malformed)?;
            }
            PROPERTY => {
                let length = word(blob, at)? as usize;
                let name = text(blob, names + word(blob, at + 4)? as usize)?;
                at += 8;
                if is_core(&path) && cores_before == index && name == b"reg" && length >= 4 {
                    return Ok(at + length - 4);
                }
                at += padded(length);
            }
            NOP => {}
            _ if path.is_empty() => return Err(Error::NoSuchCore(index)),
            _ => return Err(Error::Malformed),
        }
    }
}

/// The root's own name is empty.
fn is_core(path: &[&[u8]]) -> bool {
    matches!(path, [b"", b"cpus", core] if core.starts_with(b"cpu@"))
}

fn word(blob: &[u8], at: usize) -> Result<u32, Error> {
    let bytes = blob.get(at..).and_then(|rest| rest.first_chunk());
    bytes
        .map(|&bytes| u32::from_be_bytes(bytes))
        .ok_or(Error::Malformed)
}

/// Bytes up to the next zero.
fn text(blob: &[u8], at: usize) -> Result<&[u8], Error> {
    let rest = blob.get(at..).ok_or(Error::Malformed)?;
    let length = rest
        .iter()
        .position(|&byte| byte == 0)
        .ok_or(Error::Malformed)?;
    Ok(&rest[..length])
}

fn padded(length: usize) -> usize {
    length.next_multiple_of(4)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Header words that matter, two cores between other nodes, then the names.
    fn blob() -> Vec<u8> {
        let mut tokens = Vec::new();
        let mut put = |words: &[u32]| tokens.extend(words.iter().flat_map(|w| w.to_be_bytes()));
        let name = |text: &[u8; 4]| u32::from_be_bytes(*text);
        put(&[BEGIN_NODE, 0]);
        put(&[BEGIN_NODE, name(b"cpus"), 0]);
        for (core, mpidr) in [(b"cpu@", 0x10), (b"l2@0", 0x99), (b"cpu@", 0x11)] {
            put(&[BEGIN_NODE, name(core), name(b"0\0\0\0"), NOP]);
            put(&[
                PROPERTY,
                1,
                4,
                0xff00_0000,
                PROPERTY,
                8,
                0,
                0,
                mpidr,
                END_NODE,
            ]);
        }
        put(&[END_NODE, END_NODE, 9]);
        let mut blob = [0_u32, 0, 16, 16 + tokens.len() as u32]
            .iter()
            .flat_map(|word| word.to_be_bytes())
            .collect::<Vec<u8>>();
        blob.extend(tokens);
        blob.extend(b"reg\0status\0");
        blob
    }

    #[test]
    fn only_the_named_core_changes() {
        let mut changed = blob();
        assert_eq!(replace_core_identity(&mut changed, 1, 0x777), Ok(()));
        let differing: Vec<u8> = blob()
            .iter()
            .zip(&changed)
            .filter(|(old, new)| old != new)
            .map(|(_, &new)| new)
            .collect();
        assert_eq!(differing, [0x07, 0x77]);
    }

    #[test]
    fn a_core_that_is_not_there_is_an_error() {
        let result = replace_core_identity(&mut blob(), 2, 0);
        assert_eq!(result, Err(Error::NoSuchCore(2)));
    }

    #[test]
    fn a_truncated_tree_is_an_error() {
        let whole = blob();
        for length in 0..whole.len() {
            let mut cut = whole[..length].to_vec();
            assert!(replace_core_identity(&mut cut, 2, 0).is_err());
        }
    }
}
