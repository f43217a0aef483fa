//! The kernel's own processes: those without which the others would not be looked after.
//!
//! Whoever runs an application, keeps the shell, or drops what the dead have left is a process like any other, and its pid can be
//! found. So that no mistake of an application takes the system down, nobody ends, stops or resumes such a process or
//! changes how urgent it is: whoever tries is told.
//!
//! There are few of them, and no room in a state word to say so. So their pids stand in a short list, beside the slots,
//! where whoever asks something of a process looks first. A place whose process has ended is free again.
//!
//! Nearly always it is none of them that is asked, so first a word is looked at with a bit for each slot modulo 64: a bit is
//! set for each process that was ever entered, and only who finds it looks through the list.
//!
//! A link is another matter: nobody else links such a process, so if it is linked, it has asked for that itself, and ends by it as any other
//! does. A destructor that links its reaper has that end with it, as it would by a panic.
//!
//! # Between cores
//!
//! Each place is one word about nothing but itself, and so is the word with the bits: no order is needed. Who asks just before a
//! process is entered is as early as one who asks just before it is born.

use super::here;
use super::table::is_alive;
use super::word::Pid;
use crate::atomic::{AtomicU64, Relaxed};
use alloc::boxed::Box;

/// Places, besides three for each core: its reapers', and that of its guard.
const PLACES: usize = 16;

/// The list.
#[derive(Debug)]
pub(super) struct Own {
    bits: AtomicU64,
    places: Box<[AtomicU64]>,
}

impl Own {
    /// Nobody, with room for so many cores.
    pub(super) fn new(cores: usize) -> Self {
        let places = (0..PLACES + 3 * cores.max(1)).map(|_| AtomicU64::new(0));
        Self {
            bits: AtomicU64::new(0),
            places: places.collect(),
        }
    }

    fn enter(&self, pid: Pid) -> bool {
        self.bits.fetch_or(bit(pid), Relaxed);
        self.places.iter().any(|place| {
            let before = place.load(Relaxed);
            let is_free = before == 0 || !is_alive(Pid::from_number(before));
            let enter = || place.compare_exchange(before, pid.get(), Relaxed, Relaxed);
            is_free && enter().is_ok()
        })
    }

    /// True if this process is in the list.
    #[inline(always)]
    pub(super) fn contains(&self, pid: Pid) -> bool {
        self.bits.load(Relaxed) & bit(pid) != 0 && self.holds(pid)
    }

    #[cold]
    #[inline(never)]
    fn holds(&self, pid: Pid) -> bool {
        // Nobody is number 0, which stands in free places.
        let mut places = self.places.iter();
        pid.get() != 0 && places.any(|place| place.load(Relaxed) == pid.get())
    }
}

fn bit(pid: Pid) -> u64 {
    1 << (pid.index() % 64)
}

/// Makes a process one of the kernel's own, as long as it lives. False if there are as many as may be; then it is like any other.
pub fn take_for_kernel(pid: Pid) -> bool {
    here::table().own().enter(pid)
}

/// True if this process is one of the kernel's own.
pub fn is_kernels_own(pid: Pid) -> bool {
    here::table().own().contains(pid)
}
