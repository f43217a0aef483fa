//! What a process has to answer: noted when it takes a question in, met when it ends.
//!
//! The ledger is an envelope that the process keeps, with one note. As long as the question in that note is
//! closed by the time the next one comes, nothing more is needed. Otherwise there are further envelopes
//! behind it, each with a note, in a circle that is known by its last. Each time that a note is made beside
//! others, some of the circle are looked at, and those that are of no use any more are taken out: so the circle
//! is not much longer than the number of questions that were open at a time, and no step is long.

use super::super::envelope::{Class, Kind};
use super::super::{Envelope, Message};
use super::word::{Number, Opening};
use super::{NOT_NOTED, NOTHING, send_nothing};
use crate::process::here::{Desk, Here};
use crate::process::{Header, Local};
use core::cell::Cell;
use core::ptr::NonNull;

/// Old notes that are looked at for a new one.
const LOOKS: usize = 2;

static LEDGER: Kind = Kind::empty::<()>(Class::Ledger);

/// What is in a ledger's room, and in that of each envelope behind it.
struct Note {
    question: Cell<NonNull<Envelope>>,
    number: Cell<Number>,
    /// The last one of the circle; a ledger's only.
    last: Cell<Option<NonNull<Envelope>>>,
}

const _: () = assert!(size_of::<Note>() <= 32 && align_of::<Note>() <= 16);

impl Envelope {
    /// Makes it one with a note in it.
    fn note(&self, question: &'static Self, number: Number) {
        self.set_kind(&LEDGER);
        let note = Note {
            question: Cell::new(NonNull::from(question)),
            number: Cell::new(number),
            last: Cell::new(None),
        };
        // SAFETY: it fits, and the envelope is the caller's own.
        unsafe { self.room().cast().write(note) }
    }

    /// # Safety
    ///
    /// `note` has been called, and nothing was put in since.
    #[inline(always)]
    unsafe fn noted(&self) -> &Note {
        // SAFETY: the caller's promise.
        unsafe { self.room().cast().as_ref() }
    }
}

impl Note {
    #[inline(always)]
    fn question(&self) -> &'static Envelope {
        // SAFETY: envelopes live for ever.
        unsafe { self.question.get().as_ref() }
    }

    /// True if the question that it names may still be answered.
    #[inline(always)]
    fn is_of_use(&self) -> bool {
        self.question().question.is_open(self.number.get())
    }

    #[inline(always)]
    fn set(&self, question: &'static Envelope, number: Number) {
        self.question.set(NonNull::from(question));
        self.number.set(number);
    }

    /// The circle's first.
    fn first(&self) -> Option<(&'static Envelope, &'static Envelope)> {
        // SAFETY: in this process's circle; envelopes live for ever.
        unsafe {
            let last = self.last.get()?.as_ref();
            Some((last.next()?.as_ref(), last))
        }
    }

    fn unlink_first(&self, first: &'static Envelope, last: &'static Envelope) {
        if core::ptr::eq(first, last) {
            self.last.set(None);
        } else {
            last.set_next(first.next());
        }
    }

    fn append(&self, envelope: &'static Envelope) {
        match self.first() {
            Some((first, last)) => {
                envelope.set_next(Some(NonNull::from(first)));
                last.set_next(Some(NonNull::from(envelope)));
            }
            None => envelope.set_next(Some(NonNull::from(envelope))),
        }
        self.last.set(Some(NonNull::from(envelope)));
    }

    /// Looks at some of the circle; the first that is of no use comes out, others go to the pool.
    #[cold]
    #[inline(never)]
    fn look_through(&self, here: &'static Here, desk: &mut Desk) -> Option<&'static Envelope> {
        let mut found = None;
        for _ in 0..LOOKS {
            let Some((first, last)) = self.first() else {
                break;
            };
            // SAFETY: it is in the circle.
            if unsafe { first.noted() }.is_of_use() {
                self.last.set(Some(NonNull::from(first)));
                continue;
            }
            self.unlink_first(first, last);
            if let Some(old) = found.replace(first) {
                desk.pool.give(here, old);
            }
        }
        found
    }
}

