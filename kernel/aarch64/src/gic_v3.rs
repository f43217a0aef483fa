//! The Generic Interrupt Controller, versions 3 and 4.
//!
//! Register blocks and their settings come from `arm-gic`. Ours is what it leaves out: finding each
//! core's redistributor by its affinity over several regions and both strides, bounded waits, and
//! the two-step end of an interrupt (priority drop at once, deactivation when the loop has served
//! it: GIC architecture 4.4.1, `ICC_CTLR_EL1.EOImode`).

use crate::cpu::Affinity;
use crate::interrupts::{ControllerError, InterruptId};
use crate::registers::*;
use aarch64_cpu::asm::barrier;
use arm_gic::gicv3::registers::{Gicd, GicrSgi, Waker};
use arm_gic::gicv3::{GicCpuInterface, GicDistributor, GicRedistributor};
use arm_gic::{IntId, InterruptGroup};
use core::ptr::NonNull;
use safe_mmio::{UniqueMmioPointer, field};
use tock_registers::interfaces::{ReadWriteable, Readable, Writeable};

/// Register accesses that a redistributor gets to wake up.
const WAKE_TRIES: u32 = 1_000_000;
/// Regions of redistributors that a machine may have.
pub const MAX_REGIONS: usize = 16;
/// A region ends at a frame that says so; this bounds the walk where none does.
const MAX_REDISTRIBUTORS: usize = 4096;
/// Every interrupt gets this priority; the mask lets it through.
const PRIORITY: u8 = 0x80;
const MASK_NOTHING: u8 = 0xff;
/// First shared interrupt; the numbers below belong to each core.
const FIRST_SHARED: u32 = 32;
/// First number that is no interrupt.
const FIRST_SPECIAL: u32 = 1020;

/// Where a region of redistributors lies.
#[derive(Clone, Copy, Debug)]
pub struct Region {
    /// Address of the first frame, mapped as device memory.
    pub base: usize,
    /// Bytes.
    pub size: usize,
}

/// The controller.
pub struct GicV3 {
    distributor: NonNull<Gicd>,
    regions: [Option<Region>; MAX_REGIONS],
}

// SAFETY: the pointers name device registers that every core may access; each core writes its own
// redistributor, and the distributor's shared registers are written by the boot core only.
unsafe impl Send for GicV3 {}
// SAFETY: as above.
unsafe impl Sync for GicV3 {}

impl GicV3 {
    /// Takes the controller over and sets its shared part up; `None` if the distributor's address
    /// is null.
    ///
    /// # Safety
    ///
    /// The addresses are those of a GICv3, mapped as device memory for ever, and nobody else
    /// drives it.
    pub unsafe fn new(distributor: usize, regions: impl Iterator<Item = Region>) -> Option<Self> {
        let mut table = [None; MAX_REGIONS];
        for (slot, region) in table.iter_mut().zip(regions) {
            *slot = Some(region);
        }
        let this = Self {
            distributor: NonNull::new(distributor as *mut Gicd)?,
            regions: table,
        };
        this.with_distributor(|distributor| distributor.configure_default_settings());
        Some(this)
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
        wake(unsafe { UniqueMmioPointer::new(frame) })?;
        // SAFETY: as above.
        let mut redistributor = GicRedistributor::new(unsafe { UniqueMmioPointer::new(frame) });
        redistributor.configure_default_settings();
        let own = wanted.filter(|id| id.0 < FIRST_SHARED);
        for id in own.chain([InterruptId::SIGNAL]) {
            let Some(id) = private_id(id) else { continue };
            let set = redistributor
                .set_interrupt_priority(id, PRIORITY)
                .and_then(|()| redistributor.enable_interrupt(id, true));
            set.map_err(|_| ControllerError::Unresponsive("private interrupts"))?;
        }
        GicCpuInterface::enable_system_register_el1();
        barrier::isb(barrier::SY);
        GicCpuInterface::set_priority_mask(MASK_NOTHING);
        set_two_step_end();
        GicCpuInterface::enable_group1(true);
        barrier::isb(barrier::SY);
        Ok(())
    }

    /// Sends the shared interrupt `id` to one core; a private number is none of its business.
    pub fn enable_shared(&self, id: InterruptId, target: Affinity) {
        if !(FIRST_SHARED..FIRST_SPECIAL).contains(&id.0) {
            return;
        }
        let id = IntId::spi(id.0 - FIRST_SHARED);
        self.with_distributor(|distributor| {
            // The only error is a number beyond what the device implements; it then stays silent.
            let _ = distributor
                .set_interrupt_priority(id, PRIORITY)
                .and_then(|()| distributor.set_routing(id, Some(target.0)))
                .and_then(|()| distributor.enable_interrupt(id, true));
        });
    }

