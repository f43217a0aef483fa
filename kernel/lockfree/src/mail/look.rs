//! Looking into one's mailbox: the first message of a type, or the first that is wanted.
//!
//! Nearly always that is simply the first, or there is none: `poll` finds that out by itself. All else is
//! found here, by a search.
//!
//! What a process skips stays where it is in the list. A [`Position`] remembers how far one receive
//! has looked, so that it looks at nothing twice, however many come. It has the stamp that the list had then; whatever
//! else takes an envelope out of the list takes the stamp away, and the next position gives it another one. No two
//! lists of a machine ever have the same stamp, so a receive that has gone to another process, as a future may, begins
//! anew there. While any position may be right the process's mailbox counts as special, so only a search can take one out.
//!
//! While somebody's filter looks at an envelope, the list stays as it is: nothing is taken in or out.

use super::Envelope;
use super::envelope::{Class, Message, Packing};
use super::gated::note_taken;
use super::lane::take_in_by_lane;
use super::mailbox::EMPTIED_MOST;
use super::question::opened;
use super::special::{FILTERS, LANE, POSITIONS};
use super::waiting::pass_on;
use crate::process::here;
use crate::process::{Header, Kind, Local, own_record, reduce};
use alloc::boxed::Box;
use core::num::NonZero;
use core::ptr::NonNull;

/// Envelopes that are looked at for one reduction.
pub(super) const LOOKS: u32 = 16;

/// What a look into the mailbox has come to.
#[derive(Debug)]
pub enum Look<M> {
    /// A message.
    Found(M),
    /// There is none yet.
    Nothing,
    /// The process has looked at so many that others have to run first.
    Later,
}

/// How far a receive has looked: nothing is passed over yet, which every receive begins with and writes by one store, or
/// something is.
#[derive(Debug, Default)]
pub struct Position(Option<Passed>);

/// The number of the last envelope that was passed over, and the stamp of the list then, in two halves, for that takes
/// less room in a future.
#[derive(Clone, Copy, Debug)]
struct Passed {
    number: NonZero<u32>,
    stamp: [u32; 2],
}

/// The running process's header.
#[inline(always)]
pub(super) fn header() -> &'static Header {
    let local = own_record();
    assert!(
        local.kind() == Kind::Process,
        "only a process has a mailbox"
    );
    // SAFETY: a process's record is the first field of its header, which lives while it runs.
    unsafe { NonNull::from(local).cast().as_ref() }
}

/// Takes the first message of this type.
pub fn receive<M: Send + 'static>(position: &mut Position) -> Look<M> {
    let header = header();
    let wants = Envelope::is::<M>;
    // SAFETY: it holds that.
    search(header, position, wants, |found| unsafe {
        open_either::<M>(found)
    })
    .map(Packed::unpack)
}

/// Takes the first message of this type that `filter` wants.
pub fn receive_where<M: Send + 'static>(
    position: &mut Position,
    mut filter: impl FnMut(&M) -> bool,
) -> Look<M> {
    let header = header();
    let wants = |envelope: &Envelope| {
        let Some(message) = envelope.peek::<M>() else {
            return false;
        };
        // While somebody's code holds a reference into an envelope, nobody takes one out.
        header.local.set_special(FILTERS);
        let is_wanted = filter(message);
        header.local.clear_special(FILTERS);
        is_wanted
    };
    // SAFETY: it holds that.
    search(header, position, wants, |found| unsafe {
        open_either::<M>(found)
    })
    .map(Packed::unpack)
}

/// Takes the first message of whatever type.
pub fn receive_any(position: &mut Position) -> Look<Message> {
    let wants = |envelope: &Envelope| envelope.class() != Class::Answer;
    search(header(), position, wants, Envelope::take_message)
}

/// Takes a message or a question out of an envelope.
///
/// # Safety
///
/// The envelope holds a message or a question of this type.
#[inline(always)]
unsafe fn open_either<M: Send + 'static>(envelope: &Envelope) -> Packed<M> {
    let is_boxed = match envelope.class() {
        Class::Question => !Packing::<M>::IS_QUESTION_INLINE,
        _ => !Packing::<M>::IS_INLINE,
    };
    // SAFETY: the caller's promise.
    unsafe {
        if is_boxed {
            Packed::Boxed(envelope.empty())
        } else {
            Packed::Inline(envelope.empty())
        }
    }
}

