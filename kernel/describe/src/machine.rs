//! What the kernel knows about the machine it runs on: plain values, no trace of their source.
//!
//! A device tree gives one of these today, ACPI tables another day. Absent facts are `None` or
//! empty; whether the kernel can live without them is for boot to decide.

use alloc::string::String;
use alloc::vec::Vec;

use crate::range::{self, Range};

/// A core's affinity as `MPIDR_EL1` has it, without the register's flag bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mpidr(pub u64);

/// An interrupt's number at the root controller: the INTID of a GIC, the raw number elsewhere. Behind
/// BCM2836's the banks of a second controller follow from 32 on, 32 numbers each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Intid(pub u32);

/// A NUMA node's number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub u32);

/// One machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Machine {
    /// The board's name for people; empty if it has none.
    pub model: String,
    /// The board's most specific name for programs; empty if it has none.
    pub compatible: String,
    /// The usable cores in the order of the description; never empty.
    pub cpus: Vec<Cpu>,
    /// How the firmware's PSCI is called, if there is one.
    pub psci_conduit: Option<Conduit>,
    /// The interrupt controller that the cores take their interrupts from.
    pub controller: Controller,
    /// The generic timer's interrupts.
    pub timer: TimerInterrupts,
    /// Where a Raspberry Pi's watchdog and power registers are.
    pub power: Option<u64>,
    /// Where the kernel talks to people.
    pub console: Option<Console>,
    /// All serial ports that are usable, with their paths in the tree.
    pub ports: Vec<(String, Console)>,
    /// Memory as described, sorted and merged; see [`Machine::usable_memory`].
    pub memory: Vec<Range>,
    /// What is not for the kernel to touch, sorted and merged; it may lie outside `memory`.
    pub reserved: Vec<Range>,
    /// The NUMA nodes by ascending id; at least one.
    pub nodes: Vec<NumaNode>,
    /// `distances[i][j]` from `nodes[i]` to `nodes[j]`; 10 is local.
    pub distances: Vec<Vec<u8>>,
    /// The boot arguments, with U+FFFD for what is not text.
    pub bootargs: String,
    /// Where the boot loader put the initial RAM disk.
    pub initrd: Option<Range>,
}

impl Machine {
    /// Returns the memory that is free for the kernel: all of it minus what is reserved.
    #[must_use]
    pub fn usable_memory(&self) -> Vec<Range> {
        range::subtract(&self.memory, &self.reserved)
    }
}

/// One core.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cpu {
    /// Its affinity.
    pub mpidr: Mpidr,
    /// Its type as described, which is not always the type it has (QEMU's `-cpu max`).
    pub compatible: String,
    /// How it is started; `None` for a way this kernel does not know.
    pub enable_method: Option<EnableMethod>,
    /// The word that a core in a spin table polls.
    pub release_address: Option<u64>,
    /// Relative speed (`capacity-dmips-mhz`); equal or absent everywhere means one type of core.
    pub capacity: Option<u32>,
    /// Ordinal of its innermost cluster.
    pub cluster: Option<u32>,
    /// Its NUMA node.
    pub node: NodeId,
}

/// How a core is started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EnableMethod {
    /// By a call to the firmware.
    Psci,
    /// By an address written to its release word.
    SpinTable,
}

/// The instruction that calls PSCI.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conduit {
    /// `hvc`, to a hypervisor.
    Hvc,
    /// `smc`, to the secure monitor.
    Smc,
}

/// The root interrupt controller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Controller {
    /// Which driver it wants.
    pub kind: ControllerKind,
    /// Its most specific name; empty if there is no controller at all.
    pub compatible: String,
    /// Its register regions in the order of its binding.
    pub regs: Vec<Range>,
    /// GICv3: how many of `regs`, from the second on, hold redistributors.
    pub redistributor_regions: u32,
    /// GICv3: bytes from one redistributor to the next where the tree overrides the usual.
    pub redistributor_stride: Option<u64>,
    /// BCM2836: registers of the controller behind it, which has the peripherals' interrupts.
    pub second: Option<Range>,
}

/// A family of interrupt controllers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ControllerKind {
    /// Arm GIC version 2, or 1.
    Gicv2,
    /// Arm GIC version 3, or 4.
    Gicv3,
    /// The local controller of BCM2836 and BCM2837.
    Bcm2836,
    /// Apple AIC.
    Aic,
    /// Apple AIC version 2.
    Aic2,
    /// None that this kernel drives.
    Unknown,
}

/// The interrupts of the generic timer, by the timer that raises them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TimerInterrupts {
    /// EL1 physical timer, non-secure.
    pub phys: Option<Intid>,
    /// EL1 virtual timer.
    pub virt: Option<Intid>,
    /// EL2 physical timer.
    pub hyp_phys: Option<Intid>,
    /// EL2 virtual timer.
    pub hyp_virt: Option<Intid>,
}

/// A serial port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Console {
    /// Which driver it wants.
    pub kind: ConsoleKind,
    /// Its most specific name.
    pub compatible: String,
    /// Where a core finds its registers.
    pub base: u64,
    /// Registers are `1 << reg_shift` bytes apart.
    pub reg_shift: u32,
    /// Bytes of one register access, where the tree says.
    pub reg_io_width: Option<u32>,
    /// The clock that its divisors divide, where the tree says.
    pub clock_hz: Option<u64>,
    /// The rate it was left at, where the tree says.
    pub baud: Option<u32>,
    /// Its interrupt, if that goes to the root controller, or to a second that is part of it.
    pub interrupt: Option<Intid>,
}

/// A family of serial ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConsoleKind {
    /// Arm PL011, or the subset that SBSA asks for.
    Pl011,
    /// 8250, 16550 and their kin.
    Ns8250,
    /// The mini UART of BCM2835 and its successors.
    Bcm2835Aux,
    /// Samsung S5L as Apple has it.
    S5l,
    /// None that this kernel drives.
    Unknown,
}

/// One NUMA node. It may have cores and no memory, or memory and no cores.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NumaNode {
    /// Its number in the description.
    pub id: NodeId,
    /// Its usable cores, in the order of the description.
    pub cpus: Vec<Mpidr>,
    /// Its memory, sorted and merged.
    pub memory: Vec<Range>,
}
