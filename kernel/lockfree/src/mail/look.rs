//! Looking into one's mailbox: the first message of a type, or the first that is wanted.
//!
//! What a process skips stays where it is in the queue. A [`Position`] remembers how far one receive
//! has looked, so that it looks at nothing twice, however many come; whatever else takes an envelope out
//! of the queue changes a number by which the position knows that it has to begin anew.

use super::Envelope;
use super::envelope::{Class, Message, Packing};
use super::gated::note_taken;
use super::question::opened;
use super::special::FILTERS;
use crate::process::here::{self, Desk, Here, Stay};
use crate::process::{Header, Kind, Local, local, reduce};
use alloc::boxed::Box;
use core::ptr::NonNull;

/// Envelopes that are looked at for one reduction.
const LOOKS: u32 = 16;

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

/// How far a receive has looked.
#[derive(Debug, Default)]
pub struct Position {
    /// The address of the last envelope that it has passed over.
    passed: usize,
    /// The number of changes to the queue that it has seen.
    changes: u32,
}

impl Local {
    #[inline(always)]
    pub(super) fn note_change(&self) {
        self.mail_changes
            .set(self.mail_changes.get().wrapping_add(1));
    }
}

/// The running process's header.
#[inline(always)]
pub(super) fn header() -> &'static Header {
    let local = local();
    assert!(
        local.kind() == Kind::Process,
        "only a process has a mailbox"
    );
    // SAFETY: a process's record is the first field of its header, which lives while it runs.
    unsafe { NonNull::from(local).cast().as_ref() }
}

/// Takes the first message of this type.
#[inline(always)]
pub fn receive<M: Send + 'static>(position: &mut Position) -> Look<M> {
    receive_as(header(), position)
}

/// The same for a process that has its header at hand.
#[inline(always)]
pub(super) fn receive_as<M: Send + 'static>(
    header: &'static Header,
    position: &mut Position,
) -> Look<M> {
    let Header { mailbox, slot, .. } = header;
    if header.local.is_special() {
        return receive_specially(header, position);
    }
    if let Some(last) = mailbox.last.get() {
        // SAFETY: in this process's queue.
        let first = unsafe { last.as_ref().next().unwrap_unchecked().as_ref() };
        if !position.is_new() || !first.holds::<M>() {
            return receive_specially(header, position);
        }
        let mut stay = Stay::new(&header.local);
        let here = stay.here();
        mailbox.unlink_first(first, last);
        header.local.note_change();
        // SAFETY: it holds that; what is done with the desk is a push.
        return Look::Found(unsafe { open(here, stay.desk_of(here), first) });
    }
    if mailbox.unsorted.get() != 0 {
        return receive_specially(header, position);
    }
    if !slot.word.has_mail() {
        return Look::Nothing;
    }
    let mut stay = Stay::new(&header.local);
    let here = stay.here();
    let newest = slot.word.take();
    // SAFETY: a number from the word, which had one; nobody else takes it out.
    let envelope = unsafe { here.table().slabs().at(newest).as_ref() };
    if envelope.before() == 0 && envelope.holds::<M>() {
        // SAFETY: it holds that; what is done with the desk is a push.
        return Look::Found(unsafe { open(here, stay.desk_of(here), envelope) });
    }
    mailbox.unsorted.set(newest);
    drop(stay);
    receive_specially(header, position)
}

/// The same with envelopes to be passed over, or while anything is out of the ordinary: see `special`.
#[cold]
#[inline(never)]
fn receive_specially<M: Send + 'static>(
    header: &'static Header,
    position: &mut Position,
) -> Look<M> {
    if let Some(last) = header.mailbox.last.get() {
        // SAFETY: in this process's queue.
        let first = unsafe { last.as_ref().next().unwrap_unchecked().as_ref() };
        if position.is_new() && first.asks::<M>() && !header.local.is_special() {
            let mut stay = Stay::new(&header.local);
            let here = stay.here();
            header.mailbox.unlink_first(first, last);
            header.local.note_change();
            // SAFETY: it holds that; what is done with the desk is push, pop and count.
            return Look::Found(unsafe { open_question(header, here, stay.desk_of(here), first) });
        }
    }
    search_by_type(header, position)
}

#[cold]
#[inline(never)]
fn search_by_type<M: Send + 'static>(header: &'static Header, position: &mut Position) -> Look<M> {
    search(header, position, Envelope::is::<M>, |here, desk, found| {
        // SAFETY: it holds that.
        unsafe { open_either(header, here, desk, found) }
    })
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
    search(header, position, wants, |here, desk, found| {
        // SAFETY: it holds that.
        unsafe { open_either(header, here, desk, found) }
    })
}

/// Takes the first message of whatever type.
pub fn receive_any(position: &mut Position) -> Look<Message> {
    let wants = |envelope: &Envelope| envelope.class() != Class::Answer;
    let header = header();
    search(header, position, wants, |here, desk, found| {
        let is_question = found.class() == Class::Question;
        let message = found.take_message();
        if is_question {
            opened(header, here, desk, found);
        } else {
            desk.pool.give(here.table().slabs(), found);
        }
        message
    })
}

/// Takes a message or a question out.
///
/// # Safety
///
/// The envelope holds a message or a question of this type, and is in no place.
#[inline(always)]
unsafe fn open_either<M: Send + 'static>(
    header: &'static Header,
    here: &'static Here,
    desk: &mut Desk,
    envelope: &'static Envelope,
) -> M {
    // SAFETY: the caller's promise.
    unsafe {
        if envelope.class() == Class::Question {
            open_question(header, here, desk, envelope)
        } else {
            open(here, desk, envelope)
        }
    }
}

