//! Device trees that say something else than QEMU does.
//!
//! QEMU writes the tree of a machine, `fdtput` (of the device tree compiler) changes it. Damage that
//! `fdtput` refuses to do is done to the bytes.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::Error;

/// The variable that says where the trees of boards' makers are: a folder of Debian's package, such as
/// `usr/lib/linux-image-6.12.73-arm64`.
pub(super) const MAKERS_FOLDER: &str = "GIRDER_TREES";
/// And where they are if the package is installed.
const INSTALLED: (&str, &str) = ("/usr/lib", "linux-image-");

const FDTPUT: &str = "fdtput";
const DTC: &str = "dtc";

/// One change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Edit {
    /// This property of this node becomes one cell.
    Cell(&'static str, &'static str, u32),
    /// This property of this node becomes these cells.
    Cells(&'static str, &'static str, &'static [u32]),
    /// This property of this node becomes this text.
    Text(&'static str, &'static str, &'static str),
    /// This property goes.
    NoProperty(&'static str, &'static str),
    /// This node goes, with everything below it.
    NoNode(&'static str),
    /// The big-endian word at this offset of the file becomes this.
    Damage(u64, u32),
    /// The file ends after so many bytes, whatever its header says; so this comes last.
    CutAfter(u64),
}

/// Compiles a tree.
pub(crate) fn compile(source: &Path, file: &Path) -> Result<(), Error> {
    let options = ["-q", "-I", "dts", "-O", "dtb", "-o"].map(OsString::from);
    let words = options.into_iter().chain([file.into(), source.into()]);
    run(DTC, &words.collect::<Vec<_>>())
}

/// A tree of a board's maker, if the host has it.
pub(crate) fn makers(name: &str) -> Option<PathBuf> {
    let told = env::var_os(MAKERS_FOLDER).map(PathBuf::from);
    let (folder, prefix) = INSTALLED;
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let installed = entries.map(|entry| entry.path());
    let installed = installed.filter(|path| {
        let name = path.file_name().unwrap_or_default();
        name.to_string_lossy().starts_with(prefix)
    });
    let folders = told.into_iter().chain(installed);
    let mut files = folders.map(|folder| folder.join(name));
    files.find(|file| file.exists())
}

/// Changes the tree in `file`.
pub(crate) fn apply(file: &Path, edits: &[Edit]) -> Result<(), Error> {
    edits.iter().try_for_each(|edit| edit.apply(file))
}

/// Writes the boot arguments into the tree, for a machine that QEMU gives none.
pub(crate) fn set_bootargs(file: &Path, text: &str) -> Result<(), Error> {
    fdtput(&words(["-t", "s"], file, ["/chosen", "bootargs", text]))
}

impl Edit {
    fn apply(&self, file: &Path) -> Result<(), Error> {
        let open = || fs::File::options().write(true).open(file);
        match *self {
            Self::CutAfter(length) => open()
                .and_then(|file| file.set_len(length))
                .map_err(Error::file(file)),
            Self::Damage(at, word) => open()
                .and_then(|file| file.write_all_at(&word.to_be_bytes(), at))
                .map_err(Error::file(file)),
            _ => fdtput(&self.arguments(file)),
        }
    }

    fn arguments(&self, file: &Path) -> Vec<OsString> {
        match *self {
            Self::Cell(node, property, value) => {
                words(["-t", "x"], file, [node, property, &format!("{value:x}")])
            }
            Self::Cells(node, property, values) => {
                let values: Vec<String> = values.iter().map(|value| format!("{value:x}")).collect();
                let mut all = words(["-t", "x"], file, [node, property]);
                all.extend(values.into_iter().map(OsString::from));
                all
            }
            Self::Text(node, property, text) => words(["-t", "s"], file, [node, property, text]),
            Self::NoProperty(node, property) => words(["-d"], file, [node, property]),
            Self::NoNode(node) => words(["-r"], file, [node]),
            Self::Damage(..) | Self::CutAfter(_) => Vec::new(),
        }
    }
}

fn words<const N: usize, const M: usize>(
    options: [&str; N],
    file: &Path,
    rest: [&str; M],
) -> Vec<OsString> {
    let options = options.into_iter().map(OsString::from);
    let rest = rest.into_iter().map(OsString::from);
    options.chain([file.into()]).chain(rest).collect()
}

fn fdtput(arguments: &[OsString]) -> Result<(), Error> {
    run(FDTPUT, arguments)
}

fn run(program: &str, arguments: &[OsString]) -> Result<(), Error> {
    let output = Command::new(program).args(arguments).output();
    let output = output.map_err(Error::start(program))?;
    if output.status.success() {
        return Ok(());
    }
    Err(Error::Ended {
        program: program.into(),
        status: output.status,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::shell_line;

    #[test]
    fn each_edit_has_its_words() {
        for (edit, line) in [
            (
                Edit::Cell("/cpus/cpu@3", "reg", 0x777),
                "fdtput -t x a.dtb /cpus/cpu@3 reg 777",
            ),
            (
                Edit::Cells("/soc", "reg", &[0, 0x90_0000]),
                "fdtput -t x a.dtb /soc reg 0 900000",
            ),
            (
                Edit::Text("/psci", "status", "disabled"),
                "fdtput -t s a.dtb /psci status disabled",
            ),
            (
                Edit::NoProperty("/chosen", "stdout-path"),
                "fdtput -d a.dtb /chosen stdout-path",
            ),
            (Edit::NoNode("/timer"), "fdtput -r a.dtb /timer"),
        ] {
            let words = edit.arguments(Path::new("a.dtb"));
            assert_eq!(shell_line(&FDTPUT.into(), &words), line);
        }
    }

    #[test]
    fn damage_and_cuts_change_the_bytes() {
        let file = std::env::temp_dir().join(format!("girder-tools-cut-{}", std::process::id()));
        fs::write(&file, "treetree").expect("the temporary directory is writable");
        let outcome = apply(&file, &[Edit::Damage(2, 0x4142_4344), Edit::CutAfter(7)]);
        let left = fs::read(&file).unwrap_or_default();
        let _ = fs::remove_file(&file);
        assert!(outcome.is_ok());
        assert_eq!(left, b"trABCDe");
    }
}
