//! From a device's `interrupts` to a controller and a number.
//!
//! Devicetree Specification v0.4, section 2.4. Interrupt maps are not followed: what sits behind
//! one has no number here, and a console without a number is polled.

use alloc::vec::Vec;

use super::limits;
use super::tree::Node;
use crate::error::TreeError;
use crate::machine::{ControllerKind, Intid};

/// One interrupt of a device: its controller, and the cells that this controller understands.
#[derive(Clone, Copy)]
pub(super) struct Interrupt<'t> {
    pub(super) controller: Node<'t>,
    cells: &'t [u8],
}

/// Finds the controller that `node` sends its interrupts to: named by it or by the nearest
/// ancestor that names one, or an ancestor that is one.
pub(super) fn parent(node: Node<'_>) -> Option<Node<'_>> {
    let mut node = node;
    loop {
        if node.has("interrupt-parent") {
            let phandle = node.cell("interrupt-parent").ok()??;
            return node.tree().by_phandle(phandle);
        }
        node = node.parent()?;
        if node.has("#interrupt-cells") {
            return Some(node);
        }
    }
}

/// Lists the interrupts of `node` up to the first that does not resolve.
pub(super) fn of(node: Node<'_>) -> Vec<Interrupt<'_>> {
    match node.property("interrupts-extended") {
        Some(value) => extended(node, value),
        None => inherited(node).unwrap_or_default(),
    }
}

fn extended<'t>(node: Node<'t>, value: &'t [u8]) -> Vec<Interrupt<'t>> {
    let mut rest = value;
    let next = core::iter::from_fn(|| {
        let (phandle, after) = rest.split_first_chunk()?;
        let controller = node.tree().by_phandle(u32::from_be_bytes(*phandle))?;
        let (cells, after) = after.split_at_checked(interrupt_size(controller)?)?;
        rest = after;
        Some(Interrupt { controller, cells })
    });
    next.take(limits::INTERRUPTS).collect()
}

fn inherited(node: Node<'_>) -> Option<Vec<Interrupt<'_>>> {
    let value = node.property("interrupts")?;
    let controller = parent(node)?;
    let chunks = value.chunks_exact(interrupt_size(controller)?);
    let interrupts = chunks.map(|cells| Interrupt { controller, cells });
    Some(interrupts.take(limits::INTERRUPTS).collect())
}

/// Returns the bytes of one interrupt at `controller`.
fn interrupt_size(controller: Node<'_>) -> Option<usize> {
    let cells = controller.cell("#interrupt-cells").ok()??;
    (1..=limits::INTERRUPT_CELLS)
        .contains(&cells)
        .then_some(4 * cells as usize)
}

/// Follows the controllers upwards from `controller` to one that `is_wanted`, or to the last.
pub(super) fn climb<'t>(
    controller: Node<'t>,
    is_wanted: impl Fn(Node<'t>) -> bool,
) -> Result<Node<'t>, TreeError> {
    let mut at = controller;
    for _ in 0..limits::DEPTH {
        if is_wanted(at) {
            return Ok(at);
        }
        // The root's `interrupt-parent` holds for the controller it names as well.
        match parent(at) {
            Some(above) if above != at => at = above,
            _ => return Ok(at),
        }
    }
    Err(TreeError::InterruptCycle)
}

impl Interrupt<'_> {
    /// Returns its number at a controller of this kind, if the cells are sound.
    pub(super) fn intid(self, kind: ControllerKind) -> Option<Intid> {
        match kind {
            ControllerKind::Gicv2 | ControllerKind::Gicv3 => self.gic_number(),
            ControllerKind::Bcm2836 => self.cell(0),
            // Type, then the die where there are several, then the number and its flags.
            ControllerKind::Aic | ControllerKind::Aic2 => {
                self.cell((self.cells.len() / 4).checked_sub(2)?)
            }
            ControllerKind::Unknown => None,
        }
        .map(Intid)
    }

    /// Linux binding `interrupt-controller/brcm,bcm2835-armctrl-ic.yaml`: bank, number in it.
    pub(super) fn second_intid(self) -> Option<Intid> {
        let count = match self.cell(0)? {
            0 => 8,
            1 | 2 => 32,
            _ => return None,
        };
        let number = self.cell(1).filter(|number| *number < count)?;
        Some(Intid(32 + 32 * self.cell(0)? + number))
    }

    /// Linux binding `interrupt-controller/arm,gic-v3.yaml`: type, number in that type, flags.
    fn gic_number(self) -> Option<u32> {
        let (first, count) = match self.cell(0)? {
            0 => (32, 988),
            1 => (16, 16),
            2 => (4096, 1024),
            3 => (1056, 64),
            _ => return None,
        };
        self.cell(2)?;
        self.cell(1)
            .filter(|number| *number < count)
            .map(|number| first + number)
    }

    fn cell(self, index: usize) -> Option<u32> {
        let rest = self.cells.get(4 * index..)?;
        rest.first_chunk().map(|cell| u32::from_be_bytes(*cell))
    }
}
