//! The PL011 UART: bytes in, bytes out, at a run-time address.
//!
//! The rate and the format are left as the firmware set them. The registers are our own here: no
//! crate gives access to the byte that arrives together with an overrun's flag, which is a good
//! one. Names are those of the PrimeCell UART (PL011) Technical Reference Manual, "Register
//! descriptions".

use tock_registers::interfaces::{Readable, Writeable};
use tock_registers::registers::{ReadOnly, ReadWrite, WriteOnly};
use tock_registers::{register_bitfields, register_structs};

#[cfg(target_os = "none")]
use crate::probe;

/// Bytes of register space.
pub const SIZE: u64 = 0x1000;

/// Looks at a device that should come to rest, before it is taken as it is.
const REST_TRIES: u32 = 100_000;

register_bitfields! {u32,
    Data [
        BYTE OFFSET(0) NUMBITS(8) [],
        /// Framing, parity and break errors: the byte is not what was sent.
        DAMAGE OFFSET(8) NUMBITS(3) [],
    ],
    Flags [
        TXFF OFFSET(5) NUMBITS(1) [],
        RXFE OFFSET(4) NUMBITS(1) [],
        BUSY OFFSET(3) NUMBITS(1) [],
    ],
    LineControl [
        FEN OFFSET(4) NUMBITS(1) [],
    ],
    /// When an interrupt asks for attention, in parts of the FIFO.
    Levels [
        RECEIVE OFFSET(3) NUMBITS(3) [Eighth = 0],
        TRANSMIT OFFSET(0) NUMBITS(3) [Eighth = 0],
    ],
    Interrupts [
        OVERRUN OFFSET(10) NUMBITS(1) [],
        RECEIVE_TIMEOUT OFFSET(6) NUMBITS(1) [],
        TRANSMIT OFFSET(5) NUMBITS(1) [],
        RECEIVE OFFSET(4) NUMBITS(1) [],
    ]
}

register_structs! {
    Registers {
        (0x000 => data: ReadWrite<u32, Data::Register>),
        (0x004 => _status_and_reserved),
        (0x018 => flags: ReadOnly<u32, Flags::Register>),
        (0x01c => _reserved_and_rate),
        (0x02c => line_control: ReadWrite<u32, LineControl::Register>),
        (0x030 => control: ReadWrite<u32>),
        (0x034 => levels: ReadWrite<u32, Levels::Register>),
        (0x038 => masks: ReadWrite<u32, Interrupts::Register>),
        (0x03c => raw: ReadOnly<u32, Interrupts::Register>),
        (0x040 => _masked: ReadOnly<u32>),
        (0x044 => clear: WriteOnly<u32, Interrupts::Register>),
        (0x048 => _rest),
        (0x1000 => @END),
    }
}

/// What a read of the receiver gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received {
    /// A byte.
    Byte(u8),
    /// A byte that was damaged on the line.
    Damaged,
}

/// The device.
pub struct Pl011 {
    registers: &'static Registers,
    wants_receive: bool,
    wants_transmit: bool,
    /// What had arrived before the FIFOs were on.
    early: Option<Received>,
}

// SAFETY: the registers are device memory that any core may access; one value owns them.
unsafe impl Send for Pl011 {}

impl Pl011 {
    /// Takes the device at `base` over, polled, with its interrupts off; `None` for an address that
    /// can be none.
    ///
    /// # Safety
    ///
    /// `base` is the address of a PL011, mapped as device memory for ever, and nobody else
    /// drives it.
    pub unsafe fn new(base: usize) -> Option<Self> {
        if base == 0 || !base.is_multiple_of(align_of::<Registers>()) {
            return None;
        }
        let this = Self {
            // SAFETY: the caller's promise; every register is accessed through a cell.
            registers: unsafe { &*(base as *const Registers) },
            wants_receive: false,
            wants_transmit: false,
            early: None,
        };
        this.registers.masks.set(0);
        Some(this)
    }

