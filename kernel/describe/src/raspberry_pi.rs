//! The Raspberry Pi 3 and 4, for a boot without a device tree.
//!
//! Their firmware starts a kernel without one if the card has none, and so does QEMU. What both
//! boards have in common with every other of their kind is here; what differs between two boards of
//! one kind, memory and boot arguments, the ATAGs tell. Addresses: BCM2835 ARM Peripherals, BCM2711
//! ARM Peripherals; Linux: bcm2837.dtsi, bcm2711.dtsi.

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use crate::atags::Atags;
use crate::machine::{
    Console, ConsoleKind, Controller, ControllerKind, Cpu, EnableMethod, Intid, Machine, Mpidr,
    NodeId, NumaNode, TimerInterrupts,
};
use crate::range::Range;

const CORES: u64 = 4;
/// The word that core 0 would poll; each next one is 8 bytes further.
const FIRST_RELEASE_WORD: u64 = 0xd8;
/// The firmware's page, with those words.
const FIRMWARE: Range = Range {
    base: 0,
    size: 0x1000,
};
/// What a board with 1 GiB leaves beside the graphics processor's usual 76 MiB; a board with more
/// has at least this.
const MEMORY: Range = Range {
    base: 0,
    size: 948 << 20,
};

/// Which board.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Board {
    /// Four Cortex-A53 and the local interrupt controller of BCM2836.
    Pi3,
    /// Four Cortex-A72 and a GIC-400.
    Pi4,
}

impl Board {
    /// Where its PL011 is.
    #[must_use]
    pub const fn console(self) -> u64 {
        match self {
            Self::Pi3 => 0x3f20_1000,
            Self::Pi4 => 0xfe20_1000,
        }
    }

    /// Describes the board, with what its firmware told.
    #[must_use]
    pub fn describe(self, atags: Atags) -> Machine {
        let memory = match atags.memory.is_empty() {
            true => vec![MEMORY],
            false => atags.memory,
        };
        Machine {
            model: String::from(self.model()),
            compatible: String::from(self.compatible()),
            cpus: (0..CORES).map(|number| self.cpu(number)).collect(),
            psci_conduit: None,
            controller: self.controller(),
            timer: self.timer(),
            power: Some(self.power()),
            console: Some(self.console_port()),
            ports: Vec::new(),
            nodes: vec![NumaNode {
                id: NodeId(0),
                cpus: (0..CORES).map(Mpidr).collect(),
                memory: memory.clone(),
            }],
            memory,
            reserved: vec![FIRMWARE],
            distances: vec![vec![10]],
            bootargs: atags.bootargs,
            initrd: atags.initrd,
        }
    }

    fn model(self) -> &'static str {
        match self {
            Self::Pi3 => "Raspberry Pi 3 (no device tree)",
            Self::Pi4 => "Raspberry Pi 4 (no device tree)",
        }
    }

    fn compatible(self) -> &'static str {
        match self {
            Self::Pi3 => "brcm,bcm2837",
            Self::Pi4 => "brcm,bcm2711",
        }
    }

    fn cpu(self, number: u64) -> Cpu {
        let name = match self {
            Self::Pi3 => "arm,cortex-a53",
            Self::Pi4 => "arm,cortex-a72",
        };
        Cpu {
            mpidr: Mpidr(number),
            compatible: String::from(name),
            enable_method: Some(EnableMethod::SpinTable),
            release_address: Some(FIRST_RELEASE_WORD + 8 * number),
            capacity: None,
            cluster: None,
            node: NodeId(0),
        }
    }

    fn controller(self) -> Controller {
        let range = |base, size| Range { base, size };
        let (kind, name, regs) = match self {
            Self::Pi3 => (
                ControllerKind::Bcm2836,
                "brcm,bcm2836-l1-intc",
                vec![range(0x4000_0000, 0x100)],
            ),
            Self::Pi4 => (
                ControllerKind::Gicv2,
                "arm,gic-400",
                vec![
                    range(0xff84_1000, 0x1000),
                    range(0xff84_2000, 0x2000),
                    range(0xff84_4000, 0x2000),
                    range(0xff84_6000, 0x2000),
                ],
            ),
        };
        Controller {
            kind,
            compatible: String::from(name),
            regs,
            redistributor_regions: 0,
            redistributor_stride: None,
            second: match self {
                Self::Pi3 => Some(range(0x3f00_b200, 0x200)),
                Self::Pi4 => None,
            },
        }
    }

    fn timer(self) -> TimerInterrupts {
        let [phys, virt, hyp_phys] = match self {
            Self::Pi3 => [1, 3, 2],
            Self::Pi4 => [30, 27, 26],
        };
        TimerInterrupts {
            phys: Some(Intid(phys)),
            virt: Some(Intid(virt)),
            hyp_phys: Some(Intid(hyp_phys)),
            hyp_virt: None,
        }
    }

    fn power(self) -> u64 {
        match self {
            Self::Pi3 => 0x3f10_0000,
            Self::Pi4 => 0xfe10_0000,
        }
    }

    fn console_port(self) -> Console {
        let interrupt = match self {
            // Bank 2 of the second controller.
            Self::Pi3 => Some(Intid(32 + 2 * 32 + 25)),
            Self::Pi4 => Some(Intid(32 + 121)),
        };
        Console {
            kind: ConsoleKind::Pl011,
            compatible: String::from("arm,pl011"),
            base: self.console(),
            reg_shift: 0,
            reg_io_width: None,
            clock_hz: None,
            baud: None,
            interrupt,
        }
    }
}
