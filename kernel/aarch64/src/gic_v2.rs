//! The Generic Interrupt Controller, version 2, as GIC-400 has it.
//!
//! The same code serves three views of the device: one without Security Extensions, and one with them
//! from either side. All interrupts are left in group 0. Where there is one view, or in the secure
//! one, bit 0 of the control registers is group 0's and `FIQEn` is left clear, so group 0 comes as IRQ;
//! in the non-secure view the group registers read as zero and ignore writes, every interrupt that
//! can be seen is of group 1, and bit 0 is group 1's (GICv2 architecture, "Interrupt grouping").
//! `EOImode` is bit 9 in all of them. Priorities are shifted in the non-secure view, in all
//! registers alike.
//!
//! An interrupt ends in two steps, as with version 3. Registers of private interrupts are banked: each
//! core sees its own at the same address. A core is named by the bit that it finds in its banked
//! target registers; there are eight.
//!
//! References are to the Arm Generic Interrupt Controller Architecture Specification, version 2.0.

use crate::affinity::Affinity;
use crate::controller::gic::{FIRST_PRIVATE, PRIORITY, PRIVATE, SHARED, SIGNAL, SPECIAL};
use crate::controller::{ControllerError, InterruptId, Region, Taken};
use crate::order;
use crate::probe;
use crate::register_block::{Array, Block, Mapped, Register};
use core::ptr::NonNull;
use core::sync::atomic::{AtomicU64, Ordering::Relaxed};
use tock_registers::register_bitfields;

register_bitfields! {u32,
    Control [
        ENABLE OFFSET(0) NUMBITS(1) [],
        /// What of the wake-up signals firmware has chosen; not in the distributor's.
        BYPASS OFFSET(5) NUMBITS(4) [],
        /// Priority drop and deactivation are two steps; not in the distributor's.
        TWO_STEP_END OFFSET(9) NUMBITS(1) [],
    ],
    Type [
        /// CPU interfaces, less one.
        INTERFACES OFFSET(5) NUMBITS(3) [],
        /// Interrupts, in units of 32, less one.
        LINES OFFSET(0) NUMBITS(5) [],
    ],
    Identification [
        VERSION OFFSET(4) NUMBITS(4) [],
    ],
    InterfaceIdentification [
        VERSION OFFSET(16) NUMBITS(4) [],
    ],
    Taking [
        INTID OFFSET(0) NUMBITS(10) [],
    ],
    Signal [
        TARGETS OFFSET(16) NUMBITS(8) [],
        INTID OFFSET(0) NUMBITS(4) [],
    ]
}

/// Registers of the distributor (GICD).
mod distributor {
    use super::{Array, Control, Identification, Register, Signal, Type};

    pub(super) const CONTROL: Register<Control::Register> = Register::at(0x000);
    pub(super) const TYPE: Register<Type::Register> = Register::at(0x004);
    pub(super) const GROUPS: Array = Array::at(0x080);
    pub(super) const ENABLE: Array = Array::at(0x100);
    pub(super) const DISABLE: Array = Array::at(0x180);
    pub(super) const FORGET_PENDING: Array = Array::at(0x280);
    pub(super) const FORGET_ACTIVE: Array = Array::at(0x380);
    pub(super) const PRIORITIES: Array = Array::at(0x400);
    pub(super) const TARGETS: Array = Array::at(0x800);
    pub(super) const KINDS: Array = Array::at(0xc00);
    pub(super) const SIGNAL: Register<Signal::Register> = Register::at(0xf00);
    pub(super) const FORGET_SIGNALS: Array = Array::at(0xf10);
    pub(super) const IDENTIFICATION: Register<Identification::Register> = Register::at(0xfe8);
    /// The least that a description may say it has.
    pub(super) const SIZE: usize = 0x1000;
}

/// Registers of the CPU interface (GICC).
mod interface {
    use super::{Array, Control, InterfaceIdentification, Register, Taking};

