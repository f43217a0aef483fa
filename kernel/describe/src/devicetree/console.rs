//! The console: the port that `/chosen` names, else the first that we have a driver for.
//!
//! A port of no known kind that `/chosen` names is still the answer: another port would be a wire
//! that nobody listens to, and its name tells people which driver is missing.

use alloc::string::String;
use alloc::vec::Vec;

use super::controller::Root;
use super::survey::Survey;
use super::tree::{Names, Node, Tree};
use super::{address, interrupts, limits};
use crate::error::TreeError;
use crate::machine::{Console, ConsoleKind, Intid};

const KINDS: &[(&str, ConsoleKind)] = &[
    ("arm,pl011", ConsoleKind::Pl011),
    ("arm,pl011-axi", ConsoleKind::Pl011),
    ("arm,sbsa-uart", ConsoleKind::Pl011),
    ("ns8250", ConsoleKind::Ns8250),
    ("ns16450", ConsoleKind::Ns8250),
    ("ns16550", ConsoleKind::Ns8250),
    ("ns16550a", ConsoleKind::Ns8250),
    ("ns16750", ConsoleKind::Ns8250),
    ("ns16850", ConsoleKind::Ns8250),
    ("snps,dw-apb-uart", ConsoleKind::Ns8250),
    ("nvidia,tegra20-uart", ConsoleKind::Ns8250),
    ("marvell,armada-38x-uart", ConsoleKind::Ns8250),
    ("brcm,bcm2835-aux-uart", ConsoleKind::Bcm2835Aux),
    ("apple,s5l-uart", ConsoleKind::S5l),
];

/// Returns the kind of a serial port with these names if it is one that we have a driver for.
pub(super) fn kind_of(names: Names<'_>) -> Option<ConsoleKind> {
    names.lookup(KINDS)
}

/// Finds the console.
pub(super) fn find(
    tree: &Tree<'_>,
    survey: &Survey<'_>,
    root: &Root<'_>,
) -> Result<Option<Console>, TreeError> {
    let chosen = standard_output(tree).filter(|node| node.is_usable() && node.has("compatible"));
    for port in chosen.into_iter().chain(survey.ports.iter().copied()) {
        if let Some(registers) = address::regions(port)?.first() {
            return console(port, registers.base, root).map(Some);
        }
    }
    Ok(None)
}

/// Lists every usable port with its path: the one that `/chosen` names and those of known kinds.
/// One whose registers can't be found is left out.
pub(super) fn all(tree: &Tree<'_>, survey: &Survey<'_>, root: &Root<'_>) -> Vec<(String, Console)> {
    let chosen = standard_output(tree).filter(|node| node.is_usable() && node.has("compatible"));
    let known = survey.ports.iter().copied();
    let chosen = chosen.filter(|node| !survey.ports.contains(node));
    let ports = known.chain(chosen).filter_map(|port| {
        let base = address::regions(port).ok()?.first()?.base;
        Some((port.path(), console(port, base, root).ok()?))
    });
    ports.collect()
}

/// Resolves the path, or the alias for one, in `/chosen`; the rate after the colon is left alone.
fn standard_output<'t>(tree: &'t Tree<'t>) -> Option<Node<'t>> {
    let chosen = tree.by_path(b"/chosen")?;
    let names = ["stdout-path", "linux,stdout-path"];
    let name = names.into_iter().find(|name| chosen.has(name))?;
    let path = chosen
        .strings(name)
        .next()?
        .split(|byte| *byte == b':')
        .next()?;
    if path.starts_with(b"/") {
        return tree.by_path(path);
    }
    let (alias, below) = match path.iter().position(|byte| *byte == b'/') {
        Some(slash) => path.split_at(slash),
        None => (path, &b""[..]),
    };
    let aliases = tree.by_path(b"/aliases")?;
    let target = aliases.strings(core::str::from_utf8(alias).ok()?).next()?;
    let names = below
        .split(|byte| *byte == b'/')
        .filter(|name| !name.is_empty());
    names
        .into_iter()
        .try_fold(tree.by_path(target)?, Node::child)
}

fn console(node: Node<'_>, base: u64, root: &Root<'_>) -> Result<Console, TreeError> {
    Ok(Console {
        kind: kind_of(node.compatible()).unwrap_or(ConsoleKind::Unknown),
        compatible: node.text("compatible")?,
        base,
        reg_shift: reg_shift(node),
        reg_io_width: node.detail("reg-io-width"),
        clock_hz: clock(node),
        baud: node.detail("current-speed"),
        interrupt: interrupt(node, root),
    })
}

fn reg_shift(node: Node<'_>) -> u32 {
    let shift = node.detail("reg-shift").unwrap_or(0);
    if shift <= limits::REG_SHIFT { shift } else { 0 }
}

/// Returns the port's own statement about its clock, or the rate of the fixed clock that feeds it.
fn clock(node: Node<'_>) -> Option<u64> {
    let rate = |node: Node<'_>| node.number("clock-frequency").ok().flatten();
    if let Some(rate) = rate(node) {
        return Some(rate);
    }
    let phandle = node.property("clocks")?.first_chunk()?;
    let clock = node.tree().by_phandle(u32::from_be_bytes(*phandle))?;
    let is_fixed = clock.compatible().lookup(&[("fixed-clock", ())]).is_some();
    is_fixed.then(|| rate(clock)).flatten()
}

fn interrupt(node: Node<'_>, root: &Root<'_>) -> Option<Intid> {
    root.intid(interrupts::of(node).first().copied()?)
}
