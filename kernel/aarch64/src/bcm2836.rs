//! The interrupt controllers of BCM2836 and BCM2837: Raspberry Pi 2 and 3.
//!
//! There are two, one behind the other. The *local* one has a set of registers for each core: timers
//! and mailboxes, and one line for everything else. That line is the *shared* one's, which knows the
//! peripherals; without it in the description they stay polled.
//!
//! Neither knows of active interrupts. An interrupt that is taken is masked instead, and unmasked when
//! it is completed; each such step is one write of one word, so a handler between the loop's steps
//! finds nothing half done. A signal is a bit in a mailbox, cleared when it is seen.
//!
//! The timers come as FIQ, the rest as IRQ. It makes no difference to us, whose handlers take both
//! alike, but other machines leave no choice (Apple's), and here is one that shows any place
//! where only IRQ was thought of.
//!
//! Registers: "BCM2836 ARM-local peripherals" (QA7) and "BCM2835 ARM Peripherals", chapter 7.

use crate::affinity::Affinity;
use crate::controller::{ControllerError, InterruptId, Region, Taken};
use crate::order;
use crate::probe;
use crate::register_block::{Array, Block, Mapped, Register};
use core::ops::Range;
use core::ptr::NonNull;
use tock_registers::register_bitfields;

/// Cores that the local controller knows; a core's number is its affinity.
const CORES: usize = 4;
/// What each core has for itself: its timers, by their numbers at the local controller.
const TIMERS: Range<u32> = 0..4;
/// Interrupts of the shared controller: 32 for each of its banks, behind those of the local one.
const SHARED: Range<u32> = FIRST_SHARED..FIRST_SHARED + 32 * BANKS;
const FIRST_SHARED: u32 = 32;
const BANKS: u32 = 3;
/// All interrupts of a register.
const ALL: u32 = u32::MAX;
const NONE: u32 = 0;
/// The mailbox that signals come in, and its bit: the bits say nothing.
const SIGNAL: u32 = 1;

register_bitfields! {u32,
    /// Which timers interrupt this core, and how.
    Timers [
        FIQ OFFSET(4) NUMBITS(4) [],
        IRQ OFFSET(0) NUMBITS(4) [],
    ],
    Mailboxes [
        IRQ OFFSET(0) NUMBITS(4) [],
    ],
    /// Why this core is interrupted.
    Source [
        SHARED OFFSET(8) NUMBITS(1) [],
        SIGNAL OFFSET(4) NUMBITS(1) [],
        TIMERS OFFSET(0) NUMBITS(4) [],
    ],
    /// Which core gets what comes from the shared controller.
    Routing [
        IRQ OFFSET(0) NUMBITS(2) [],
    ]
}

/// Registers of the local controller.
mod local {
    use super::{Array, Mailboxes, Register, Routing, Source, Timers};

    pub(super) const ROUTING: Register<Routing::Register> = Register::at(0x0c);
    pub(super) const DISABLE_COUNTERS: Register = Register::at(0x14);
    /// Of a timer, and of outstanding bus accesses, that are no core's own.
    pub(super) const BUS_CONTROL: Register = Register::at(0x30);
    pub(super) const TIMER_CONTROL: Register = Register::at(0x34);
    const MAILBOXES: usize = 4;
    const SEND: Array = Array::at(0x80);
    const CLEAR: Array = Array::at(0xc0);
    pub(super) const SIZE: usize = 0x100;

    pub(super) const fn timers(core: usize) -> Register<Timers::Register> {
        Register::at(0x40 + 4 * core)
    }

    pub(super) const fn mailboxes(core: usize) -> Register<Mailboxes::Register> {
        Register::at(0x50 + 4 * core)
    }

    pub(super) const fn irq(core: usize) -> Register<Source::Register> {
        Register::at(0x60 + 4 * core)
    }

    pub(super) const fn fiq(core: usize) -> Register<Source::Register> {
        Register::at(0x70 + 4 * core)
    }

