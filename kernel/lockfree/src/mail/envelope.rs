//! One message under way, its type forgotten.
//!
//! An envelope is one cache line: what links it to the next, what kind of message is in it, 32
//! bytes of room, and the word of the question that it carries, if it does (`question`). A message that
//! fits is in there; a larger one, or one of odd alignment, is in a box of its own, and the box is in there.
//! Envelopes never become anything else, and each has a number for ever, which is what a state word has
//! room for.

use super::question::QuestionWord;
use crate::process::Pid;
use crate::process::word::MAIL_SHIFT;
use alloc::boxed::Box;
use core::any::TypeId;
use core::cell::{Cell, UnsafeCell};
use core::fmt;
use core::mem::{ManuallyDrop, MaybeUninit, needs_drop};
use core::ptr::NonNull;

/// Bytes of room.
const ROOM: usize = 32;
/// Of which a question leaves the last for whoever asked it.
const QUESTION_ROOM: usize = 24;
/// What the room is aligned to.
const ALIGN: usize = 16;

/// The bit of a kind's address that is a seal.
const SEAL: usize = 1;
const _: () = assert!(align_of::<Kind>() > SEAL);

type Room = MaybeUninit<[u64; ROOM / 8]>;

/// The envelope. Its cells are touched by whoever it belongs to: see `mail`.
#[repr(C, align(64))]
pub(crate) struct Envelope {
    /// In a word: the number of the one that was sent before, shifted as it stands there. In a list: the address of the next.
    link: Cell<usize>,
    /// What is in it, or was; it may have a seal: see `mailbox::run`.
    kind: Cell<*const Kind>,
    room: UnsafeCell<Room>,
    /// Whether a question that it carries may be answered: nothing else is ever here.
    pub(super) question: QuestionWord,
    number: u32,
    /// Another number: see `mailbox::turn` and `mailbox::run`.
    extra: Cell<u32>,
}

/// What an envelope takes of memory.
pub(crate) const ENVELOPE_BYTES: usize = 64;

const _: () = assert!(size_of::<Envelope>() == ENVELOPE_BYTES || cfg!(loom));
const _: () = assert!(core::mem::offset_of!(Envelope, room) % ALIGN == 0);

/// What is to be known about a type of messages.
pub(crate) struct Kind {
    type_id: TypeId,
    /// Drops what is in the room.
    drop: Option<unsafe fn(NonNull<u8>)>,
    class: Class,
    is_boxed: bool,
}

/// True if a value of this type is passed in registers, and a larger one where there is room for it in memory.
pub(super) const fn is_passed_in_registers<M>() -> bool {
    size_of::<M>() <= 2 * size_of::<usize>()
}

/// Who sees what is in an envelope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// Whoever receives.
    Message,
    /// Whoever receives, before all others.
    Urgent,
    /// Whoever receives. Room for it was made before, so no limit is meant for it.
    Told,
    /// Whoever receives, who is to answer it.
    Question,
    /// Only whoever has asked for it.
    Answer,
    /// Nobody: it was taken for a question that is not made yet.
    Unfinished,
    /// Nobody: the questions that a process has to answer are noted in it.
    Ledger,
}

impl Class {
    /// True if it has to do with questions that somebody was asked, or was about to ask.
    pub(crate) fn concerns_questions(self) -> bool {
        matches!(self, Self::Question | Self::Unfinished | Self::Ledger)
    }
}

/// How messages of one type are packed.
pub(crate) struct Packing<M>(M);

impl<M: Send + 'static> Packing<M> {
    /// True if they fit into the room.
    pub(crate) const IS_INLINE: bool = Self::fits(ROOM);
    /// The same for a question.
    pub(crate) const IS_QUESTION_INLINE: bool = Self::fits(QUESTION_ROOM);

    const KIND: Kind = Self::kind_of(Class::Message, !Self::IS_INLINE);
    const URGENT: Kind = Self::kind_of(Class::Urgent, !Self::IS_INLINE);
    const TOLD: Kind = Self::kind_of(Class::Told, !Self::IS_INLINE);
    const QUESTION: Kind = Self::kind_of(Class::Question, !Self::IS_QUESTION_INLINE);
    const ANSWER: Kind = Self::kind_of(Class::Answer, !Self::IS_INLINE);

    const fn fits(room: usize) -> bool {
        size_of::<M>() <= room && align_of::<M>() <= ALIGN
    }

    const fn kind_of(class: Class, is_boxed: bool) -> Kind {
        let drop: Option<unsafe fn(NonNull<u8>)> = if is_boxed {
            Some(drop_in_room::<Box<M>>)
        } else if needs_drop::<M>() {
            Some(drop_in_room::<M>)
        } else {
            None
        };
        Kind {
            type_id: TypeId::of::<M>(),
            drop,
            class,
            is_boxed,
        }
    }

    /// The kind of ordinary messages of this type.
    #[inline(always)]
    pub(crate) fn kind() -> &'static Kind {
        &const { Self::KIND }
    }

    /// The kind of urgent messages of this type.
    pub(crate) fn urgent() -> &'static Kind {
        &const { Self::URGENT }
    }

    /// The kind of messages of this type that no limit is meant for.
    pub(crate) fn told() -> &'static Kind {
        &const { Self::TOLD }
    }

    /// The kind of questions of this type.
    #[inline(always)]
    pub(crate) fn question() -> &'static Kind {
        &const { Self::QUESTION }
    }

    /// The kind of messages of this type that only whoever has asked for them sees.
    #[inline(always)]
    pub(crate) fn answer() -> &'static Kind {
        &const { Self::ANSWER }
    }
}

