//! The Generic Interrupt Controller, versions 3 and 4.
//!
//! Register blocks come from `arm-gic`. Ours is what it leaves out: finding each core's
//! redistributor (`redistributors`), naming the one core that is signalled (`gic_signal`), taking over
//! what firmware has left (`gic_set_up`), and the two-step end of an interrupt (priority drop at once, deactivation
//! when the loop has served it: GIC architecture, "Priority drop and interrupt deactivation",
//! `ICC_CTLR_EL1.EOImode`). No register block is touched before it has identified itself.

use crate::affinity::Affinity;
use crate::controller::gic::{
    FIRST_PRIVATE, FIRST_SHARED, PRIORITY, PRIVATE, SHARED, SIGNAL, SPECIAL,
};
use crate::controller::{ControllerError, InterruptId, Region, Taken};
use crate::gic_signal::Names;
use crate::monitor;
use crate::redistributors::{Redistributors, is_controller};
use crate::registers::*;
use crate::{gic_set_up, gic_signal};
use aarch64_cpu::asm::barrier;
use arm_gic::gicv3::registers::Gicd;
use arm_gic::gicv3::{GicCpuInterface, GicDistributor, GicRedistributor};
use arm_gic::{IntId, InterruptGroup};
use core::ptr::NonNull;
use safe_mmio::UniqueMmioPointer;
use tock_registers::interfaces::{ReadWriteable, Readable, Writeable};

const MASK_NOTHING: u8 = 0xff;
/// GICD_CTLR.DS: one security state for all interrupts. Out of reset all are of the Secure one's
/// group, and only that one can say otherwise; firmware does it, where there is any.
const DISABLE_SECURITY: u32 = 1 << 6;
/// More shared interrupts, on controllers that have them.
const EXTENDED: core::ops::Range<u32> = 4096..5120;

/// The controller.
pub struct GicV3 {
    distributor: NonNull<Gicd>,
    redistributors: Redistributors,
}

// SAFETY: the pointers name device registers that every core may access; each core writes its own
// redistributor, and the distributor's shared registers are written by the boot core, or by one
// write that speaks of one interrupt.
unsafe impl Send for GicV3 {}
// SAFETY: as above.
unsafe impl Sync for GicV3 {}

impl GicV3 {
    /// Takes the controller over and sets its shared part up.
    ///
    /// # Safety
    ///
    /// The addresses are those of device memory, mapped for ever, that does no harm when it is
    /// asked who it is, and if it is a GICv3, nobody else drives it.
    pub unsafe fn new(
        distributor: usize,
        regions: impl Iterator<Item = Region>,
        stride: Option<usize>,
    ) -> Result<Self, ControllerError> {
        // SAFETY: the caller's promise.
        let redistributors = unsafe { Redistributors::new(regions, stride) }?;
        let frame = NonNull::new(distributor as *mut Gicd);
        // SAFETY: the caller's promise.
        let frame = frame.filter(|_| unsafe { is_controller(distributor) });
        let distributor = frame.ok_or(ControllerError::NotThere {
            part: "GICv3 distributor",
            base: distributor,
        })?;
        // SAFETY: a distributor has identified itself there, and its control register is the first.
        unsafe { monitor::store(distributor.as_ptr() as usize, DISABLE_SECURITY) };
        // SAFETY: a distributor has identified itself there, and it is ours.
        gic_set_up::shared(unsafe { UniqueMmioPointer::new(distributor) })?;
        Ok(Self {
            distributor,
            redistributors,
        })
    }

    /// True if each core has an interrupt of this number for a device of its own.
    pub fn is_private(&self, id: InterruptId) -> bool {
        PRIVATE.contains(&id.0)
    }

    /// Sets up the running core's part: its redistributor, its interface, and those of its private
    /// interrupts that are wanted.
    pub fn enable_core(
        &self,
        affinity: Affinity,
        wanted: impl Iterator<Item = InterruptId>,
    ) -> Result<(), ControllerError> {
        if Features0.read(ID_AA64PFR0_EL1::GIC) == 0 {
            return Err(ControllerError::NoCpuInterface);
        }
        let frame = self.redistributors.find(affinity)?;
        // SAFETY: `find` found this core's own frames; nobody else uses them now, and the
        // first pointer is gone before the second one is made.
        gic_set_up::private(unsafe { UniqueMmioPointer::new(frame) })?;
        // SAFETY: as above.
        let mut redistributor = GicRedistributor::new(unsafe { UniqueMmioPointer::new(frame) });
        let own = wanted.filter(|id| id.0 < FIRST_SHARED);
        for id in own.chain([InterruptId(SIGNAL)]) {
            let Some(id) = private_id(id) else { continue };
            let set = redistributor.enable_interrupt(id, true);
            set.map_err(|_| ControllerError::Unresponsive("private interrupts"))?;
        }
        GicCpuInterface::enable_system_register_el1();
        barrier::isb(barrier::SY);
        let names = Names {
            has_ranges: InterruptControl.is_set(ICC_CTLR_EL1::RSS),
            has_first_field: InterruptControl.is_set(ICC_CTLR_EL1::A3V),
        };
        if !names.reach(affinity) {
            return Err(ControllerError::OutOfReach(affinity));
        }
        GicCpuInterface::set_priority_mask(MASK_NOTHING);
        set_two_step_end();
        forget_active_priorities();
        GicCpuInterface::enable_group1(true);
        barrier::isb(barrier::SY);
        Ok(())
    }

