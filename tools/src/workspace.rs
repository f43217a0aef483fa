//! Where things lie: the tree this tool was built from, and what it writes there.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A folder with the files that an image is made into.
#[derive(Clone, Debug)]
pub(crate) struct Products(PathBuf);

impl Products {
    pub(crate) fn folder(&self) -> &Path {
        &self.0
    }

    /// The raw image, as boot loaders take it.
    pub(crate) fn image(&self) -> PathBuf {
        self.0.join("Image")
    }

    /// The same with symbols.
    pub(crate) fn elf(&self) -> PathBuf {
        self.0.join("girder.elf")
    }

    /// The same, loaded where a Raspberry Pi has memory.
    pub(crate) fn raspberry_pi_elf(&self) -> PathBuf {
        self.0.join("girder-raspi.elf")
    }
}

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

    /// The products: those of the stock image, unless others were asked for.
    pub(crate) fn dist(&self) -> Products {
        Products(self.path("dist"))
    }

    /// What an example or an application that is only to run is made into.
    pub(crate) fn products_of(&self, program: &str) -> Products {
        Products(self.path("build/programs").join(program))
    }

    /// The raw image in `dist/`.
    pub(crate) fn image(&self) -> PathBuf {
        self.dist().image()
    }

    /// The ELF in `dist/`.
    pub(crate) fn elf(&self) -> PathBuf {
        self.dist().elf()
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
