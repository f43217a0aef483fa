//! The register blocks that the description names and we drive, and the drivers made of them.

use crate::port::Place;
use crate::start::{Stage, fail};
use alloc::vec::Vec;
use girder_aarch64::bcm2835_power;
use girder_aarch64::bcm2836::Bcm2836;
use girder_aarch64::gic_v2::GicV2;
use girder_aarch64::gic_v3::GicV3;
use girder_aarch64::interrupts::{Controller, ControllerError, Region};
use girder_aarch64::monitor;
use girder_describe::{ControllerKind, Machine, Range};

/// Register blocks that we drive, with the console that was found.
pub(crate) fn devices(machine: &Machine, console: Option<Place>) -> Vec<Range> {
    let mut devices = Vec::new();
    if let Some((base, size)) = console.map(Place::pages) {
        devices.push(Range { base, size });
    }
    if let Some(base) = machine.power {
        let size = bcm2835_power::SIZE;
        devices.push(Range { base, size });
    }
    devices.extend(controller_blocks(machine));
    devices.extend(machine.controller.second);
    devices
}

/// The register blocks of the controller that its driver asks for, in the order of its binding.
fn controller_blocks(machine: &Machine) -> &[Range] {
    let described = &machine.controller;
    let wanted = match described.kind {
        // The distributor, and the cores' interface; two more are for guests.
        ControllerKind::Gicv2 => 2,
        ControllerKind::Gicv3 => 1 + described.redistributor_regions as usize,
        ControllerKind::Bcm2836 => 1,
        _ => 0,
    };
    &described.regs[..described.regs.len().min(wanted)]
}

/// Makes the driver of the described controller.
pub(crate) fn controller(machine: &Machine) -> Controller {
    let described = &machine.controller;
    let region = |range: &Range| Region {
        base: range.base as usize,
        size: range.size as usize,
    };
    let mut blocks = controller_blocks(machine).iter().map(region);
    let missing = Region { base: 0, size: 0 };
    let first = blocks.next().unwrap_or(missing);
    // SAFETY: the description says that a controller of this kind is there, `devices` had its blocks
    // mapped, and this is called once. Where the description is wrong, some device is asked for an
    // identification.
    let controller = unsafe {
        match described.kind {
            ControllerKind::Gicv2 => {
                let interface = blocks.next().unwrap_or(missing);
                monitor::give_gic_v2(first.base, interface.base);
                GicV2::new(first, interface).map(Controller::GicV2)
            }
            ControllerKind::Gicv3 => {
                let stride = described.redistributor_stride.map(|bytes| bytes as usize);
                GicV3::new(first.base, blocks, stride).map(Controller::GicV3)
            }
            ControllerKind::Bcm2836 => {
                let second = described.second.as_ref().map(region);
                Bcm2836::new(first, second).map(Controller::Bcm2836)
            }
            _ => fail_without_driver(&described.compatible),
        }
    };
    controller.unwrap_or_else(|error: ControllerError| fail(Stage::Interrupts, error))
}

fn fail_without_driver(name: &str) -> ! {
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
}
