//! Mail that processes have left unread when they ended, until a reaper has dropped it; messages that were sent at a time, and
//! found nobody; and arenas of many chunks, until the reaper has given them back.
//!
//! Destructors are somebody's code, and need not come to their end. One that is still at it after a while takes
//! its reaper along, as any destructor ends with its process: the kernel gives it up where it stands, and the next
//! reaper goes on with the next message. The same becomes of one that blocks (see `hindrance`). Meanwhile the core ticks.
//!
//! A reaper is of the ordinary level. Where more urgent processes leave it no time, mail would pile up behind it. So with more than
//! [so many](BACKLOG) homes behind it, another one is made, of the next level, which goes on until there are half as many. That
//! harms nobody for long: it works off what others have left meanwhile, and a destructor that is not through within four quanta
//! makes it an ordinary one, which ends with that message; another one is in a hurry then, up to three times.
//!
//! The mailbox of the first one is taken in hand, and its home is free at once: so there is always a home for the
//! reaper itself. Whoever ends while that is at work keeps its home until its own turn comes.

use super::finished::Manner;
use super::header::Header;
use super::here::{with_desk, with_own_desk};
use super::hindrance::Hindrance;
use super::homes;
use super::in_loop::{in_this_loop, with_desk_in_loop};
use super::platform::PreemptionOff;
use super::request::tell_around;
use super::table::{Fate, is_alive};
use super::ties::untie_next;
use super::waker;
use super::word::Pid;
use crate::arena::Remains;
use crate::mail::{Envelope, Mailbox, Message, bury, tell_next_of};
use core::mem;
use core::ptr::NonNull;

/// A core's.
#[derive(Debug)]
pub(crate) struct Unburied {
    /// What is being dropped.
    in_hand: Mailbox,
    /// Messages that were to be sent at a time, and then found nobody, or no room; each leads to the next.
    undelivered: Option<NonNull<Envelope>>,
    /// Processes that have ended since; each leads to the next.
    others: Option<NonNull<Header>>,
    /// Processes that have ended, and for whom senders wait in line, or that are tied to others; each leads to the next.
    debts: Option<NonNull<Header>>,
    /// The last of those, if there are any.
    last_with_debts: Option<NonNull<Header>>,
    /// What is left of arenas.
    remains: Remains,
    /// How many those are.
    backlog: u32,
    /// Who drops it.
    reaper: Option<Pid>,
    /// Who does besides, in a hurry.
    hurried: Option<Pid>,
    /// Who did, until a destructor kept them for too long to be in a hurry.
    slowed: [Option<Pid>; SLOWED_MAX],
    /// Who was kept from that, until somebody has told of it.
    pub(super) hindered: Option<(Pid, Hindrance)>,
    /// Others have been told to end since cores were told to look.
    has_doomed: bool,
}

/// Homes that wait until another reaper is made, of a higher level.
const BACKLOG: u32 = 64;
/// Reapers of a core that were in a hurry and are not through with a message: each has a stack.
const SLOWED_MAX: usize = 3;

// SAFETY: it owns its homes, as `Pools` does.
unsafe impl Send for Unburied {}

impl Unburied {
    pub(super) const fn new() -> Self {
        Self {
            in_hand: Mailbox::new(),
            undelivered: None,
            others: None,
            debts: None,
            last_with_debts: None,
            remains: Remains::new(),
            backlog: 0,
            reaper: None,
            hurried: None,
            slowed: [None; SLOWED_MAX],
            hindered: None,
            has_doomed: false,
        }
    }

    /// Takes over a message that was not delivered; it has been counted.
    pub(super) fn leave(&mut self, envelope: &'static Envelope) {
        envelope.set_next(self.undelivered.replace(NonNull::from(envelope)));
    }