    /// Takes the most urgent pending interrupt: it is active from now on, and its priority is
    /// dropped at once, so that others get through.
    pub fn acknowledge(&self) -> Option<InterruptId> {
        let id = GicCpuInterface::get_and_acknowledge_interrupt(InterruptGroup::Group1)?;
        // The acknowledging read before anything the interrupt stands for (GIC 4.2.2).
        barrier::dsb(barrier::SY);
        GicCpuInterface::end_interrupt(id, InterruptGroup::Group1);
        Some(InterruptId(u32::from(id)))
    }

    /// Deactivates an interrupt: it may be signalled again.
    pub fn complete(&self, id: InterruptId) {
        Deactivate.write(ICC_DIR_EL1::INTID.val(id.0.into()));
        barrier::isb(barrier::SY);
    }

    /// Sends an inter-core interrupt (GIC 12.2.22, `ICC_SGI1R_EL1`).
    pub fn signal(&self, target: Affinity, id: InterruptId) {
        let [aff0, aff1, aff2, _, aff3, ..] = target.0.to_le_bytes().map(u64::from);
        // What the sender wrote is visible before the interrupt is (Arm ARM B2.3.12).
        barrier::dsb(barrier::ISHST);
        SendSignal.write(
            ICC_SGI1R_EL1::Aff3.val(aff3)
                + ICC_SGI1R_EL1::Aff2.val(aff2)
                + ICC_SGI1R_EL1::Aff1.val(aff1)
                + ICC_SGI1R_EL1::RangeSelector.val(aff0 >> 4)
                + ICC_SGI1R_EL1::TargetList.val(1 << (aff0 & 0xf))
                + ICC_SGI1R_EL1::INTID.val(id.0.into()),
        );
        barrier::isb(barrier::SY);
    }

    fn with_distributor(&self, f: impl FnOnce(&mut GicDistributor<'_>)) {
        // SAFETY: `new` demands a mapped distributor, and only the boot core comes here.
        let registers = unsafe { UniqueMmioPointer::new(self.distributor) };
        f(&mut GicDistributor::new(registers));
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
        let mut base = self.base;
        for _ in 0..MAX_REDISTRIBUTORS {
            if base + size_of::<GicrSgi>() > self.base + self.size {
                return None;
            }
            let frame = NonNull::new(base as *mut GicrSgi)?;
            // SAFETY: inside a region that `GicV3::new` was promised; the type register is read
            // and nothing written, so the frame's own core is not disturbed.
            let kind = GicRedistributor::new(unsafe { UniqueMmioPointer::new(frame) }).typer();
            if kind.core_mpidr() == affinity.0 {
                return Some(frame);
            }
            if kind.last_redistributor() {
                return None;
            }
            // With GICv4 two more frames follow, for virtual interrupts (GIC 12.10).
            base += size_of::<GicrSgi>() * if kind.virtual_lpis_supported() { 2 } else { 1 };
        }
        None
    }
}

/// Tells the redistributor that its core is awake, and waits until it has understood.
fn wake(mut registers: UniqueMmioPointer<'_, GicrSgi>) -> Result<(), ControllerError> {
    let mut frame = field!(registers, gicr);
    let mut waker = field!(frame, waker);
    let awake = waker.read() - Waker::PROCESSOR_SLEEP;
    waker.write(awake);
    for _ in 0..WAKE_TRIES {
        if !waker.read().contains(Waker::CHILDREN_ASLEEP) {
            return Ok(());
        }
    }
    Err(ControllerError::Unresponsive("redistributor"))
}

/// Separates priority drop (EOIR) from deactivation (DIR): `ICC_CTLR_EL1.EOImode`.
fn set_two_step_end() {
    InterruptControl.modify(ICC_CTLR_EL1::EOImode::SET);
}

fn private_id(id: InterruptId) -> Option<IntId> {
    const PER_CORE: u32 = 16;
    match id.0 {
        0..PER_CORE => Some(IntId::sgi(id.0)),
        PER_CORE..FIRST_SHARED => Some(IntId::ppi(id.0 - PER_CORE)),
        _ => None,
    }
}
