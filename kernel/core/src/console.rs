//! What waits between the kernel and its console: whole lines on their way out, bytes on their way
//! in.
//!
//! The device is behind a trait, so all of this is tested on the host. Both rings have a fixed
//! size, reserved once, because they are used under a lock under which nothing may allocate. Each
//! has an answer for when it is full. Output: the writer tries again, and after so many looks at a
//! device that takes nothing, the oldest bytes are dropped and counted, and the loss is told in
//! the output itself once the device takes bytes again. A writer that may not wait, a core's loop
//! say, loses its own piece instead, which is counted and told in the same way. Input: the device keeps what does not fit
//! and is told not to interrupt until there is room; if it loses a byte then, it says so, and that
//! is counted.

use alloc::collections::VecDeque;

use crate::line_buffer::LineBuffer;

/// Bytes of output that may wait.
pub const OUTPUT: usize = 16 * 1024;
/// Bytes of input that may wait.
pub const INPUT: usize = 4 * 1024;
/// Looks at a device that takes no byte until it counts as stuck; tenths of a second at least.
const PATIENCE: u32 = 1_000_000;
/// Longest note about lost output, and its line ends.
const NOTE: usize = 64;
const NOTE_ENDS: usize = 4;

/// What a read of the receiver gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received {
    /// A byte.
    Byte(u8),
    /// A byte that was damaged on the line.
    Damaged,
}

/// What a device may interrupt for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Bytes have arrived.
    pub receive: bool,
    /// There is room for more bytes.
    pub transmit: bool,
}

/// A serial port.
pub trait Device {
    /// Gives it one byte, if it has room.
    fn try_send(&mut self, byte: u8) -> bool;
    /// True while bytes are still on their way out.
    fn is_sending(&self) -> bool;
    /// Fetches one byte, if one has arrived.
    fn receive(&mut self) -> Option<Received>;
    /// True if bytes were lost because nobody fetched them, since the last question.
    fn take_overrun(&mut self) -> bool;
    /// Interrupts for this from now on, and for nothing else.
    fn interrupt_for(&mut self, wanted: Wanted);
}

/// How a wait for the device goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Wait {
    /// It is over.
    Done,
    /// Look again.
    Goes,
}

/// A device with its rings.
pub struct Buffered<D> {
    device: Option<D>,
    has_interrupts: bool,
    output: VecDeque<u8>,
    input: VecDeque<u8>,
    /// Looks left until the device counts as stuck.
    patience: u32,
    /// Bytes of output that nobody has been told are lost.
    lost: u64,
    /// Received bytes that were damaged, and times that some were lost.
    damaged: u64,
}

impl<D: Device> Buffered<D> {
    /// Starts without a device and without memory.
    pub const fn new() -> Self {
        Self {
            device: None,
            has_interrupts: false,
            output: VecDeque::new(),
            input: VecDeque::new(),
            patience: PATIENCE,
            lost: 0,
            damaged: 0,
        }
    }

    /// Allocates all that will ever be needed.
    pub fn reserve(&mut self) {
        self.output.reserve_exact(OUTPUT);
        self.input.reserve_exact(INPUT);
    }

    /// Takes the device, and gives it what has waited for one.
    pub fn attach(&mut self, device: D) {
        self.device = Some(device);
        self.pump();
    }

    /// Lets interrupts move the bytes from now on.
    pub fn enable_interrupts(&mut self) {
        self.has_interrupts = true;
        self.serve();
    }

    /// Moves what can be moved, in both directions: the answer to the device's interrupt.
    pub fn serve(&mut self) {
        self.pump();
        self.fetch();
        self.choose_interrupts();
    }

    /// Takes a byte of input.
    pub fn read(&mut self) -> Option<u8> {
        let byte = self.input.pop_front();
        if !self.input.is_empty() {
            return byte;
        }
        // There may be more in the device than the ring had room for, or than an interrupt has told of. Once it is fetched
        // here the device has nothing to tell any more, so whoever asks for a byte gets it now or is never told.
        self.fetch();
        self.choose_interrupts();
        byte.or_else(|| self.input.pop_front())
    }

    /// True if a byte of input waits here.
    pub fn has_input(&self) -> bool {
        !self.input.is_empty()
    }

