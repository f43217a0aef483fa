//! A device's registers as a driver sees them: words at offsets, with names and fields.
//!
//! A driver that is written against [`Block`] runs on the machine with [`Mapped`], and in tests with
//! a model of its device that sees each access in its order: banked registers, and registers that
//! answer a read with what they did before, can't be had from memory.

use core::marker::PhantomData;
use core::ops::Range;
use core::ptr::NonNull;
use safe_mmio::UniqueMmioPointer;
use safe_mmio::fields::ReadPureWrite;
use tock_registers::fields::FieldValue;
use tock_registers::{LocalRegisterCopy, RegisterLongName};

/// Bytes of a register.
const WORD: usize = size_of::<u32>();

/// A register of 32 bits: where it lies in its block, and which fields it has.
pub struct Register<R: RegisterLongName = ()> {
    offset: usize,
    fields: PhantomData<R>,
}

impl<R: RegisterLongName> Register<R> {
    pub(crate) const fn at(offset: usize) -> Self {
        Self {
            offset,
            fields: PhantomData,
        }
    }
}

/// Registers of 32 bits, one after another.
#[derive(Clone, Copy)]
pub struct Array {
    offset: usize,
}

impl Array {
    pub(crate) const fn at(offset: usize) -> Self {
        Self { offset }
    }

    pub(crate) const fn index(self, index: usize) -> Register {
        Register::at(self.offset + WORD * index)
    }
}

/// A block of registers.
pub trait Block {
    fn read_word(&self, offset: usize) -> u32;
    fn write_word(&self, offset: usize, value: u32);

    fn get<R: RegisterLongName>(&self, register: Register<R>) -> LocalRegisterCopy<u32, R> {
        LocalRegisterCopy::new(self.read_word(register.offset))
    }

    /// Writes these fields, and zero to the others.
    fn set<R: RegisterLongName>(&self, register: Register<R>, fields: FieldValue<u32, R>) {
        self.write_word(register.offset, fields.value);
    }

    fn set_word<R: RegisterLongName>(&self, register: Register<R>, value: u32) {
        self.write_word(register.offset, value);
    }

    fn fill(&self, array: Array, indices: Range<usize>, value: u32) {
        for index in indices {
            self.set_word(array.index(index), value);
        }
    }
}

/// A block in the machine's memory.
#[derive(Clone, Copy)]
pub struct Mapped {
    base: NonNull<u8>,
}

// SAFETY: device memory that every core may access, one whole word at a time.
unsafe impl Send for Mapped {}
// SAFETY: as above.
unsafe impl Sync for Mapped {}

impl Mapped {
    /// # Safety
    ///
    /// At `base` lies a block of registers of the kind that its driver knows, mapped as device memory
    /// for ever, and nobody else drives it.
    pub(crate) unsafe fn new(base: NonNull<u8>) -> Self {
        Self { base }
    }

    fn register(&self, offset: usize) -> UniqueMmioPointer<'_, ReadPureWrite<u32>> {
        // SAFETY: drivers name registers of their block alone, which `new` was promised. The pointer
        // lives for one access of one word, which no other access can tear.
        unsafe { UniqueMmioPointer::new(self.base.add(offset).cast()) }
    }
}

impl Block for Mapped {
    fn read_word(&self, offset: usize) -> u32 {
        self.register(offset).read()
    }

    fn write_word(&self, offset: usize, value: u32) {
        self.register(offset).write(value);
    }
}
