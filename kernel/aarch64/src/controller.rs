//! The words that all interrupt controllers share: numbers, errors, and what an acknowledgement says.

use crate::affinity::Affinity;
use core::fmt;
use core::ops::Range;

/// The number of an interrupt at the controller, as the machine's description counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct InterruptId(pub u32);

/// What a controller had to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// Another core wants this one to look at its status word. The controller is done with it.
    Signal,
    /// A device wants attention. It will not be signalled again until it is completed.
    Device(InterruptId),
}

/// Where registers lie.
#[derive(Clone, Copy, Debug)]
pub struct Region {
    /// Address of the first, mapped as device memory.
    pub base: usize,
    /// Bytes.
    pub size: usize,
}

/// How any GIC counts its interrupts.
pub(crate) mod gic {
    use super::Range;

    /// The inter-core interrupt that says "look at your status word".
    pub(crate) const SIGNAL: u32 = 0;
    /// First interrupt of a device that belongs to each core; below are the inter-core ones.
    pub(crate) const FIRST_PRIVATE: u32 = 16;
    /// First shared interrupt; the numbers below belong to each core.
    pub(crate) const FIRST_SHARED: u32 = 32;
    /// Interrupts of devices that belong to each core.
    pub(crate) const PRIVATE: Range<u32> = FIRST_PRIVATE..FIRST_SHARED;
    /// Numbers that are no interrupts: "nothing for you", in several ways.
    pub(crate) const SPECIAL: Range<u32> = 1020..1024;
    /// Interrupts of devices that all cores share.
    pub(crate) const SHARED: Range<u32> = FIRST_SHARED..SPECIAL.start;
    /// Every interrupt gets this priority; the mask lets it through.
    pub(crate) const PRIORITY: u8 = 0x80;
}

/// Why the controller can't be used, or not in this way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ControllerError {
    /// Nothing at this address identifies itself as this.
    NotThere {
        /// What should be there.
        part: &'static str,
        /// Where.
        base: usize,
    },
    /// A block of registers is not in the description, or it is too small to be one.
    NoRegisters(&'static str),
    /// No redistributor carries this core's affinity.
    NoRedistributor(Affinity),
    /// Redistributors can't be so many bytes apart.
    NoStride(usize),
    /// The device did not become ready in bounded time, or does not keep what is written.
    Unresponsive(&'static str),
    /// The core has no system-register interface to the controller.
    NoCpuInterface,
    /// The controller has no CPU interface for this core, or another core has it.
    NoInterfaceLeft(Affinity),
    /// The controller has no way to signal this core.
    OutOfReach(Affinity),
    /// Priority drop and deactivation can't be had apart.
    NoTwoStepEnd,
    /// Firmware keeps the priority mask where our interrupts don't get through.
    Masked,
    /// The interrupt is none that each core has for itself.
    NotPrivate(InterruptId),
    /// The controller has no such interrupt.
    NoSuchInterrupt(InterruptId),
}

impl fmt::Display for ControllerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotThere { part, base } => write!(f, "no {part} at {base:#x}"),
            Self::NoRegisters(part) => write!(f, "the description has no {part} of a usable size"),
            Self::NoRedistributor(Affinity(core)) => {
                write!(f, "no redistributor for core {core:#x}")
            }
            Self::NoStride(stride) => write!(f, "redistributors can't be {stride:#x} bytes apart"),
            Self::Unresponsive(part) => write!(f, "interrupt controller: {part} does not answer"),
            Self::NoCpuInterface => f.write_str("no system registers for the interrupt controller"),
            Self::NoInterfaceLeft(Affinity(core)) => {
                write!(
                    f,
                    "the interrupt controller has no interface left for core {core:#x}"
                )
            }
            Self::OutOfReach(Affinity(core)) => {
                write!(f, "the interrupt controller can't signal core {core:#x}")
            }
            Self::NoTwoStepEnd => {
                f.write_str("the interrupt controller can't end an interrupt in two steps")
            }
            Self::Masked => f.write_str("the firmware masks all interrupts that are ours"),
            Self::NotPrivate(InterruptId(id)) => {
                write!(
                    f,
                    "interrupt {id} can't be the timer's: it is no core's own"
                )
            }
            Self::NoSuchInterrupt(InterruptId(id)) => {
                write!(f, "the interrupt controller has no interrupt {id}")
            }
        }
    }
}
