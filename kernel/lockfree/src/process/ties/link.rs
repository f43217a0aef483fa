//! Links: two processes of which neither goes on as if nothing were when the other has failed.
//!
//! A link has one place, so that two who link each other at once make one, and one who does so again makes none: *it is in the tree of its
//! higher end only while it is in that of its lower one*, or the lower one has ended. Who makes it enters it below first, and above only if
//! it is open still; who has claimed it takes it out above first. So the tree of the lower end says whether there is one. Who finds
//! it there, and not in the own tree, which is the higher one, waits for whoever is just putting it in or taking it out: a few hundred instructions.

use super::carrier::{Carrier, Letter};
use super::ends::{End, Found, once_more, running};
use super::parts::Parts;
use super::pool::Ties;
use super::ring::InRing;
use super::signal::deliver;
use super::tie::{HIGH, LOW, Tie};
use crate::mail::try_box;
use crate::process::request::meet_request;
use crate::process::{ExitReason, Gate, Pid, PreemptionOff, is_kernels_own, platform, table};
use crate::scarcity::Purpose;
use alloc::boxed::Box;
use core::fmt;

/// An exit signal that came to a process which traps them: a message, from [`trap_exit`] on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exit {
    /// Who has ended, and was linked to it; or who called [`exit_signal`].
    pub pid: Pid,
    /// How, or for which reason it is to end.
    pub reason: ExitReason,
}

/// Why there is no link, or no signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoLink {
    /// There is no memory for it, or there are as many ties as there may be.
    NoMemory,
    /// That is one of the kernel's own processes, which nobody else may end.
    Refused,
}

impl fmt::Display for NoLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoMemory => "no room for another link",
            Self::Refused => "nobody else ends a process of the kernel's own",
        })
    }
}

impl core::error::Error for NoLink {}

/// What has come of an attempt.
enum Linked {
    /// There is a link, or the signal of one.
    Done,
    /// Somebody is just putting one in, or taking it out.
    Soon,
    /// There was this one, which the end of the other one has claimed, or the other one itself.
    Claimed(&'static Tie, u64),
}

/// A message for a signal to come.
pub(super) fn letter() -> Option<Box<Exit>> {
    let exit = Exit {
        pid: Pid::from_number(Pid::NOBODY),
        reason: ExitReason::Killed,
    };
    try_box(exit, Purpose::Down).ok()
}

/// Links the running process and another: when either ends otherwise than by returning, an exit signal with its reason comes to the
/// other, and ends it for the same reason, unless it [traps](trap_exit) such signals. To one that is linked already, or to itself, nothing
/// happens. If the other one is gone, a signal comes at once, with the reason [`NoProcess`](ExitReason::NoProcess); unless that one had
/// made a link, whose own signal is still to come.
pub fn link(pid: Pid) -> Result<(), NoLink> {
    let header = running();
    if pid == header.pid() {
        return Ok(());
    }
    if is_kernels_own(pid) {
        return Err(NoLink::Refused);
    }
    header.local.spend_little(1);
    let own = once_more(|| End::own(header, true)).ok_or(NoLink::NoMemory)?;
    let ties = table().ties();
    loop {
        let mine = own.gate.ring().lock(PreemptionOff::new());
        if mine.link_to(ties, pid).is_some() {
            return Ok(());
        }
        drop(mine);
        let other = End::find(pid).ok_or(NoLink::NoMemory)?;
        let mut exit = Some(letter().ok_or(NoLink::NoMemory)?);
        let linked = once_more(|| attempt(own, pid, &other, &mut exit));
        match linked.ok_or(NoLink::NoMemory)? {
            Linked::Done => return Ok(()),
            Linked::Soon => platform::relax(),
            Linked::Claimed(tie, number) => {
                // Not found in the own tree, it could not be waited for by who wants to cut it.
                until_gone(tie, number);
                return Ok(());
            }
        }
    }
}

/// Makes it; if the other one is gone, that is told. Nothing without memory.
fn attempt(own: End, pid: Pid, other: &Found, exit: &mut Option<Box<Exit>>) -> Option<Linked> {
    let _stays = PreemptionOff::new();
    let Found::Here(other) = *other else {
        let mut parts = Parts::without_tie(false)?;
        tell_of_none(own, pid, parts.carrier(Letter::Exit(exit.take()?))?);
        return Some(Linked::Done);
    };
    let mut parts = Parts::gather(other.wants_words())?;
    let is_low = own.pid < pid;
    let ends = if is_low { [other, own] } else { [own, other] };
    let exit = exit.take()?;
    let (tie, number) = parts.open(ends.map(|end| end.pid), |_, _| Letter::Exit(exit))?;
    let ties = table().ties();
    let inserted = insert(ties, (tie, number), |side| {
        let ring = ends[side].enter()?;
        ring.leave_words(&mut parts.words);
        Some(ring)
    });
    match inserted {
        Inserted::Tied => return Some(Linked::Done),
        Inserted::Claimed => return Some(Linked::Claimed(tie, number)),
        Inserted::There | Inserted::Gone => {}
    }
    let carrier = tie.unload();
    ties.give(tie);
    let tell = |carrier| tell_of_none(own, pid, carrier);
    match inserted {
        Inserted::Gone => carrier.into_iter().for_each(tell),
        _ => carrier.into_iter().for_each(Carrier::discard),
    }
    match inserted {
        Inserted::There if !is_low => Some(Linked::Soon),
        _ => Some(Linked::Done),
    }
}

/// Tells the running process that nobody is there to be linked to; unless it is linked to that one, by a link that the other one made: then
/// the signal is still to come. With preemption off.
fn tell_of_none(own: End, pid: Pid, carrier: Carrier) {
    let mine = own.gate.ring().lock(PreemptionOff::new());
    if mine.link_to(table().ties(), pid).is_some() {
        drop(mine);
        return carrier.discard();
    }
    if deliver(
        mine,
        own.slot,
        own.pid,
        carrier,
        (pid, &ExitReason::NoProcess),
    ) {
        meet_request(own.pid);
    }
}

/// Waits until whoever has claimed it, on another core, has told what there is to tell, or has cut it.
fn until_gone(tie: &Tie, number: u64) {
    while !tie.is_gone(number) {
        platform::relax();
    }
}

/// What became of a link that was to be put into both trees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Inserted {
    /// It is there.
    Tied,
    /// It was there, and somebody has claimed it since, and is at it or was.
    Claimed,
    /// It is the caller's alone again, for the tree of the lower end has one.
    There,
    /// It is the caller's alone again, for the other one has ended.
    Gone,
}

