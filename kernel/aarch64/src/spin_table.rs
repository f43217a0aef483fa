//! Letting go cores that poll a word in memory with their caches off.
//!
//! A spin table is the oldest way to hold cores (Devicetree Specification, "Standardized Release
//! Methods"): firmware leaves each in a loop around a word, `cpu-release-addr`, and it jumps to
//! whatever address appears there. Nothing comes along in a register, and one word may hold many
//! cores. So all go to one place, the kernel's own pen, and there each looks itself up by its
//! affinity in a table.
//!
//! The cores that wait have translation and caches off: they read memory past every cache, and
//! whatever the boot core writes lies in its cache until it is cleaned. Each step therefore is
//! *store, clean to the point of coherency, wait for that*, and the next begins after it:
//!
//! 1. the table's entries, before anyone can know where they are;
//! 2. the number of entries, before the table's address, which is what the pen waits for;
//! 3. the table's address;
//! 4. the release words, so that nobody comes into the pen before the table is there. (It would
//!    do no harm: the pen waits.)
//! 5. one event for all, since both loops sleep in WFE.
//!
//! [`Memory`] is what the steps are made of, and has a fake in the tests.

use core::sync::atomic::AtomicU64;

/// A core that is let go: its affinity, as `cpu::Affinity` has it, and the address of its
/// block.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// Which core.
    pub affinity: u64,
    /// Its argument.
    pub block: u64,
}

/// What the pen's assembly polls. Not in `.bss`: cores may wait in it before that is cleared.
#[repr(C, align(16))]
#[derive(Debug, Default)]
pub struct Pen {
    /// Address of the first [`Entry`]; 0 while there is none.
    pub table: AtomicU64,
    /// How many there are.
    pub count: AtomicU64,
}

impl Pen {
    /// A pen that holds whoever comes.
    pub const fn closed() -> Self {
        Self {
            table: AtomicU64::new(0),
            count: AtomicU64::new(0),
        }
    }
}

/// Memory as cores without caches see it.
pub trait Memory {
    /// Stores a 64-bit word, somewhere in this core's caches.
    fn store(&mut self, address: u64, word: u64);
    /// Writes so many bytes back to the point of coherency, and waits until that is done.
    fn clean(&mut self, address: u64, bytes: usize);
    /// Wakes whoever waits for an event.
    fn send_event(&mut self);
}

/// Opens the pen to the cores in `table`: steps 1 to 3. Those that are in it start after the event.
pub fn open(memory: &mut impl Memory, pen: &Pen, table: &[Entry]) {
    let start = table.as_ptr() as u64;
    memory.clean(start, size_of_val(table));
    let mut publish = |word: u64, value: u64| {
        memory.store(word, value);
        memory.clean(word, size_of::<u64>());
    };
    publish(&raw const pen.count as u64, table.len() as u64);
    publish(&raw const pen.table as u64, start);
}

/// Sends the cores that poll `word` to `entry`: step 4. Once for each word.
pub fn release(memory: &mut impl Memory, word: u64, entry: u64) {
    memory.store(word, entry);
    memory.clean(word, size_of::<u64>());
}

/// The machine's own memory.
#[cfg(target_os = "none")]
pub struct Caches(());

#[cfg(target_os = "none")]
impl Caches {
    /// The right to store anywhere.
    ///
    /// # Safety
    ///
    /// Every address given to it is that of a word, mapped as normal memory, that is the kernel's to
    /// write or a release word of a spin table.
    pub const unsafe fn new() -> Self {
        Self(())
    }
}

#[cfg(target_os = "none")]
impl Memory for Caches {
    fn store(&mut self, address: u64, word: u64) {
        // SAFETY: the promise made to `new`. Single-copy atomic, for it is aligned (Arm ARM,
        // "Requirements for single-copy atomicity"), so no core sees half of it.
        unsafe { (address as *mut u64).write_volatile(word) }
    }

    /// `DC CIVAC`, by address to the point of coherency: what all observers of memory see, with
    /// their caches or without (Arm ARM, "Terms used in describing the maintenance instructions").
    /// Clean *and invalidate*, because whoever polls may write there too, past our copy. Then `DSB
    /// SY`: the instruction is complete only after it ("Ordering and completion of data and
    /// instruction cache instructions"), and it reaches cores outside the inner shareable domain,
    /// which a core with translation off may be.
    fn clean(&mut self, address: u64, bytes: usize) {
        crate::cache::clean_and_invalidate(address as usize, bytes);
    }

    /// `SEV`. The `DSB` before it is what makes the stores visible first (Arm ARM, "Send Event": it
    /// is not ordered against earlier accesses by itself).
    fn send_event(&mut self) {
        aarch64_cpu::asm::barrier::dsb(aarch64_cpu::asm::barrier::SY);
        aarch64_cpu::asm::sev();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    enum Step {
        Store(u64, u64),
        Clean(u64, usize),
        Event,
    }

    /// Memory behind a cache: a store is seen by nobody else until its line is cleaned.
    #[derive(Default)]
    struct Fake {
        steps: Vec<Step>,
        cached: BTreeMap<u64, u64>,
        seen: BTreeMap<u64, u64>,
    }

    impl Memory for Fake {
        fn store(&mut self, address: u64, word: u64) {
            self.steps.push(Step::Store(address, word));
            self.cached.insert(address, word);
        }

        fn clean(&mut self, address: u64, bytes: usize) {
            self.steps.push(Step::Clean(address, bytes));
            let lines = self.cached.range(address..address + bytes as u64);
            self.seen
                .extend(lines.map(|(&address, &word)| (address, word)));
        }

        fn send_event(&mut self) {
            self.steps.push(Step::Event);
        }
    }

    const TABLE: [Entry; 2] = [
        Entry {
            affinity: 1,
            block: 0x8000,
        },
        Entry {
            affinity: 0x100,
            block: 0x9000,
        },
    ];

    #[test]
    fn the_table_is_in_memory_before_its_address_is() {
        let (mut fake, pen) = (Fake::default(), Pen::closed());
        open(&mut fake, &pen, &TABLE);
        let (table, count) = (&raw const pen.table as u64, &raw const pen.count as u64);
        let start = TABLE.as_ptr() as u64;
        assert_eq!(
            fake.steps,
            [
                Step::Clean(start, 32),
                Step::Store(count, 2),
                Step::Clean(count, 8),
                Step::Store(table, start),
                Step::Clean(table, 8),
            ]
        );
    }

    #[test]
    fn each_word_is_in_memory_before_the_event() {
        let mut fake = Fake::default();
        for word in [0xe0, 0xe8] {
            release(&mut fake, word, 0x20_1000);
        }
        assert_eq!(
            fake.seen,
            BTreeMap::from([(0xe0, 0x20_1000), (0xe8, 0x20_1000)])
        );
        fake.send_event();
        assert_eq!(
            fake.steps,
            [
                Step::Store(0xe0, 0x20_1000),
                Step::Clean(0xe0, 8),
                Step::Store(0xe8, 0x20_1000),
                Step::Clean(0xe8, 8),
                Step::Event,
            ]
        );
    }

    #[test]
    fn nothing_that_is_stored_stays_in_the_cache_alone() {
        let (mut fake, pen) = (Fake::default(), Pen::closed());
        open(&mut fake, &pen, &TABLE);
        release(&mut fake, 0xd8, 0x20_1000);
        assert_eq!(fake.seen, fake.cached);
    }
}
