//! The life of a process in one atomic word.
//!
//! The word stands in the process's slot, whose memory never becomes anything else, so it can be
//! asked about by whoever holds an old pid. Its upper part is the slot's generation: every
//! transition by pid compares it in the same step that changes the rest, so nothing can happen to a
//! stranger that moved into the slot.
//!
//! ```text
//!            1 occupy              4 park
//!      free ----------> runnable ----------> waiting
//!        ^              |  |  ^  <----------    |
//!        |   7 vacate   |  |  |     5 wake      | 5 wake, while suspended
//!        +--------------+  |  |                 v
//!                          |  +-- 6 resume --- held
//!                          |                    ^
//!                          +--------------------+
//!                           3 begin, suspended
//! ```
//!
//! *Runnable* means that the continuation's token is with a queue, a desk, a packet or a core;
//! which of them is known to whoever holds the token and to nobody else, so going from ready to
//! running and back by yielding changes no word. *Waiting* means that the token stays with the
//! slot, until the one transition out of it hands it over. *Held* is a process that would run if it
//! were not suspended; its token stays with the slot too.
//!
//! Four flags can be added by anyone while the process is runnable, and the holder of the token
//! meets them at the next of its own transitions, never in a queue: `WOKEN` (a wake during its own
//! poll, so the poll counts as out of date), `SUSPEND`, `KILL`, and `MOVE` to another priority level,
//! which the word names, or, where it names none, to other cores (`crew::affinity`). A process that waits has them met by whoever takes it from its slot.
//!
//! # The mailbox
//!
//! Between generation and flags stands the number of the newest message that the process has not
//! taken in yet; each leads to the one sent before it. So sending is one compare-and-swap that finds
//! the receiver alive, publishes the message, and takes the process over if it waits for mail:
//!
//! ```text
//!    63        35  34   33      9 8        0
//!   | generation | gated | message | flags  |      message 0: none
//! ```
//!
//! A process that waits for something else says so when it parks, and no message wakes it: the flag
//! `DEAF` is in the word as long as it waits, in the place that `WOKEN` has while it does not. To one that waits for mail, and has none in its word, and of
//! whom nobody wants anything, a message is handed: that send takes the process over, and with it the
//! mailbox, where it puts the message itself. Nothing is in there then, and the process is of the ordinary level: any
//! other waits `APART`, and who sends to it looks first what it has taken over: where something is in the mailbox, the message is
//! left in the word, and into which queue the process goes, its level says.
//!
//! `GATED` stands beside the generation, so that a sender which compares that and knows nothing of gates finds
//! the word to be nobody's: it takes the long way, and there it learns that it has to go by the process's gate first
//! (`mail::gate`). No bit was to be had but by two flags that are never there together.
//!
//! # Orderings
//!
//! The token changes hands through this word in two directions. Parking releases what the process
//! has written; the wake, resume or kill that takes the token acquires it. A wake that finds the
//! process runnable releases what its author wrote, and `begin` or `park`, which meet the
//! flag, acquire it: so a process that is told "look again" sees what it was told about.
//!
//! A send releases its message, and `take` acquires all that it finds, or `vacate`, if the process ends
//! before. A send that takes the process over acquires what parked it, as a wake does.
//!
//! Nothing travels with the rest. `suspend` takes no token and tells nothing. `resume` and `kill`
//! take one, but whoever asks for them has nothing to say to the process. `occupy` comes before the
//! first parking, which releases what the maker wrote as well. The changes that are relaxed are
//! read-modify-writes, which hand on what an earlier one has released. `litmus/` has the same for
//! the instructions that come of it, against Arm's model.

mod by_pid;
mod mail;
mod pid;

pub(crate) use mail::{AtOnce, Sent};
pub use pid::Pid;

use crate::atomic::{AtomicU64, Ordering, Relaxed};
use crate::order::Site;

/// Bits of a slot's index in a pid.
const INDEX_BITS: u32 = 28;
/// Where a word's generation begins, and a pid's.
const GENERATION_SHIFT: u32 = 35;
/// The highest generation; a slot that has used it up is never occupied again.
const LAST_GENERATION: u64 = u64::MAX >> GENERATION_SHIFT;

