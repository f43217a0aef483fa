//! The right to a core's desk that its loop has: nothing takes a loop from its core, so one look at who runs is good for
//! all that is done before the core is given to a process.

use super::here::{Desk, Here};
use super::local::Kind;
use super::platform;
use crate::mail::Mailbox;
use core::marker::PhantomData;

/// Says that the running code is this core's loop, which nothing takes from its core.
#[derive(Clone, Copy)]
pub struct InLoop<'a> {
    here: &'static Here,
    /// Ends with the closure that it was given to, so nobody has it when the core is another's.
    visit: PhantomData<&'a *const ()>,
}

impl Here {
    /// Runs `f`, which only this core's loop may do: one look for all that it does.
    #[inline(always)]
    pub fn in_loop<R>(&'static self, f: impl FnOnce(InLoop<'_>) -> R) -> R {
        assert!(platform::is_loop_of(self), "only the core's loop does this");
        let visit = PhantomData;
        f(InLoop { here: self, visit })
    }
}

impl Here {
    /// As [`in_loop`](Self::in_loop), for who knows that this core's loop runs.
    ///
    /// # Safety
    ///
    /// It does, and what is returned is not kept when the core is given to a process.
    #[inline(always)]
    pub unsafe fn loop_of_running_core<'a>(&'static self) -> InLoop<'a> {
        debug_assert!(platform::is_loop_of(self), "only the core's loop does this");
        InLoop {
            here: self,
            visit: PhantomData,
        }
    }
}

/// What a core's loop does.
pub trait InLoopWork {
    /// What comes of it.
    type Output;

    /// Does it.
    fn work(self, at: InLoop<'_>) -> Self::Output;
}

impl Here {
    /// As [`in_loop`](Self::in_loop), for what must not become a call.
    #[inline(always)]
    pub fn in_loop_do<W: InLoopWork>(&'static self, work: W) -> W::Output {
        assert!(platform::is_loop_of(self), "only the core's loop does this");
        work.work(InLoop {
            here: self,
            visit: PhantomData,
        })
    }
}

impl InLoop<'_> {
    /// The core.
    #[inline(always)]
    pub fn here(self) -> &'static Here {
        self.here
    }

    /// Gives the envelopes back that a process has emptied, whose token this loop holds.
    #[inline(never)]
    pub(in crate::process) fn give_last_emptied(self, mailbox: &Mailbox) {
        self.with_desk(|desk| mailbox.give_last_emptied(&mut desk.pool, self.here));
    }

    /// The same, for one that goes on or has ended.
    pub(in crate::process) fn give_emptied(self, mailbox: &Mailbox) {
        self.with_desk(|desk| mailbox.give_emptied(&mut desk.pool, self.here));
    }

    /// Runs `f` with the core's desk, as in `with_desk`.
    #[inline(always)]
    pub(in crate::process) fn with_desk<R>(self, f: impl FnOnce(&mut Desk) -> R) -> R {
        // SAFETY: as in `with_desk`: nothing takes a loop from its core.
        f(unsafe { &mut *self.here.desk() })
    }
}

/// As `with_desk`, for a core's loop, which nothing can take away from its core.
#[inline(always)]
pub(in crate::process) fn with_desk_in_loop<R>(f: impl FnOnce(&'static Here, &mut Desk) -> R) -> R {
    in_this_loop(|at| at.with_desk(|desk| f(at.here, desk)))
}

/// As [`Here::in_loop`], for whoever does not know the core.
#[inline(always)]
pub(in crate::process) fn in_this_loop<R>(f: impl FnOnce(InLoop<'_>) -> R) -> R {
    let local = platform::local();
    assert!(local.kind() == Kind::Loop, "only a core's loop does this");
    let (here, visit) = (platform::here_of(local), PhantomData);
    f(InLoop { here, visit })
}
