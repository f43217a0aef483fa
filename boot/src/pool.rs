//! Page tables come from a pool inside the image.
//!
//! The first tables are needed before anything is known about memory, and the lasting ones before
//! free memory is mapped. So the image carries room for them: a few pages for a common board,
//! and one or two more for each border of memory that is not a multiple of 2 MiB.

use core::cell::UnsafeCell;
use core::mem::MaybeUninit;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use girder_aarch64::page_table::{Frames, Table};

/// Tables in the pool.
pub(crate) const TABLES: usize = 160;

struct Store(UnsafeCell<MaybeUninit<[Table; TABLES]>>);

// SAFETY: `Pool` hands each table out once.
unsafe impl Sync for Store {}

#[unsafe(link_section = ".noinit")]
static STORE: Store = Store(UnsafeCell::new(MaybeUninit::uninit()));
static USED: AtomicUsize = AtomicUsize::new(0);

/// The right to take tables from the pool.
pub(crate) struct Pool(());

impl Pool {
    /// Takes the right.
    ///
    /// # Safety
    ///
    /// One such value at a time, on the boot core: taking a table is no atomic step, because it
    /// must work with the caches off.
    pub(crate) unsafe fn new() -> Self {
        Self(())
    }
}

/// How many tables are in use, and how many there are.
pub(crate) fn usage() -> (usize, usize) {
    (USED.load(Relaxed), TABLES)
}

impl Frames for Pool {
    fn table(&mut self) -> Option<NonNull<Table>> {
        let index = USED.load(Relaxed);
        if index == TABLES {
            return None;
        }
        USED.store(index + 1, Relaxed);
        // SAFETY: `index` is below the length and was never handed out before.
        unsafe {
            let table = STORE.0.get().cast::<Table>().add(index);
            table.write(Table::EMPTY);
            NonNull::new(table)
        }
    }
}
