//! Monitors: one process watches another, and is told of its end by a message.

use super::carrier::{Carrier, Letter};
use super::ends::{End, Found, once_more, running};
use super::parts::Parts;
use super::pool::INDEX_BITS;
use super::tie::{NUMBER_BITS, Tie, WATCHED, WATCHER};
use crate::mail::{Look, Position, receive_where, try_box};
use crate::process::{ExitReason, Gate, Pid, PreemptionOff, platform, table};
use crate::scarcity::Purpose;
use alloc::boxed::Box;
use core::fmt;

/// One monitor, which no other has.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MonitorRef(u64);

const _: () = assert!(NUMBER_BITS + INDEX_BITS == 64);

impl MonitorRef {
    pub(super) fn new(tie: &Tie, number: u64) -> Self {
        Self(number << INDEX_BITS | u64::from(tie.index))
    }

    fn index(self) -> u32 {
        (self.0 & ((1 << INDEX_BITS) - 1)) as u32
    }

    fn number(self) -> u64 {
        self.0 >> INDEX_BITS
    }
}

impl fmt::Debug for MonitorRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "monitor {}.{}", self.number(), self.index())
    }
}

/// A process that was monitored has ended: a message, to whoever monitored it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Down {
    /// What [`monitor`] gave.
    pub reference: MonitorRef,
    /// Who has ended.
    pub pid: Pid,
    /// How.
    pub reason: ExitReason,
}

/// There is no memory for a monitor, or there are as many as there may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoMonitor;

impl fmt::Display for NoMonitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no room for another monitor")
    }
}

impl core::error::Error for NoMonitor {}

/// Has the running process told when that one ends, by a [`Down`] in its mailbox. If it is gone, that is there at once, with the
/// reason [`NoProcess`](ExitReason::NoProcess). Who monitors itself is told nothing, as nobody could be.
pub fn monitor(pid: Pid) -> Result<MonitorRef, NoMonitor> {
    let header = running();
    let own = once_more(|| End::own(header, false)).ok_or(NoMonitor)?;
    let other = End::find(pid).ok_or(NoMonitor)?;
    let mut down = Some(letter().ok_or(NoMonitor)?);
    once_more(|| tie_to(own, pid, &other, &mut down)).ok_or(NoMonitor)
}

/// A message about an end to come.
pub(super) fn letter() -> Option<Box<Down>> {
    let down = Down {
        reference: MonitorRef(0),
        pid: Pid::from_number(Pid::NOBODY),
        reason: ExitReason::NoProcess,
    };
    try_box(down, Purpose::Down).ok()
}

fn tie_to(own: End, pid: Pid, other: &Found, down: &mut Option<Box<Down>>) -> Option<MonitorRef> {
    // Until all of it stands in a ring.
    let _stays = PreemptionOff::new();
    let ties = table().ties();
    let wants_words = matches!(other, Found::Here(other) if other.wants_words());
    let mut parts = Parts::gather(wants_words)?;
    let letter = Letter::Down(down.take()?);
    let ends = [own.pid, pid];
    let (tie, number) = parts.open(ends, |tie, number| letter.addressed(pid, tie, number))?;
    let reference = MonitorRef::new(tie, number);
    if pid == own.pid {
        tie.unload().into_iter().for_each(Carrier::discard);
        ties.give(tie);
        return Some(reference);
    }
    let mine = own.gate.ring().lock(PreemptionOff::new());
    mine.insert(ties, tie.knot(WATCHER));
    drop(mine);
    let ring = match other {
        Found::Here(other) => other.enter(),
        Found::Gone => None,
    };
    if let Some(ring) = ring {
        ring.leave_words(&mut parts.words);
        ring.insert(ties, tie.knot(WATCHED));
    } else {
        // Nobody else finds it: its number is not told yet.
        let rings = [Some(own.gate.ring()), None];
        ties.take_out(tie, rings, PreemptionOff::new);
        let carrier = tie.unload();
        ties.give(tie);
        let tell = |carrier: Carrier| carrier.send(own.pid, pid, ExitReason::NoProcess);
        drop(carrier.map(tell));
    }
    Some(reference)
}

/// The running process is not told of that end any more. True if so; false if it was told already, and finds the [`Down`] in its
/// mailbox unless it has received that, or if the monitor is not its own.
pub fn demonitor(reference: MonitorRef) -> bool {
    let own = running().pid();
    let table = table();
    let (ties, number) = (table.ties(), reference.number());
    let Some(tie) = ties.at(reference.index()) else {
        return false;
    };
    // A tie in hand would be lost with whoever is killed.
    let stays = PreemptionOff::new();
    if tie.claim(number, own) {
        let ring_of = |side| table.gates().of(tie.end(side)).map(Gate::ring);
        let rings = [ring_of(WATCHER), ring_of(WATCHED)];
        ties.take_out(tie, rings, PreemptionOff::new);
        tie.unload().into_iter().for_each(Carrier::discard);
        ties.give(tie);
        return true;
    }
    drop(stays);
    // Who has claimed it is another core's loop, and is telling.
    while !tie.is_gone(number) {
        platform::relax();
    }
    false
}

/// The same, and what was told already is taken out of the mailbox: after this no [`Down`] of that monitor is there, and none
/// will come.
pub fn demonitor_and_flush(reference: MonitorRef) -> bool {
    if demonitor(reference) {
        return true;
    }
    let mut position = Position::default();
    let is_it = |down: &Down| down.reference == reference;
    while matches!(receive_where(&mut position, is_it), Look::Later) {}
    false
}
