//! How the controller is taken over: whatever firmware left enabled, pending or active ends here.
//!
//! An interrupt that we have no route for and that keeps coming would leave no time for anything
//! else, and one that was left active would never come at all. So everything is disabled and
//! forgotten before anything is enabled. Waits are bounded: a block of registers that is not what
//! it was said to be must not hang the machine. Nothing here names a system register, so it is
//! tested on the host, with memory for a device.

use crate::controller::ControllerError;
use crate::controller::gic::PRIORITY;
use arm_gic::gicv3::registers::{Gicd, GicdCtlr, GicrCtlr, GicrSgi, Waker};
use safe_mmio::{UniqueMmioPointer, field};

/// Register accesses that a block gets to do what was asked.
const TRIES: u32 = 1_000_000;
/// Interrupts in a register that has a bit for each.
const PER_WORD: usize = 32;
/// Interrupts in a register that has a byte for each, and in one that has two bits.
const PER_PRIORITY_WORD: usize = 4;
const PER_KIND_WORD: usize = 16;
/// All interrupts of a register.
const ALL: u32 = u32::MAX;
const PRIORITIES: u32 = u32::from_ne_bytes([PRIORITY; PER_PRIORITY_WORD]);
/// All interrupts of a register follow the level of their line.
const BY_LEVEL: u32 = 0;
/// The first software-generated and private ones are two bits each in the first word, which is not
/// for us to write: they are edges.
const FIRST_PRIVATE_KIND_WORD: usize = 1;

/// Sets up what all cores share: every shared interrupt off, forgotten, of our group, at our
/// priority, by level; then forwarding on.
pub(crate) fn shared(mut registers: UniqueMmioPointer<'_, Gicd>) -> Result<(), ControllerError> {
    // Affinity routing may only be switched on while no group is forwarded (GICD_CTLR).
    let groups = GicdCtlr::EnableGrp0 | GicdCtlr::EnableGrp1NS | GicdCtlr::EnableGrp1S;
    control(&mut registers, |control| control - groups)?;
    let kind = field!(registers, typer).read();
    let (usual, extended) = (kind.num_spis() as usize, kind.num_espis() as usize);
    // The first word of each usual register is private interrupts', and reads as zero.
    let words = |per_word: usize| {
        let first = PER_WORD / per_word;
        first..first + usual.div_ceil(per_word)
    };
    let extra_words = |per_word: usize| 0..extended.div_ceil(per_word);
    macro_rules! fill {
        ($registers:ident, $extra:ident, $per_word:expr, $value:expr) => {
            for index in words($per_word) {
                if let Some(mut word) = field!(registers, $registers).get(index) {
                    word.write($value);
                }
            }
            for index in extra_words($per_word) {
                if let Some(mut word) = field!(registers, $extra).get(index) {
                    word.write($value);
                }
            }
        };
    }
    fill!(icenabler, icenabler_e, PER_WORD, ALL);
    // Disabled means disabled only when the write has got everywhere.
    control(&mut registers, |control| control)?;
    fill!(icpendr, icpendr_e, PER_WORD, ALL);
    fill!(icactiver, icactive_e, PER_WORD, ALL);
    fill!(igroupr, igroupr_e, PER_WORD, ALL);
    fill!(ipriorityr, ipriorityr_e, PER_PRIORITY_WORD, PRIORITIES);
    // Only while they are disabled may this change (GICD_ICFGR).
    fill!(icfgr, icfgr_e, PER_KIND_WORD, BY_LEVEL);
    // The non-secure view calls this bit ARE_NS; with one security state it is ARE. Both are bit 4.
    control(&mut registers, |control| control | GicdCtlr::ARE_S)?;
    control(&mut registers, |control| control | GicdCtlr::EnableGrp1NS)
}

/// Changes the control register, and waits until this and all writes before are in effect.
fn control(
    registers: &mut UniqueMmioPointer<'_, Gicd>,
    change: impl FnOnce(GicdCtlr) -> GicdCtlr,
) -> Result<(), ControllerError> {
    let mut control = field!(*registers, ctlr);
    let old = control.read() - GicdCtlr::RWP;
    control.write(change(old));
    within_tries(|| !control.read().contains(GicdCtlr::RWP), "distributor")
}

/// Sets up what one core has to itself, in the same way, all of it disabled.
pub(crate) fn private(
    mut registers: UniqueMmioPointer<'_, GicrSgi>,
) -> Result<(), ControllerError> {
    let mut frame = field!(registers, gicr);
    wake(field!(frame, waker))?;
    let extended = field!(frame, typer).read().max_eppi_count() as usize;
    let words = |per_word: usize| 0..(PER_WORD + extended).div_ceil(per_word);
    macro_rules! fill {
        ($registers:ident, $words:expr, $value:expr) => {
            let mut frame = field!(registers, sgi);
            for index in $words {
                if let Some(mut word) = field!(frame, $registers).get(index) {
                    word.write($value);
                }
            }
        };
    }
    fill!(icenabler, words(PER_WORD), ALL);
    let mut frame = field!(registers, gicr);
    let control = field!(frame, ctlr);
    within_tries(|| !control.read().contains(GicrCtlr::RWP), "redistributor")?;
    fill!(icpendr, words(PER_WORD), ALL);
    fill!(icactiver, words(PER_WORD), ALL);
    fill!(igroupr, words(PER_WORD), ALL);
    fill!(ipriorityr, words(PER_PRIORITY_WORD), PRIORITIES);
    let kinds = words(PER_KIND_WORD).skip(FIRST_PRIVATE_KIND_WORD);
    fill!(icfgr, kinds, BY_LEVEL);
    Ok(())
}

