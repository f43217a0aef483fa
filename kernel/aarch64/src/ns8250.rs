//! The 8250 UART and its many kin, the mini UART of Raspberry Pis among them.
//!
//! One driver, since they differ in little: how far apart the registers are and how wide, and what
//! "transmitter empty" means. Rate and format are left as the firmware set them. Registers are
//! those of the PC16550D data sheet; for the mini UART, BCM2835 ARM Peripherals, "Auxiliaries",
//! with the errata.
//!
//! Reading the line status clears the errors in it, whoever reads and why. So every read of it goes
//! through one function, which keeps what the next reader would miss.

use tock_registers::fields::FieldValue;
use tock_registers::interfaces::{Readable, Writeable};
use tock_registers::register_bitfields;
use tock_registers::registers::ReadWrite;
use tock_registers::{LocalRegisterCopy, registers::ReadOnly};

use crate::pl011::Received;
#[cfg(target_os = "none")]
use crate::probe;

/// Registers that there are.
const REGISTERS: u64 = 8;

/// Bytes of register space.
pub const fn bytes(layout: Layout) -> u64 {
    REGISTERS << layout.shift
}

/// Registers, by number.
const DATA: usize = 0;
const INTERRUPT_ENABLE: usize = 1;
const INTERRUPT_STATE: usize = 2;
const FIFO_CONTROL: usize = 2;
const LINE_STATUS: usize = 5;
/// Bytes that a transmitter with FIFO takes once it is empty.
const FIFO_ROOM: u32 = 16;

register_bitfields! {u32,
    LineStatus [
        /// Everything has left.
        IDLE OFFSET(6) NUMBITS(1) [],
        /// The transmitter takes more.
        ROOM OFFSET(5) NUMBITS(1) [],
        /// Parity, framing and break: the byte is not what was sent.
        DAMAGE OFFSET(2) NUMBITS(3) [],
        OVERRUN OFFSET(1) NUMBITS(1) [],
        READY OFFSET(0) NUMBITS(1) [],
    ],
    InterruptEnable [
        /// Errors; two bits that the mini UART wants set before it interrupts for a byte.
        ERRORS OFFSET(2) NUMBITS(2) [],
        TRANSMIT OFFSET(1) NUMBITS(1) [],
        RECEIVE OFFSET(0) NUMBITS(1) [],
    ],
    InterruptState [
        FIFOS OFFSET(6) NUMBITS(2) [On = 0b11],
    ],
    FifoControl [
        ENABLE OFFSET(0) NUMBITS(1) [],
    ]
}

/// What "transmitter empty" means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transmitter {
    /// All of it is: as many bytes as it has room for may follow.
    Whole,
    /// There is room for one byte: the mini UART.
    OneByte,
}

/// How the registers lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// They are `1 << shift` bytes apart.
    pub shift: u32,
    /// How they are accessed.
    pub width: Width,
    /// What the transmitter says of itself.
    pub transmitter: Transmitter,
}

/// Bytes of one register access.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Width {
    /// One.
    Byte,
    /// Four.
    Word,
}

impl Layout {
    /// The mini UART of BCM2835 and its successors.
    pub const MINI: Self = Self {
        shift: 2,
        width: Width::Word,
        transmitter: Transmitter::OneByte,
    };

    /// A port that is described by shift and width, where the description says; `None` for what
    /// can't be.
    pub fn of_8250(shift: u32, width: Option<u32>) -> Option<Self> {
        let width = match width {
            None | Some(1) => Width::Byte,
            Some(4) => Width::Word,
            Some(_) => return None,
        };
        let is_good = shift <= 4 && (width == Width::Byte || shift >= 2);
        is_good.then_some(Self {
            shift,
            width,
            transmitter: Transmitter::Whole,
        })
    }

    fn offset(self, register: usize) -> usize {
        register << self.shift
    }

    fn alignment(self) -> usize {
        match self.width {
            Width::Byte => 1,
            Width::Word => 4,
        }
    }
}

/// The device.
pub struct Ns8250 {
    base: usize,
    layout: Layout,
    /// Bytes that the transmitter takes before it has to be asked again.
    room: u32,
    /// What it takes when it is empty.
    full_room: u32,
    /// Errors that came with a look at the line status and that nobody has been told of.
    was_damaged: bool,
    was_overrun: bool,
    wanted: (bool, bool),
    /// What had arrived before the FIFOs were on.
    early: Option<Received>,
}

impl Ns8250 {
    /// Takes the device at `base` over, polled, with its interrupts off; `None` for an address that
    /// can be none.
    ///
    /// # Safety
    ///
    /// `base` is the address of such a UART with registers like that, mapped as device memory for
    /// ever, and nobody else drives it.
    pub unsafe fn new(base: usize, layout: Layout) -> Option<Self> {
        if base == 0 || !base.is_multiple_of(layout.alignment()) {
            return None;
        }
        let mut this = Self {
            base,
            layout,
            room: 0,
            full_room: 1,
            was_damaged: false,
            was_overrun: false,
            wanted: (false, false),
            early: None,
        };
        this.write(INTERRUPT_ENABLE, 0);
        Some(this)
    }

