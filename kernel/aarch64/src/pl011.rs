//! The PL011 UART: bytes in, bytes out, at a run-time address.
//!
//! The rate is left as the firmware set it. Interrupts are chosen here; what they mean, and the
//! ring of bytes that wait, is the console's business above.

use crate::probe;
use arm_pl011_uart::{Error, FifoLevel, Interrupts, PL011Registers, Uart};
use core::ptr::NonNull;
use safe_mmio::UniqueMmioPointer;

/// Bytes of register space.
pub const SIZE: u64 = 0x1000;

/// What a read of the receiver gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received {
    /// A byte.
    Byte(u8),
    /// A byte was damaged on the line, or lost because nobody fetched it in time.
    Damaged,
}

/// The device.
pub struct Pl011 {
    uart: Uart<'static>,
    wants_transmit: bool,
}

// SAFETY: the registers are device memory that any core may access; one value owns them.
unsafe impl Send for Pl011 {}

impl Pl011 {
    /// Takes the device at `base` over, polled, with its interrupts off; `None` for address zero.
    ///
    /// # Safety
    ///
    /// `base` is the address of a PL011, mapped as device memory for ever, and nobody else
    /// drives it.
    pub unsafe fn new(base: usize) -> Option<Self> {
        let registers = NonNull::new(base as *mut PL011Registers)?;
        // SAFETY: the caller's promise.
        let uart = Uart::new(unsafe { UniqueMmioPointer::new(registers) });
        let mut this = Self {
            uart,
            wants_transmit: false,
        };
        this.uart.set_interrupt_masks(Interrupts::empty());
        Some(this)
    }

    /// True if a PL011 identifies itself at `base`.
    ///
    /// # Safety
    ///
    /// Reading device registers there must do no harm.
    pub unsafe fn is_at(base: usize) -> bool {
        /// Peripheral identification, part number 0x011 (PL011 manual, 3.3.15).
        const PART: [(usize, u32, u32); 2] = [(0xfe0, 0xff, 0x11), (0xfe4, 0x0f, 0x00)];
        PART.iter().all(|&(offset, mask, value)| {
            // SAFETY: the caller's promise; an access that faults is caught.
            unsafe { probe::read_word(base + offset) }.is_some_and(|word| word & mask == value)
        })
    }

    /// Switches the receive interrupt on: bytes waiting, or silence after some.
    pub fn enable_receive_interrupt(&mut self) {
        self.uart
            .set_interrupt_fifo_levels(FifoLevel::Bytes4, FifoLevel::Bytes4);
        self.set_masks();
    }

    /// Says whether the device is to interrupt when it can take more bytes.
    pub fn want_transmit_interrupt(&mut self, wanted: bool) {
        if self.wants_transmit != wanted {
            self.wants_transmit = wanted;
            self.set_masks();
        }
    }

    fn set_masks(&mut self) {
        let receive = Interrupts::RXI | Interrupts::RTI | Interrupts::OEI;
        let transmit = if self.wants_transmit {
            Interrupts::TXI
        } else {
            Interrupts::empty()
        };
        self.uart.set_interrupt_masks(receive | transmit);
    }

    /// Gives the device one byte, if it has room.
    #[must_use]
    pub fn try_send(&mut self, byte: u8) -> bool {
        let has_room = !self.uart.is_tx_fifo_full();
        if has_room {
            self.uart.write_word(byte);
        }
        has_room
    }

    /// Fetches one byte, if one has arrived.
    pub fn receive(&mut self) -> Option<Received> {
        match self.uart.read_word() {
            Ok(byte) => byte.map(Received::Byte),
            Err(Error::Overrun) => {
                self.uart.clear_interrupts(Interrupts::OEI);
                Some(Received::Damaged)
            }
            Err(_) => Some(Received::Damaged),
        }
    }

    /// True while bytes are still on their way out.
    pub fn is_sending(&self) -> bool {
        self.uart.is_busy()
    }
}
