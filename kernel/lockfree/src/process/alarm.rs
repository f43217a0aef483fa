//! Alarms: what is due at a time, on the wheel of the core that it was set on.
//!
//! Running code uses its core's wheel itself, with preemption off, so it has the alarm at once and can take
//! it back without asking anybody. The loop only rings what is due. It has to be told of one thing: an
//! alarm that is due before all others, for then the hardware's timer is set too late.
//!
//! An alarm's name says which core's wheel it is on, so it is taken back from anywhere: there and then on that core, and from
//! another one by a note (`crew::called_off`), which that core meets in its next turn. An alarm that rings in between, or because there
//! was no memory for a note, rings for nobody, or for somebody who looks and goes on waiting. Of a message that was to be sent
//! later `mail::later` says what is promised.

use super::Kind;
use super::arrived::Arrived;
use super::here::{Desk, Here, with_desk};
use super::in_loop::with_desk_in_loop;
use super::local::Local;
use super::make_room;
use super::platform::{self, PreemptionOff};
use super::request::take_woken;
use super::table::{Table, is_alive};
use super::token::Token;
use super::unburied::Unburied;
use super::word::{LAST_MESSAGE, Pid};
use crate::mail::{Delivery, Pool, deliver};
use crate::wheel::{Ringer, Set, Timer, Wheel};
use core::task::Waker;

/// What is due: a process is woken, or a message is sent (`mail::later`).
///
/// One word: a pid, or a message's number and a bit that no pid has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Due(u64);

const IS_MESSAGE: u64 = 1 << 30;
const _: () = assert!((LAST_MESSAGE as u64) < IS_MESSAGE);

impl Due {
    /// The process is woken; it is there.
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