    /// Switches the FIFOs on, if there are any and firmware has left them off. That empties them, so a byte that waits
    /// is fetched first.
    pub fn enable_fifos(&mut self) {
        let has_them = |this: &Self| {
            let state =
                LocalRegisterCopy::<u32, InterruptState::Register>::new(this.read(INTERRUPT_STATE));
            state.matches_all(InterruptState::FIFOS::On)
        };
        if !has_them(self) {
            self.early = self.receive_now();
            self.write(FIFO_CONTROL, FifoControl::ENABLE::SET.value);
        }
        if has_them(self) && self.layout.transmitter == Transmitter::Whole {
            self.full_room = FIFO_ROOM;
        }
    }

    /// Chooses what the device interrupts for: bytes waiting; room for more bytes.
    pub fn interrupt_for(&mut self, receive: bool, transmit: bool) {
        if (receive, transmit) == self.wanted {
            return;
        }
        self.wanted = (receive, transmit);
        let [receive, transmit] = [receive, transmit].map(u32::from);
        let enable: FieldValue<u32, InterruptEnable::Register> = InterruptEnable::RECEIVE
            .val(receive)
            + InterruptEnable::ERRORS.val(receive * 0b11)
            + InterruptEnable::TRANSMIT.val(transmit);
        self.write(INTERRUPT_ENABLE, enable.value);
    }

    /// Gives the device one byte, if it has room.
    #[must_use]
    pub fn try_send(&mut self, byte: u8) -> bool {
        if self.room == 0 && self.line_status().is_set(LineStatus::ROOM) {
            self.room = self.full_room;
        }
        let has_room = self.room > 0;
        if has_room {
            self.room -= 1;
            self.write(DATA, byte.into());
        }
        has_room
    }

    /// Fetches one byte, if one has arrived.
    pub fn receive(&mut self) -> Option<Received> {
        self.early.take().or_else(|| self.receive_now())
    }

    fn receive_now(&mut self) -> Option<Received> {
        if !self.line_status().is_set(LineStatus::READY) {
            return None;
        }
        let byte = self.read(DATA) as u8;
        Some(match core::mem::take(&mut self.was_damaged) {
            true => Received::Damaged,
            false => Received::Byte(byte),
        })
    }

    /// True if bytes were lost since the last question.
    pub fn take_overrun(&mut self) -> bool {
        core::mem::take(&mut self.was_overrun)
    }

    /// True while bytes are still on their way out.
    pub fn is_sending(&self) -> bool {
        // Errors that this look clears are lost to the count, not to the eye.
        let status = LocalRegisterCopy::<u32, LineStatus::Register>::new(self.read(LINE_STATUS));
        !status.is_set(LineStatus::IDLE)
    }

    /// Reads the line status, which forgets its errors; keeps them.
    fn line_status(&mut self) -> LocalRegisterCopy<u32, LineStatus::Register> {
        let status = LocalRegisterCopy::new(self.read(LINE_STATUS));
        self.was_overrun |= status.is_set(LineStatus::OVERRUN);
        self.was_damaged |= status.read(LineStatus::DAMAGE) != 0;
        status
    }

    fn read(&self, register: usize) -> u32 {
        let address = self.base + self.layout.offset(register);
        // SAFETY: a register of the device that `new` was promised, in the width it has.
        unsafe {
            match self.layout.width {
                Width::Byte => (*(address as *const ReadOnly<u8>)).get().into(),
                Width::Word => (*(address as *const ReadOnly<u32>)).get() & 0xff,
            }
        }
    }

    fn write(&mut self, register: usize, value: u32) {
        let address = self.base + self.layout.offset(register);
        // SAFETY: as in `read`; every value that is written has eight bits.
        unsafe {
            match self.layout.width {
                Width::Byte => (*(address as *const ReadWrite<u8>)).set(value as u8),
                Width::Word => (*(address as *const ReadWrite<u32>)).set(value),
            }
        }
    }
}

#[cfg(target_os = "none")]
impl Ns8250 {
    /// True if something answers at `base` where such a UART has its line status, and it is not a
    /// bus without a device: all that can be asked of one, which has no identification.
    ///
    /// # Safety
    ///
    /// Reading device registers there must do no harm.
    pub unsafe fn may_be_at(base: usize, layout: Layout) -> bool {
        let place = base + layout.offset(LINE_STATUS);
        let shift = (place % 4) * 8;
        let is_good = base != 0 && base.is_multiple_of(layout.alignment());
        // SAFETY: the caller's promise; an access that faults is caught.
        let word = is_good.then(|| unsafe { probe::read_word(place & !3) });
        word.flatten()
            .is_some_and(|word| word >> shift & 0xff != 0xff)
    }
}

#[cfg(test)]
#[path = "ns8250_tests.rs"]
mod tests;
