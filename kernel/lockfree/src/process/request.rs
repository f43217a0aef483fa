//! What is asked of a process by its pid: to look again, to stop, to go on, to end.
//!
//! Each is a transition of the state word, from anywhere. Whoever takes the token by that puts it on a desk; otherwise
//! whoever has it meets what was noted.

use super::header::Slot;
use super::here;
use super::own_pid;
use super::platform::PreemptionOff;
use super::table::Table;
use super::token::Token;
use super::word::{Handover, Pid, StateWord};

/// A transition by pid.
#[inline(always)]
fn by_pid(
    table: &Table,
    pid: Pid,
    transition: impl FnOnce(&StateWord, Pid) -> Handover,
) -> (Handover, Option<Token>) {
    match table.slot(pid.index()) {
        Some(slot) => in_slot(slot, pid, transition),
        None => (Handover::Nothing, None),
    }
}

#[inline(always)]
fn in_slot(
    slot: &Slot,
    pid: Pid,
    transition: impl FnOnce(&StateWord, Pid) -> Handover,
) -> (Handover, Option<Token>) {
    let outcome = transition(&slot.word, pid);
    let token = (outcome == Handover::Token).then(|| {
        // SAFETY: the transition has just handed it over.
        let mut token = unsafe { slot.token() };
        token.take_wish();
        token
    });
    (outcome, token)
}

/// Tells a process to look again; from anywhere, and nothing happens if it is gone.
pub fn wake(pid: Pid) {
    if let (_, Some(token)) = by_pid(here::table(), pid, StateWord::wake) {
        here::leave_woken(token);
    }
}

/// As `wake`, for a loop that queues whom it wakes itself, and mostly wakes whoever sleeps. The slot is that of the process.
#[inline(always)]
pub(crate) fn take_woken(slot: &Slot, pid: Pid) -> Option<Token> {
    if slot.word.wake_sleeper(pid) {
        // SAFETY: that has just handed it over.
        return Some(unsafe { slot.token() });
    }
    take_woken_at_length(slot, pid)
}

#[inline(never)]
fn take_woken_at_length(slot: &Slot, pid: Pid) -> Option<Token> {
    in_slot(slot, pid, StateWord::wake).1
}

/// Whether a request reached its process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    /// There is no such process, or it had been asked already.
    Ignored,
    /// It is done, or will be before the process runs on.
    Taken,
    /// It is nobody's to ask: the process is one of the kernel's own, or would get the priority of those.
    Refused,
}

pub(super) fn request(pid: Pid, transition: impl FnOnce(&StateWord, Pid) -> Handover) -> Request {
    let table = here::table();
    if table.own().contains(pid) {
        return Request::Refused;
    }
    let (outcome, token) = by_pid(table, pid, transition);
    if hand_over(outcome, token) {
        meet_request(pid);
    }
    // Whoever is more urgent may be through with it by now.
    match outcome {
        Handover::Nothing => Request::Ignored,
        Handover::Token | Handover::Noted => Request::Taken,
    }
}

/// Does what is to be done after a transition of the word of this process, which is the caller's; with preemption off. True if what
/// is left of that is to [`meet_request`], or, of many, to [`tell_around`] once.
#[cold]
#[must_use = "whoever has the token may not look for long"]
pub(super) fn see_through(slot: &Slot, pid: Pid, outcome: Handover) -> bool {
    let (_, token) = in_slot(slot, pid, |_, _| outcome);
    hand_over(outcome, token)
}

#[inline(always)]
fn hand_over(outcome: Handover, token: Option<Token>) -> bool {
    if let Some(mut token) = token {
        // It comes behind the others, wherever it stood before, and has a whole quantum.
        token.end_quantum();
        here::leave_woken(token);
        return false;
    }
    let is_noted = outcome == Handover::Noted;
    if is_noted {
        // Nobody looks at what is wanted of one that was handed a message.
        here::empty_hand();
    }
    is_noted
}

/// Sees to it that whoever has the process's token meets what was noted.
pub(super) fn meet_request(pid: Pid) {
    match own_pid() == Some(pid) {
        true => here::leave_for_request(),
        false => tell_around(),
    }
}

/// Sees to it that all other cores meet what was noted.
pub(super) fn tell_around() {
    if !here::table().has_one_core() {
        let stay = PreemptionOff::new();
        let here = stay.here();
        here.table().crew().tell_the_busy(here);
    }
}

/// Keeps a process from running until `resume`.
pub fn suspend(pid: Pid) -> Request {
    request(pid, StateWord::suspend)
}

/// Lets a suspended process run again.
pub fn resume(pid: Pid) -> Request {
    request(pid, StateWord::resume)
}

/// Ends a process.
pub fn kill(pid: Pid) -> Request {
    request(pid, StateWord::kill)
}

/// Puts a process into another priority level: at once if it waits, else at its next turn.
pub fn set_level(pid: Pid, level: u8) -> Request {
    request(pid, |word, pid| word.set_level(pid, level))
}
