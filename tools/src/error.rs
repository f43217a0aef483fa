//! What keeps a command from doing its work, worded for the person at the terminal.
//!
//! A failing test is no error here: it is a result, and `test` counts it.

use std::ffi::OsString;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::process::{ExitCode, ExitStatus};
use std::time::Duration;

use crate::image;
use crate::machine::BOARDS;

/// Status for a command line that makes no sense, as most Unix tools have it.
const USAGE_STATUS: u8 = 2;

/// Why a command gave up.
#[derive(Debug)]
pub(crate) enum Error {
    UnknownCommand(String),
    Arguments(lexopt::Error),
    UnknownBoard(String),
    /// The board has so many, and no other number.
    FixedCores(u32),
    Start {
        program: OsString,
        cause: io::Error,
    },
    Ended {
        program: OsString,
        status: ExitStatus,
    },
    File {
        path: PathBuf,
        cause: io::Error,
    },
    Image {
        path: PathBuf,
        cause: image::Error,
    },
    NoImage(PathBuf),
    /// A file of measurement, and what is wrong with it.
    Trace(PathBuf, &'static str),
    NotCounted(String),
    /// An emulator that does not load our plugin.
    NoPlugin(OsString),
    /// A machine that should have ended by itself has not.
    Hung(Duration),
    /// An example or an application, not both.
    TwoSources,
    /// A crate has one program to be an image of.
    NotOneProgram {
        manifest: PathBuf,
        programs: usize,
    },
    /// An image with something in it that its program has not asked for.
    TooMuchLinked {
        path: PathBuf,
        text: &'static str,
    },
    /// Part of the contract that is still to come, and when.
    NotYet(&'static str),
    NoSuchRow(String),
    /// A tree of a board's maker.
    NoTree(&'static str),
}

impl Error {
    /// Closes over the path that an input or output failed on.
    pub(crate) fn file(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        |cause| Self::File { path, cause }
    }

    /// Closes over the program that did not start.
    pub(crate) fn start(program: impl Into<OsString>) -> impl FnOnce(io::Error) -> Self {
        let program = program.into();
        |cause| Self::Start { program, cause }
    }

    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self::UnknownCommand(_)
            | Self::Arguments(_)
            | Self::UnknownBoard(_)
            | Self::TwoSources
            | Self::FixedCores(_) => ExitCode::from(USAGE_STATUS),
            _ => ExitCode::FAILURE,
        }
    }
}

impl From<lexopt::Error> for Error {
    fn from(error: lexopt::Error) -> Self {
        Self::Arguments(error)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownCommand(name) => {
                write!(f, "no command `{name}`; `girder-tools help` lists them")
            }
            Self::Arguments(error) => write!(f, "{error}; `girder-tools help` lists the options"),
            Self::FixedCores(cores) => write!(
                f,
                "this board has {cores} cores; the boot argument girder.cores=N starts fewer"
            ),
            Self::UnknownBoard(name) => {
                write!(
                    f,
                    "board `{name}` is not supported; supported now: {}",
                    BOARDS.join(", ")
                )
            }
            Self::Start { program, cause } => {
                write!(f, "cannot start {}: {cause}", program.display())?;
                match cause.kind() {
                    io::ErrorKind::NotFound => {
                        f.write_str("; `make setup` installs what is missing")
                    }
                    _ => Ok(()),
                }
            }
            Self::Ended { program, status } => {
                write!(f, "{} ended with {status}", program.display())
            }
            Self::File { path, cause } => write!(f, "{}: {cause}", path.display()),
            Self::Image { path, cause } => write!(f, "{}: {cause}", path.display()),
            Self::NoImage(path) => {
                write!(
                    f,
                    "{} is not there; build it without --no-build",
                    path.display()
                )
            }
            Self::Trace(path, what) => write!(f, "{}: {what}", path.display()),
            Self::NoPlugin(program) => write!(
                f,
                "{} did not load the tracing plugin; it takes a QEMU 9.1 or newer that was \
                 built with plugins, as Debian's is",
                program.display()
            ),
            Self::NotCounted(name) => write!(f, "there is no benchmark `{name}` that is counted"),
            Self::Hung(patience) => {
                write!(f, "the machine did not end within {} s", patience.as_secs())
            }
            Self::TwoSources => f.write_str("either --example or --manifest-path, and once"),
            Self::NotOneProgram { manifest, programs } => write!(
                f,
                "{}: an image is made of a crate with one program; this one has {programs}",
                manifest.display()
            ),
            Self::TooMuchLinked { path, text } => write!(
                f,
                "{} has `{text}` in it, which its program does not link",
                path.display()
            ),
            Self::NotYet(what) => f.write_str(what),
            Self::NoSuchRow(text) => write!(f, "no row of the matrix has `{text}` in its name"),
            Self::NoTree(name) => write!(f, "the device tree {name} is not on this host"),
        }
    }
}
