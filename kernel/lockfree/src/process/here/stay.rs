//! Keeping the running code on its core, with the core's desk at hand.

use super::super::local::Local;
use super::super::platform::{self, PreemptionOff};
use super::super::token::Token;
use super::{Desk, Here};
use core::mem::ManuallyDrop;

/// Keeps the running code on its core, with the core's desk at hand.
pub(crate) struct Stay(PreemptionOff);

impl Stay {
    /// Switches preemption off; `local` is the running code's record.
    #[inline(always)]
    pub(crate) fn new(local: &'static Local) -> Self {
        Self(PreemptionOff::of(local))
    }

    /// The same for a process that has preemption on, or a loop: that there is stack enough is looked at in any case,
    /// which is shorter than to find out whether it was before. (With preemption off a process at the end of its stack
    /// would look beyond the room that it has found, and the fault would be the kernel's; a handler's stack is small.)
    #[inline(always)]
    pub(crate) fn on_full_stack(local: &'static Local) -> Self {
        Self(PreemptionOff::on_full_stack(local))
    }

    /// The same, and pays.
    #[inline(always)]
    pub(crate) fn for_pay(local: &'static Local, reductions: u32) -> Self {
        Self(PreemptionOff::for_pay(local, reductions))
    }

    /// The core.
    #[inline(always)]
    pub(crate) fn here(&self) -> &'static Here {
        self.0.here()
    }

    /// This once more, for a call that must not know where it is: only one of them ends.
    #[inline(always)]
    pub(crate) fn twin(&self) -> ManuallyDrop<Self> {
        ManuallyDrop::new(Self(self.0.twin()))
    }

    /// Runs `f` with preemption as it was before this; afterwards it is off again, perhaps on another core.
    pub(crate) fn pause<R>(&mut self, f: impl FnOnce() -> R) -> R {
        self.0.pause(f)
    }

    /// The core's desk; `here` is that core, which the caller has asked for before.
    ///
    /// # Safety
    ///
    /// It is; and as long as the reference lives, the caller calls nothing that could come here again.
    #[inline(always)]
    pub(crate) unsafe fn desk_of(&mut self, here: &'static Here) -> &mut Desk {
        // SAFETY: with preemption off this code stays on its core, handlers leave the desk alone, and
        // there is no other reference, says the caller.
        unsafe { &mut *here.desk.get() }
    }
}

/// Runs `f` with this core and its desk, and with preemption off. `f` calls nothing that could come
/// here again.
#[inline(always)]
pub(crate) fn with_desk<R>(f: impl FnOnce(&'static Here, &mut Desk) -> R) -> R {
    with_own_desk(|here, _, desk| f(here, desk))
}

/// As `with_desk`, with the running code's record as well: for whoever leaves something.
#[inline(always)]
pub(crate) fn with_own_desk<R>(f: impl FnOnce(&'static Here, &Local, &mut Desk) -> R) -> R {
    let local = platform::local();
    let mut stay = Stay::new(local);
    let here = stay.here();
    // SAFETY: what the callers do in `f` is push, pop and swap, here and in `alarm`.
    f(here, local, unsafe { stay.desk_of(here) })
}

/// Has the running process give its core back, because it has asked something of itself: the loop is who
/// meets that.
#[cold]
pub(crate) fn leave_for_request() {
    with_own_desk(|here, local, _| {
        here.load(local);
        local.note_pending();
    });
}

/// Whoever was woken here goes to the desk, where what is wanted of it is met.
pub(in crate::process) fn empty_hand() {
    with_desk(|here, desk| desk.empty_hand(here));
}

/// Leaves a process that something happened to.
#[inline(always)]
pub(crate) fn leave_woken(token: Token) {
    with_own_desk(|here, local, desk| desk.leave_woken(here, local, token));
}
