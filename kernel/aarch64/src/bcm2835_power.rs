//! The power management block of Raspberry Pis: reset, and what counts as off.
//!
//! A board has no way to cut its power. Its watchdog resets it; a partition number that the boot
//! firmware takes for "halt" then keeps it down (Linux: drivers/watchdog/bcm2835_wdt.c). Emulators
//! take the same number for power off.

use tock_registers::interfaces::{ReadWriteable, Readable, Writeable};
use tock_registers::registers::ReadWrite;
use tock_registers::{register_bitfields, register_structs};

/// Bytes of register space, from the first that is used.
pub const SIZE: u64 = 0x1000;

/// What every write carries in its upper byte, or it is ignored.
const PASSWORD: u32 = 0x5a;
/// Watchdog ticks of 15 microseconds until the reset: soon, and not before the write has arrived.
const SOON: u32 = 10;

register_bitfields! {u32,
    Control [
        PASSWORD OFFSET(24) NUMBITS(8) [],
        WHAT OFFSET(4) NUMBITS(2) [FullReset = 0b10],
    ],
    /// The partition to start next: six bits, at every other place.
    Status [
        PASSWORD OFFSET(24) NUMBITS(8) [],
        PARTITION OFFSET(0) NUMBITS(11) [],
    ],
    Watchdog [
        PASSWORD OFFSET(24) NUMBITS(8) [],
        TIME OFFSET(0) NUMBITS(20) [],
    ]
}

register_structs! {
    Registers {
        (0x00 => _reserved),
        (0x1c => control: ReadWrite<u32, Control::Register>),
        (0x20 => status: ReadWrite<u32, Status::Register>),
        (0x24 => watchdog: ReadWrite<u32, Watchdog::Register>),
        (0x28 => @END),
    }
}

/// The device.
pub struct PowerBlock(&'static Registers);

// SAFETY: device memory that any core may access; the worst of two users is that one decides.
unsafe impl Send for PowerBlock {}
// SAFETY: as above.
unsafe impl Sync for PowerBlock {}

impl PowerBlock {
    /// Takes the device at `base`; `None` for an address that can be none.
    ///
    /// # Safety
    ///
    /// `base` is the address of such a block, mapped as device memory for ever.
    pub unsafe fn new(base: usize) -> Option<Self> {
        let is_good = base != 0 && base.is_multiple_of(align_of::<Registers>());
        // SAFETY: the caller's promise; every register is accessed through a cell.
        is_good.then(|| Self(unsafe { &*(base as *const Registers) }))
    }

    /// Starts the board anew; a moment passes until it does.
    pub fn reset(&self) {
        self.start_partition(0);
    }

    /// Switches the board off, as far as it can be; a moment passes.
    pub fn off(&self) {
        /// The partition number 63: halt.
        const HALT: u32 = 0x555;
        self.start_partition(HALT);
    }

    fn start_partition(&self, spread: u32) {
        let Self(registers) = self;
        // Only the partition changes: the other bits tell the next boot why there was a reset.
        registers
            .status
            .modify(Status::PASSWORD.val(PASSWORD) + Status::PARTITION.val(self.kept() | spread));
        registers
            .watchdog
            .write(Watchdog::PASSWORD.val(PASSWORD) + Watchdog::TIME.val(SOON));
        registers
            .control
            .modify(Control::PASSWORD.val(PASSWORD) + Control::WHAT::FullReset);
    }

    /// The bits between those of the partition.
    fn kept(&self) -> u32 {
        const BETWEEN: u32 = 0x2aa;
        self.0.status.read(Status::PARTITION) & BETWEEN
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Memory in place of the device, with these values of control and status.
    fn device(control: u32, status: u32) -> (PowerBlock, &'static [ReadWrite<u32>; 10]) {
        let mut words = [0; 10];
        (words[7], words[8]) = (control, status);
        let memory = Box::leak(Box::new(words));
        // SAFETY: a cell of a word is a word, and the memory is given away for ever.
        let memory = unsafe { &*memory.as_ptr().cast::<[ReadWrite<u32>; 10]>() };
        // SAFETY: memory does as a device here, and only this test knows of it.
        let device = unsafe { PowerBlock::new(memory.as_ptr() as usize) };
        (device.expect("the address is good"), memory)
    }

    #[test]
    fn off_is_a_reset_into_the_partition_that_halts() {
        let (device, memory) = device(0x102, 0x1000);
        device.off();
        assert_eq!(memory[8].get(), 0x5a00_1555);
        assert_eq!(memory[9].get(), 0x5a00_000a);
        assert_eq!(memory[7].get(), 0x5a00_0122);
    }

    #[test]
    fn a_reset_starts_the_first_partition_and_keeps_the_rest() {
        let (device, memory) = device(0, 0x5a00_1fff);
        device.reset();
        assert_eq!(memory[8].get(), 0x5a00_1aaa);
        assert_eq!(memory[7].get(), 0x5a00_0020);
    }

    #[test]
    fn an_address_that_no_register_can_have_is_refused() {
        for base in [0, 2] {
            // SAFETY: nothing is accessed at these.
            assert!(unsafe { PowerBlock::new(base) }.is_none());
        }
    }
}