/// Puts a link in; `enter` takes the lock of the ring at one end, unless that has ended.
pub(super) fn insert<'a, K>(
    ties: &Ties,
    (tie, number): (&Tie, u64),
    mut enter: impl FnMut(usize) -> Option<InRing<'a, K>>,
) -> Inserted {
    match enter(LOW) {
        None => return Inserted::Gone,
        Some(low) if !low.insert_link(ties, tie.knot(LOW)) => return Inserted::There,
        Some(_) => {}
    }
    if let Some(high) = enter(HIGH) {
        // Who has claimed it since looks here after this, or has looked here before.
        if !tie.is_open(number) {
            return Inserted::Claimed;
        }
        let is_alone = high.insert_link(ties, tie.knot(HIGH));
        debug_assert!(is_alone, "above, and not below");
        return Inserted::Tied;
    }
    // So that was the other one; and nobody has found it in the own tree, in which only its owner and its end look for one to claim.
    match enter(LOW) {
        Some(low) => low.remove(ties, tie.knot(LOW)),
        None => debug_assert!(false, "the running process has ended"),
    }
    Inserted::Gone
}

/// The running process and another are linked no more: after this no exit signal of that link comes. True if they were. False if there
/// was none, or the other one has cut it just now, or its signal has come already: then its [`Exit`] is in the mailbox of a process that
/// traps exits, unless it has been received; and any other one is about to end, unless that one had returned.
pub fn unlink(pid: Pid) -> bool {
    let header = running();
    let table = table();
    let Some(gate) = table.gates().of(header.pid()) else {
        return false;
    };
    let ties = table.ties();
    // A tie in hand would be lost with whoever is killed.
    let stays = PreemptionOff::new();
    let mine = gate.ring().lock(PreemptionOff::new());
    let found = mine.link_to(ties, pid).and_then(|knot| knot.parts());
    let Some(tie) = found.and_then(|(index, _)| ties.at(index)) else {
        return false;
    };
    let number = tie.number();
    let is_mine = tie.seize();
    drop(mine);
    if is_mine {
        let ring_of = |side| table.gates().of(tie.end(side)).map(Gate::ring);
        ties.take_out(tie, [ring_of(HIGH), ring_of(LOW)], PreemptionOff::new);
        tie.unload().into_iter().for_each(Carrier::discard);
        ties.give(tie);
        return true;
    }
    drop(stays);
    until_gone(tie, number);
    false
}

/// Says whether exit signals come to the running process as messages, [`Exit`], and do not end it, from now on; and how it was. (A process that
/// is killed ends all the same: that is no signal.) It fails for want of memory only.
pub fn trap_exit(traps: bool) -> Result<bool, NoLink> {
    let header = running();
    if !traps && table().gates().of(header.pid()).is_none() {
        return Ok(false);
    }
    let own = once_more(|| End::own(header, false)).ok_or(NoLink::NoMemory)?;
    let mine = own.gate.ring().lock(PreemptionOff::new());
    Ok(mine.set_traps(traps))
}

/// True if that process traps exits. Nothing is made for one that nobody is tied to.
fn traps(pid: Pid) -> bool {
    let gate = table().gates().of(pid);
    gate.is_some_and(|gate| gate.ring().lock(PreemptionOff::new()).traps(pid))
}

/// Sends a process an exit signal, as if it were linked to the running one, which had ended for that reason: one that traps such signals gets an
/// [`Exit`], any other one ends, unless the reason is that somebody returned. What can't be trapped is to be [killed](crate::process::kill).
/// To one that is gone nothing happens. A signal that comes as a message is not refused, however full the mailbox is.
///
/// In Erlang, whose `exit/2` this is, two reasons are special: `kill` can't be trapped, and `normal` ends who sends it to itself. Here it
/// is [`kill`](crate::process::kill) that can't be trapped, and a reason is only a reason.
pub fn exit_signal(pid: Pid, reason: ExitReason) -> Result<(), NoLink> {
    let header = running();
    if pid != header.pid() && is_kernels_own(pid) {
        return Err(NoLink::Refused);
    }
    header.local.spend_little(1);
    if reason == ExitReason::Returned && !traps(pid) {
        return Ok(());
    }
    let Found::Here(other) = End::find(pid).ok_or(NoLink::NoMemory)? else {
        return Ok(());
    };
    let mut exit = Some(letter().ok_or(NoLink::NoMemory)?);
    let sent = once_more(|| {
        let _stays = PreemptionOff::new();
        let mut parts = Parts::without_tie(other.wants_words())?;
        if let Some(ring) = other.enter() {
            ring.leave_words(&mut parts.words);
            let carrier = parts.carrier(Letter::Exit(exit.take()?))?;
            if deliver(ring, other.slot, pid, carrier, (header.pid(), &reason)) {
                meet_request(pid);
            }
        }
        Some(())
    });
    sent.ok_or(NoLink::NoMemory)
}
