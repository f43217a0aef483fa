//! The register blocks that the description names and we drive, and the drivers made of them.

use crate::start::{Stage, fail};
use alloc::vec::Vec;
use girder_aarch64::gic_v3::{GicV3, Region};
use girder_aarch64::pl011;
use girder_describe::{ConsoleKind, ControllerKind, Machine, Range};

/// Where the description's console is, if it is one that we drive.
pub(crate) fn console_base(machine: &Machine) -> Option<u64> {
    let console = machine.console.as_ref()?;
    (console.kind == ConsoleKind::Pl011).then_some(console.base)
}

/// Register blocks that we drive, with the console that was found.
pub(crate) fn devices(machine: &Machine, console: Option<u64>) -> Vec<Range> {
    let mut devices = Vec::new();
    if let Some(base) = console {
        devices.push(Range {
            base,
            size: pl011::SIZE,
        });
    }
    if machine.controller.kind == ControllerKind::Gicv3 {
        let regions = 1 + machine.controller.redistributor_regions as usize;
        devices.extend(machine.controller.regs.iter().take(regions));
    }
    devices
}

pub(crate) fn controller(machine: &Machine) -> GicV3 {
    let described = &machine.controller;
    let (ControllerKind::Gicv3, [distributor, regions @ ..]) =
        (described.kind, &described.regs[..])
    else {
        let name = &described.compatible;
        if name.is_empty() {
            fail(
                Stage::Interrupts,
                "the description has no interrupt controller",
            )
        }
        fail(
            Stage::Interrupts,
            format_args!("no driver for the interrupt controller {name}"),
        )
    };
    let regions = regions
        .iter()
        .take(described.redistributor_regions as usize);
    let regions = regions.map(|range| Region {
        base: range.base as usize,
        size: range.size as usize,
    });
    // SAFETY: the description says that a GICv3 is there, `devices` had it mapped, and this is
    // called once. Where the description is wrong, some device is asked for an identification.
    let controller = unsafe { GicV3::new(distributor.base as usize, regions) };
    controller.unwrap_or_else(|error| fail(Stage::Interrupts, error))
}
