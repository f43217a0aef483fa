//! From an instruction's address to the function of ours that it was written for.
//!
//! What the compiler has inlined is told by the debug information: the innermost function that stands in our own
//! tree, for nobody asks what a `Cell` does.

use std::path::Path;

use addr2line::Loader;
use object::{Object, ObjectSymbol};

use crate::error::Error;

/// The image's debug information.
pub(super) struct Places {
    loader: Loader,
    vectors: u64,
}

/// Folders of our own sources, as the debug information has them in file names.
const OURS: [&str; 2] = ["/kernel/", "/boot/"];

impl Places {
    /// Reads it from the linked image.
    pub(super) fn open(elf: &Path) -> Result<Self, Error> {
        let bytes = std::fs::read(elf).map_err(Error::file(elf))?;
        let unreadable = |what| Error::Trace(elf.to_owned(), what);
        let vectors = vectors(&bytes).ok_or_else(|| unreadable("it has no exception vectors"))?;
        let loader =
            Loader::new(elf).map_err(|_| unreadable("its debug information is damaged"))?;
        Ok(Self { loader, vectors })
    }

    /// Where the exception vectors begin.
    pub(super) fn vectors(&self) -> u64 {
        self.vectors
    }

    /// The function of ours at this address, and its file; code without debug information is known by its
    /// label.
    pub(super) fn function(&self, address: u64) -> (String, String) {
        self.inlined(address).unwrap_or_else(|| {
            let label = self.loader.find_symbol(address).unwrap_or("?");
            (label.to_owned(), String::new())
        })
    }

    fn inlined(&self, address: u64) -> Option<(String, String)> {
        let mut frames = self.loader.find_frames(address).ok()?;
        while let Ok(Some(frame)) = frames.next() {
            let file = frame.location.as_ref().and_then(|location| location.file);
            let (Some(function), Some(file)) = (&frame.function, file) else {
                continue;
            };
            let Some(file) = ours(file) else { continue };
            let name = function.demangle().ok()?;
            return Some((short(&name), file.to_owned()));
        }
        None
    }
}

/// The linker puts the image where QEMU's machine has it, so an address in a trace is one in the file.
fn vectors(elf: &[u8]) -> Option<u64> {
    let file = object::File::parse(elf).ok()?;
    let mut symbols = file.symbols();
    let found = symbols.find(|symbol| symbol.name() == Ok("girder_vectors"));
    found.map(|symbol| symbol.address())
}

/// A file's path from the root of our tree, if it is there.
fn ours(file: &str) -> Option<&str> {
    if file.contains("/rustlib/") || file.contains("/registry/") {
        return None;
    }
    if !file.starts_with('/') {
        return Some(file);
    }
    OURS.iter()
        .find_map(|folder| file.find(folder))
        .map(|at| &file[at + 1..])
}

/// A demangled name without the type parameters' clutter: `Core<W>::settle`, not its crate and hash.
fn short(name: &str) -> String {
    let name = name.split("::{{closure}}").next().unwrap_or(name);
    let parts: Vec<&str> = name.split("::").collect();
    let from = parts.len().saturating_sub(2);
    parts[from..]
        .join("::")
        .trim_start_matches('<')
        .replace(['<', '>'], "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_files_count() {
        assert_eq!(
            ours("/home/me/girder/kernel/core/src/sched.rs"),
            Some("kernel/core/src/sched.rs")
        );
        assert_eq!(
            ours("/usr/lib/rustlib/src/rust/library/core/src/cell.rs"),
            None
        );
        assert_eq!(
            ours("/home/me/.cargo/registry/src/index/kernel/src/lib.rs"),
            None
        );
    }

    #[test]
    fn names_are_short() {
        assert_eq!(
            short("girder_core::sched::core::Core<W>::settle"),
            "CoreW::settle"
        );
        assert_eq!(short("girder_boot::heart::run::{{closure}}"), "heart::run");
    }
}
