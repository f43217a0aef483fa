//! That the desk holds something, said beside it: one look tells the loop.

use super::super::local::{Intent, Local};
use super::Here;
use core::sync::atomic::{AtomicBool, AtomicU16, Ordering::Relaxed};

/// The desk holds something: set by whoever leaves it there, cleared by the loop.
#[derive(Debug)]
#[repr(C, align(2))]
pub(super) struct Laden {
    /// Newly made processes.
    with_newborn: AtomicBool,
    /// Something else; whoever was woken does not count.
    with_more: AtomicBool,
}

/// What a desk holds besides processes that were woken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Load {
    /// Nothing.
    Nothing,
    /// Newly made processes, and nothing else.
    Newborn,
    /// More.
    More,
}

impl Laden {
    pub(super) const fn new() -> Self {
        Self {
            with_newborn: AtomicBool::new(false),
            with_more: AtomicBool::new(false),
        }
    }

    /// Both in one look.
    #[inline(always)]
    fn both(&self) -> u16 {
        let both = core::ptr::from_ref(self).cast::<AtomicU16>();
        // SAFETY: two bytes, aligned as this; only code of this core uses them, one access at a time.
        unsafe { &*both }.load(Relaxed)
    }
}

impl Here {
    /// Notes that the newborn and all else have been taken, but for what is left over.
    #[inline(always)]
    pub(super) fn has_taken_all(&self, is_behind: bool) {
        self.has_taken_newborn();
        self.laden.with_more.store(is_behind, Relaxed);
    }

    /// True if there is something to collect besides processes that were woken.
    #[inline(always)]
    pub fn is_laden(&self) -> bool {
        self.laden.both() != 0
    }

    /// What there is to collect besides processes that were woken.
    #[inline(always)]
    pub fn desk_load(&self) -> Load {
        const NEWBORN: u16 = u16::from_ne_bytes([1, 0]);
        match self.laden.both() {
            0 => Load::Nothing,
            NEWBORN => Load::Newborn,
            _ => Load::More,
        }
    }

    /// Notes that the newborn have been taken.
    #[inline(always)]
    pub(in crate::process) fn has_taken_newborn(&self) {
        self.laden.with_newborn.store(false, Relaxed);
    }

    /// Notes that the loop has left something over for itself.
    #[inline(always)]
    pub(in crate::process) fn mark_laden(&self) {
        self.laden.with_more.store(true, Relaxed);
    }

    /// Notes that the desk holds something, for the loop and for the yield of whoever left it there: the
    /// code with this record, on this core.
    #[inline(always)]
    pub(in crate::process) fn load(&self, local: &Local) {
        self.mark_laden();
        local.set_manner(Intent::YIELD_WITH_CARE);
    }

    /// As `load`, for a newborn, which must not wait until the process comes back of its own accord.
    #[inline(always)]
    pub(in crate::process) fn load_newborn(&self, local: &Local) {
        local.set_manner(Intent::YIELD_WITH_CARE);
        if !self.pace.will_look() {
            let has_others = self.laden.with_newborn.load(Relaxed);
            self.want_loop(local, has_others);
        }
        self.laden.with_newborn.store(true, Relaxed);
    }

    /// The loop has something to do, and no tick will take the core from whoever runs, or somebody wants work: it leaves as
    /// soon as preemption is on again. (In the loop this is not looked at.) Where there is a tick, one process is nothing
    /// to be shared: mostly whoever has made or woken it is about to wait for it.
    #[inline(always)]
    pub(super) fn want_loop(&self, local: &Local, has_others: bool) {
        if has_others || !self.pace.is_eager() {
            local.note_pending();
        }
    }
}
