//! What a row boots: which kernel, with which tree, with which arguments.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use super::guest::leashed;
use super::program;
use super::raw;
use super::row::{Course, Kernel, Row, Site, Tree};
use super::tree::{self, Edit};
use crate::error::Error;
use crate::machine::{Board, Boot, Machine, Start};

impl Row {
    pub(super) fn boot(&self, site: &Site<'_>) -> Result<Boot, Error> {
        let asked = match self.course {
            // Which ones, or all.
            Course::Bench if self.bootargs.starts_with("bench=") => String::new(),
            Course::Bench => "bench".to_owned(),
            Course::Debugged | Course::Program { .. } => String::new(),
            _ if self.script.is_empty() => site.arguments_of_tests(self.tests),
            _ => String::new(),
        };
        let bootargs = format!("{asked} {}", self.bootargs).trim().to_owned();
        let boot = match self.kernel {
            Kernel::ImageAt(address, handover) => {
                let tree = self.dumped_tree(site)?;
                if !bootargs.is_empty() {
                    tree::set_bootargs(&tree, &bootargs)?;
                }
                tree::apply(&tree, self.edits())?;
                let stub = site.log_path(&format!("{}.stub", self.name));
                let image = site.workspace.image();
                Boot {
                    start: raw::start(&image, address, handover, &tree, &stub)?,
                    tree: (!handover.has_own_tree()).then_some(tree),
                    bootargs: String::new(),
                }
            }
            Kernel::Image => self.ordinary_boot(site, site.workspace.image(), bootargs)?,
            Kernel::Example(name) => {
                let products = program::example(site, name)?;
                self.ordinary_boot(site, products.image(), bootargs)?
            }
            Kernel::Application(main) => {
                let products = program::application(site, &self.name, main)?;
                self.ordinary_boot(site, products.image(), bootargs)?
            }
            Kernel::ImageAfter(shim) => {
                let file = site.log_path(&format!("{}.shim", self.name));
                let tree = self.own_tree(site)?;
                let start = shim.start(&site.workspace.image(), &file)?;
                Boot {
                    start,
                    tree,
                    bootargs,
                }
            }
            Kernel::Elf if self.machine.board == Board::Virt => {
                self.ordinary_boot(site, site.workspace.elf(), bootargs)?
            }
            Kernel::Elf => {
                self.ordinary_boot(site, site.workspace.dist().raspberry_pi_elf(), bootargs)?
            }
        };
        Ok(boot)
    }

    fn ordinary_boot(
        &self,
        site: &Site<'_>,
        kernel: PathBuf,
        bootargs: String,
    ) -> Result<Boot, Error> {
        Ok(Boot {
            start: Start::Kernel(kernel),
            tree: self.own_tree(site)?,
            bootargs,
        })
    }

    /// The tree that the machine gets, unless that is QEMU's own business.
    fn own_tree(&self, site: &Site<'_>) -> Result<Option<PathBuf>, Error> {
        let file = match self.tree {
            Tree::True => return Ok(None),
            Tree::Edited(_) => self.dumped_tree(site)?,
            Tree::Source(name, _) => {
                let source = site.workspace.path("tools/trees").join(name);
                let file = site.log_path(&format!("{}.dtb", self.name));
                tree::compile(&source.with_extension("dts"), &file)?;
                file
            }
            Tree::Makers(name) => {
                let file = site.log_path(&format!("{}.dtb", self.name));
                let source = tree::makers(name).ok_or_else(|| Error::NoTree(name))?;
                fs::copy(&source, &file).map_err(Error::file(&source))?;
                file
            }
        };
        tree::apply(&file, self.edits())?;
        Ok(Some(file))
    }

    fn edits(&self) -> &'static [Edit] {
        match self.tree {
            Tree::True | Tree::Makers(_) => &[],
            Tree::Edited(edits) | Tree::Source(_, edits) => edits,
        }
    }

    /// QEMU's own tree of this machine, in a file of the row's.
    fn dumped_tree(&self, site: &Site<'_>) -> Result<PathBuf, Error> {
        let path = site.log_path(&format!("{}.dtb", self.name));
        dump_tree(&site.qemu, &self.machine, &path)?;
        Ok(path)
    }
}

/// QEMU writes the tree and ends at once; nothing boots.
fn dump_tree(qemu: &OsString, machine: &Machine, path: &Path) -> Result<(), Error> {
    let arguments = machine.dump_tree(path);
    let output = leashed(qemu)
        .args(&arguments)
        .output()
        .map_err(Error::start(qemu))?;
    if output.status.success() {
        return Ok(());
    }
    Err(Error::Ended {
        program: qemu.clone(),
        status: output.status,
    })
}
