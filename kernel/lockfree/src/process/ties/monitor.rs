//! Monitors: one process watches another, and is told of its end by a message.

use super::end::{new_words, old_words};
use super::pool::INDEX_BITS;
use super::ring::Words;
use super::tie::{NUMBER_BITS, Tie, WATCHED, WATCHER};
use crate::mail::{
    Envelope, Look, Position, give_envelope, receive_where, send_told, take_envelope, try_box,
};
use crate::process::word::Handover;
use crate::process::{
    ExitReason, Gate, Header, Kind, Pid, PreemptionOff, Slot, is_alive, local, platform, table,
};
use crate::scarcity::Purpose;
use alloc::boxed::Box;
use core::fmt;
use core::ptr::NonNull;

/// One monitor, which no other has.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MonitorRef(u64);

const _: () = assert!(NUMBER_BITS + INDEX_BITS == 64);

impl MonitorRef {
    fn new(tie: &Tie, number: u64) -> Self {
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

/// The message, and the envelope that it will travel in: so telling wants for nothing.
#[derive(Debug)]
pub(super) struct Carrier {
    envelope: NonNull<Envelope>,
    down: Box<Down>,
}

impl Carrier {
    fn envelope(&self) -> &'static Envelope {
        // SAFETY: envelopes live for ever.
        unsafe { self.envelope.as_ref() }
    }
}

/// Tells a watcher of an end.
pub(super) fn tell(watcher: Pid, carrier: Carrier, reason: ExitReason) {
    let envelope = carrier.envelope();
    let mut down = carrier.down;
    down.reason = reason;
    send_told(watcher, envelope, down);
}

/// Gives back what nobody is told by.
pub(super) fn discard(carrier: Carrier) {
    give_envelope(carrier.envelope());
    drop(carrier.down);
}

fn running() -> &'static Header {
    let local = local();
    assert!(local.kind() == Kind::Process, "only a process monitors");
    // SAFETY: a process's record is the first field of its header, which lives while it runs.
    unsafe { NonNull::from(local).cast().as_ref() }
}

/// The other one, as far as it can be found.
struct Other {
    pid: Pid,
    place: Option<(&'static Slot, &'static Gate)>,
}

/// Has the running process told when that one ends, by a [`Down`] in its mailbox. If it is gone, that is there at once, with the
/// reason [`NoProcess`](ExitReason::NoProcess). Who monitors itself is told nothing, as nobody could be.
pub fn monitor(pid: Pid) -> Result<MonitorRef, NoMonitor> {
    let header = running();
    let table = table();
    let own = table.gates().of_or_new(header.pid()).ok_or(NoMonitor)?;
    // For one that is gone nothing is made.
    let place = match table.slot(pid.index()).filter(|_| is_alive(pid)) {
        Some(slot) => Some((slot, table.gates().of_or_new(pid).ok_or(NoMonitor)?)),
        None => None,
    };
    let down = Down {
        reference: MonitorRef(0),
        pid,
        reason: ExitReason::NoProcess,
    };
    let down = try_box(down, Purpose::Down).map_err(|_| NoMonitor)?;
    let other = Other { pid, place };
    // Until all of it stands in a ring.
    let tie = |down| {
        let _stays = PreemptionOff::new();
        tie_to(header, own, &other, down)
    };
    match tie(down) {
        Ok(made) => Ok(made),
        // Whoever may not be kept waiting gets no room made: now it may.
        Err(down) if platform::make_room() => tie(down).map_err(|_| NoMonitor),
        Err(_) => Err(NoMonitor),
    }
}

fn tie_to(
    header: &'static Header,
    own: &'static Gate,
    other: &Other,
    mut down: Box<Down>,
) -> Result<MonitorRef, Box<Down>> {
    let ties = table().ties();
    let Some(envelope) = take_envelope() else {
        return Err(down);
    };
    let Some(tie) = ties.take() else {
        give_envelope(envelope);
        return Err(down);
    };
    let mut words = None;
    if let Some((_, gate)) = other.place {
        let wants = gate
            .ring()
            .lock(PreemptionOff::new())
            .wants_words(other.pid);
        if wants {
            words = new_words();
            if words.is_none() {
                ties.give(tie);
                give_envelope(envelope);
                return Err(down);
            }
        }
    }
    let mut number = 0;
    tie.open([header.pid(), other.pid], |its| {
        number = its;
        down.reference = MonitorRef::new(tie, its);
        let envelope = NonNull::from(envelope);
        Some(Carrier { envelope, down })
    });
    if other.pid == header.pid() {
        tie.unload().into_iter().for_each(discard);
        ties.give(tie);
    } else {
        let mine = own.ring().lock(PreemptionOff::new());
        mine.serve(header.pid());
        mine.insert(ties, tie.knot(WATCHER));
        drop(mine);
        // It runs, so its end comes after this.
        header.local.mailbox.tie(table().slabs());
        if !enter(other, tie, &mut words) {
            // Nobody else finds it: its number is not told yet.
            let rings = [Some(own.ring()), None];
            ties.take_out(tie, rings, PreemptionOff::new);
            let carrier = tie.unload();
            ties.give(tie);
            let tell = |carrier| tell(header.pid(), carrier, ExitReason::NoProcess);
            carrier.into_iter().for_each(tell);
        }
    }
    old_words(words);
    Ok(MonitorRef::new(tie, number))
}

/// Takes a tie into the ring of the process that is watched. False if that has ended.
fn enter(other: &Other, tie: &'static Tie, words: &mut Option<Words>) -> bool {
    let &Other { pid, place } = other;
    let Some((slot, gate)) = place else {
        return false;
    };
    let ring = gate.ring().lock(PreemptionOff::new());
    if !ring.serves(pid) {
        if slot.word.bind(pid) == Handover::Nothing {
            return false;
        }
        ring.serve(pid);
    }
    ring.leave_words(words);
    ring.insert(table().ties(), tie.knot(WATCHED));
    true
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
        tie.unload().into_iter().for_each(discard);
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
