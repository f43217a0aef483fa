//! One walk over all nodes that notes the few that matter, wherever a board puts them.

use alloc::vec::Vec;

use super::tree::{Names, Node, Tree};
use super::{address, console, controller, limits};

/// The usable nodes found by what they are compatible with.
pub(super) struct Survey<'t> {
    pub(super) psci: Option<Node<'t>>,
    pub(super) timer: Option<Node<'t>>,
    pub(super) distance_map: Option<Node<'t>>,
    power: Option<Node<'t>>,
    /// The first interrupt controller of a known kind.
    pub(super) controller: Option<Node<'t>>,
    /// The first that hangs below another.
    pub(super) second: Option<Node<'t>>,
    /// The first serial ports of known kinds.
    pub(super) ports: Vec<Node<'t>>,
}

#[derive(Clone, Copy)]
enum Role {
    Psci,
    Timer,
    /// Wanted where there is no [`Role::Timer`]: the Pi 3 names its timer so.
    OldTimer,
    DistanceMap,
    Power,
}

const ROLES: &[(&str, Role)] = &[
    ("arm,psci-1.0", Role::Psci),
    ("arm,psci-0.2", Role::Psci),
    ("arm,psci", Role::Psci),
    ("arm,armv8-timer", Role::Timer),
    ("arm,armv7-timer", Role::OldTimer),
    ("numa-distance-map-v1", Role::DistanceMap),
    ("brcm,bcm2835-pm", Role::Power),
    ("brcm,bcm2835-pm-wdt", Role::Power),
];

impl<'t> Survey<'t> {
    /// Walks `tree`.
    pub(super) fn of(tree: &'t Tree<'t>) -> Self {
        let mut survey = Self {
            psci: None,
            timer: None,
            distance_map: None,
            power: None,
            controller: None,
            second: None,
            ports: Vec::new(),
        };
        let mut old_timer = None;
        for node in tree.nodes().filter(|node| node.is_usable()) {
            let names = node.compatible();
            match names.lookup(ROLES) {
                Some(Role::Psci) => note(&mut survey.psci, node),
                Some(Role::Timer) => note(&mut survey.timer, node),
                Some(Role::OldTimer) => note(&mut old_timer, node),
                Some(Role::DistanceMap) => note(&mut survey.distance_map, node),
                Some(Role::Power) => note(&mut survey.power, node),
                None => survey.note_device(node, names),
            }
        }
        survey.timer = survey.timer.or(old_timer);
        survey
    }

    /// Where a Raspberry Pi's power registers are. A machine is of use without them.
    pub(super) fn power_block(&self) -> Option<u64> {
        let registers = address::regions(self.power?).ok()?;
        registers.first().map(|range| range.base)
    }

    fn note_device(&mut self, node: Node<'t>, names: Names<'t>) {
        if console::kind_of(names).is_some() && self.ports.len() < limits::PORTS {
            self.ports.push(node);
        } else if controller::kind_of(names).is_some() && node.has("interrupt-controller") {
            note(&mut self.controller, node);
        } else if controller::is_second(names) {
            note(&mut self.second, node);
        }
    }
}

/// Keeps the first.
fn note<'t>(place: &mut Option<Node<'t>>, node: Node<'t>) {
    place.get_or_insert(node);
}
