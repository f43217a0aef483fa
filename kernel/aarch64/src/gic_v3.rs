//! The Generic Interrupt Controller, versions 3 and 4.
//!
//! Register blocks come from `arm-gic`. Ours is what it leaves out: finding each core's
//! redistributor by its affinity over several regions and both strides, taking over what firmware
//! has left (`gic_set_up`), and the two-step end of an interrupt (priority drop at once, deactivation
//! when the loop has served it: GIC architecture, "Priority drop and interrupt deactivation",
//! `ICC_CTLR_EL1.EOImode`). No register block is touched before it has identified itself.

use crate::affinity::Affinity;
use crate::controller::gic::{
    FIRST_PRIVATE, FIRST_SHARED, PRIORITY, PRIVATE, SHARED, SIGNAL, SPECIAL,
};
use crate::controller::{ControllerError, InterruptId, Region, Taken};
use crate::gic_set_up;
use crate::monitor;
use crate::probe;
use crate::registers::*;
use aarch64_cpu::asm::barrier;
use arm_gic::gicv3::registers::{Gicd, GicrSgi};
use arm_gic::gicv3::{GicCpuInterface, GicDistributor, GicRedistributor};
use arm_gic::{IntId, InterruptGroup};
use core::ptr::NonNull;
use safe_mmio::UniqueMmioPointer;
use tock_registers::interfaces::{ReadWriteable, Readable, Writeable};

/// Regions of redistributors that a machine may have.
pub const MAX_REGIONS: usize = 16;
/// A region ends at a frame that says so; this bounds the walk where none does.
const MAX_REDISTRIBUTORS: usize = 4096;
const MASK_NOTHING: u8 = 0xff;
/// GICD_CTLR.DS: one security state for all interrupts. Out of reset all are of the Secure one's
/// group, and only that one can say otherwise; firmware does it, where there is any.
const DISABLE_SECURITY: u32 = 1 << 6;
/// More shared interrupts, on controllers that have them.
const EXTENDED: core::ops::Range<u32> = 4096..5120;

/// The controller.
pub struct GicV3 {
    distributor: NonNull<Gicd>,
    regions: [Option<Region>; MAX_REGIONS],
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
    ) -> Result<Self, ControllerError> {
        let mut table = [None; MAX_REGIONS];
        for (slot, region) in table.iter_mut().zip(regions) {
            *slot = Some(region);
        }
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
            regions: table,
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
        let frame = self.redistributor(affinity)?;
        // SAFETY: `redistributor` found this core's own frames; nobody else uses them now, and the
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
        } else if let (Some(own), Ok(frame)) = (private_id(id), self.redistributor(affinity)) {
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
        let [aff0, aff1, aff2, _, aff3, ..] = target.0.to_le_bytes().map(u64::from);
        // What the sender wrote is visible before the interrupt is (Arm ARM, "Data Synchronization Barrier").
        barrier::dsb(barrier::ISHST);
        SendSignal.write(
            ICC_SGI1R_EL1::Aff3.val(aff3)
                + ICC_SGI1R_EL1::Aff2.val(aff2)
                + ICC_SGI1R_EL1::Aff1.val(aff1)
                + ICC_SGI1R_EL1::RangeSelector.val(aff0 >> 4)
                + ICC_SGI1R_EL1::TargetList.val(1 << (aff0 & 0xf))
                + ICC_SGI1R_EL1::INTID.val(SIGNAL.into()),
        );
        barrier::isb(barrier::SY);
    }

    fn with_distributor<R>(&self, f: impl FnOnce(&mut GicDistributor<'_>) -> R) -> R {
        // SAFETY: `new` found a distributor. Other cores than the boot core only come here to disable
        // an interrupt, which is one write that touches no other.
        let registers = unsafe { UniqueMmioPointer::new(self.distributor) };
        f(&mut GicDistributor::new(registers))
    }

    /// Finds the frames of the core with this affinity.
    fn redistributor(&self, affinity: Affinity) -> Result<NonNull<GicrSgi>, ControllerError> {
        self.regions
            .iter()
            .flatten()
            .find_map(|region| region.find(affinity))
            .ok_or(ControllerError::NoRedistributor(affinity))
    }
}

impl Region {
    fn find(self, affinity: Affinity) -> Option<NonNull<GicrSgi>> {
        const FRAMES: usize = size_of::<GicrSgi>();
        let mut offset = 0;
        for _ in 0..MAX_REDISTRIBUTORS {
            let base = self.base.checked_add(offset)?;
            if self.size.checked_sub(offset)? < FRAMES {
                return None;
            }
            let frame = NonNull::new(base as *mut GicrSgi)?;
            // SAFETY: inside a region that `GicV3::new` was promised.
            if !unsafe { is_controller(base) } {
                return None;
            }
            // SAFETY: as above; the type register is read and nothing written, so the frame's own
            // core is not disturbed.
            let kind = GicRedistributor::new(unsafe { UniqueMmioPointer::new(frame) }).typer();
            if kind.core_mpidr() == affinity.0 {
                return Some(frame);
            }
            if kind.last_redistributor() {
                return None;
            }
            // With GICv4 two more frames follow, for virtual interrupts (GIC architecture, "The
            // GICv4 Redistributor register map").
            offset += FRAMES * if kind.virtual_lpis_supported() { 2 } else { 1 };
        }
        None
    }
}

/// True if the frame at `base` identifies itself as part of a GICv3 or GICv4.
///
/// # Safety
///
/// Reading device registers there must do no harm.
unsafe fn is_controller(base: usize) -> bool {
    /// GICD_PIDR2 and GICR_PIDR2 stand at the same offset, with the architecture's version.
    const IDENTIFICATION: usize = 0xffe8;
    const VERSION: core::ops::RangeInclusive<u32> = 3..=4;
    base.is_multiple_of(align_of::<GicrSgi>())
        && base.checked_add(IDENTIFICATION).is_some_and(|address| {
            // SAFETY: the caller's promise; an access that faults is caught.
            let word = unsafe { probe::read_word(address) };
            word.is_some_and(|word| VERSION.contains(&(word >> 4 & 0xf)))
        })
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