/// Tells the redistributor that its core is awake, and waits until it has understood.
fn wake(
    mut waker: UniqueMmioPointer<'_, safe_mmio::fields::ReadPureWrite<Waker>>,
) -> Result<(), ControllerError> {
    let awake = waker.read() - Waker::PROCESSOR_SLEEP;
    waker.write(awake);
    let is_awake = || !waker.read().contains(Waker::CHILDREN_ASLEEP);
    within_tries(is_awake, "redistributor")
}

fn within_tries(
    mut is_done: impl FnMut() -> bool,
    part: &'static str,
) -> Result<(), ControllerError> {
    match (0..TRIES).any(|_| is_done()) {
        true => Ok(()),
        false => Err(ControllerError::Unresponsive(part)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::ptr::NonNull;

    const CONTROL: usize = 0;
    const TYPE: usize = 1;
    const WAKER: usize = 0x14 / 4;
    const CLEAR_ENABLE: usize = 0x180 / 4;
    const CLEAR_PENDING: usize = 0x280 / 4;
    const CLEAR_ACTIVE: usize = 0x380 / 4;
    const GROUP: usize = 0x80 / 4;
    const KIND: usize = 0xc00 / 4;
    /// Where a core's own interrupts begin in its two frames.
    const PRIVATE: usize = 0x1_0000 / 4;
    const LEFT_ALONE: u32 = 0x5a5a_5a5a;

    /// Memory for a device: it remembers what is written, and never does anything.
    struct Fake<T> {
        memory: Vec<u64>,
        kind: core::marker::PhantomData<T>,
    }

    impl<T> Fake<T> {
        fn new(words: &[(usize, u32)]) -> Self {
            let mut this = Self {
                memory: vec![0; size_of::<T>() / 8],
                kind: core::marker::PhantomData,
            };
            for &(index, value) in words {
                let half = 32 * (index % 2);
                this.memory[index / 2] |= u64::from(value) << half;
            }
            this
        }

        fn word(&self, index: usize) -> u32 {
            (self.memory[index / 2] >> (32 * (index % 2))) as u32
        }

        fn registers(&mut self) -> UniqueMmioPointer<'_, T> {
            let start = NonNull::new(self.memory.as_mut_ptr().cast()).expect("memory is somewhere");
            // SAFETY: memory of that size and alignment, borrowed as long as the pointer.
            unsafe { UniqueMmioPointer::new(start) }
        }
    }

    #[test]
    fn shared_interrupts_that_firmware_left_are_off_and_forgotten() {
        const LINES: u32 = 2;
        let mut fake = Fake::<Gicd>::new(&[
            (TYPE, LINES),
            (CLEAR_ENABLE, LEFT_ALONE),
            (KIND + 2, LEFT_ALONE),
        ]);
        assert_eq!(shared(fake.registers()), Ok(()));
        for first in [CLEAR_ENABLE, CLEAR_PENDING, CLEAR_ACTIVE, GROUP] {
            let words = [1, 2, 3].map(|n| fake.word(first + n));
            assert_eq!(words, [ALL, ALL, 0], "{first:#x}");
        }
        assert_eq!(fake.word(CLEAR_ENABLE), LEFT_ALONE);
        assert_eq!(fake.word(KIND + 2), BY_LEVEL);
    }

    #[test]
    fn forwarding_is_on_for_our_group_alone() {
        const GROUPS: u32 = 0b111;
        let mut fake = Fake::<Gicd>::new(&[(CONTROL, GROUPS)]);
        assert_eq!(shared(fake.registers()), Ok(()));
        assert_eq!(fake.word(CONTROL), 1 << 4 | 1 << 1);
    }

    #[test]
    fn private_interrupts_that_firmware_left_are_off_and_forgotten() {
        let mut fake = Fake::<GicrSgi>::new(&[
            (PRIVATE + KIND, LEFT_ALONE),
            (PRIVATE + KIND + 1, LEFT_ALONE),
        ]);
        assert_eq!(private(fake.registers()), Ok(()));
        for first in [CLEAR_ENABLE, CLEAR_PENDING, CLEAR_ACTIVE, GROUP] {
            let words = [0, 1].map(|n| fake.word(PRIVATE + first + n));
            assert_eq!(words, [ALL, 0], "{first:#x}");
        }
        assert_eq!(fake.word(PRIVATE + KIND), LEFT_ALONE);
        assert_eq!(fake.word(PRIVATE + KIND + 1), BY_LEVEL);
    }

    #[test]
    fn a_redistributor_that_never_wakes_is_told() {
        const ASLEEP: u32 = 0b110;
        let mut fake = Fake::<GicrSgi>::new(&[(WAKER, ASLEEP)]);
        assert_eq!(
            private(fake.registers()),
            Err(ControllerError::Unresponsive("redistributor"))
        );
    }

    #[test]
    fn a_redistributor_that_never_finishes_a_write_is_told() {
        const WRITE_PENDING: u32 = 1 << 3;
        let mut fake = Fake::<GicrSgi>::new(&[(CONTROL, WRITE_PENDING)]);
        assert_eq!(
            private(fake.registers()),
            Err(ControllerError::Unresponsive("redistributor"))
        );
    }
}
