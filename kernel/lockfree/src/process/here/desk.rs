//! What running code leaves for its core's loop, and what the loop takes over of it.

use super::super::alarm::{self, Due};
use super::super::arrived::Arrived;
use super::super::crew::Notes;
use super::super::hand::ORDINARY;
use super::super::in_loop::with_desk_in_loop;
use super::super::local::{Intent, Kind, Local};
use super::super::pool::Pools;
#[cfg(not(target_os = "none"))]
use super::super::queue::Queue;
use super::super::token::Token;
use super::super::unburied::Unburied;
#[cfg(not(target_os = "none"))]
use super::super::word::Pid;
use super::Here;
#[cfg(not(target_os = "none"))]
use super::with_desk;
use crate::mail::Pool;
use crate::wheel::Wheel;
#[cfg(not(target_os = "none"))]
use alloc::vec::Vec;

/// What running code has left for its core's loop, and what both use.
// In this order: what is small and often used lies within the reach of an instruction that loads two.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Desk {
    pub(in crate::process) newborn: Arrived,
    pub(in crate::process) woken: Arrived,
    /// Envelopes.
    pub(crate) pool: Pool,
    /// Mail that ended processes have left.
    pub(in crate::process) unburied: Unburied,
    /// An alarm was set that is due before all others.
    pub(in crate::process) has_first_alarm: bool,
    pub(in crate::process) pools: Pools,
    pub(in crate::process) wheel: Wheel<Due>,
    /// Alarms of the wheel that others have called off.
    pub(in crate::process) called_off: Notes,
}

/// Processes that the loop takes over.
#[derive(Debug)]
pub struct Arrivals {
    /// Newly made ones.
    pub newborn: Arrived,
    /// Those that something happened to.
    pub woken: Arrived,
    /// When the first alarm is due, if it is due before those that the loop knows of.
    pub first_alarm: Option<u64>,
}

impl Desk {
    /// What is due on this core.
    pub(crate) fn wheel(&mut self) -> &mut Wheel<Due> {
        &mut self.wheel
    }

    pub(super) const fn new() -> Self {
        Self {
            newborn: Arrived::NOBODY,
            woken: Arrived::NOBODY,
            wheel: Wheel::new(),
            called_off: Notes::NONE,
            has_first_alarm: false,
            pools: Pools::new(),
            pool: Pool::new(),
            unburied: Unburied::new(),
        }
    }

    /// Leaves a process that something happened to. The desk is that of `here`. (The word that says that the
    /// desk is laden does not say so: whoever asks looks at the queue.)
    pub(crate) fn leave_woken(&mut self, here: &'static Here, local: &Local, token: Token) {
        self.empty_hand(here);
        if here.pace.will_look() {
            let level = token.local().level.get();
            self.woken.add(token, level);
            return local.set_manner(Intent::YIELD_WITH_CARE);
        }
        self.leave_woken_for_now(here, local, token);
    }

    /// The same where the loop would not look before long. One that may not run here needs no look: it goes where it may, and
    /// whoever runs is not disturbed.
    #[cold]
    #[inline(never)]
    fn leave_woken_for_now(&mut self, here: &'static Here, local: &Local, token: Token) {
        let stays = match token.is_pinned() && local.kind() == Kind::Process {
            true => here.table().crew().send_home(here, token),
            false => Some(token),
        };
        if let Some(token) = stays {
            let level = token.local().level.get();
            let has_others = !self.woken.queue.is_empty();
            self.woken.add(token, level);
            local.set_manner(Intent::YIELD_WITH_CARE);
            here.want_loop(local, has_others);
        }
    }

    /// The same for one that a message was handed to: nothing else was wanted of it, and it stood at an await.
    #[inline(always)]
    pub(crate) fn leave_handed(&mut self, here: &'static Here, local: &Local, token: Token) {
        // Who is of another level waits apart, so nothing is handed to it.
        debug_assert!(
            token.local().level.get() == ORDINARY,
            "handed to one that is apart"
        );
        if here.hand.is_open() {
            here.hand.put(token);
            // A tick will come: it is open.
            return local.set_manner(Intent::YIELD_WITH_CARE);
        }
        self.leave_handed_at_length(here, local, token);
    }

    #[cold]
    #[inline(never)]
    fn leave_handed_at_length(&mut self, here: &'static Here, local: &Local, token: Token) {
        self.leave_woken(here, local, token);
    }

    /// Closes the hand; whoever is in it goes to the desk, before all that come later.
    #[inline(always)]
    pub(in crate::process) fn empty_hand(&mut self, here: &'static Here) {
        if !here.hand.is_closed() {
            self.empty_hand_at_length(here);
        }
    }

    #[cold]
    #[inline(never)]
    fn empty_hand_at_length(&mut self, here: &'static Here) {
        if let Some(token) = here.hand.close() {
            self.woken.add(token, ORDINARY);
        }
    }
}

/// Takes over what running code has left; only a core's loop has a use for it. (Inlined, though each deployment has a copy
/// then: what it returns is large.)
#[inline(always)]
pub fn collect() -> Arrivals {
    with_desk_in_loop(|here, desk| {
        // What the loop itself has left over is to be met again.
        let is_behind =
            alarm::is_behind(&desk.wheel) || desk.unburied.has_debts() || desk.unburied.is_behind();
        desk.empty_hand(here);
        here.has_taken_all(is_behind);
        let has_first_alarm = core::mem::take(&mut desk.has_first_alarm);
        Arrivals {
            newborn: core::mem::take(&mut desk.newborn),
            woken: core::mem::take(&mut desk.woken),
            first_alarm: has_first_alarm.then(|| desk.wheel.next()),
        }
    })
}

/// Whose tokens are on this core's desk, for a report.
#[cfg(not(target_os = "none"))]
pub(crate) fn on_desk() -> (Vec<Pid>, Vec<Pid>) {
    let pids = |queue: &Queue| queue.contents().map(|(pid, _)| pid).collect();
    with_desk(|here, desk| {
        let mut woken: Vec<_> = here.hand.peek().into_iter().collect();
        woken.extend(desk.woken.queue.contents().map(|(pid, _)| pid));
        (pids(&desk.newborn.queue), woken)
    })
}