/// # Safety
///
/// A value of this type is at `place`, and nobody uses it afterwards.
unsafe fn drop_in_room<T>(place: NonNull<u8>) {
    // SAFETY: the caller's promise.
    unsafe { place.cast::<T>().drop_in_place() }
}

impl Kind {
    /// The kind of what carries no value, for a reason that has this type: one of its own, for kinds that are alike may have
    /// one address.
    pub(super) const fn empty<Why: 'static>(class: Class) -> Self {
        Self {
            type_id: TypeId::of::<Why>(),
            drop: None,
            class,
            is_boxed: false,
        }
    }

    /// True if a process that receives messages of type `M` receives this.
    #[inline(always)]
    fn is<M: Send + 'static>(&self) -> bool {
        matches!(
            self.class,
            Class::Message | Class::Urgent | Class::Told | Class::Question
        ) && self.type_id == TypeId::of::<M>()
    }
}

impl Envelope {
    /// An empty envelope with this number.
    pub(crate) fn new(number: u32) -> Self {
        Self {
            link: Cell::new(0),
            kind: Cell::new(core::ptr::null()),
            room: UnsafeCell::new(MaybeUninit::uninit()),
            question: QuestionWord::new(),
            number,
            extra: Cell::new(0),
        }
    }

    #[inline(always)]
    pub(crate) fn number(&self) -> u32 {
        self.number
    }

    pub(super) fn extra(&self) -> u32 {
        self.extra.get()
    }

    pub(super) fn set_extra(&self, extra: u32) {
        self.extra.set(extra);
    }

    /// The one before, by number: 0 is none.
    #[inline(always)]
    pub(crate) fn before(&self) -> u32 {
        (self.link.get() >> MAIL_SHIFT) as u32
    }

    /// The same, as it stands in a word: shifting it is an instruction.
    #[inline(always)]
    pub(super) fn link_before(&self) -> usize {
        self.link.get()
    }

    #[inline(always)]
    pub(crate) fn set_before(&self, number: u32) {
        self.link.set((number as usize) << MAIL_SHIFT);
    }

    /// The same, of a number as it stands in a word.
    #[inline(always)]
    pub(crate) fn set_link_before(&self, mail: u64) {
        self.link.set(mail as usize);
    }

    /// The next one in a list.
    #[inline(always)]
    pub(crate) fn next(&self) -> Option<NonNull<Self>> {
        NonNull::new(self.link.get() as *mut Self)
    }

