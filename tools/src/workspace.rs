//! Where things lie: the tree this tool was built from, and what it writes there.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The root of the source tree, with `dist/`, `build/` and `target/` below it.
#[derive(Clone, Debug)]
pub(crate) struct Workspace {
    root: PathBuf,
}

impl Workspace {
    /// The tree that this program was compiled from; cargo rebuilds it when the tree moves.
    pub(crate) fn of_this_build() -> Self {
        let package = Path::new(env!("CARGO_MANIFEST_DIR"));
        Self::at(package.parent().unwrap_or(package))
    }

    pub(crate) fn at(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    pub(crate) fn path(&self, below: &str) -> PathBuf {
        self.root.join(below)
    }

    /// The raw image, as boot loaders take it.
    pub(crate) fn image(&self) -> PathBuf {
        self.path("dist/Image")
    }

    /// The same with symbols.
    pub(crate) fn elf(&self) -> PathBuf {
        self.path("dist/girder.elf")
    }

    /// The same, loaded where a Raspberry Pi has memory.
    pub(crate) fn raspberry_pi_elf(&self) -> PathBuf {
        self.path("dist/girder-raspi.elf")
    }

    /// A path as a person in the tree would type it.
    pub(crate) fn short<'a>(&self, path: &'a Path) -> std::path::Display<'a> {
        path.strip_prefix(&self.root).unwrap_or(path).display()
    }

    /// The cargo that started this program, at the root of the tree.
    pub(crate) fn cargo(&self) -> Command {
        let program = env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
        let mut command = Command::new(program);
        command.current_dir(&self.root);
        command
    }
}
