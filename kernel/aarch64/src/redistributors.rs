//! Where each core's redistributor is: found by the affinity in it, over regions and strides.
//!
//! A machine has one region or many, each a row of frames; the last frame of a row says so. Frames
//! are two pages of 64 KiB apart, or four where they have more for virtual interrupts, unless the
//! description says otherwise. Nothing is taken on trust: a row that leaves its region, or comes to
//! something that is no redistributor, ends there. Nothing here names a system register, so it is
//! tested on the host, with memory for devices.

use crate::affinity::Affinity;
use crate::controller::{ControllerError, Region};
use crate::probe;
use arm_gic::gicv3::GicRedistributor;
use arm_gic::gicv3::registers::GicrSgi;
use core::ptr::NonNull;
use safe_mmio::UniqueMmioPointer;

/// Regions of redistributors that a machine may have; what is beyond has no core of ours.
const MAX_REGIONS: usize = 16;
/// A row ends at a frame that says so; this bounds the walk where none does.
const MAX_FRAMES: usize = 4096;
/// All frames begin at a multiple of this (GIC architecture, "GIC memory-mapped register map").
const ALIGNMENT: usize = 0x1_0000;
/// Bytes of what every redistributor has.
const FRAME: usize = size_of::<GicrSgi>();

/// All regions of a machine.
pub(crate) struct Redistributors {
    regions: [Option<Region>; MAX_REGIONS],
    stride: Option<usize>,
}

impl Redistributors {
    /// # Safety
    ///
    /// The regions are device memory, mapped for ever, that does no harm when it is asked who it is.
    pub(crate) unsafe fn new(
        regions: impl Iterator<Item = Region>,
        stride: Option<usize>,
    ) -> Result<Self, ControllerError> {
        if let Some(stride) = stride
            && (stride < FRAME || !stride.is_multiple_of(ALIGNMENT))
        {
            return Err(ControllerError::NoStride(stride));
        }
        let mut table = [None; MAX_REGIONS];
        for (slot, region) in table.iter_mut().zip(regions) {
            *slot = Some(region);
        }
        Ok(Self {
            regions: table,
            stride,
        })
    }

    /// Finds the frames of the core with this affinity.
    pub(crate) fn find(&self, affinity: Affinity) -> Result<NonNull<GicrSgi>, ControllerError> {
        let mut regions = self.regions.iter().flatten();
        regions
            .find_map(|region| self.find_in(region, affinity))
            .ok_or(ControllerError::NoRedistributor(affinity))
    }

    fn find_in(&self, region: &Region, affinity: Affinity) -> Option<NonNull<GicrSgi>> {
        let mut offset: usize = 0;
        for _ in 0..MAX_FRAMES {
            let base = region.base.checked_add(offset)?;
            if region.size.checked_sub(offset)? < FRAME {
                return None;
            }
            let frame = NonNull::new(base as *mut GicrSgi)?;
            // SAFETY: inside a region, for which `new` was promised what this asks for.
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
            let usual = FRAME * if kind.virtual_lpis_supported() { 2 } else { 1 };
            offset = offset.checked_add(self.stride.unwrap_or(usual))?;
        }
        None
    }
}

