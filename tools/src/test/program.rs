//! Images of other programs than the stock one: an example of the tree, and an application's crate that lies
//! outside of it.
//!
//! The crate is written to a temporary folder as an author would write it, five lines of manifest and all.
//! What is built of it stays below our own `target/`, by a configuration of the crate's own, so that it is
//! built anew only where something has changed.

use std::fs;
use std::path::{Path, PathBuf};

use super::row::Site;
use crate::error::Error;
use crate::image::{self, Source};
use crate::workspace::{Products, Workspace};

/// What only the stock image has to say: its shell, its benchmarks.
const STOCK_ONLY: [&str; 2] = ["list the cores and their state", "yield_beside_spinner"];

/// Builds an example.
pub(super) fn example(site: &Site<'_>, name: &str) -> Result<Products, Error> {
    build(site.workspace, &Source::Example(name.to_owned()))
}

/// Builds an application with this `main.rs`.
pub(super) fn application(site: &Site<'_>, name: &str, main: &str) -> Result<Products, Error> {
    let folder = Folder::new(name)?;
    let manifest = folder.write("Cargo.toml", &manifest(site.workspace, name))?;
    folder.write("src/main.rs", main)?;
    folder.write(".cargo/config.toml", &configuration(site.workspace))?;
    // The versions that we have ourselves, so that nothing has to be fetched.
    let lock = site.workspace.path("Cargo.lock");
    let lock = fs::read_to_string(&lock).map_err(Error::file(&lock))?;
    folder.write("Cargo.lock", &lock)?;
    build(site.workspace, &Source::Application(manifest))
}

fn build(workspace: &Workspace, source: &Source) -> Result<Products, Error> {
    let products = image::build_to_run(workspace, source)?;
    let path = products.image();
    let image = fs::read(&path).map_err(Error::file(&path))?;
    let holds = |text: &&str| image.windows(text.len()).any(|it| it == text.as_bytes());
    match STOCK_ONLY.into_iter().find(holds) {
        None => Ok(products),
        Some(text) => Err(Error::TooMuchLinked { path, text }),
    }
}

fn manifest(workspace: &Workspace, name: &str) -> String {
    let girder = workspace.path("kernel");
    format!(
        "[package]\nname = \"{name}\"\nedition = \"2024\"\n[dependencies]\ngirder = {{ path = {girder:?} }}\n"
    )
}

fn configuration(workspace: &Workspace) -> String {
    let target = workspace.path("target/applications");
    format!("[build]\ntarget-dir = {target:?}\n[net]\noffline = true\n")
}

/// Removed with everything in it when the application is built.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Result<Self, Error> {
        let name = format!("girder-{name}-{}", std::process::id());
        let folder = Self(std::env::temp_dir().join(name));
        for part in ["src", ".cargo"] {
            let part = folder.0.join(part);
            fs::create_dir_all(&part).map_err(Error::file(&part))?;
        }
        Ok(folder)
    }

    fn write(&self, file: impl AsRef<Path>, text: &str) -> Result<PathBuf, Error> {
        let path = self.0.join(file);
        fs::write(&path, text).map_err(Error::file(&path))?;
        Ok(path)
    }
}

impl Drop for Folder {
    /// What can't be removed is left to the system's own cleaning.
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_has_five_lines() {
        let text = manifest(&Workspace::at("/w"), "app");
        assert_eq!(text.lines().count(), 5);
        assert!(
            text.ends_with("girder = { path = \"/w/kernel\" }\n"),
            "{text}"
        );
    }
}