    /// Switches the FIFOs on, if firmware has left them off: with one byte of room each way, an
    /// interrupt a byte would be the price, and the loss of every second one.
    ///
    /// The line control register may only be written while the device is off and at rest, and the
    /// write also takes over what the rate registers hold, which is what they held before. So a
    /// device that does not come to rest is left alone.
    ///
    /// A byte that waits is fetched first, for it may go with the write. What told of it then stays on in QEMU's
    /// device, about nothing, and would interrupt until another byte came: so that is cleared. A byte that has
    /// arrived since is fetched when interrupts are chosen.
    pub fn enable_fifos(&mut self) {
        let registers = self.registers;
        let line = registers.line_control.extract();
        let is_at_rest = || !registers.flags.is_set(Flags::BUSY);
        if line.is_set(LineControl::FEN) || !(0..REST_TRIES).any(|_| is_at_rest()) {
            return;
        }
        self.early = self.receive_now();
        let control = registers.control.get();
        registers.control.set(0);
        registers
            .line_control
            .set(line.get() | LineControl::FEN::SET.value);
        registers
            .clear
            .write(Interrupts::RECEIVE::SET + Interrupts::RECEIVE_TIMEOUT::SET);
        registers.control.set(control);
    }

    /// Chooses what the device interrupts for: bytes waiting, or silence after some; room for more
    /// bytes.
    pub fn interrupt_for(&mut self, receive: bool, transmit: bool) {
        if (receive, transmit) == (self.wants_receive, self.wants_transmit) {
            return;
        }
        self.wants_receive = receive;
        self.wants_transmit = transmit;
        let levels = Levels::RECEIVE::Eighth + Levels::TRANSMIT::Eighth;
        self.registers.levels.write(levels);
        let [receive, transmit] = [receive, transmit].map(u32::from);
        self.registers.masks.write(
            Interrupts::RECEIVE.val(receive)
                + Interrupts::RECEIVE_TIMEOUT.val(receive)
                + Interrupts::OVERRUN.val(receive)
                + Interrupts::TRANSMIT.val(transmit),
        );
    }

    /// Gives the device one byte, if it has room.
    #[must_use]
    pub fn try_send(&mut self, byte: u8) -> bool {
        let has_room = !self.registers.flags.is_set(Flags::TXFF);
        if has_room {
            self.registers.data.set(byte.into());
        }
        has_room
    }

    /// Fetches one byte, if one has arrived. One that comes with the overrun flag is whole; those
    /// after it were lost, see [`Self::take_overrun`].
    pub fn receive(&mut self) -> Option<Received> {
        self.early.take().or_else(|| self.receive_now())
    }

    fn receive_now(&self) -> Option<Received> {
        if self.registers.flags.is_set(Flags::RXFE) {
            return None;
        }
        let data = self.registers.data.extract();
        Some(match data.read(Data::DAMAGE) {
            0 => Received::Byte(data.read(Data::BYTE) as u8),
            _ => Received::Damaged,
        })
    }

    /// True if bytes were lost since the last question; the interrupt that says so is cleared,
    /// since nothing else does that.
    pub fn take_overrun(&mut self) -> bool {
        let has_lost = self.registers.raw.is_set(Interrupts::OVERRUN);
        if has_lost {
            self.registers.clear.write(Interrupts::OVERRUN::SET);
        }
        has_lost
    }

    /// True while bytes are still on their way out.
    pub fn is_sending(&self) -> bool {
        self.registers.flags.is_set(Flags::BUSY)
    }
}

#[cfg(target_os = "none")]
impl Pl011 {
    /// True if a PL011 identifies itself at `base`.
    ///
    /// # Safety
    ///
    /// Reading device registers there must do no harm.
    pub unsafe fn is_at(base: usize) -> bool {
        /// UARTPeriphID0 and UARTPeriphID1: part number 0x011.
        const PART: [(usize, u32, u32); 2] = [(0xfe0, 0xff, 0x11), (0xfe4, 0x0f, 0x00)];
        base.is_multiple_of(align_of::<Registers>())
            && PART.iter().all(|&(offset, mask, value)| {
                // SAFETY: the caller's promise; an access that faults is caught.
                unsafe { probe::read_word(base + offset) }.is_some_and(|word| word & mask == value)
            })
    }