/// Where the number of the newest message begins.
pub(crate) const MAIL_SHIFT: u32 = 9;
const FLAGS: u64 = (1 << MAIL_SHIFT) - 1;
const BELOW_GENERATION: u64 = (1 << GENERATION_SHIFT) - 1;
pub(super) const GENERATION: u64 = !BELOW_GENERATION;
/// Who sends a message has to go by the process's gate.
const GATED: u64 = 1 << (GENERATION_SHIFT - 1);
const MAIL: u64 = (GATED - 1) & !FLAGS;
/// The highest number of a message.
pub(crate) const LAST_MESSAGE: u32 = (MAIL >> MAIL_SHIFT) as u32;

const PHASE: u64 = 0b11;
/// Zero, so that one test shows that a process is runnable and nobody wants anything of it.
const RUNNABLE: u64 = 0;
const WAITING: u64 = 1;
const HELD: u64 = 2;
const FREE: u64 = 3;

/// Somebody has woken the process, which does not wait.
const WOKEN: u64 = 1 << 2;
/// The process waits, and not for mail.
const DEAF: u64 = WOKEN;
const SUSPEND: u64 = 1 << 3;
const KILL: u64 = 1 << 4;
/// The process was broken off in mid-poll; the token's holder says so.
const FRAME: u64 = 1 << 5;
/// The level in the word is to be the process's.
const MOVE: u64 = 1 << 6;
const LEVEL_SHIFT: u32 = 7;
/// The highest level that a word can name.
const LAST_LEVEL: u8 = 3;
const LEVEL: u64 = (LAST_LEVEL as u64) << LEVEL_SHIFT;
/// The process waits for mail, but is apart from the others: something is in its mailbox already, or it is of another
/// level than nearly all. A message is not handed to it without a look. It is there only while a process waits, and no wish for
/// another level is, which would keep a message from being handed over just the same.
const APART: u64 = 1 << LEVEL_SHIFT;
/// The process's cores are to be looked up again: a bit of a level that is none, for `MOVE` is not there. (With it they are looked up
/// as well.)
const BIND: u64 = 2 << LEVEL_SHIFT;
/// Somebody wants the process elsewhere.
const WISH: u64 = MOVE | BIND;
/// What a process that waits, or is held, leaves behind when it is to run again.
const STANDING: u64 = PHASE | DEAF;

/// The same, with what is there instead of a level.
fn standing(word: u64) -> u64 {
    match word & MOVE {
        0 => STANDING | APART,
        _ => STANDING,
    }
}

/// The word.
#[derive(Debug)]
pub(crate) struct StateWord(AtomicU64);

/// What the author of a transition by pid has to do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Handover {
    /// Nothing: there is no such process, or it is not waiting for this.
    Nothing,
    /// The token is the author's now: put it into a queue.
    Token,
    /// A flag was added: the token's holder will meet it, sooner if its core is told.
    Noted,
}

/// What the holder of a token may do with it now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Begin {
    /// Run it.
    Run,
    /// Forget the token: the process is suspended, and the slot has it.
    Hold,
    /// Let the process end.
    Die,
    /// Put the process where it is wanted.
    Move(Wish),
}

/// Where somebody wants a process: its cores are to be looked up again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wish {
    /// And this is to be its level.
    pub(crate) level: Option<u8>,
}

/// What a process that waits is to be told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ear {
    /// Mail, which may be handed to it: nothing is in its mailbox, and it is of the ordinary level.
    Open,
    /// Mail; whoever brings it has to look what is in its mailbox, and where it may run.
    Apart,
    /// No mail.
    Deaf,
}

/// What became of a wish to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Park {
    /// Forget the token: the slot has it.
    Parked,
    /// Keep the token: something happened meanwhile, so run it again.
    Again,
}

/// What `vacate` made of the slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Vacant {
    /// It may be occupied again.
    Usable,
    /// Its generations are used up.
    Retired,
}

/// What the word of a process had when it ended: all above the flag of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rest(u32);

/// Where that begins, beside the message with the wishes that nobody has met.
const REST_SHIFT: u32 = MOVE.trailing_zeros();
const WISHES: u32 = MAIL_SHIFT - REST_SHIFT;

