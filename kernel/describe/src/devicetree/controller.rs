//! The root interrupt controller: the one that the cores' own timers are wired to.
//!
//! A board may have several controllers of known kinds (a Pi 4 describes its GIC and the Pi 3's
//! local controller), and the one that devices name may hang below another. So the timer is asked
//! first, then the root of the tree, and only then the order of nodes. The one that hangs below a
//! Pi 3's is part of it to us.

use alloc::string::String;
use alloc::vec::Vec;

use super::interrupts::Interrupt;
use super::survey::Survey;
use super::tree::{Names, Node, Tree};
use super::{address, interrupts};
use crate::error::TreeError;
use crate::machine::{Controller, ControllerKind, Intid};

const KINDS: &[(&str, ControllerKind)] = &[
    ("arm,gic-v3", ControllerKind::Gicv3),
    ("arm,gic-400", ControllerKind::Gicv2),
    ("arm,cortex-a15-gic", ControllerKind::Gicv2),
    ("arm,cortex-a9-gic", ControllerKind::Gicv2),
    ("arm,cortex-a7-gic", ControllerKind::Gicv2),
    ("arm,cortex-a5-gic", ControllerKind::Gicv2),
    ("arm,arm1176jzf-devchip-gic", ControllerKind::Gicv2),
    ("arm,arm11mp-gic", ControllerKind::Gicv2),
    ("arm,eb11mp-gic", ControllerKind::Gicv2),
    ("arm,tc11mp-gic", ControllerKind::Gicv2),
    ("arm,pl390", ControllerKind::Gicv2),
    ("brcm,brahma-b15-gic", ControllerKind::Gicv2),
    ("qcom,msm-8660-qgic", ControllerKind::Gicv2),
    ("qcom,msm-qgic2", ControllerKind::Gicv2),
    ("brcm,bcm2836-l1-intc", ControllerKind::Bcm2836),
    ("apple,aic", ControllerKind::Aic),
    ("apple,aic2", ControllerKind::Aic2),
];

/// The controller of a Pi 3's peripherals.
const SECOND: &[(&str, ())] = &[("brcm,bcm2836-armctrl-ic", ())];

/// True if a controller with these names is one that hangs below a root.
pub(super) fn is_second(names: Names<'_>) -> bool {
    names.lookup(SECOND).is_some()
}

/// Returns the kind of a controller with these names if it is one that can be the root.
pub(super) fn kind_of(names: Names<'_>) -> Option<ControllerKind> {
    names
        .lookup(KINDS)
        .filter(|kind| *kind != ControllerKind::Unknown)
}

/// The root controller in its tree.
pub(super) struct Root<'t> {
    pub(super) node: Option<Node<'t>>,
    pub(super) kind: ControllerKind,
    /// The one that hangs below it.
    pub(super) second: Option<Node<'t>>,
}

/// Finds the root controller.
pub(super) fn root<'t>(tree: &'t Tree<'t>, survey: &Survey<'t>) -> Result<Root<'t>, TreeError> {
    let is_known = |node: Node<'t>| node.is_usable() && kind_of(node.compatible()).is_some();
    let timer = survey
        .timer
        .and_then(|timer| interrupts::of(timer).first().copied());
    let named = [
        timer.map(|first| first.controller),
        interrupts::parent(tree.root()),
    ];
    let mut last = None;
    for start in named.into_iter().flatten() {
        let top = interrupts::climb(start, is_known)?;
        if is_known(top) {
            return Ok(Root::new(Some(top), survey));
        }
        last = last.or(Some(top));
    }
    Ok(Root::new(survey.controller.or(last), survey))
}

impl<'t> Root<'t> {
    fn new(node: Option<Node<'t>>, survey: &Survey<'t>) -> Self {
        let kind = node
            .and_then(|node| kind_of(node.compatible()))
            .unwrap_or(ControllerKind::Unknown);
        let second = survey.second.filter(|second| {
            let above = interrupts::of(*second).first().map(|line| line.controller);
            kind == ControllerKind::Bcm2836 && above == node
        });
        Self { node, kind, second }
    }

    /// Describes the controller; without one, as unknown and without registers.
    pub(super) fn describe(&self) -> Result<Controller, TreeError> {
        let Some(node) = self.node else {
            return Ok(Controller {
                kind: self.kind,
                compatible: String::new(),
                regs: Vec::new(),
                redistributor_regions: 1,
                redistributor_stride: None,
                second: None,
            });
        };
        Ok(Controller {
            kind: self.kind,
            compatible: node.text("compatible")?,
            regs: address::regions(node)?,
            redistributor_regions: node.detail("#redistributor-regions").unwrap_or(1),
            redistributor_stride: node.number("redistributor-stride").ok().flatten(),
            second: self.second.and_then(|second| {
                let registers = address::regions(second).ok()?;
                registers.first().copied()
            }),
        })
    }

    /// Returns the number of a device's interrupt, if it goes to this controller or the one below.
    pub(super) fn intid(&self, interrupt: Interrupt<'_>) -> Option<Intid> {
        let controller = Some(interrupt.controller);
        if controller == self.node {
            interrupt.intid(self.kind)
        } else if controller == self.second {
            interrupt.second_intid()
        } else {
            None
        }
    }
}