    pub(super) const CONTROL: Register<Control::Register> = Register::at(0x000);
    pub(super) const MASK: Register = Register::at(0x004);
    pub(super) const ACKNOWLEDGE: Register<Taking::Register> = Register::at(0x00c);
    pub(super) const DROP: Register = Register::at(0x010);
    /// Of group 1 behind those of group 0, four words each.
    pub(super) const ACTIVE_PRIORITIES: Array = Array::at(0x0d0);
    pub(super) const IDENTIFICATION: Register<InterfaceIdentification::Register> =
        Register::at(0x0fc);
    pub(super) const DEACTIVATE: Register = Register::at(0x1000);
    /// The least that has the last of them.
    pub(super) const SIZE: usize = 0x1004;
}

/// The parts, for people.
const DISTRIBUTOR: &str = "GICv2 distributor";
const INTERFACE: &str = "GICv2 CPU interface";
/// CPU interfaces that a controller has at most.
const MAX_CORES: usize = 8;
/// Behind this interface is no core of ours.
const NOBODY: u64 = u64::MAX;
/// Interrupts in a register that has a bit, two bits, or a byte for each.
const PER_WORD: usize = 32;
const PER_KIND_WORD: usize = 16;
const PER_BYTE_WORD: usize = 4;
/// All interrupts of a register.
const ALL: u32 = u32::MAX;
const GROUP_0: u32 = 0;
const NO_TARGETS: u32 = 0;
const BY_LEVEL: u32 = 0;
const PRIORITY_WORD: u32 = u32::from_ne_bytes([PRIORITY; PER_BYTE_WORD]);
const MASK_NOTHING: u32 = 0xff;

/// The controller.
pub struct GicV2<B = Mapped> {
    distributor: B,
    /// Of the running core: they are banked.
    interface: B,
    /// The affinity of the core behind each CPU interface.
    cores: [AtomicU64; MAX_CORES],
}

impl GicV2<Mapped> {
    /// Takes the controller over and sets its shared part up.
    ///
    /// # Safety
    ///
    /// The addresses are those of device memory, mapped for ever, that does no harm when it is asked
    /// who it is, and if it is a GICv2, nobody else drives it.
    pub unsafe fn new(distributor: Region, interface: Region) -> Result<Self, ControllerError> {
        let block = |region: Region, size, part| {
            let base = NonNull::new(region.base as *mut u8);
            let base = base.filter(|_| region.base.is_multiple_of(size_of::<u32>()));
            let base = base.filter(|_| region.size >= size);
            let base = base.ok_or(ControllerError::NoRegisters(part))?;
            // SAFETY: the caller's promise; the first register of each block has no side effect when
            // it is read, and a fault is caught.
            unsafe { probe::read_word(region.base) }.ok_or(ControllerError::Unresponsive(part))?;
            // SAFETY: the caller's promise.
            Ok(unsafe { Mapped::new(base) })
        };
        let device = block(distributor, distributor::SIZE, DISTRIBUTOR)?;
        let own = block(interface, interface::SIZE, INTERFACE)?;
        Self::take_over(device, own).map_err(|missing| ControllerError::NotThere {
            part: missing,
            base: match missing {
                DISTRIBUTOR => distributor.base,
                _ => interface.base,
            },
        })
    }
}