impl Rest {
    /// Zero if there is nothing to be looked after: no message, no gate, no wish that may be somebody's who is to be told.
    #[inline(always)]
    pub(crate) fn number(self) -> u32 {
        self.0
    }

    /// The number of the newest message, or 0.
    pub(crate) fn newest(self) -> u32 {
        self.0 >> WISHES & LAST_MESSAGE
    }

    /// True if the process had a gate.
    pub(crate) fn is_gated(self) -> bool {
        self.0 >> WISHES > LAST_MESSAGE
    }

    /// True if somebody wanted it elsewhere, or has tied it.
    pub(crate) fn is_wished(self) -> bool {
        self.0 & ((1 << WISHES) - 1) != 0
    }
}

impl StateWord {
    /// Creates the word of a free slot that was never occupied.
    pub(crate) fn new() -> Self {
        Self(AtomicU64::new(1 << GENERATION_SHIFT | FREE))
    }

    /// The pid that the free slot's next process will have; for who took it from the free list.
    pub(crate) fn next_pid(&self, index: u32) -> Pid {
        Pid::new(index, self.0.load(Relaxed) >> GENERATION_SHIFT)
    }

    /// 1: makes the free slot that process.
    pub(crate) fn occupy(&self, pid: Pid) {
        debug_assert_eq!(
            self.0.load(Relaxed),
            pid.generation() | FREE,
            "occupied twice"
        );
        // Relaxed: whoever takes the process over by pid acquires what parked it, which comes after
        // all that its maker wrote.
        self.0.store(pid.generation() | RUNNABLE, Relaxed);
    }

    /// 1: the same for a process that has a gate.
    pub(crate) fn occupy_gated(&self, pid: Pid) {
        debug_assert_eq!(self.0.load(Relaxed), pid.generation() | FREE, "twice");
        let word = pid.generation() | GATED | RUNNABLE;
        self.0.store(word, Site::GateShow.ordering());
    }

    /// Sends senders to the gate from now on; the process itself says so.
    pub(crate) fn show_gate(&self) {
        self.0.fetch_or(GATED, Site::GateShow.ordering());
    }

    /// Sends them there no more.
    pub(crate) fn hide_gate(&self) {
        self.0.fetch_and(!GATED, Relaxed);
    }

    /// Looks at what made a sender come to the gate.
    pub(crate) fn see_gate(&self) {
        let _ = self.0.load(Site::GateSee.ordering());
    }

    /// True if the process is runnable, stands at an await, and nobody wants anything of it: its
    /// token's holder may run it without another step.
    #[inline(always)]
    pub(crate) fn is_plain(&self) -> bool {
        self.0.load(Relaxed) & FLAGS == RUNNABLE
    }

    /// Says whether the process was broken off in mid-poll; the token's holder calls it.
    pub(crate) fn set_has_frame(&self, has_frame: bool) {
        if has_frame {
            self.0.fetch_or(FRAME, Relaxed);
        } else {
            self.0.fetch_and(!FRAME, Relaxed);
        }
    }

    /// True if nobody wants anything of a process that was broken off in mid-poll: its token's holder may go on
    /// without another step. A wake is none of its affairs before it parks, which meets that.
    #[inline(always)]
    pub(crate) fn lets_go_on(&self) -> bool {
        self.0.load(Relaxed) & (WISH | KILL | SUSPEND) == 0
    }

    /// 3: begins a poll; the token's holder calls it. `keeps_woken` says that a poll that was
    /// broken off is being continued, so a wake since its beginning still counts.
    pub(crate) fn begin(&self, keeps_woken: bool) -> Begin {
        self.update(Site::Begin.ordering(), |word| match word {
            _ if word & WISH != 0 => (without_wish(word), Begin::Move(wish_of(word))),
            _ if word & KILL != 0 => (word, Begin::Die),
            _ if word & SUSPEND != 0 => (word & !PHASE | HELD, Begin::Hold),
            _ if keeps_woken => (word, Begin::Run),
            _ => (word & !WOKEN, Begin::Run),
        })
    }