    /// Takes the one of them that was left last.
    fn take_undelivered(&mut self) -> Option<&'static Envelope> {
        // SAFETY: envelopes live for ever, and whoever left this one has no other use for it.
        let envelope = unsafe { self.undelivered?.as_ref() };
        self.undelivered = envelope.next();
        Some(envelope)
    }

    #[inline(always)]
    fn is_nothing(&self) -> bool {
        self.others.is_none()
            && self.undelivered.is_none()
            && self.in_hand.is_cleared()
            && self.remains.is_nothing()
            && self.hindered.is_none()
    }

    /// True if the loop has to look again: there was no room for a reaper, or that has been killed.
    #[inline(always)]
    pub(super) fn is_behind(&self) -> bool {
        !self.is_nothing() && self.has_no_reaper()
    }

    /// True if there is somebody to be told that nobody receives any more.
    #[inline(always)]
    pub(super) fn has_debts(&self) -> bool {
        self.debts.is_some()
    }

    #[cold]
    #[inline(never)]
    fn has_no_reaper(&self) -> bool {
        self.reaper.is_none_or(|pid| !is_alive(pid))
    }

    /// True if another one is wanted, in a hurry.
    fn is_pressed(&self) -> bool {
        self.backlog > BACKLOG && self.hurried.is_none_or(|pid| !is_alive(pid))
    }

    /// If this one is in a hurry it is no more, and another one may be made for what is left. True if so.
    pub(super) fn has_slowed_down(&mut self, pid: Pid) -> bool {
        let is_free = |place: &&mut Option<Pid>| place.is_none_or(|pid| !is_alive(pid));
        match self.slowed.iter_mut().find(is_free) {
            Some(place) if self.hurried == Some(pid) => {
                *place = self.hurried.take();
                true
            }
            _ => false,
        }
    }

    /// True if that one is to go: it was in a hurry, and there is no need for that, or it was too slow.
    fn needs_no_more(&self, pid: Pid) -> bool {
        self.hurried == Some(pid) && self.backlog <= BACKLOG / 2 || self.slowed.contains(&Some(pid))
    }

    /// This reaper does no more.
    fn dismiss(&mut self, pid: Pid) {
        let others = self.slowed.iter_mut();
        for place in others.chain([&mut self.reaper, &mut self.hurried]) {
            if *place == Some(pid) {
                *place = None;
            }
        }
    }

    /// Homes whose mail is not gone yet; nobody lives there.
    #[cfg(not(target_os = "none"))]
    pub(super) fn count(&self) -> usize {
        // SAFETY: as in `next_unread`.
        let after = |header: &NonNull<Header>| unsafe { header.as_ref() }.next.get();
        let count = |first| core::iter::successors(first, after).count();
        count(self.others) + count(self.debts)
    }
}

/// Takes over what a process has left that has ended. False if its home is free now.
///
/// # Safety
///
/// As for `give_home`; `newest` is what the slot's word had. If this is true, the home is given back later.
#[cold]
#[inline(never)]
pub(crate) unsafe fn leave_unburied(
    header: NonNull<Header>,
    newest: u32,
    is_retired: bool,
) -> bool {
    with_desk_in_loop(|here, desk| {
        // SAFETY: the caller's promise.
        let ended = unsafe { header.as_ref() };
        here.mark_laden();
        ended.local.mailbox.close(newest, here.table().slabs());
        desk.unburied.keep(ended, is_retired)
    })
}

impl Unburied {
    /// Keeps what a process has left, whose mailbox is closed. False if its home is free now.
    fn keep(&mut self, ended: &Header, is_retired: bool) -> bool {
        if self.is_nothing() {
            self.in_hand = ended.local.mailbox.take_all();
            return false;
        }
        ended.frame.set(usize::from(is_retired));
        ended.next.set(self.others.replace(NonNull::from(ended)));
        self.backlog += 1;
        true
    }
}

/// Senders, and processes tied to the dead, that are told at a turn.
const TOLD: usize = 16;

