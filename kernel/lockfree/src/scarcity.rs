//! Memory that may not be there, asked for by what it is for.
//!
//! Whoever takes memory of the kernel's asks here first, and treats a no as it treats one of the heap's. On the machine
//! nobody ever says no, and nothing is left of the question. On a host a simulator may answer it (`simulate`): it knows
//! each single allocation of a run by that, can let any one of them fail, and sees that each kind of them has been tried.
//!
//! What is to be the kernel's is asked for with preemption off, until somebody knows it by whom it can be given back: a
//! process that is killed in between would take it along. On a host that is asserted for each.
//!
//! Only what may fail by contract is asked for here: its caller gets an error, or its process ends (`end_process`). What a
//! process takes for itself, by `Box` or `Vec`, is between it and the global allocator.

use alloc::alloc::Layout;

/// What memory is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Purpose {
    /// The block that a process lives in.
    Process,
    /// The block that a process is to go on in.
    Successor,
    /// A process's cold record.
    Record,
    /// What who watches a process shares with it.
    Watch,
    /// Slots for more processes.
    Slots,
    /// The accounts of those.
    Accounts,
    /// Alarms for a core's wheel.
    Alarms,
    /// The list of those.
    AlarmList,
    /// A note that an alarm on another core is called off.
    CallingOff,
    /// Envelopes.
    Envelopes,
    /// A message that does not fit into an envelope.
    Message,
    /// The same, of a question.
    Question,
    /// The same, of an answer.
    Answer,
    /// Gates of mailboxes.
    Gates,
    /// Which cores processes may run on.
    Choices,
    /// A chunk of an arena.
    Chunk,
    /// Ties between processes.
    Ties,
    /// The message that tells of an end, made before.
    Down,
    /// Room for what a process says when it ends, for those that monitor it.
    Words,
}

impl Purpose {
    /// All of them.
    pub const ALL: [Self; 19] = [
        Self::Process,
        Self::Successor,
        Self::Record,
        Self::Watch,
        Self::Slots,
        Self::Accounts,
        Self::Alarms,
        Self::AlarmList,
        Self::CallingOff,
        Self::Envelopes,
        Self::Message,
        Self::Question,
        Self::Answer,
        Self::Gates,
        Self::Choices,
        Self::Chunk,
        Self::Ties,
        Self::Down,
        Self::Words,
    ];

    /// True if it is the process's own business what becomes of it when that is killed: it is charged with it.
    #[cfg(not(target_os = "none"))]
    fn is_charged(self) -> bool {
        matches!(
            self,
            Self::Message | Self::Question | Self::Answer | Self::Down
        )
    }
}

#[cfg(target_os = "none")]
mod answer {
    use super::{Layout, Purpose};

    /// The heap will say.
    #[inline(always)]
    pub(crate) const fn may_take(_: Purpose) -> bool {
        true
    }

    /// Ends the running process, which can't go on without.
    #[cold]
    pub(crate) fn end_process(layout: Layout) -> ! {
        alloc::alloc::handle_alloc_error(layout)
    }
}

#[cfg(not(target_os = "none"))]
mod answer {
    use super::{Layout, Purpose};
    use crate::process::platform;
    use core::cell::Cell;

    std::thread_local! {
        static MAY_TAKE: Cell<fn(Purpose) -> bool> = const { Cell::new(|_| true) };
    }

    /// What the simulator says, if there is one.
    pub(crate) fn may_take(purpose: Purpose) -> bool {
        let is_kept = !platform::local().is_preemptible();
        assert!(
            is_kept || purpose.is_charged(),
            "{purpose:?} lost by a kill"
        );
        MAY_TAKE.get()(purpose)
    }

    /// What a process ends with that can't go on without memory.
    #[derive(Debug)]
    pub struct OutOfMemory;

    /// Ends the running process; the simulator catches it.
    #[cold]
    pub(crate) fn end_process(_: Layout) -> ! {
        std::panic::panic_any(OutOfMemory)
    }

    /// Lets `may_take` say for each allocation on this thread whether there is memory for it, from now on.
    pub fn simulate(may_take: fn(Purpose) -> bool) {
        MAY_TAKE.set(may_take);
    }
}

#[cfg(not(target_os = "none"))]
pub use answer::{OutOfMemory, simulate};
pub(crate) use answer::{end_process, may_take};
