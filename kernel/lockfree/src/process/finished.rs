//! The end of a process: nobody polls it any more, and what it had of the kernel's goes back.
//!
//! Its future has come to its end, or was dropped, or was given up where it stood. What is left is the
//! same in each case: a slot, a block of memory, perhaps the frame of a poll that nobody goes on with, and
//! somebody who wants to be told.

use super::alarm;
use super::exit::ExitReason;
use super::header::Header;
use super::in_loop::{InLoop, in_this_loop};
use super::local::Local;
use super::makers::Makers;
use super::table;
use super::ties;
use super::token::Token;
use super::word::Pid;
use crate::mail::was_overrun;
use core::num::NonZero;
use core::ptr::NonNull;

/// A process without a future: only resources of ours are left, to be given back.
#[must_use = "a process that has ended still holds its slot and its memory"]
#[derive(Debug)]
pub struct Finished {
    token: Token,
    manner: Manner,
}

/// How it came to that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    Returned,
    Killed,
    /// Killed, because its mailbox had no room.
    Overrun,
    /// Killed in mid-poll.
    GivenUp,
    /// The same, because its mailbox had no room.
    OverrunInMidPoll,
    /// Killed, because it has had a core for too long.
    OverTime,
    /// The same in mid-poll.
    OverTimeInMidPoll,
    /// Killed by an exit signal; whoever watches finds the reason written.
    Signalled,
    /// The same in mid-poll.
    SignalledInMidPoll,
    /// In mid-poll; whoever watches finds the reason written.
    Crashed,
}

impl Manner {
    /// How one ended that was killed.
    pub(crate) fn of_killed(header: &Header) -> Self {
        if header.local.mailbox.has_duties() && was_doomed(header) {
            Self::Signalled
        } else if was_overrun(header) {
            Self::Overrun
        } else if header.is_over_runtime() {
            Self::OverTime
        } else {
            Self::Killed
        }
    }

    /// The same in mid-poll.
    pub(crate) fn of_given_up(header: &Header) -> Self {
        match Self::of_killed(header) {
            Self::Overrun => Self::OverrunInMidPoll,
            Self::OverTime => Self::OverTimeInMidPoll,
            Self::Signalled => Self::SignalledInMidPoll,
            _ => Self::GivenUp,
        }
    }

    /// True if no destructor has run.
    pub(crate) fn is_in_mid_poll(self) -> bool {
        matches!(
            self,
            Self::GivenUp
                | Self::OverrunInMidPoll
                | Self::OverTimeInMidPoll
                | Self::SignalledInMidPoll
                | Self::Crashed
        )
    }
}

/// True if an exit signal has ended it; whoever watches is left the reason.
#[cold]
#[inline(never)]
fn was_doomed(header: &Header) -> bool {
    let Some(reason) = ties::reason_of_doom(header) else {
        return false;
    };
    // Who neither watches nor is tied need not know.
    let _ = header.word_end(reason);
    true
}

impl Manner {
    /// The reason that it stands for. Of one that has crashed, or was ended by a signal, that was written before.
    pub(super) fn reason(self) -> Option<ExitReason> {
        match self {
            Self::Returned => Some(ExitReason::Returned),
            Self::Killed | Self::GivenUp => Some(ExitReason::Killed),
            Self::Overrun | Self::OverrunInMidPoll => Some(ExitReason::MailboxLimit),
            Self::OverTime | Self::OverTimeInMidPoll => Some(ExitReason::RuntimeLimit),
            Self::Signalled | Self::SignalledInMidPoll | Self::Crashed => None,
        }
    }

    /// A number for it.
    pub(super) fn number(self) -> usize {
        self as usize
    }

    /// Whose number this is.
    pub(super) fn of_number(number: usize) -> Self {
        let all = [
            Self::Returned,
            Self::Killed,
            Self::Overrun,
            Self::GivenUp,
            Self::OverrunInMidPoll,
            Self::OverTime,
            Self::OverTimeInMidPoll,
            Self::Signalled,
            Self::SignalledInMidPoll,
        ];
        all.get(number).copied().unwrap_or(Self::Crashed)
    }
}

impl Finished {
    #[inline(always)]
    pub(crate) fn new(token: Token, manner: Manner) -> Self {
        Self { token, manner }
    }

    /// As [`Token::broken_off`], for a process that has come to its end where it stands: nobody goes on
    /// with it. The reason comes back if nobody watches.
    ///
    /// # Safety
    ///
    /// `local` is the record of the process that was running on this core, and its poll is never gone
    /// on with, whatever stack it stands on.
    pub unsafe fn crashed(local: NonNull<Local>, reason: ExitReason) -> (Self, Option<ExitReason>) {
        alarm::seek_alarms_of_the_dead();
        let token = Token::new(local.cast());
        ties::note_words(token.header(), &reason);
        let untold = token.header().word_end(reason);
        (Self::new(token, Manner::Crashed), untold)
    }

    /// Who had made it, as far as is known.
    pub fn makers(&self) -> Makers {
        self.token.header().makers()
    }

    /// Whose it was.
    pub fn pid(&self) -> Pid {
        self.token.pid()
    }

    /// The frame of a poll that will not go on: the platform takes its stack back.
    pub fn take_frame(&mut self) -> Option<NonZero<usize>> {
        NonZero::new(self.token.header().set_frame(0))
    }

    /// Ends the process: its pid names nobody from now on, its slot and its memory go back, and who
    /// watches is told.
    pub fn discontinue(self) {
        in_this_loop(|at| self.discontinue_at(at));
    }

    /// The same, for a loop that knows its core.
    #[inline(always)]
    pub fn discontinue_at(self, at: InLoop<'_>) {
        self.end_at::<false>(at);
    }

    /// True if it was on another core than its first: its home is to go back there.
    #[inline(always)]
    pub fn is_from_abroad(&self) -> bool {
        self.token.local().is_abroad()
    }

    /// As [`discontinue_at`](Self::discontinue_at), for such a one.
    #[cold]
    #[inline(never)]
    pub fn discontinue_from_abroad(self, at: InLoop<'_>) {
        self.end_at::<true>(at);
    }

    #[inline(always)]
    fn end_at<const FROM_ABROAD: bool>(self, at: InLoop<'_>) {
        let charge = self.token.header().charge_to_leave();
        let cold = self.token.header().cold.take();
        table::vacate::<FROM_ABROAD>(self.token.into_header(), charge, self.manner, at);
        if FROM_ABROAD && self.manner.is_in_mid_poll() {
            // Its pid names nobody from here on: so whoever looks finds it gone.
            at.here().table().crew().seek_dead_elsewhere(at.here());
        }
        let Some(cold) = cold else { return };
        let reason = self.manner.reason();
        // SAFETY: `crashed` has left a reason for whoever watches, or `of_killed` has.
        unsafe { cold.end(reason) }
    }
}