    /// How many received bytes were damaged, and how often some were lost.
    pub fn damaged(&self) -> u64 {
        self.damaged
    }

    /// Takes a piece of output in, with a carriage return before its line end, unless there is no
    /// room for all of it now: then the writer is to try again.
    pub fn accept(&mut self, piece: &[u8]) -> Wait {
        self.pump();
        let needed = piece.len() + 1;
        if self.output.len() + needed > OUTPUT {
            if self.device.is_some() && self.is_worth_waiting() {
                return Wait::Goes;
            }
            self.drop_oldest(needed);
        } else {
            self.tell_loss(needed);
        }
        self.take_in(piece);
        Wait::Done
    }

    /// The same for a writer that can't wait: without room for all of the piece now, the piece is lost.
    pub fn accept_or_lose(&mut self, piece: &[u8]) {
        self.pump();
        let needed = piece.len() + 1;
        self.tell_loss(needed);
        let has_room = self.output.len() + needed <= OUTPUT;
        if has_room || self.device.is_none() {
            self.drop_oldest(needed);
            self.take_in(piece);
        } else {
            self.lost += piece.len() as u64;
        }
    }

    fn take_in(&mut self, piece: &[u8]) {
        match piece {
            [body @ .., b'\n'] => {
                self.output.extend(body);
                self.output.extend(b"\r\n");
            }
            _ => self.output.extend(piece),
        }
        self.pump();
        self.choose_interrupts();
    }

    /// Sends what waits; `Done` once all of it has left, or the device is stuck.
    pub fn flush(&mut self) -> Wait {
        self.pump();
        let is_sending = self.device.as_ref().is_some_and(D::is_sending);
        let is_over = self.device.is_none() || (self.output.is_empty() && !is_sending);
        match is_over || !self.is_worth_waiting() {
            true => Wait::Done,
            false => Wait::Goes,
        }
    }

    /// Takes a byte of waiting output, for whoever drives the device from now on.
    pub fn take_output(&mut self) -> Option<u8> {
        self.has_interrupts = false;
        self.output.pop_front()
    }

    /// Gives the device what it takes.
    fn pump(&mut self) {
        let Some(device) = &mut self.device else {
            return;
        };
        while let Some(&byte) = self.output.front() {
            if !device.try_send(byte) {
                break;
            }
            self.output.pop_front();
            self.patience = PATIENCE;
        }
    }

    fn fetch(&mut self) {
        let Some(device) = &mut self.device else {
            return;
        };
        while self.input.len() < INPUT {
            match device.receive() {
                Some(Received::Byte(byte)) => self.input.push_back(byte),
                Some(Received::Damaged) => self.damaged += 1,
                None => break,
            }
        }
        self.damaged += u64::from(device.take_overrun());
    }

    /// A device that has what we can't take would interrupt for ever.
    fn choose_interrupts(&mut self) {
        if !self.has_interrupts {
            return;
        }
        if let Some(device) = &mut self.device {
            device.interrupt_for(Wanted {
                receive: self.input.len() < INPUT,
                transmit: !self.output.is_empty(),
            });
        }
    }

    fn is_worth_waiting(&mut self) -> bool {
        self.patience = self.patience.saturating_sub(1);
        self.patience > 0
    }

    fn drop_oldest(&mut self, needed: usize) {
        let excess = (self.output.len() + needed).saturating_sub(OUTPUT);
        let excess = excess.min(self.output.len());
        self.output.drain(..excess);
        // Without a device the newest lines are what whoever looks at memory wants.
        if self.device.is_some() {
            self.lost += excess as u64;
        }
    }

    /// Says what was dropped, as soon as there is room to say so and for the `needed` bytes.
    fn tell_loss(&mut self, needed: usize) {
        if self.lost == 0 || self.output.len() + needed + NOTE + NOTE_ENDS > OUTPUT {
            return;
        }
        let note = LineBuffer::<NOTE>::of(format_args!("[{} bytes of output lost]", self.lost));
        self.output.extend(b"\r\n");
        self.output.extend(note.as_str().as_bytes());
        self.output.extend(b"\r\n");
        self.lost = 0;
    }
}

impl<D: Device> Default for Buffered<D> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests;