    pub(super) const fn send(core: usize) -> Register {
        SEND.index(MAILBOXES * core)
    }

    pub(super) const fn clear(core: usize, mailbox: usize) -> Register {
        CLEAR.index(MAILBOXES * core + mailbox)
    }
}

/// Registers of the shared controller. Its bank 0 stands first when it tells, and last when it is told.
mod shared {
    use super::{Array, Register};

    pub(super) const PENDING: Array = Array::at(0x00);
    pub(super) const FIQ: Register = Register::at(0x0c);
    const ENABLE: [usize; 3] = [0x18, 0x10, 0x14];
    const DISABLE: [usize; 3] = [0x24, 0x1c, 0x20];
    pub(super) const SIZE: usize = 0x28;

    pub(super) const fn enable(bank: usize) -> Register {
        Register::at(ENABLE[bank])
    }

    pub(super) const fn disable(bank: usize) -> Register {
        Register::at(DISABLE[bank])
    }
}

/// Interrupts of bank 0; further bits there sum the other banks up.
const OWN_OF_BANK_0: u32 = 0xff;

/// Both controllers.
pub struct Bcm2836<B = Mapped> {
    local: B,
    shared: Option<B>,
}

impl Bcm2836<Mapped> {
    /// Takes the controllers over, with everything off.
    ///
    /// # Safety
    ///
    /// At the addresses are these devices, mapped as device memory for ever, and nobody else drives
    /// them. They have no identification that could be asked for.
    pub unsafe fn new(local: Region, shared: Option<Region>) -> Result<Self, ControllerError> {
        let block = |region: Region, size, part| {
            let base = NonNull::new(region.base as *mut u8);
            let base = base.filter(|_| region.base.is_multiple_of(size_of::<u32>()));
            let base = base.filter(|_| region.size >= size);
            let base = base.ok_or(ControllerError::NoRegisters(part))?;
            // SAFETY: the caller's promise; a fault is caught.
            unsafe { probe::read_word(region.base) }.ok_or(ControllerError::Unresponsive(part))?;
            // SAFETY: the caller's promise.
            Ok(unsafe { Mapped::new(base) })
        };
        let behind = |region| block(region, shared::SIZE, "shared interrupt controller");
        Ok(Self::take_over(
            block(local, local::SIZE, "local interrupt controller")?,
            shared.map(behind).transpose()?,
        ))
    }
}

impl<B: Block> Bcm2836<B> {
    fn take_over(local: B, shared: Option<B>) -> Self {
        if let Some(device) = &shared {
            (0..BANKS as usize).for_each(|bank| device.set_word(shared::disable(bank), ALL));
            device.set_word(shared::FIQ, NONE);
        }
        for core in 0..CORES {
            local.set_word(local::timers(core), NONE);
            local.set_word(local::mailboxes(core), NONE);
        }
        local.set_word(local::DISABLE_COUNTERS, ALL);
        local.set_word(local::BUS_CONTROL, NONE);
        local.set_word(local::TIMER_CONTROL, NONE);
        Self { local, shared }
    }

    /// True if each core has an interrupt of this number for a device of its own.
    pub fn is_private(&self, id: InterruptId) -> bool {
        TIMERS.contains(&id.0)
    }

    /// Sets up the running core's part: its mailboxes, and those of its timers that are wanted.
    pub fn enable_core(
        &self,
        affinity: Affinity,
        wanted: impl Iterator<Item = InterruptId>,
    ) -> Result<(), ControllerError> {
        let core = number(affinity).ok_or(ControllerError::OutOfReach(affinity))?;
        // What was sent to whoever was here before.
        (0..4).for_each(|mailbox| self.local.set_word(local::clear(core, mailbox), ALL));
        let own = wanted.filter(|&id| self.is_private(id));
        let timers = own.fold(NONE, |bits, id| bits | 1 << id.0);
        self.local.set(local::timers(core), Timers::FIQ.val(timers));
        self.local
            .set(local::mailboxes(core), Mailboxes::IRQ.val(SIGNAL));
        order::after_set_up();
        let is_set = self.local.get(local::timers(core)).read(Timers::FIQ) == timers
            && self.local.get(local::mailboxes(core)).get() == SIGNAL;
        match is_set {
            true => Ok(()),
            false => Err(ControllerError::Unresponsive("local interrupt controller")),
        }
    }

