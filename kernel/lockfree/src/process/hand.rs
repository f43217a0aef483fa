//! The shortest way from one who sends to one who waited for that: a core's *hand*, one word beside its desk.
//!
//! Nearly always one process wakes one other and then waits itself. Then neither queue nor level has to be looked at, if
//! it is known before that they do not matter. Whether they do, the loop says:
//!
//! - *open*: all that wait for this core are of the ordinary level, a tick will come, and nobody has been woken yet;
//! - *closed*: any of these may not be so; whoever is woken goes to the desk, as ever;
//! - *a process*: it was open, and somebody has been woken: one that stood at an await, of the ordinary level.
//!
//! ```text
//!            loop, short way              a send
//!   closed ------------------> open ---------------------> a process
//!     ^                        | ^---- loop, short way ----+   |
//!     +-- a second one is woken, a request, loop at length ----+   (it goes to the desk, first)
//! ```
//!
//! So with a process in the hand nobody else was woken, nobody of another level is ready, and ticks go on: the loop may
//! let it run, or put it behind the others. The levels can only come to matter, or the ticks end, by the loop's own doing
//! at length, and before it chooses somebody then it takes in who is on the desk, which closes the hand. The first one that
//! is woken after that goes by the desk, and if it is the only one there the loop opens the hand.
//!
//! Who is handed over needs no look at what is wanted of it either. The send has just found that nothing was, and only
//! the sender's own code can have come between: its requests empty the hand as well (`request`). What another core
//! asks is met when the turn ends, as if it had come a moment after it began.
//!
//! Only its core uses it, with preemption off, as it uses its desk.

use super::header::Header;
use super::token::Token;
use core::cell::Cell;
use core::ptr::{NonNull, null_mut, without_provenance_mut};

/// The level that nearly all processes have.
pub const ORDINARY: u8 = 2;

/// The word.
#[derive(Debug)]
pub(super) struct Hand(Cell<*mut Header>);

/// What is in a hand.
pub(super) enum Held {
    /// A process that was handed a message.
    One(Token),
    /// Nobody, and it is open.
    Nobody,
    /// It is closed.
    Closed,
}

const OPEN: *mut Header = null_mut();
/// No header is there.
const CLOSED: *mut Header = without_provenance_mut(1);

impl Hand {
    pub(super) const fn new() -> Self {
        Self(Cell::new(CLOSED))
    }

    #[inline(always)]
    pub(super) fn is_open(&self) -> bool {
        self.0.get() == OPEN
    }

    /// Puts a process in; the hand is open.
    #[inline(always)]
    pub(super) fn put(&self, token: Token) {
        self.0.set(token.into_header().as_ptr());
    }

    /// Takes the process out, if there is one: then it is open.
    #[inline(always)]
    pub(super) fn take(&self) -> Held {
        let there = self.0.get();
        // One comparison for both that are no process; and it is nearly always one.
        if there > CLOSED {
            self.0.set(OPEN);
            // SAFETY: neither of the two that are no process, and so not null.
            return Held::One(Token::new(unsafe { NonNull::new_unchecked(there) }));
        }
        if there == OPEN {
            Held::Nobody
        } else {
            Held::Closed
        }
    }

    /// True if a process is in it.
    #[inline(always)]
    pub(super) fn holds_one(&self) -> bool {
        self.0.get() > CLOSED
    }

    /// The process in it, for a report.
    #[cfg(not(target_os = "none"))]
    pub(super) fn peek(&self) -> Option<super::Pid> {
        let header = NonNull::new(self.0.get()).filter(|_| self.holds_one())?;
        // SAFETY: whose token is in the hand lives.
        Some(unsafe { header.as_ref() }.pid())
    }

    /// Opens it, if it is closed.
    pub(super) fn open(&self) {
        if self.0.get() == CLOSED {
            self.0.set(OPEN);
        }
    }

    /// True if it is closed.
    #[inline(always)]
    pub(super) fn is_closed(&self) -> bool {
        self.0.get() == CLOSED
    }

    /// Closes it, if it is not closed; whoever is in it comes back.
    pub(super) fn close(&self) -> Option<Token> {
        NonNull::new(self.0.replace(CLOSED)).map(Token::new)
    }
}