/// As `leave_unburied`, for a process for whom senders wait in line, or that is tied to others.
///
/// # Safety
///
/// As there.
pub(super) unsafe fn leave_with_debts(
    header: NonNull<Header>,
    newest: u32,
    slot: Fate,
    manner: Manner,
) {
    with_desk_in_loop(|here, desk| {
        // SAFETY: the caller's promise.
        let ended = unsafe { header.as_ref() };
        here.mark_laden();
        ended.local.mailbox.close(newest, here.table().slabs());
        ended
            .frame
            .set(slot as usize | manner.number() << FATE_BITS);
        desk.unburied.add_debts(header);
    });
}

impl Unburied {
    /// Behind those that came before.
    fn add_debts(&mut self, header: NonNull<Header>) {
        // SAFETY: nobody else uses those that are kept here.
        let next_of = |of: NonNull<Header>| unsafe { &of.as_ref().next };
        next_of(header).set(None);
        match self.last_with_debts.replace(header) {
            Some(last) if self.debts.is_some() => next_of(last).set(Some(header)),
            _ => self.debts = Some(header),
        }
    }

    /// The next turn is another one's: whoever was watched by a hundred thousand keeps nobody from being told of the others.
    fn turn_debts(&mut self) {
        // SAFETY: as above.
        let next = |of: NonNull<Header>| unsafe { of.as_ref() }.next.get();
        if let Some(first) = self.debts
            && let Some(second) = next(first)
        {
            self.debts = Some(second);
            self.add_debts(first);
        }
    }
}

/// Bits of what becomes of a slot, where the home says how its process has ended.
const FATE_BITS: u32 = 2;

/// Tells some of those who wait for processes that have ended, or are tied to them; for a core's loop. It does so itself, because a
/// process to do it might find no home: all may be those who wait.
#[inline(always)]
pub(crate) fn tell_debts() {
    if with_desk_in_loop(|_, desk| desk.unburied.has_debts()) {
        tell_some();
    }
}

#[cold]
#[inline(never)]
fn tell_some() {
    (0..TOLD).for_each(|_| tell_next());
    let has_doomed = with_desk_in_loop(|_, desk| {
        desk.unburied.turn_debts();
        mem::take(&mut desk.unburied.has_doomed)
    });
    if has_doomed {
        tell_around();
    }
}

/// Somebody has been told to end who may be on another core, or in its queue: all are told to look, once for all of a turn.
pub(super) fn note_doomed() {
    with_desk_in_loop(|_, desk| desk.unburied.has_doomed = true);
}

#[cold]
#[inline(never)]
fn tell_next() {
    let Some(header) = with_desk_in_loop(|_, desk| desk.unburied.debts) else {
        return;
    };
    // SAFETY: `leave_with_debts` was promised that nobody else uses it.
    let ended = unsafe { header.as_ref() };
    let note = ended.frame.get();
    let manner = Manner::of_number(note >> FATE_BITS);
    if tell_next_of(ended) || untie_next(ended, manner) {
        return;
    }
    let slot = Fate::of_number(note & ((1 << FATE_BITS) - 1));
    let is_retired = slot.settle(ended.pid().index());
    let is_kept = with_desk_in_loop(|_, desk| {
        desk.unburied.debts = ended.next.get();
        !ended.local.mailbox.is_cleared() && desk.unburied.keep(ended, is_retired)
    });
    if !is_kept {
        // SAFETY: as above, and now nothing is left in it.
        in_this_loop(|at| unsafe { homes::give_any_home(header, is_retired, at) });
    }
}

/// Chunks that a reaper gives back in a step.
const CHUNKS: usize = 16;

/// Takes over what is left of an arena.
pub(super) fn leave_remains(remains: Remains) {
    with_desk_in_loop(|here, desk| {
        here.mark_laden();
        desk.unburied.remains.take_in(remains);
    });
}