    /// Sends the shared interrupt `id`, and with it all others, to one core; a private number is
    /// none of its business.
    pub fn enable_shared(&self, id: InterruptId, target: Affinity) -> Result<(), ControllerError> {
        if self.is_private(id) {
            return Ok(());
        }
        let error = ControllerError::NoSuchInterrupt(id);
        let (device, bank, bit) = self.place(id).ok_or(error)?;
        let core = number(target).ok_or(ControllerError::OutOfReach(target))?;
        self.local
            .set(local::ROUTING, Routing::IRQ.val(core as u32));
        device.set_word(shared::enable(bank), bit);
        Ok(())
    }

    /// Takes whatever the core `here`, the running one, is interrupted for.
    pub fn acknowledge(&self, here: Affinity) -> Option<Taken> {
        let core = number(here)?;
        let (irq, fiq) = (
            self.local.get(local::irq(core)),
            self.local.get(local::fiq(core)),
        );
        if irq.is_set(Source::SIGNAL) {
            self.local.set_word(local::clear(core, 0), ALL);
            order::after_acknowledge();
            return Some(Taken::Signal);
        }
        let timers = fiq.read(Source::TIMERS);
        if timers != 0 {
            self.local.set_word(local::timers(core), NONE);
            order::after_acknowledge();
            return Some(Taken::Device(InterruptId(timers.trailing_zeros())));
        }
        if irq.is_set(Source::SHARED) {
            return self.acknowledge_shared();
        }
        None
    }

    fn acknowledge_shared(&self) -> Option<Taken> {
        let device = self.shared.as_ref()?;
        let pending = |bank: u32| {
            let all = device.get(shared::PENDING.index(bank as usize)).get();
            if bank == 0 { all & OWN_OF_BANK_0 } else { all }
        };
        // The console, the one that we route, stands in the last bank.
        let found = (0..BANKS).rev().map(|bank| (bank, pending(bank)));
        let (bank, bits) = found.into_iter().find(|&(_, bits)| bits != 0)?;
        let number = bits.trailing_zeros();
        device.set_word(shared::disable(bank as usize), 1 << number);
        order::after_acknowledge();
        Some(Taken::Device(InterruptId(
            FIRST_SHARED + 32 * bank + number,
        )))
    }

    /// Unmasks an interrupt that the core `here` has taken.
    pub fn complete(&self, id: InterruptId, here: Affinity) {
        if self.is_private(id) {
            let Some(core) = number(here) else { return };
            self.local
                .set(local::timers(core), Timers::FIQ.val(1 << id.0));
        } else if let Some((device, bank, bit)) = self.place(id) {
            device.set_word(shared::enable(bank), bit);
        }
    }

    /// Sends an inter-core interrupt.
    pub fn signal(&self, target: Affinity) {
        let Some(core) = number(target) else { return };
        order::before_signal();
        self.local.set_word(local::send(core), SIGNAL);
    }

    /// Where the shared controller has this interrupt: its registers, the bank, and the bit.
    fn place(&self, id: InterruptId) -> Option<(&B, usize, u32)> {
        let device = self.shared.as_ref().filter(|_| SHARED.contains(&id.0))?;
        let index = id.0 - FIRST_SHARED;
        Some((device, index as usize / 32, 1 << (index % 32)))
    }
}

fn number(core: Affinity) -> Option<usize> {
    let number = usize::try_from(core.0).ok()?;
    (number < CORES).then_some(number)
}

#[cfg(test)]
#[path = "bcm2836_tests.rs"]
mod tests;
