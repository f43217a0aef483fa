//! Alarms: what is due at a time, on the wheel of the core that it was set on.
//!
//! Running code uses its core's wheel itself, with preemption off, so it has the alarm at once and can take
//! it back without asking anybody. The loop only rings what is due. It has to be told of one thing: an
//! alarm that is due before all others, for then the hardware's timer is set too late.
//!
//! An alarm is taken back on the core that it was set on. From another core nothing happens: the alarm then
//! rings for nobody, or for somebody who looks and goes on waiting. (Several cores that schedule will have it
//! taken back through the other one's inbox; the alarm says which core that is.)

use super::here::{Desk, Here, table, with_desk};
use super::in_loop::with_desk_in_loop;
use super::local::Local;
use super::make_room;
use super::platform::{self, PreemptionOff};
use super::request::take_woken;
use super::table::is_alive;
use super::word::{LAST_MESSAGE, Pid};
use super::{Kind, own_pid};
use crate::mail::{Delivery, deliver};
use crate::wheel::{Set, Timer, Wheel};

/// What is due: a process is woken, or a message is sent (`mail::later`).
///
/// One word: a pid, or a message's number and a bit that no pid has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Due(u64);

const IS_MESSAGE: u64 = 1 << 30;
const _: () = assert!((LAST_MESSAGE as u64) < IS_MESSAGE);

impl Due {
    #[inline(always)]
    fn wake(pid: Pid) -> Self {
        debug_assert!(pid.get() & IS_MESSAGE == 0);
        Self(pid.get())
    }

    /// The message of this number is sent.
    pub(crate) fn message(number: u32) -> Self {
        Self(u64::from(number) | IS_MESSAGE)
    }

    /// The message's number, if it is one.
    #[inline(always)]
    pub(crate) fn number(self) -> Option<u32> {
        (self.0 & IS_MESSAGE != 0).then_some(self.0 as u32 & LAST_MESSAGE)
    }

    /// True if it would wake somebody who is gone.
    fn is_of_the_dead(self) -> bool {
        self.number().is_none() && !is_alive(Pid::from_number(self.0))
    }
}

/// Why no alarm was set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoAlarm {
    /// It is no process that runs.
    NoProcess,
    /// There is no memory for one more.
    NoMemory,
}

/// Has the running process woken when the clock has reached `at` nanoseconds.
#[inline(always)]
pub fn set_alarm(at: u64) -> Result<Timer, NoAlarm> {
    let pid = own_pid().ok_or(NoAlarm::NoProcess)?;
    match set(at, Due::wake(pid)) {
        Some(timer) => Ok(timer),
        None => set_with_more_room(at, Due::wake(pid)),
    }
}

/// The loop need not look before the process comes back: while that runs, waking it would change nothing.
#[inline(always)]
fn set(at: u64, due: Due) -> Option<Timer> {
    // Not by `with_desk`: of a closure with several callers the compiler makes a function.
    let stay = PreemptionOff::on_full_stack(platform::local());
    let here = stay.here();
    // SAFETY: as in `with_desk`; the wheel calls nobody.
    let desk = unsafe { &mut *here.desk() };
    set_due(here, desk, stay.local(), at, due)
}

/// The same for whoever has the desk; nothing without room.
#[inline(always)]
pub(crate) fn set_due(
    here: &'static Here,
    desk: &mut Desk,
    local: &Local,
    at: u64,
    due: Due,
) -> Option<Timer> {
    let Set { timer, is_first } = desk.wheel.set(at, due).ok()?;
    if is_first {
        desk.has_first_alarm = true;
        here.load(local);
    }
    Some(timer)
}

#[cold]
#[inline(never)]
fn set_with_more_room(at: u64, due: Due) -> Result<Timer, NoAlarm> {
    if !make_room_for_alarms() {
        return Err(NoAlarm::NoMemory);
    }
    set(at, due).ok_or(NoAlarm::NoMemory)
}

/// Makes room for more alarms on this core. False if there is no memory, or the wheel is as large as it may be.
pub(crate) fn make_room_for_alarms() -> bool {
    add_room() || make_room() && add_room()
}

/// In nobody's list, room would be lost with whoever is killed while it has that in hand: so preemption is off from the first
/// to the last, and nobody else makes any meanwhile.
fn add_room() -> bool {
    let stay = PreemptionOff::new();
    // SAFETY: as in `set`: what is called here runs nobody's code, and does not come to the desk.
    let wheel = &mut unsafe { &mut *stay.here().desk() }.wheel;
    let room = wheel.order().make(Due(0));
    room.is_some_and(|room| wheel.add_room(room).is_ok())
}

/// Takes an alarm back. Nothing happens if it has rung.
#[inline(always)]
pub fn take_back_alarm(alarm: Timer) {
    let stay = PreemptionOff::on_full_stack(platform::local());
    // SAFETY: as in `set`.
    let desk = unsafe { &mut *stay.here().desk() };
    desk.wheel.take_back(alarm);
}

/// What a look at the alarms came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// Alarms that rang.
    pub rung: u64,
    /// When to look again; `u64::MAX` if nothing is set.
    pub next: u64,
    /// Something is left to do at once.
    pub is_behind: bool,
}

/// Rings what is due, or part of it: at most twice `budget`. For a core's loop: whom that wakes is on the desk.
pub fn ring_alarms(now: u64, budget: usize) -> Look {
    let table = table();
    with_desk_in_loop(|here, desk| {
        let Desk {
            wheel,
            woken,
            unburied,
            ..
        } = desk;
        let mut rung = 0;
        wheel.expire(now, budget, |due| {
            rung += 1;
            let token = match due.number() {
                None => take_woken(table, Pid::from_number(due.0)),
                Some(number) => match deliver(here, number) {
                    Delivery::Delivered => None,
                    Delivery::Woken(token) => Some(token),
                    Delivery::Unread(envelope) => {
                        unburied.leave(envelope);
                        None
                    }
                },
            };
            if let Some(token) = token {
                let level = token.local().level.get();
                woken.add(token, level);
            }
        });
        if wheel.is_sweeping() {
            wheel.sweep(budget as u32, Due::is_of_the_dead);
        }
        here.mark_laden();
        Look {
            rung,
            next: wheel.next(),
            is_behind: is_behind(wheel),
        }
    })
}

/// True if the loop has not rung all that was due, or not looked for alarms of the dead everywhere.
#[inline(always)]
pub(super) fn is_behind(wheel: &Wheel<Due>) -> bool {
    wheel.is_behind() || wheel.is_sweeping()
}

/// True if [`ring_alarms`] has more to do; for a core's loop.
#[inline(always)]
pub fn has_alarms_left() -> bool {
    with_desk_in_loop(|_, desk| is_behind(&desk.wheel))
}

/// Has the loop look for the alarms of a process that can't take them back itself any more.
#[cold]
pub(super) fn seek_alarms_of_the_dead() {
    debug_assert!(platform::local().kind() == Kind::Loop);
    with_desk(|here, desk| {
        desk.wheel.begin_sweep();
        here.mark_laden();
    });
}

/// Alarms that are set on this simulated core.
#[cfg(not(target_os = "none"))]
pub fn simulate_counting_alarms() -> usize {
    with_desk(|_, desk| desk.wheel.count())
}