    /// The same, where it lives: a list leads to envelopes of its own process.
    #[inline(always)]
    pub(super) fn following(&self) -> Option<&'static Self> {
        // SAFETY: envelopes live for ever.
        self.next().map(|next| unsafe { next.as_ref() })
    }

    #[inline(always)]
    pub(crate) fn set_next(&self, next: Option<NonNull<Self>>) {
        self.link
            .set(next.map_or(0, |next| next.as_ptr().expose_provenance()));
    }

    /// Who is to get it, while it waits for its time.
    pub(super) fn addressee(&self) -> Pid {
        Pid::from_number(self.link.get() as u64)
    }

    pub(super) fn set_addressee(&self, to: Pid) {
        self.link.set(to.get() as usize);
    }

    /// Puts a payload in.
    #[inline(always)]
    pub(crate) fn fill<P>(&self, payload: P, kind: &'static Kind) {
        // Known when this is compiled; nothing is left of it.
        assert!(size_of::<P>() <= ROOM && align_of::<P>() <= ALIGN);
        self.kind.set(kind);
        // SAFETY: the room is large enough, and the envelope is the caller's own.
        unsafe { self.room.get().cast::<P>().write(payload) }
    }

    /// Takes the payload out again.
    ///
    /// # Safety
    ///
    /// The envelope was filled with this type, and not emptied since.
    #[inline(always)]
    pub(crate) unsafe fn empty<P>(&self) -> P {
        // SAFETY: the caller's promise.
        unsafe { self.room.get().cast::<P>().read() }
    }

    /// What is in it, sealed or not.
    #[inline(always)]
    fn kind(&self) -> Option<&'static Kind> {
        let kind = self.kind.get().map_addr(|address| address & !SEAL);
        // SAFETY: null, or one that was put in here, less the seal: those live for ever.
        unsafe { kind.as_ref() }
    }

    /// True if it has a seal.
    #[inline(always)]
    pub(super) fn is_sealed(&self) -> bool {
        self.kind.get().addr() & SEAL != 0
    }

    /// Seals it, as the first of so many.
    pub(super) fn seal(&self, run: u32) {
        self.kind
            .set(self.kind.get().map_addr(|address| address | SEAL));
        self.extra.set(run);
    }

    /// Takes the seal off, if there is one.
    pub(super) fn unseal(&self) {
        self.kind
            .set(self.kind.get().map_addr(|address| address & !SEAL));
    }

    /// True if an ordinary message of this type is in it and it has no seal, by one comparison; false now and then if it is,
    /// for one kind may have several addresses.
    #[inline(always)]
    pub(super) fn holds_exactly<M: Send + 'static>(&self) -> bool {
        core::ptr::eq(self.kind.get(), Packing::<M>::kind())
    }

    /// True if an ordinary message of this type is in it.
    pub(super) fn holds<M: Send + 'static>(&self) -> bool {
        let is_it = |kind: &Kind| kind.class == Class::Message && kind.is::<M>();
        self.holds_exactly::<M>() || self.kind().is_some_and(is_it)
    }

    /// True if it is an answer to a question.
    pub(crate) fn is_answer(&self) -> bool {
        self.class() == Class::Answer
    }

    /// True if the limit of a mailbox is not meant for it.
    pub(crate) fn is_uncounted(&self) -> bool {
        matches!(self.class(), Class::Answer | Class::Told)
    }

    /// True if it is a question of this type.
    #[inline(always)]
    pub(super) fn asks<M: Send + 'static>(&self) -> bool {
        let is_it =
            |kind: &Kind| kind.class == Class::Question && kind.type_id == TypeId::of::<M>();
        self.kind().is_some_and(is_it)
    }

    /// Who sees what is in it.
    pub(crate) fn class(&self) -> Class {
        self.kind().map_or(Class::Message, |kind| kind.class)
    }

    /// True if a message or a question of this type is in it.
    pub(crate) fn is<M: Send + 'static>(&self) -> bool {
        self.kind().is_some_and(Kind::is::<M>)
    }

    /// True if it is of this very kind, and has no seal.
    #[inline(always)]
    pub(super) fn is_of(&self, kind: &'static Kind) -> bool {
        core::ptr::eq(self.kind.get(), kind)
    }

    /// Says what is in it: nothing that has to be dropped, or what is in its room already.
    #[inline(always)]
    pub(super) fn set_kind(&self, kind: &'static Kind) {
        self.kind.set(kind);
    }

    /// The room.
    #[inline(always)]
    pub(super) fn room(&self) -> NonNull<u8> {
        // SAFETY: a field of this has an address.
        unsafe { NonNull::new_unchecked(self.room.get().cast()) }
    }

    /// Who has asked the question that is in it, or was.
    #[inline(always)]
    pub(super) fn asker(&self) -> NonNull<u64> {
        // SAFETY: within the room.
        unsafe { self.room().add(QUESTION_ROOM) }.cast()
    }

    /// What is in it, if a process that receives messages of this type receives it.
    pub(crate) fn peek<M: Send + 'static>(&self) -> Option<&M> {
        let kind = self.kind().filter(|kind| kind.is::<M>())?;
        let place = self.room.get();
        // SAFETY: the type is right. A filled envelope holds its message until whoever owns it
        // empties it.
        unsafe {
            Some(if kind.is_boxed {
                &*place.cast::<Box<M>>()
            } else {
                &*place.cast::<M>()
            })
        }
    }

    fn take_kind(&self) -> Option<&'static Kind> {
        let kind = self.kind();
        self.kind.set(core::ptr::null());
        kind
    }

    /// Takes the message out.
    #[inline(always)]
    pub(crate) fn take_message(&self) -> Message {
        Message {
            // SAFETY: a copy of the room, which counts for nothing in here from now on.
            room: unsafe { self.room.get().read() },
            kind: self.take_kind(),
        }
    }
}

/// A message whose type is known to itself only.
#[repr(C, align(16))]
pub struct Message {
    room: Room,
    kind: Option<&'static Kind>,
}

// SAFETY: what is in it is `Send`: see `Packing`.
unsafe impl Send for Message {}

impl Message {
    /// True if it is of type `M`.
    pub fn is<M: Send + 'static>(&self) -> bool {
        self.kind
            .is_some_and(|kind| kind.type_id == TypeId::of::<M>())
    }

    /// The message itself, if it is of type `M`.
    pub fn downcast<M: Send + 'static>(self) -> Result<M, Self> {
        if !self.is::<M>() {
            return Err(self);
        }
        let this = ManuallyDrop::new(self);
        let place = this.room.as_ptr();
        let is_boxed = this.kind.is_some_and(|kind| kind.is_boxed);
        // SAFETY: it is of that type, and `this` is not dropped.
        Ok(unsafe {
            if is_boxed {
                *place.cast::<Box<M>>().read()
            } else {
                place.cast::<M>().read()
            }
        })
    }
}

impl Drop for Message {
    fn drop(&mut self) {
        if let Some(drop) = self.kind.and_then(|kind| kind.drop) {
            // SAFETY: the message is in the room, and nobody uses it any more.
            unsafe { drop(NonNull::from(&mut self.room).cast()) }
        }
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Message")
    }
}