    /// Sends the shared interrupt `id` to one core; a private number is none of its business.
    pub fn enable_shared(&self, id: InterruptId, target: Affinity) -> Result<(), ControllerError> {
        if self.is_private(id) {
            return Ok(());
        }
        let error = ControllerError::NoSuchInterrupt(id);
        let id = shared_id(id).ok_or(error)?;
        self.with_distributor(|distributor| {
            // The only error is a number beyond what the device implements.
            distributor
                .set_interrupt_priority(id, PRIORITY)
                .and_then(|()| distributor.set_routing(id, Some(target.0)))
                .and_then(|()| distributor.enable_interrupt(id, true))
                .map_err(|_| error)
        })
    }

    /// Keeps an interrupt that the core with this affinity, the running one, has taken from coming
    /// again, and ends it.
    pub fn disable(&self, id: InterruptId, affinity: Affinity) {
        if let Some(shared) = shared_id(id) {
            // The only error is a number beyond what the device implements.
            self.with_distributor(|distributor| _ = distributor.enable_interrupt(shared, false));
        } else if let (Some(own), Ok(frame)) = (private_id(id), self.redistributors.find(affinity))
        {
            // SAFETY: this core's own frames, which only it uses, and not now: this is a handler
            // that interrupts neither itself nor the set-up. The number is a private one.
            let mut registers = GicRedistributor::new(unsafe { UniqueMmioPointer::new(frame) });
            let _ = registers.enable_interrupt(own, false);
        }
        self.complete(id);
    }

    /// Takes the most urgent pending interrupt: it is active from now on, and its priority is
    /// dropped at once, so that others get through. An inter-core one is over with that.
    pub fn acknowledge(&self) -> Option<Taken> {
        let id = GicCpuInterface::get_and_acknowledge_interrupt(InterruptGroup::Group1)?;
        if SPECIAL.contains(&u32::from(id)) {
            return None;
        }
        // The acknowledging read before anything the interrupt stands for (GIC architecture,
        // "Physical CPU interface": effects of an acknowledge are ordered by a DSB).
        barrier::dsb(barrier::SY);
        GicCpuInterface::end_interrupt(id, InterruptGroup::Group1);
        let id = InterruptId(u32::from(id));
        if id.0 < FIRST_PRIVATE {
            self.complete(id);
            return Some(Taken::Signal);
        }
        Some(Taken::Device(id))
    }

    /// Deactivates an interrupt: it may be signalled again.
    pub fn complete(&self, id: InterruptId) {
        Deactivate.write(ICC_DIR_EL1::INTID.val(id.0.into()));
        barrier::isb(barrier::SY);
    }

    /// Sends an inter-core interrupt (`ICC_SGI1R_EL1`).
    pub fn signal(&self, target: Affinity) {
        // What the sender wrote is visible before the interrupt is (Arm ARM, "Data Synchronization Barrier").
        barrier::dsb(barrier::ISHST);
        SendSignal.set(gic_signal::word(target));
        barrier::isb(barrier::SY);
    }

    fn with_distributor<R>(&self, f: impl FnOnce(&mut GicDistributor<'_>) -> R) -> R {
        // SAFETY: `new` found a distributor. Other cores than the boot core only come here to disable
        // an interrupt, which is one write that touches no other.
        let registers = unsafe { UniqueMmioPointer::new(self.distributor) };
        f(&mut GicDistributor::new(registers))
    }
}

/// Firmware may have left an interrupt without its end; its priority would hold ours back. There
/// are one, two or four registers, by the number of priority bits (`ICC_AP1R<n>_EL1`).
fn forget_active_priorities() {
    const MOST: u64 = 7;
    let bits = InterruptControl.read(ICC_CTLR_EL1::PRIbits) + 1;
    if bits >= MOST {
        ActivePriorities3.set(0);
        ActivePriorities2.set(0);
    }
    if bits >= MOST - 1 {
        ActivePriorities1.set(0);
    }
    ActivePriorities0.set(0);
}

/// Separates priority drop (EOIR) from deactivation (DIR): `ICC_CTLR_EL1.EOImode`.
fn set_two_step_end() {
    InterruptControl.modify(ICC_CTLR_EL1::EOImode::SET);
}

fn private_id(id: InterruptId) -> Option<IntId> {
    match id.0 {
        0..FIRST_PRIVATE => Some(IntId::sgi(id.0)),
        FIRST_PRIVATE..FIRST_SHARED => Some(IntId::ppi(id.0 - FIRST_PRIVATE)),
        _ => None,
    }
}

fn shared_id(id: InterruptId) -> Option<IntId> {
    match id.0 {
        id if SHARED.contains(&id) => Some(IntId::spi(id - SHARED.start)),
        id if EXTENDED.contains(&id) => Some(IntId::espi(id - EXTENDED.start)),
        _ => None,
    }
}