    /// True if something answers at `base` where a PL011 has its flags: all that can be asked of
    /// the subset of it that the Server Base System Architecture defines, which has no
    /// identification.
    ///
    /// # Safety
    ///
    /// As for [`Self::is_at`].
    pub unsafe fn may_be_at(base: usize) -> bool {
        const FLAGS: usize = core::mem::offset_of!(Registers, flags);
        // SAFETY: the caller's promise; an access that faults is caught.
        base.is_multiple_of(align_of::<Registers>())
            && unsafe { probe::read_word(base + FLAGS) }.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORDS: usize = SIZE as usize / 4;
    const DATA: usize = 0;
    const FLAGS: usize = 0x18 / 4;
    const MASKS: usize = 0x38 / 4;
    const LINE: usize = 0x2c / 4;
    const CONTROL: usize = 0x30 / 4;
    const RAW: usize = 0x3c / 4;
    const CLEAR: usize = 0x44 / 4;

    /// A device that remembers what is written and changes nothing by itself.
    fn device(words: &[(usize, u32)]) -> (Pl011, &'static [ReadWrite<u32>; WORDS]) {
        let mut memory = Box::new([0_u32; WORDS]);
        for &(index, value) in words {
            memory[index] = value;
        }
        let memory = Box::leak(memory);
        // SAFETY: a cell of a word is a word, and the memory is given away for ever.
        let memory = unsafe { &*memory.as_ptr().cast::<[ReadWrite<u32>; WORDS]>() };
        // SAFETY: memory does as a device here, and only this test knows of it.
        let device = unsafe { Pl011::new(memory.as_ptr() as usize) };
        (device.expect("the address is good"), memory)
    }

    #[test]
    fn the_byte_that_comes_with_an_overrun_is_kept() {
        let overrun = 1 << 11;
        let (mut device, _) = device(&[(DATA, overrun | 0x41)]);
        assert_eq!(device.receive(), Some(Received::Byte(0x41)));
    }

    #[test]
    fn a_byte_from_before_the_fifos_is_kept_and_its_interrupt_is_not() {
        let (mut device, memory) = device(&[(DATA, 0x41), (LINE, 0x60), (CONTROL, 0x301)]);
        device.enable_fifos();
        assert_eq!(memory[LINE].get(), 0x70);
        assert_eq!(memory[CONTROL].get(), 0x301, "it is on again");
        assert_eq!(memory[CLEAR].get(), 1 << 4 | 1 << 6);
        memory[FLAGS].set(1 << 4);
        assert_eq!(device.receive(), Some(Received::Byte(0x41)));
        assert_eq!(device.receive(), None);
    }

    #[test]
    fn fifos_that_are_on_stay_as_they_are() {
        let (mut device, memory) = device(&[(DATA, 0x41), (LINE, 0x70)]);
        device.enable_fifos();
        assert_eq!(memory[CLEAR].get(), 0);
        assert_eq!(device.receive(), Some(Received::Byte(0x41)));
    }

    #[test]
    fn a_byte_with_a_framing_parity_or_break_error_is_damaged() {
        for bit in [8, 9, 10] {
            let (mut device, _) = device(&[(DATA, 1 << bit | 0x41)]);
            assert_eq!(device.receive(), Some(Received::Damaged));
        }
    }

    #[test]
    fn nothing_is_fetched_from_an_empty_fifo() {
        let (mut device, _) = device(&[(FLAGS, 1 << 4), (DATA, 0x41)]);
        assert_eq!(device.receive(), None);
    }

    #[test]
    fn an_overrun_is_told_and_its_interrupt_cleared() {
        let (mut device, memory) = device(&[(RAW, 1 << 10)]);
        assert!(device.take_overrun());
        assert_eq!(memory[CLEAR].get(), 1 << 10);
        let (mut device, memory) = self::device(&[]);
        assert!(!device.take_overrun());
        assert_eq!(memory[CLEAR].get(), 0);
    }

    #[test]
    fn interrupts_are_for_what_was_asked_and_off_at_first() {
        let (mut device, memory) = device(&[(MASKS, u32::MAX)]);
        assert_eq!(memory[MASKS].get(), 0);
        for (receive, transmit, masks) in [
            (true, false, 1 << 4 | 1 << 6 | 1 << 10),
            (false, true, 1 << 5),
            (true, true, 1 << 4 | 1 << 5 | 1 << 6 | 1 << 10),
            (false, false, 0),
        ] {
            device.interrupt_for(receive, transmit);
            assert_eq!(memory[MASKS].get(), masks, "{receive} {transmit}");
        }
    }

    #[test]
    fn a_full_fifo_takes_no_byte() {
        let (mut device, memory) = device(&[(FLAGS, 1 << 5)]);
        assert!(!device.try_send(b'x'));
        assert_eq!(memory[DATA].get(), 0);
    }

    #[test]
    fn an_address_that_no_register_can_have_is_refused() {
        for base in [0, 2, 0x0900_0001] {
            // SAFETY: nothing is accessed at these.
            assert!(unsafe { Pl011::new(base) }.is_none());
        }
    }
}