impl<B: Block> GicV2<B> {
    /// Sets up what all cores share: every interrupt off and forgotten, then forwarding on. Nothing
    /// is written before both parts have said what they are; which one has not is the error.
    fn take_over(distributor: B, interface: B) -> Result<Self, &'static str> {
        use distributor::*;
        const VERSION: u32 = 2;
        let identification = distributor.get(IDENTIFICATION);
        if identification.read(Identification::VERSION) != VERSION {
            return Err(DISTRIBUTOR);
        }
        let identification = interface.get(interface::IDENTIFICATION);
        if identification.read(InterfaceIdentification::VERSION) != VERSION {
            return Err(INTERFACE);
        }
        let this = Self {
            distributor,
            interface,
            cores: [const { AtomicU64::new(NOBODY) }; MAX_CORES],
        };
        let device = &this.distributor;
        device.set(CONTROL, Control::ENABLE::CLEAR);
        let words = |per_word| PER_WORD / per_word..this.lines().div_ceil(per_word);
        device.fill(DISABLE, words(PER_WORD), ALL);
        device.fill(FORGET_PENDING, words(PER_WORD), ALL);
        device.fill(FORGET_ACTIVE, words(PER_WORD), ALL);
        device.fill(GROUPS, words(PER_WORD), GROUP_0);
        device.fill(PRIORITIES, words(PER_BYTE_WORD), PRIORITY_WORD);
        device.fill(TARGETS, words(PER_BYTE_WORD), NO_TARGETS);
        device.fill(KINDS, words(PER_KIND_WORD), BY_LEVEL);
        device.set(CONTROL, Control::ENABLE::SET);
        Ok(this)
    }

    /// Interrupts that the device implements, with those that belong to each core.
    fn lines(&self) -> usize {
        let units = self.distributor.get(distributor::TYPE).read(Type::LINES);
        (PER_WORD * (units as usize + 1)).min(SPECIAL.start as usize)
    }

    /// True if each core has an interrupt of this number for a device of its own.
    pub fn is_private(&self, id: InterruptId) -> bool {
        PRIVATE.contains(&id.0)
    }

    /// Sets up the running core's part: its interface, and those of its private interrupts that are
    /// wanted.
    pub fn enable_core(
        &self,
        affinity: Affinity,
        wanted: impl Iterator<Item = InterruptId>,
    ) -> Result<(), ControllerError> {
        self.claim_interface(affinity)?;
        let firmware = self.interface.get(interface::CONTROL);
        let bypass = Control::BYPASS.val(firmware.read(Control::BYPASS));
        self.interface.set(interface::CONTROL, bypass);
        self.forget_private();
        let own = wanted.filter(|&id| self.is_private(id)).map(|id| id.0);
        let bits = own.chain([SIGNAL]).fold(0, |bits, id| bits | 1 << id);
        self.distributor
            .set_word(distributor::ENABLE.index(0), bits);
        self.open_interface(bypass + Control::ENABLE::SET + Control::TWO_STEP_END::SET)
    }

    /// Finds out which interface is the running core's, and notes whose it is.
    fn claim_interface(&self, affinity: Affinity) -> Result<(), ControllerError> {
        let error = ControllerError::NoInterfaceLeft(affinity);
        let interface = self.own_interface().ok_or(error)?;
        let slot = self.cores.get(interface).ok_or(error)?;
        let claimed = slot.compare_exchange(NOBODY, affinity.0, Relaxed, Relaxed);
        match claimed {
            Err(other) if other != affinity.0 => Err(error),
            _ => Ok(()),
        }
    }

    /// The banked target registers name the core that reads them, in those bytes whose interrupt
    /// exists (`GICD_ITARGETSR0` to `7`); with a single core they may be zero.
    fn own_interface(&self) -> Option<usize> {
        let kind = self.distributor.get(distributor::TYPE);
        if kind.read(Type::INTERFACES) == 0 {
            return Some(0);
        }
        let words = 0..PER_WORD / PER_BYTE_WORD;
        let word = |index| {
            self.distributor
                .get(distributor::TARGETS.index(index))
                .get()
        };
        let bytes = words.flat_map(|index| word(index).to_ne_bytes());
        let own = bytes.fold(0, |all, byte| all | byte);
        own.is_power_of_two()
            .then_some(own.trailing_zeros() as usize)
    }

    /// Every interrupt of the running core's own: off, forgotten, of our group, at our priority. The
    /// inter-core ones are edges, which is not for us to say.
    fn forget_private(&self) {
        use distributor::*;
        const SIGNAL_WORDS: core::ops::Range<usize> = 0..4;
        let device = &self.distributor;
        device.fill(DISABLE, 0..1, ALL);
        device.fill(FORGET_PENDING, 0..1, ALL);
        device.fill(FORGET_SIGNALS, SIGNAL_WORDS, ALL);
        device.fill(FORGET_ACTIVE, 0..1, ALL);
        device.fill(GROUPS, 0..1, GROUP_0);
        device.fill(PRIORITIES, 0..PER_WORD / PER_BYTE_WORD, PRIORITY_WORD);
        device.fill(KINDS, 1..PER_WORD / PER_KIND_WORD, BY_LEVEL);
    }

    /// Lets interrupts through to the running core. Firmware may have left one without its end; its
    /// priority would hold ours back. And it may have left a mask in the half of the priorities that
    /// the non-secure view can't change (`GICC_PMR`).
    fn open_interface(
        &self,
        control: tock_registers::fields::FieldValue<u32, Control::Register>,
    ) -> Result<(), ControllerError> {
        use interface::*;
        const WORDS: core::ops::Range<usize> = 0..8;
        let device = &self.interface;
        device.fill(ACTIVE_PRIORITIES, WORDS, 0);
        device.set_word(MASK, MASK_NOTHING);
        device.set(CONTROL, control);
        order::after_set_up();
        let is_set = device.get(CONTROL);
        if !is_set.is_set(Control::ENABLE) {
            return Err(ControllerError::Unresponsive(INTERFACE));
        }
        if !is_set.is_set(Control::TWO_STEP_END) {
            return Err(ControllerError::NoTwoStepEnd);
        }
        if device.get(MASK).get() <= PRIORITY.into() {
            return Err(ControllerError::Masked);
        }
        Ok(())
    }

    /// Sends the shared interrupt `id` to one core; a private number is none of its business. The
    /// boot core alone calls it: a register of targets has four interrupts.
    pub fn enable_shared(&self, id: InterruptId, target: Affinity) -> Result<(), ControllerError> {
        if self.is_private(id) {
            return Ok(());
        }
        let index = id.0 as usize;
        if !SHARED.contains(&id.0) || index >= self.lines() {
            return Err(ControllerError::NoSuchInterrupt(id));
        }
        let core = self.interface_of(target);
        let core = core.ok_or(ControllerError::OutOfReach(target))?;
        let register = || distributor::TARGETS.index(index / PER_BYTE_WORD);
        let mut targets = self.distributor.get(register()).get().to_ne_bytes();
        targets[index % PER_BYTE_WORD] = 1 << core;
        self.distributor
            .set_word(register(), u32::from_ne_bytes(targets));
        self.distributor
            .set_word(distributor::ENABLE.index(index / PER_WORD), bit(id));
        Ok(())
    }

    /// Keeps an interrupt that the running core has taken from coming again, and ends it.
    pub fn disable(&self, id: InterruptId) {
        let register = distributor::DISABLE.index(id.0 as usize / PER_WORD);
        self.distributor.set_word(register, bit(id));
        self.complete(id);
    }

    /// Takes the most urgent pending interrupt: it is active from now on, and its priority is dropped
    /// at once, so that others get through. An inter-core one is over with that; its end names the
    /// sender as well, whom only the acknowledgement knows (`GICC_IAR`).
    pub fn acknowledge(&self) -> Option<Taken> {
        let taken = self.interface.get(interface::ACKNOWLEDGE);
        let id = taken.read(Taking::INTID);
        if SPECIAL.contains(&id) {
            return None;
        }
        order::after_acknowledge();
        self.interface.set_word(interface::DROP, taken.get());
        if id < FIRST_PRIVATE {
            self.interface.set_word(interface::DEACTIVATE, taken.get());
            return Some(Taken::Signal);
        }
        Some(Taken::Device(InterruptId(id)))
    }

    /// Deactivates an interrupt: it may be signalled again.
    pub fn complete(&self, id: InterruptId) {
        self.interface.set_word(interface::DEACTIVATE, id.0);
    }

    /// Sends an inter-core interrupt. There is nobody to signal before the core has its interface.
    pub fn signal(&self, target: Affinity) {
        let Some(core) = self.interface_of(target) else {
            return;
        };
        order::before_signal();
        let fields = Signal::TARGETS.val(1 << core) + Signal::INTID.val(SIGNAL);
        self.distributor.set(distributor::SIGNAL, fields);
    }

    fn interface_of(&self, core: Affinity) -> Option<usize> {
        let mut cores = self.cores.iter();
        cores.position(|slot| slot.load(Relaxed) == core.0)
    }
}

fn bit(id: InterruptId) -> u32 {
    1 << (id.0 % PER_WORD as u32)
}

#[cfg(test)]
#[path = "gic_v2_model.rs"]
mod model;

#[cfg(test)]
#[path = "gic_v2_tests.rs"]
mod tests;