/// Gives back a slice of what is left of arenas; false if there was nothing. Preemption is off, for a reaper may be killed
/// as well, and what it had in hand would be lost.
fn bury_a_slice() -> bool {
    let _stays = PreemptionOff::new();
    let take = |remains: &mut Remains| mem::replace(remains, Remains::new());
    let mut remains = with_desk(|_, desk| take(&mut desk.unburied.remains));
    if remains.is_nothing() {
        return false;
    }
    if !remains.give_back(CHUNKS) {
        with_desk(|_, desk| desk.unburied.remains.take_in(remains));
    }
    true
}

/// The same in a core's loop, for want of a reaper.
pub(crate) fn bury_in_loop() {
    bury_a_slice();
}

/// Takes the next message that a process has left; `None` at the end of all, and an empty one at the end of
/// each. (A step that finds the end of one mailbox is a step all the same, and so is a slice of an arena.)
pub(crate) fn next_unread() -> Option<Option<Message>> {
    if bury_a_slice() {
        return Some(None);
    }
    // A home in hand would be lost with a reaper that is killed.
    let _stays = PreemptionOff::new();
    let mut empty = None;
    let message = with_own_desk(|here, local, desk| {
        let slabs = here.table().slabs();
        let unburied = &mut desk.unburied;
        let own = waker::pid(local.waker());
        if unburied.needs_no_more(own) {
            unburied.dismiss(own);
            return None;
        }
        local.overtime.set(1);
        if let Some(envelope) = unburied.take_undelivered() {
            let message = envelope.take_message();
            desk.pool.give(here, envelope);
            return Some(Some(message));
        }
        if let Some(envelope) = unburied.in_hand.clear(slabs) {
            if envelope.class().concerns_questions() {
                let (message, rest) = bury(here, local, desk, envelope);
                if let Some(rest) = rest {
                    desk.unburied.in_hand.put_back(rest);
                }
                return Some(message);
            }
            desk.pool.traffic.unread += 1;
            let message = envelope.take_message();
            desk.pool.give(here, envelope);
            return Some(Some(message));
        }
        let Some(header) = unburied.others else {
            if !unburied.remains.is_nothing() {
                return Some(None);
            }
            // Said here, while nobody can leave more: the next one finds that it needs a reaper.
            unburied.dismiss(own);
            return None;
        };
        // SAFETY: `leave_unburied` was promised that nobody else uses it.
        let ended = unsafe { header.as_ref() };
        unburied.in_hand = ended.local.mailbox.take_all();
        unburied.others = ended.next.get();
        unburied.backlog -= 1;
        let is_retired = ended.frame.get() != 0;
        let goes_back = is_retired || ended.local.is_abroad();
        // SAFETY: as above, and now nothing is left in it.
        if goes_back || !unsafe { desk.pools.give(ended.operations.class, header) } {
            empty = Some((header, is_retired));
        }
        Some(None)
    });
    if let Some((header, is_retired)) = empty {
        // SAFETY: as above.
        unsafe {
            match is_retired || !header.as_ref().local.is_abroad() {
                true => homes::give_back(header, is_retired),
                false => homes::bring_home(header),
            }
        }
    }
    message
}

/// Who is to be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    Nobody,
    Reaper,
    /// Another one, in a hurry.
    Hurried,
}

/// Says who is to be made to drop what processes have left; for a core's loop.
#[inline(always)]
pub(crate) fn wanted() -> Wanted {
    with_desk_in_loop(|_, desk| match &desk.unburied {
        unburied if unburied.is_nothing() => Wanted::Nobody,
        unburied if unburied.has_no_reaper() => Wanted::Reaper,
        unburied if unburied.is_pressed() => Wanted::Hurried,
        _ => Wanted::Nobody,
    })
}

/// Says who drops it.
pub(crate) fn set_reaper(pid: Pid, wanted: Wanted) {
    with_desk(|_, desk| match wanted {
        Wanted::Hurried => desk.unburied.hurried = Some(pid),
        _ => desk.unburied.reaper = Some(pid),
    });
}
