//! Alarms: what is due at a time, on the wheel of the core that it was set on.
//!
//! Running code uses its core's wheel itself, with preemption off, so it has the alarm at once and can take
//! it back without asking anybody. The loop only rings what is due. It has to be told of one thing: an
//! alarm that is due before all others, for then the hardware's timer is set too late.
//!
//! An alarm is taken back on the core that it was set on. From another core nothing happens: the alarm then
//! rings for nobody, or for somebody who looks and goes on waiting. (Several cores that schedule will have it
//! taken back through the other one's inbox; the alarm says which core that is.)

use super::here::{Desk, table, with_desk};
use super::in_loop::with_desk_in_loop;
use super::platform::{self, PreemptionOff};
use super::table::{is_alive, take_woken};
use super::word::Pid;
use super::{Kind, own_pid};
use crate::wheel::{Set, Timer, Wheel};

/// What is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// A process is woken. (Beside this, a message will be delivered.)
    Wake(Pid),
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
    match set(at, Due::Wake(pid)) {
        Some(timer) => Ok(timer),
        None => set_with_more_room(at, Due::Wake(pid)),
    }
}

/// The loop need not look before the process comes back: while that runs, waking it would change nothing.
#[inline(always)]
fn set(at: u64, due: Due) -> Option<Timer> {
    // Not by `with_desk`: of a closure with several callers the compiler makes a function.
    let stay = PreemptionOff::new();
    let here = stay.here();
    // SAFETY: as in `with_desk`; the wheel calls nobody.
    let desk = unsafe { &mut *here.desk() };
    let Set { timer, is_first } = desk.wheel.set(at, due).ok()?;
    if is_first {
        desk.has_first_alarm = true;
        here.load(stay.local());
    }
    Some(timer)
}

#[cold]
#[inline(never)]
fn set_with_more_room(at: u64, due: Due) -> Result<Timer, NoAlarm> {
    let order = with_desk(|_, desk| desk.wheel.order());
    let room = order.make(due).ok_or(NoAlarm::NoMemory)?;
    // What comes back is given to the heap with preemption on. If somebody was faster, there is room all the same.
    let _returned = with_desk(|_, desk| desk.wheel.add_room(room));
    set(at, due).ok_or(NoAlarm::NoMemory)
}

/// Takes an alarm back. Nothing happens if it has rung.
#[inline(always)]
pub fn take_back_alarm(alarm: Timer) {
    let stay = PreemptionOff::new();
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
        let Desk { wheel, woken, .. } = desk;
        let mut rung = 0;
        wheel.expire(now, budget, |Due::Wake(pid)| {
            rung += 1;
            if let Some(token) = take_woken(table, pid) {
                let level = token.level();
                woken.add(token, level);
            }
        });
        if wheel.is_sweeping() {
            wheel.sweep(budget as u32, |Due::Wake(pid)| !is_alive(pid));
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