    /// 4: the process has nothing to do; the token's holder calls it after a poll. One that wants mail
    /// does not park if there is some.
    #[inline(always)]
    pub(crate) fn park(&self, pid: Pid, ear: Ear) -> Park {
        let plain = pid.generation() | RUNNABLE;
        let waiting = pid.generation() | waiting(ear);
        let ordering = Site::Park.ordering();
        let swapped = self.0.compare_exchange(plain, waiting, ordering, Relaxed);
        if swapped.is_ok() {
            Park::Parked
        } else {
            self.park_slowly(ear)
        }
    }

    #[cold]
    #[inline(never)]
    fn park_slowly(&self, ear: Ear) -> Park {
        self.update(Site::ParkSlowly.ordering(), |word| {
            let has_mail = ear != Ear::Deaf && word & MAIL != 0;
            if has_mail || word & (KILL | WOKEN) != 0 {
                return (word & !WOKEN, Park::Again);
            }
            // A level that is wanted stands where it would say that it is apart.
            let kept = if word & MOVE == 0 { 0 } else { APART };
            (word & !PHASE | waiting(ear) & !kept, Park::Parked)
        })
    }

    /// Where somebody wants the process, once; the token's holder asks.
    #[inline(always)]
    pub(crate) fn take_wish(&self) -> Option<Wish> {
        if self.0.load(Relaxed) & WISH == 0 {
            return None;
        }
        Some(self.take_wish_slowly())
    }

    #[cold]
    fn take_wish_slowly(&self) -> Wish {
        let ordering = Site::TakeWish.ordering();
        self.update(ordering, |word| (without_wish(word), wish_of(word)))
    }

    /// 7: the process has ended; the token's holder calls it. A transition by pid that comes at the
    /// same moment is lost, and rightly: it can only have added a flag. A message is not.
    #[inline(always)]
    pub(crate) fn vacate(&self, pid: Pid) -> (Vacant, Rest) {
        if pid.generation() >> GENERATION_SHIFT == LAST_GENERATION {
            return (Vacant::Retired, self.retire(pid.generation()));
        }
        let next = pid.generation() + (1 << GENERATION_SHIFT);
        (Vacant::Usable, self.leave(next))
    }

    /// The same for a slot that will not be used again.
    #[cold]
    #[inline(never)]
    fn retire(&self, generation: u64) -> Rest {
        self.leave(generation)
    }

    #[inline(always)]
    fn leave(&self, generation: u64) -> Rest {
        let left = self.0.swap(generation | FREE, Site::Vacate.ordering());
        Rest(((left & (GATED | MAIL | LEVEL | MOVE)) >> REST_SHIFT) as u32)
    }

    /// The process has crashed, and its token's holder is about to end it: from now on its pid names nobody. True if somebody
    /// wanted it elsewhere, or has tied it, and it does not know yet.
    #[cold]
    pub(crate) fn crash(&self) -> bool {
        // As whoever takes a wish: the ring in which it was tied has to be found before its lock can be taken.
        self.0.fetch_or(FREE, Site::TakeWish.ordering()) & WISH != 0
    }

    fn update<R>(&self, ordering: Ordering, step: impl Fn(u64) -> (u64, R)) -> R {
        let mut word = self.0.load(Relaxed);
        loop {
            let (next, outcome) = step(word);
            match self.0.compare_exchange_weak(word, next, ordering, Relaxed) {
                Ok(_) => return outcome,
                Err(now) => word = now,
            }
        }
    }
}

/// How a process waits.
#[inline(always)]
fn waiting(ear: Ear) -> u64 {
    match ear {
        Ear::Open => WAITING,
        Ear::Apart => WAITING | APART,
        Ear::Deaf => WAITING | DEAF,
    }
}

fn message_of(word: u64) -> u32 {
    ((word & MAIL) >> MAIL_SHIFT) as u32
}

fn wish_of(word: u64) -> Wish {
    let level = ((word & LEVEL) >> LEVEL_SHIFT) as u8;
    Wish {
        level: (word & MOVE != 0).then_some(level),
    }
}

fn without_wish(word: u64) -> u64 {
    word & !(MOVE | LEVEL)
}

#[cfg(all(test, not(loom)))]
mod tests;

#[cfg(all(test, loom))]
pub(crate) mod stories;
