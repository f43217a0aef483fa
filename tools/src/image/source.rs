//! What is compiled: the stock image, an example of this tree, or an application of somebody else's.
//!
//! An application's crate lies anywhere. Cargo takes flags from where it is started and profiles from the
//! crate's own workspace, so both are handed over by `--config`: our configuration file as it is, and
//! the settings of our release profile.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use lexopt::{Arg, Parser, ValueExt};
use serde::Deserialize;

use crate::error::Error;
use crate::workspace::Workspace;

const TARGET: &str = "aarch64-unknown-none";
const STOCK: (&str, &str) = ("girder-stock", "girder");
/// The package that has the examples.
const FACE: &str = "girder";
/// Our release profile, for crates that have another one.
const PROFILE: [(&str, &str); 4] = [
    ("panic", "\"abort\""),
    ("lto", "\"fat\""),
    ("codegen-units", "1"),
    ("debug", "\"full\""),
];

/// What is compiled.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Source {
    #[default]
    Stock,
    /// One of `kernel/examples`.
    Example(String),
    /// The one program of the crate with this manifest.
    Application(PathBuf),
}

/// A linked ELF, and what its program is called.
pub(super) struct Linked {
    pub(super) path: PathBuf,
    pub(super) name: String,
}

impl Source {
    /// Takes an option that says what is compiled; any other is refused.
    pub(crate) fn take(&mut self, option: Option, parser: &mut Parser) -> Result<(), Error> {
        let chosen = match option {
            Option::Example => Self::Example(parser.value()?.string()?),
            Option::ManifestPath => Self::Application(parser.value()?.into()),
        };
        if *self != Self::Stock {
            return Err(Error::TwoSources);
        }
        *self = chosen;
        Ok(())
    }

    /// Compiles what changed.
    pub(super) fn compile(&self, workspace: &Workspace) -> Result<Linked, Error> {
        match self {
            Self::Stock => {
                let (package, program) = STOCK;
                let arguments = ["-p", package, "--bin", program];
                compile_own(workspace, &arguments, program)
            }
            Self::Example(name) => {
                let arguments = ["-p", FACE, "--example", name];
                compile_own(workspace, &arguments, &format!("examples/{name}"))
            }
            Self::Application(manifest) => compile_application(workspace, manifest),
        }
    }
}

/// The options that say it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Option {
    Example,
    ManifestPath,
}

impl Option {
    /// Which of them an argument is; it comes back if it is none.
    pub(crate) fn of(argument: Arg<'_>) -> Result<Self, Arg<'_>> {
        match argument {
            Arg::Long("example") => Ok(Self::Example),
            Arg::Long("manifest-path") => Ok(Self::ManifestPath),
            other => Err(other),
        }
    }
}

/// A program of this tree. The target directory is named so that no user setting moves it.
fn compile_own(workspace: &Workspace, what: &[&str], path: &str) -> Result<Linked, Error> {
    let folder = workspace.path("target");
    let mut cargo = workspace.cargo();
    cargo.args(["build", "--release", "--target", TARGET]);
    cargo.args(what).arg("--target-dir").arg(&folder);
    let status = cargo.status().map_err(Error::start("cargo"))?;
    if !status.success() {
        return Err(failed(status));
    }
    let path = folder.join(TARGET).join("release").join(path);
    Ok(Linked {
        name: stem(&path),
        path,
    })
}

/// The one program of another crate, in whatever target directory that has.
fn compile_application(workspace: &Workspace, manifest: &Path) -> Result<Linked, Error> {
    let manifest = manifest.canonicalize().map_err(Error::file(manifest))?;
    let folder = manifest.parent().unwrap_or(&manifest);
    let mut cargo = workspace.cargo();
    cargo.current_dir(folder);
    cargo.args(["build", "--release", "--target", TARGET, "--manifest-path"]);
    cargo.arg(&manifest);
    cargo.arg("--message-format=json-render-diagnostics");
    configure(&mut cargo, workspace, folder);
    let output = cargo
        .stderr(Stdio::inherit())
        .output()
        .map_err(Error::start("cargo"))?;
    if !output.status.success() {
        return Err(failed(output.status));
    }
    let programs = programs(&String::from_utf8_lossy(&output.stdout));
    match <[PathBuf; 1]>::try_from(programs) {
        Ok([path]) => Ok(Linked {
            name: stem(&path),
            path,
        }),
        Err(programs) => Err(Error::NotOneProgram {
            manifest,
            programs: programs.len(),
        }),
    }
}

/// Below our own tree cargo finds the file by itself, and twice would be once too often.
fn configure(cargo: &mut Command, workspace: &Workspace, folder: &Path) {
    let root = workspace.path("");
    let is_below = root
        .canonicalize()
        .is_ok_and(|root| folder.starts_with(root));
    if !is_below {
        cargo
            .arg("--config")
            .arg(workspace.path(".cargo/config.toml"));
    }
    for (key, value) in PROFILE {
        cargo
            .arg("--config")
            .arg(format!("profile.release.{key}={value}"));
    }
}

/// What cargo says about something that it has made.
#[derive(Deserialize)]
struct Message {
    executable: std::option::Option<PathBuf>,
}

/// The programs that cargo names in its messages, one message a line.
fn programs(messages: &str) -> Vec<PathBuf> {
    let messages = messages.lines().map(serde_json::from_str::<Message>);
    messages.flatten().filter_map(|it| it.executable).collect()
}

fn failed(status: std::process::ExitStatus) -> Error {
    Error::Ended {
        program: "cargo build".into(),
        status,
    }
}

fn stem(path: &Path) -> String {
    path.file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_profile_is_our_own() {
        let workspace = Workspace::of_this_build();
        let manifest = std::fs::read_to_string(workspace.path("Cargo.toml")).expect("our own");
        let (_, profile) = manifest.split_once("[profile.release]\n").expect("ours");
        let settings: Vec<_> = profile
            .lines()
            .map_while(|line| line.split_once(" = "))
            .collect();
        assert_eq!(settings, PROFILE);
    }

    #[test]
    fn programs_are_found_among_other_messages() {
        let messages = "{\"reason\":\"compiler-artifact\",\"executable\":null}\n\
            {\"reason\":\"compiler-artifact\",\"executable\":\"/t/app\"}\n\
            not json\n{\"reason\":\"build-finished\",\"success\":true}\n";
        assert_eq!(programs(messages), [PathBuf::from("/t/app")]);
        assert!(programs("").is_empty());
    }

    #[test]
    fn a_manifest_that_is_not_there_is_named() {
        let source = Source::Application("/nonexistent/Cargo.toml".into());
        let Err(error) = source.compile(&Workspace::of_this_build()) else {
            panic!("compiled")
        };
        assert!(
            error.to_string().starts_with("/nonexistent/Cargo.toml: "),
            "{error}"
        );
    }
}