    /// Wakes whom it is to wake.
    #[inline(always)]
    fn take_woken(self, table: &Table) -> Option<Token> {
        let pid = Pid::from_number(self.0);
        // SAFETY: `wake` was given a process.
        take_woken(unsafe { table.slot_of(pid) }, pid)
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
    let local = platform::local();
    if local.kind() == Kind::Loop {
        return Err(NoAlarm::NoProcess);
    }
    let due = Due::wake(local.pid());
    match set(local, at, due) {
        Ok(timer) => Ok(timer),
        Err(stay) => set_with_more_room(stay, at, due),
    }
}

/// Why no alarm was set for a process that is polled with this waker: nothing that its author could do anything about.
/// (Whoever has one keeps preemption off still, if there was no room. To switch it on here would be an end of `set_polled_alarm`
/// that its callers have to look for.)
#[derive(Debug)]
pub struct NotSet(#[expect(dead_code, reason = "dropped")] Option<PreemptionOff>);

/// The same for a process that is polled with this waker itself, and which process that is: not if it is another waker, or
/// perhaps the same at another place, or if there is no room.
#[inline(always)]
pub fn set_polled_alarm(at: u64, waker: &Waker) -> Result<(Pid, Timer), NotSet> {
    let local = platform::local();
    if !local.polls_with(waker) {
        return Err(NotSet(None));
    }
    let pid = local.pid();
    match set(local, at, Due::wake(pid)) {
        Ok(timer) => Ok((pid, timer)),
        Err(stay) => Err(NotSet(Some(stay))),
    }
}

/// The loop need not look before the process comes back: while that runs, waking it would change nothing.
#[inline(always)]
fn set(local: &'static Local, at: u64, due: Due) -> Result<Timer, PreemptionOff> {
    // Not by `with_desk`: of a closure with several callers the compiler makes a function.
    let stay = PreemptionOff::on_full_stack(local);
    let here = stay.here();
    // SAFETY: as in `with_desk`; the wheel calls nobody.
    let desk = unsafe { &mut *here.desk() };
    set_due(here, desk, stay.local(), at, due).ok_or(stay)
}

/// True if the clock has come to `at` nanoseconds. Who was woken by an alarm mostly finds that without a look at it: when
/// the core rang it, it was so.
#[inline(always)]
pub fn has_come(at: u64) -> bool {
    let here = platform::own_record().here();
    here.is_some_and(|here| at <= here.last_ringing()) || at <= platform::now()
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
fn set_with_more_room(stay: PreemptionOff, at: u64, due: Due) -> Result<Timer, NoAlarm> {
    drop(stay);
    if !make_room_for_alarms() {
        return Err(NoAlarm::NoMemory);
    }
    set(platform::local(), at, due).map_err(|_| NoAlarm::NoMemory)
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

/// Takes an alarm back, whichever core it was set on. Nothing happens if it has rung.
#[inline(always)]
pub fn take_back_alarm(alarm: Timer) {
    let stay = PreemptionOff::on_full_stack(platform::local());
    // SAFETY: as in `set`.
    let desk = unsafe { &mut *stay.here().desk() };
    if desk.wheel.take_back(alarm).is_none() {
        // The rest as well, for then this way has nothing to keep for it.
        take_back_elsewhere(stay, alarm);
    }
}

#[cold]
#[inline(never)]
fn take_back_elsewhere(stay: PreemptionOff, alarm: Timer) {
    call_off_elsewhere(stay.here(), alarm);
}

/// Has another core take an alarm back, if it is another one's; for whoever keeps preemption off.
#[cold]
pub(crate) fn call_off_elsewhere(here: &'static Here, alarm: Timer) {
    if here.seat() != Some(alarm.core()) {
        here.table().crew().call_off(alarm.core(), alarm);
    }
}

/// What a look at the alarms came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// Alarms that rang.
    pub rung: u64,
    /// Alarms that were looked at besides, about, because somebody has called them off or has died.
    pub besides: u64,
    /// When to look again; `u64::MAX` if nothing is set.
    pub next: u64,
    /// Something is left to do at once.
    pub is_behind: bool,
}

/// Rings what is due, or part of it: at most twice `budget`. For a core's loop: whom that wakes is on the desk.
pub fn ring_alarms(now: u64, budget: usize) -> Look {
    with_desk_in_loop(|here, desk| {
        let Desk {
            wheel,
            woken,
            unburied,
            pool,
            ..
        } = desk;
        here.note_ringing(now);
        let bell = Bell {
            here,
            table: here.table(),
            woken,
            unburied,
            pool,
        };
        let rung = wheel.expire(now, budget, bell);
        let mut besides = 0;
        if wheel.is_sweeping() {
            wheel.sweep(budget as u32, Due::is_of_the_dead);
            besides += budget;
        }
        if !desk.called_off.is_empty() {
            desk.take_back_called_off(here, budget);
            besides += budget;
        }
        here.mark_laden();
        Look {
            rung: rung as u64,
            besides: besides as u64,
            next: desk.wheel.next(),
            is_behind: is_behind(&desk.wheel),
        }
    })
}

/// Takes over what others want of this core's alarms; for its loop, after it has taken its word. It is worked off as alarms are
/// that are due, so many in a turn.
#[inline(always)]
pub fn take_called_off(here: &'static Here) {
    if !here.called_off().is_empty() {
        take_over(here);
    }
}

#[cold]
#[inline(never)]
fn take_over(here: &'static Here) {
    with_desk_in_loop(|_, desk| {
        desk.called_off.append(here.called_off().take());
        desk.wheel.keep_behind();
        if here.called_off().take_dead() {
            desk.wheel.begin_sweep();
        }
        here.mark_laden();
    });
}

impl Desk {
    /// Takes some of the alarms back that others have called off.
    #[cold]
    #[inline(never)]
    fn take_back_called_off(&mut self, here: &'static Here, count: usize) {
        for _ in 0..count {
            let Some(alarm) = self.called_off.pop() else {
                return;
            };
            let Some(due) = self.wheel.take_back(alarm) else {
                continue;
            };
            if let Some(number) = due.number() {
                self.give_back_called_off(here, number);
            }
        }
        self.wheel.keep_behind();
    }
}

/// Who rings: a core's loop, with what it finds on its desk.
struct Bell<'a> {
    here: &'static Here,
    table: &'static Table,
    woken: &'a mut Arrived,
    unburied: &'a mut Unburied,
    pool: &'a mut Pool,
}

impl Ringer<Due> for Bell<'_> {
    type Portion = Arrived;

    #[inline(always)]
    fn ring(&mut self, due: Due, woken: &mut Arrived) {
        let token = match due.number() {
            None => due.take_woken(self.table),
            Some(number) => self.deliver(number),
        };
        if let Some(token) = token {
            let level = token.local().level.get();
            woken.add(token, level);
        }
    }

    #[inline(always)]
    fn end(&mut self, woken: Arrived) {
        self.woken.append(woken);
    }
}

impl Bell<'_> {
    #[inline(never)]
    fn deliver(&mut self, number: u32) -> Option<Token> {
        match deliver(self.here, number) {
            Delivery::Delivered => None,
            Delivery::Woken(token) => Some(token),
            Delivery::Emptied(envelope) => {
                self.pool.give(self.here, envelope);
                None
            }
            Delivery::Undelivered(envelope, fate) => {
                self.pool.count_undelivered(fate);
                self.unburied.leave(envelope);
                None
            }
        }
    }
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