/// The process has taken a question out of this envelope.
#[inline(always)]
pub(in super::super) fn opened(
    header: &'static Header,
    here: &'static Here,
    desk: &mut Desk,
    question: &'static Envelope,
) {
    let Opening::Opened(number) = question.question.open() else {
        return not_opened(header, here, desk, question);
    };
    if let Some(ledger) = header.local.mailbox.duties.ledger(here.table().slabs()) {
        // SAFETY: it is one.
        let note = unsafe { ledger.noted() };
        if !note.is_of_use() && note.last.get().is_none() {
            return note.set(question, number);
        }
    }
    note_beside(header, here, desk, question, number);
}

/// Nobody waits for an answer, or nobody will give one.
#[cold]
#[inline(never)]
fn not_opened(
    header: &'static Header,
    here: &'static Here,
    desk: &mut Desk,
    question: &'static Envelope,
) {
    if question.question.is_given_up() {
        desk.pool.give(here, question);
    } else {
        send_nothing(here, &header.local, desk, question, &NOTHING);
    }
}

/// The same beside others, or as the first one.
#[cold]
#[inline(never)]
fn note_beside(
    header: &'static Header,
    here: &'static Here,
    desk: &mut Desk,
    question: &'static Envelope,
    number: Number,
) {
    let ledger = header.local.mailbox.duties.ledger(here.table().slabs());
    // SAFETY: it is one.
    let ledger = ledger.map(|ledger| unsafe { ledger.noted() });
    let mut empty = ledger.and_then(|ledger| ledger.look_through(here, desk));
    if let Some(ledger) = ledger.filter(|ledger| !ledger.is_of_use()) {
        ledger.set(question, number);
        if let Some(empty) = empty {
            desk.pool.give(here, empty);
        }
        return;
    }
    if empty.is_none() {
        empty = desk.pool.take();
    }
    if empty.is_none() && desk.pool.fill(here.table().slabs(), here) {
        empty = desk.pool.take();
    }
    let Some(empty) = empty else {
        // It can't be promised that whoever asked is told of this process's end, so it is told now.
        desk.pool.traffic.refused += 1;
        if question.question.close(number) {
            send_nothing(here, &header.local, desk, question, &NOT_NOTED);
        }
        return;
    };
    empty.note(question, number);
    match ledger {
        Some(ledger) => ledger.append(empty),
        None => header
            .local
            .mailbox
            .duties
            .keep_ledger(empty, here.table().slabs()),
    }
}

/// Does a step for somebody who has ended: this was in its mailbox, or among its duties. What is to be dropped
/// comes back; so does the ledger, if that was not all.
pub(crate) fn bury(
    here: &'static Here,
    local: &Local,
    desk: &mut Desk,
    envelope: &'static Envelope,
) -> (Option<Message>, Option<&'static Envelope>) {
    match envelope.class() {
        Class::Ledger => return (None, strike_off(here, local, desk, envelope)),
        Class::Unfinished => {
            envelope.question.shut();
            desk.pool.give(here, envelope);
            return (None, None);
        }
        _ => {}
    }
    desk.pool.traffic.unread += 1;
    let message = envelope.take_message();
    match envelope.question.open() {
        Opening::Opened(number) => {
            if envelope.question.close(number) {
                send_nothing(here, local, desk, envelope, &NOTHING);
            }
        }
        Opening::Renounced => send_nothing(here, local, desk, envelope, &NOTHING),
        Opening::GivenUp => desk.pool.give(here, envelope),
    }
    (Some(message), None)
}

/// Answers one question with nothing; the rest of the ledger comes back.
fn strike_off(
    here: &'static Here,
    local: &Local,
    desk: &mut Desk,
    ledger: &'static Envelope,
) -> Option<&'static Envelope> {
    // SAFETY: it is one.
    let base = unsafe { ledger.noted() };
    let further = base.first();
    if let Some((first, last)) = further {
        base.unlink_first(first, last);
    }
    let taken = further.map_or(ledger, |(first, _)| first);
    // SAFETY: it is the ledger or of its circle.
    let note = unsafe { taken.noted() };
    let (question, number) = (note.question(), note.number.get());
    if question.question.close(number) {
        send_nothing(here, local, desk, question, &NOTHING);
    }
    desk.pool.give(here, taken);
    further.map(|_| ledger)
}
