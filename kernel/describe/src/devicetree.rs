//! A flattened device tree becomes a [`Machine`].
//!
//! ```text
//! bytes --header--> blocks --structure--> shape --tree--> nodes --the rest--> Machine
//! ```
//!
//! `header` and `structure` trust nothing: after them every token, name and value lies inside its
//! block, and the tokens nest. That is what the `fdt` crate needs to walk the tree without a
//! panic. It offers no parents, so `structure` also writes down the tree's shape; `tree` joins
//! both. Above it, each module answers one question about the machine, in safe look-ups.

mod address;
mod chosen;
mod console;
mod controller;
mod cpu_map;
mod cpus;
mod header;
mod interrupts;
pub mod limits;
mod memory;
mod numa;
mod structure;
mod survey;
mod timer;
mod tree;

use crate::error::TreeError;
use crate::machine::Machine;
use header::Blocks;
use survey::Survey;
use tree::Tree;

pub use header::total_size;

/// Describes the machine that the tree in `blob` stands for.
///
/// The tree begins at `blob[0]`, with any alignment; what follows it is ignored. Its empty tokens
/// are squeezed out in place, so the blob of a refused tree is not worth a second try.
pub fn describe(blob: &mut [u8]) -> Result<Machine, TreeError> {
    let blocks = Blocks::locate(blob)?;
    let reservations = blocks.reservations(blob)?;
    let shape = structure::verify(blob, &blocks)?;
    let counted = shape.links.len();
    let fdt = fdt::Fdt::new(blob).map_err(|_| TreeError::WalkDisagrees { counted, walked: 0 })?;
    let tree = Tree::new(&fdt, shape)?;
    let survey = Survey::of(&tree);
    let root_controller = controller::root(&tree, &survey)?;
    let cpus = cpus::usable(&tree)?;
    let banks = memory::banks(&tree)?;
    let nodes = numa::nodes(&cpus, &banks);
    Ok(Machine {
        model: tree.root().text("model")?,
        compatible: tree.root().text("compatible")?,
        psci_conduit: cpus::conduit(survey.psci),
        controller: root_controller.describe()?,
        timer: timer::interrupts(&survey, &root_controller),
        power: survey.power_block(),
        console: console::find(&tree, &survey, &root_controller)?,
        ports: console::all(&tree, &survey, &root_controller),
        memory: memory::merged(&banks),
        reserved: memory::reserved(&tree, reservations)?,
        distances: numa::distances(&nodes, survey.distance_map)?,
        bootargs: chosen::bootargs(&tree)?,
        initrd: chosen::initrd(&tree)?,
        cpus,
        nodes,
    })
}
