//! A tree of its own for each test of the tools, and an emulator that plays recorded runs.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::matrix::plain_row;
use super::row::{Row, Site};
use crate::workspace::Workspace;

/// Removed with everything in it at the end of the test.
pub(super) struct Stage {
    folder: PathBuf,
    pub(super) workspace: Workspace,
}

impl Stage {
    /// `name` must differ between tests: they run at the same time.
    pub(super) fn new(name: &str) -> Self {
        let folder =
            std::env::temp_dir().join(format!("girder-tools-{}-{name}", std::process::id()));
        for part in ["dist", "build/logs"] {
            fs::create_dir_all(folder.join(part)).expect("the temporary directory is writable");
        }
        let stage = Self {
            workspace: Workspace::at(&folder),
            folder,
        };
        stage.write("dist/Image", "");
        stage
    }

    /// The path of a new file that says `text`.
    pub(super) fn write(&self, name: &str, text: &str) -> String {
        let path = self.folder.join(name);
        fs::write(&path, text).expect("the temporary directory is writable");
        path.display().to_string()
    }

    pub(super) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.folder.join(name)).unwrap_or_default()
    }

    /// A run whose boot arguments are the emulator's score.
    pub(super) fn site(&self, score: String) -> Site<'_> {
        Site {
            workspace: &self.workspace,
            qemu: fake_qemu().into(),
            test_arguments: score,
            has_filter: false,
        }
    }
}

impl Drop for Stage {
    /// What can't be removed is left to the system's own cleaning.
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

pub(super) fn fake_qemu() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fake-qemu.sh")
}

/// A row with little patience.
pub(super) fn hasty_row(name: &str) -> Row {
    Row {
        silence: Duration::from_millis(300),
        ..plain_row(name)
    }
}