/// True if the frame at `base` identifies itself as part of a GICv3 or GICv4.
///
/// # Safety
///
/// Reading device registers there must do no harm.
pub(crate) unsafe fn is_controller(base: usize) -> bool {
    /// GICD_PIDR2 and GICR_PIDR2 stand at the same offset, with the architecture's version.
    const IDENTIFICATION: usize = 0xffe8;
    const VERSION: core::ops::RangeInclusive<u32> = 3..=4;
    base.is_multiple_of(ALIGNMENT)
        && base.checked_add(IDENTIFICATION).is_some_and(|address| {
            // SAFETY: the caller's promise; an access that faults is caught.
            let word = unsafe { probe::read_word(address) };
            word.is_some_and(|word| VERSION.contains(&(word >> 4 & 0xf)))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: usize = 0x1_0000;
    const TYPE: usize = 0x8;
    const IDENTIFICATION: usize = 0xffe8;
    const V3: u32 = 3 << 4;
    const LAST: u64 = 1 << 4;
    const HAS_VIRTUAL: u64 = 1 << 1;

    #[repr(C, align(0x1_0000))]
    #[derive(Clone, Copy)]
    struct Page([u8; PAGE]);

    /// Memory for a row of redistributors.
    struct Row(Vec<Page>);

    impl Row {
        fn new(pages: usize) -> Self {
            Self(vec![Page([0; PAGE]); pages])
        }

        /// Puts a redistributor on this page and the next.
        fn with(mut self, page: usize, affinity: u32, flags: u64) -> Self {
            let Page(bytes) = &mut self.0[page];
            let kind = u64::from(affinity) << 32 | flags;
            bytes[TYPE..TYPE + 8].copy_from_slice(&kind.to_ne_bytes());
            bytes[IDENTIFICATION..IDENTIFICATION + 4].copy_from_slice(&V3.to_ne_bytes());
            self
        }

        fn region(&self) -> Region {
            Region {
                base: self.0.as_ptr() as usize,
                size: PAGE * self.0.len(),
            }
        }
    }

    /// The region and the page in it where the core is found.
    fn find(rows: &[Region], stride: Option<usize>, affinity: u64) -> Option<(usize, usize)> {
        // SAFETY: memory for devices, which lives as long as the rows that the test holds.
        let all = unsafe { Redistributors::new(rows.iter().copied(), stride) };
        let all = all.expect("the stride is good");
        let found = all.find(Affinity(affinity)).ok()?.as_ptr() as usize;
        let holds = |row: &Region| (row.base..row.base + row.size).contains(&found);
        let row = rows.iter().position(holds)?;
        Some((row, (found - rows[row].base) / PAGE))
    }

    #[test]
    fn frames_are_two_pages_apart_or_four() {
        let row = Row::new(10)
            .with(0, 0x000, 0)
            .with(2, 0x001, HAS_VIRTUAL)
            .with(6, 0x100, 0)
            .with(8, 0x101, LAST);
        let rows = [row.region()];
        let pages = [0, 1, 0x100, 0x101].map(|affinity| find(&rows, None, affinity));
        assert_eq!(pages, [0, 2, 6, 8].map(|page| Some((0, page))));
    }

    #[test]
    fn the_description_may_set_them_further_apart() {
        let row = Row::new(8).with(0, 0, 0).with(6, 1, LAST);
        assert_eq!(find(&[row.region()], Some(6 * PAGE), 1), Some((0, 6)));
        assert_eq!(find(&[row.region()], None, 1), None);
    }

    #[test]
    fn a_core_is_found_in_whichever_region_it_is() {
        let (first, second) = (Row::new(2).with(0, 7, LAST), Row::new(2).with(0, 8, LAST));
        let rows = [first.region(), second.region()];
        assert_eq!(find(&rows, None, 8), Some((1, 0)));
        assert_eq!(find(&rows, None, 7), Some((0, 0)));
    }

    #[test]
    fn all_four_affinity_fields_count() {
        let row = Row::new(2).with(0, 0x0402_0103, LAST);
        assert_eq!(find(&[row.region()], None, 0x04_0002_0103), Some((0, 0)));
        assert_eq!(find(&[row.region()], None, 0x02_0103), None);
    }

    #[test]
    fn a_row_ends_at_its_last_frame_at_its_regions_end_and_at_strangers() {
        let last = Row::new(4).with(0, 0, LAST).with(2, 1, LAST);
        assert_eq!(find(&[last.region()], None, 1), None);
        let endless = Row::new(4).with(0, 0, 0).with(2, 1, 0);
        assert_eq!(find(&[endless.region()], None, 2), None);
        let stranger = Row::new(6).with(0, 0, 0).with(4, 1, LAST);
        assert_eq!(find(&[stranger.region()], None, 1), None);
        let cut = Region {
            size: 3 * PAGE,
            ..endless.region()
        };
        assert_eq!(find(&[cut], None, 1), None);
    }

    #[test]
    fn regions_that_can_be_none_are_left_out() {
        let good = Row::new(2).with(0, 1, LAST);
        let empty = Region { base: 0, size: 0 };
        let high = Region {
            base: usize::MAX - PAGE + 1,
            size: PAGE,
        };
        assert_eq!(find(&[], None, 1), None);
        assert_eq!(find(&[empty, high], None, 1), None);
        assert_eq!(find(&[empty, good.region()], None, 1), Some((1, 0)));
    }

    #[test]
    fn a_stride_that_can_be_none_is_told() {
        for stride in [0, PAGE, 2 * PAGE + 4096] {
            // SAFETY: there are no regions.
            let answer = unsafe { Redistributors::new(core::iter::empty(), Some(stride)) };
            assert_eq!(answer.err(), Some(ControllerError::NoStride(stride)));
        }
    }
}
