//! A process's arena: made when the process first asks for it, given back when it has ended.
//!
//! The cold record has it, which the process changes with preemption off: a process that is killed while it asks has
//! all of an arena or none.

use super::header::Header;
use super::platform::{self, PreemptionOff};
use super::unburied::leave_remains;
use super::{Kind, cold::Cold};
use crate::arena::{Remains, State};
use core::ptr::NonNull;

/// Chunks of an arena that go back at once when its process ends. If there are more, a reaper goes on.
const AT_ONCE: usize = 8;

/// The running process's, made by `create` if there is none yet. `None` if there is no memory.
///
/// # Panics
///
/// Outside of processes.
pub(crate) fn arena_of_own(
    create: impl FnOnce() -> Option<NonNull<State>>,
) -> Option<NonNull<State>> {
    let local = platform::local();
    assert!(local.kind() == Kind::Process, "arenas are for processes");
    // SAFETY: a process's record is the first field of its header, which lives while it runs.
    let header = unsafe { NonNull::from(local).cast::<Header>().as_ref() };
    if let Some(arena) = header.cold().and_then(|cold| cold.arena.get()) {
        return Some(arena);
    }
    let _stays = PreemptionOff::new();
    let cold = header.cold_or_new()?;
    cold.arena.set(create());
    cold.arena.get()
}

impl Cold {
    /// Gives the arena back, when its process has ended, in its core's loop.
    pub(super) fn give_back_arena(&self) {
        let Some(arena) = self.arena.take() else {
            return;
        };
        let mut remains = Remains::new();
        // SAFETY: the process has ended.
        unsafe { State::leave(arena, &mut remains) };
        if !remains.give_back(AT_ONCE) {
            leave_remains(remains);
        }
    }
}