/// Takes a question out; its envelope waits for the answer.
///
/// # Safety
///
/// The envelope holds a question of this type, and is in no place.
#[inline(always)]
unsafe fn open_question<M: Send + 'static>(
    header: &'static Header,
    here: &'static Here,
    desk: &mut Desk,
    envelope: &'static Envelope,
) -> M {
    // SAFETY: the caller's promise.
    let message = unsafe {
        if Packing::<M>::IS_QUESTION_INLINE {
            Packed::<M>::Inline(envelope.empty())
        } else {
            Packed::Boxed(envelope.empty())
        }
    };
    opened(header, here, desk, envelope);
    message.unpack()
}

/// Takes the message out of an envelope, and puts that back.
///
/// # Safety
///
/// The envelope holds a message of this type, and is in no place.
#[inline(always)]
unsafe fn open<M: Send + 'static>(
    here: &'static Here,
    desk: &mut Desk,
    envelope: &'static Envelope,
) -> M {
    // SAFETY: the caller's promise.
    let message = unsafe { Packed::<M>::out_of(envelope) };
    desk.pool.give(here.table().slabs(), envelope);
    message.unpack()
}

/// A message as it was in the envelope.
enum Packed<M> {
    Inline(M),
    Boxed(Box<M>),
}

impl<M: Send + 'static> Packed<M> {
    /// # Safety
    ///
    /// The envelope holds a message of this type.
    #[inline(always)]
    unsafe fn out_of(envelope: &Envelope) -> Self {
        // SAFETY: the caller's promise.
        unsafe {
            if Packing::<M>::IS_INLINE {
                Self::Inline(envelope.empty())
            } else {
                Self::Boxed(envelope.empty())
            }
        }
    }

    #[inline(always)]
    fn unpack(self) -> M {
        match self {
            Self::Inline(message) => message,
            Self::Boxed(message) => *message,
        }
    }
}

/// Looks through the queue from `position` on, and takes out the first envelope that is wanted.
pub(super) fn search<R>(
    header: &'static Header,
    position: &mut Position,
    mut wants: impl FnMut(&Envelope) -> bool,
    take: impl FnOnce(&'static Here, &mut Desk, &'static Envelope) -> R,
) -> Look<R> {
    let Header { local, mailbox, .. } = header;
    assert!(!local.has_special(FILTERS), "a filter can't receive");
    take_in(header);
    let mut passed = position.passed(local);
    let mut looks = 0;
    while let Some(envelope) = mailbox.after(passed) {
        // SAFETY: in this process's queue, which only the process itself changes.
        let envelope = unsafe { envelope.as_ref() };
        if envelope.is_late_answer() {
            drop_late_answer(header, passed);
            continue;
        }
        if wants(envelope) {
            let found = here::with_desk(|here, desk| {
                local.note_change();
                let found = mailbox.unlink(passed)?;
                note_taken(header, found);
                Some(take(here, desk, found))
            });
            return found.map_or(Look::Nothing, Look::Found);
        }
        passed = Some(NonNull::from(envelope));
        looks += 1;
        if looks % LOOKS == 0 {
            reduce(1);
            if local.left() < 0 {
                position.set(local, passed);
                return Look::Later;
            }
        }
    }
    position.set(local, passed);
    Look::Nothing
}

/// Takes everything in that has come, in slices.
fn take_in(header: &'static Header) {
    let Header { mailbox, slot, .. } = header;
    loop {
        let is_done = here::with_desk(|here, _| {
            if mailbox.unsorted.get() == 0 && slot.word.has_mail() {
                mailbox.unsorted.set(slot.word.take());
            }
            mailbox.unsorted.get() == 0 || mailbox.sort(here.table().slabs())
        });
        if is_done {
            return;
        }
        reduce(1);
    }
}

/// Nobody waits for it any more.
#[cold]
fn drop_late_answer(header: &'static Header, passed: Option<NonNull<Envelope>>) {
    let message = here::with_desk(|here, desk| {
        header.local.note_change();
        let envelope = header.mailbox.unlink(passed)?;
        desk.pool.traffic.late_answers += 1;
        let message = envelope.take_message();
        desk.pool.give(here.table().slabs(), envelope);
        Some(message)
    });
    drop(message);
}

impl Position {
    /// Behind everything that is in the running process's mailbox now.
    #[inline(always)]
    pub(super) fn at_the_end_of(header: &'static Header) -> Self {
        let Header { mailbox, slot, .. } = header;
        if mailbox.last.get().is_none() && mailbox.unsorted.get() == 0 && !slot.word.has_mail() {
            return Self::default();
        }
        Self::behind_all(header)
    }

    #[cold]
    #[inline(never)]
    fn behind_all(header: &'static Header) -> Self {
        take_in(header);
        let mut position = Self::default();
        position.set(&header.local, header.mailbox.last.get());
        position
    }

    /// True if nothing was passed over yet.
    #[inline(always)]
    fn is_new(&self) -> bool {
        self.passed == 0
    }

    /// The last envelope that was passed over, unless the queue has changed since.
    fn passed(&self, local: &Local) -> Option<NonNull<Envelope>> {
        let is_valid = self.changes == local.mail_changes.get();
        NonNull::new(self.passed as *mut Envelope).filter(|_| is_valid)
    }

    fn set(&mut self, local: &Local, passed: Option<NonNull<Envelope>>) {
        self.passed = passed.map_or(0, |passed| passed.as_ptr().expose_provenance());
        self.changes = local.mail_changes.get();
    }
}