/// A message as it was in the envelope.
pub(super) enum Packed<M> {
    Inline(M),
    Boxed(Box<M>),
}

impl<M> Packed<M> {
    #[inline(always)]
    pub(super) fn unpack(self) -> M {
        match self {
            Self::Inline(message) => message,
            Self::Boxed(message) => *message,
        }
    }
}

impl<M> Look<M> {
    /// Does something with what was found.
    fn map<R>(self, change: impl FnOnce(M) -> R) -> Look<R> {
        match self {
            Self::Found(found) => Look::Found(change(found)),
            Self::Nothing => Look::Nothing,
            Self::Later => Look::Later,
        }
    }
}

/// Looks through the list from `position` on, and takes out the first message that is wanted.
pub(super) fn search<R>(
    header: &'static Header,
    position: &mut Position,
    mut wants: impl FnMut(&Envelope) -> bool,
    take: impl FnOnce(&'static Envelope) -> R,
) -> Look<R> {
    let local = &header.local;
    assert!(!local.has_special(FILTERS), "a filter can't receive");
    local.end_run();
    let taken_in = take_in(header);
    if taken_in == TakenIn::NotYet {
        return Look::Later;
    }
    let mut passed = position.passed(header);
    let mut looks = 0;
    while let Some(envelope) = local.mailbox.after(passed) {
        if envelope.is_late_answer() {
            drop_late_answer(header, passed, envelope);
            continue;
        }
        if wants(envelope) {
            return Look::Found(remove(header, passed, envelope, take));
        }
        passed = Some(NonNull::from(envelope));
        looks += 1;
        if looks % LOOKS == 0 {
            reduce(1);
            if local.left() < 0 && position.set(header, passed) {
                return Look::Later;
            }
        }
    }
    if local.mailbox.has_emptied() {
        here::with_desk(|here, desk| local.mailbox.give_emptied(&mut desk.pool, here));
    }
    position.set(header, passed);
    match taken_in == TakenIn::Before && has_come(header) {
        true => Look::Later,
        false => Look::Nothing,
    }
}

/// Takes an envelope out of the list, and what `take` takes out of it; somebody may wait for the place.
fn remove<R>(
    header: &'static Header,
    passed: Option<NonNull<Envelope>>,
    envelope: &'static Envelope,
    take: impl FnOnce(&'static Envelope) -> R,
) -> R {
    let is_uncounted = envelope.is_uncounted();
    let taken = take_out(header, passed, envelope, take);
    if note_taken(header, is_uncounted) {
        pass_on(header);
    }
    taken
}

fn take_out<R>(
    header: &'static Header,
    passed: Option<NonNull<Envelope>>,
    envelope: &'static Envelope,
    take: impl FnOnce(&'static Envelope) -> R,
) -> R {
    let Local { mailbox, .. } = &header.local;
    header.note_change();
    match passed {
        None => header.local.break_seal(envelope),
        Some(_) => header.local.break_run(envelope),
    }
    let is_question = envelope.class() == Class::Question;
    // The first one becomes an emptied one, by one store. Whoever has to give way soon gives all those back.
    let keeps_emptied = (1..=EMPTIED_MOST).contains(&header.local.left());
    if passed.is_none() && keeps_emptied && !is_question {
        let taken = take(envelope);
        mailbox.pass(envelope);
        return taken;
    }
    here::with_desk(|here, desk| {
        let taken = take(envelope);
        if passed.is_none() && !is_question {
            mailbox.pass_and_give(envelope, &mut desk.pool, here);
            return taken;
        }
        mailbox.unlink(passed, envelope, &mut desk.pool, here);
        if is_question {
            // Its envelope waits for the answer.
            opened(header, here, desk, envelope);
        } else {
            desk.pool.give(here, envelope);
        }
        taken
    })
}

/// How far what has come was taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TakenIn {
    /// All that had come when it began.
    All,
    /// What had come before an earlier look that was broken off, which is at its end now; more may be there.
    Before,
    /// Others are to run before that is done.
    NotYet,
}

/// Takes everything in that has come, in slices; but not below a filter, for that would pass urgent messages.
fn take_in(header: &'static Header) -> TakenIn {
    if header.local.has_special(FILTERS) {
        return TakenIn::All;
    }
    if !header.local.has_special(LANE) {
        turn_all(header);
        return TakenIn::All;
    }
    let taken_in = take_in_by_lane(header);
    header.local.become_irregular();
    taken_in
}

/// The same to its end, whatever it costs: a tick takes the core if it has to.
pub(super) fn take_all_in(header: &'static Header) {
    // What was broken off is ended first, and has nothing of what has come since; the second time nothing was.
    for _ in 0..2 {
        let mut taken_in = TakenIn::NotYet;
        while taken_in == TakenIn::NotYet {
            taken_in = take_in(header);
        }
    }
}

/// The same without a look at what is urgent.
#[inline(always)]
pub(super) fn turn_all(header: &'static Header) {
    if has_come(header) {
        turn_what_is_there(header);
    }
}

/// True if there is something that was not taken in.
#[inline(always)]
fn has_come(header: &Header) -> bool {
    header.local.is_turning() || header.slot.word.has_mail()
}

#[inline(never)]
fn turn_what_is_there(header: &'static Header) {
    let Header { local, slot, .. } = header;
    loop {
        let is_done = here::with_desk(|here, desk| {
            if !local.is_turning() && slot.word.has_mail() {
                local.begin_to_turn(slot.word.take(), here.table().slabs());
            }
            local.turn(here, &mut desk.pool)
        });
        if is_done {
            return;
        }
        reduce(1);
    }
}

/// Nobody has asked, or nobody waits any more.
#[cold]
fn drop_late_answer(
    header: &'static Header,
    passed: Option<NonNull<Envelope>>,
    envelope: &'static Envelope,
) {
    let message = remove(header, passed, envelope, Envelope::take_message);
    here::with_desk(|_, desk| desk.pool.traffic.late_answers += 1);
    drop(message);
}

impl Header {
    /// No position is right any more.
    pub(super) fn note_change(&self) {
        self.local.clear_special(POSITIONS);
    }
}

impl Position {
    /// Behind everything that is in the running process's mailbox now.
    #[inline(always)]
    pub(super) fn at_the_end_of(header: &'static Header) -> Self {
        if header.local.mailbox.first().is_none() && !header.slot.word.has_mail() {
            return Self::default();
        }
        Self::behind_all(header)
    }

    #[cold]
    #[inline(never)]
    fn behind_all(header: &'static Header) -> Self {
        take_all_in(header);
        let last = here::with_desk(|here, _| header.local.mailbox.last(here.table().slabs()));
        let mut position = Self::default();
        position.set(header, last);
        position
    }

    /// The last envelope that was passed over, unless the list has changed since, or is another one.
    fn passed(&self, header: &Header) -> Option<NonNull<Envelope>> {
        let Passed { number, stamp } = self.0?;
        let is_right =
            header.local.has_special(POSITIONS) && header.cold()?.mail_stamp.get() == stamp;
        let number = number.get();
        // SAFETY: the list has not changed since the envelope with this number was found in it.
        is_right.then(|| here::with_desk(|here, _| unsafe { here.table().slabs().at(number) }))
    }

    /// Remembers how far this has looked. False if there is no memory for that.
    fn set(&mut self, header: &Header, passed: Option<NonNull<Envelope>>) -> bool {
        self.0 = None;
        let Some(passed) = passed else { return true };
        let Some(cold) = header.cold_or_new() else {
            return false;
        };
        if !header.local.has_special(POSITIONS) {
            cold.mail_stamp.set(here::table().next_stamp());
            header.local.set_special(POSITIONS);
        }
        // SAFETY: in the list, so it is this process's.
        let number = NonZero::new(unsafe { passed.as_ref() }.number());
        let stamp = cold.mail_stamp.get();
        self.0 = number.map(|number| Passed { number, stamp });
        true
    }
}
