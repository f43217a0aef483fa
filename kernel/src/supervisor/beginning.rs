//! Starts that take their time: a child that says itself when it is started.
//!
//! One is under way at a time, for whoever comes after it in its supervisor's order is not to begin before it is over. It is over when
//! the child says so, or has ended, which means that it could not be started. A supervisor that is to end meanwhile does not wait for
//! that: the child is ended like any other.

use super::address::WishError;
use super::kin;
use super::running::Running;
use crate::{Pid, ReplyTo, Sent, own_pid, send};
use core::num::NonZero;
use core::time::Duration;
use girder_core::supervise::{ChildId, Refusal};
use girder_core::time::Instant;

/// With this a child says that it is started: see [`Child::announced`](super::Child::announced). Its supervisor waits for that, or for the
/// child's end.
#[derive(Debug)]
#[must_use = "whoever began it waits"]
pub struct Ready {
    supervisor: Pid,
}

/// That process is started.
pub(super) struct Announced(Pid);

impl Ready {
    /// For a child of the running process.
    pub(super) fn here() -> Self {
        Self {
            supervisor: own_pid(),
        }
    }

    /// Says so. If there is no envelope for that, or no room in the supervisor's mailbox, it comes back, to be tried again or to end with.
    pub fn announce(self) -> Result<(), Self> {
        match send(self.supervisor, Announced(own_pid())) {
            Ok(Sent::Delivered | Sent::ToNobody) => Ok(()),
            Ok(Sent::Dropped) | Err(_) => Err(self),
        }
    }
}

/// When a child is started.
#[derive(Clone, Copy)]
pub(super) enum Start {
    /// When its process is there.
    AtOnce,
    /// When it says so, in so many nanoseconds.
    Announced(NonZero<u64>),
}

impl Start {
    /// As long as it takes.
    pub(super) const WHENEVER: NonZero<u64> = NonZero::<u64>::MAX;

    pub(super) const fn within(time: Duration) -> NonZero<u64> {
        let nanos = time.as_nanos();
        match NonZero::new(nanos as u64) {
            Some(within) if nanos <= u64::MAX as u128 => within,
            None if nanos == 0 => NonZero::<u64>::MIN,
            _ => Self::WHENEVER,
        }
    }

    /// What is under way from its birth on, if it is.
    pub(super) fn beginning(self, id: ChildId, pid: Pid) -> Option<Beginning> {
        match self {
            Self::AtOnce => None,
            Self::Announced(within) => Some(Beginning {
                id,
                pid,
                until: (within != Self::WHENEVER)
                    .then(|| Instant::now() + Duration::from_nanos(within.get())),
                asker: None,
            }),
        }
    }
}

/// A start that is under way.
pub(super) struct Beginning {
    id: ChildId,
    pid: Pid,
    until: Option<Instant>,
    asker: Option<Asker>,
}

/// Who has wished for it.
pub(super) enum Asker {
    Start(ReplyTo<Result<(ChildId, Pid), WishError>>),
    Restart(ReplyTo<Result<Pid, WishError>>),
}

impl Beginning {
    /// Until when it may take.
    pub(super) const fn until(&self) -> Option<Instant> {
        self.until
    }

    /// Has it told to whoever wished for it.
    pub(super) fn tells(&mut self, asker: Asker) {
        self.asker = Some(asker);
    }

    /// Ends one that takes too long; of its end comes what follows.
    pub(super) fn end_if_late(&mut self, now: Instant) {
        if self.until.is_some_and(|until| now >= until) {
            self.until = None;
            kin::end_now(self.pid);
        }
    }
}

impl Asker {
    pub(super) fn tell(self, outcome: Result<(ChildId, Pid), WishError>) {
        match self {
            Self::Start(reply_to) => _ = reply_to.reply(outcome),
            Self::Restart(reply_to) => _ = reply_to.reply(outcome.map(|(_, pid)| pid)),
        }
    }
}

impl Running {
    /// Somebody says that it is started.
    #[cold]
    pub(super) fn hear_of_beginning(&mut self, Announced(pid): Announced) {
        if self
            .beginning
            .as_ref()
            .is_some_and(|begun| begun.pid == pid)
        {
            self.has_begun(Ok(()));
        }
    }

    /// A child has ended. True if it was being started: that has failed then.
    pub(super) fn ends_beginning(&mut self, id: ChildId) -> bool {
        let is_that = self.beginning.as_ref().is_some_and(|begun| begun.id == id);
        if is_that {
            self.has_begun(Err(WishError::NotReady));
        }
        is_that
    }

    /// All children are to end, and this one like the others.
    #[cold]
    pub(super) fn waits_no_longer(&mut self) {
        if let Some(Beginning { id, asker, .. }) = self.beginning.take() {
            self.machine.started(id);
            if let Some(asker) = asker {
                asker.tell(Err(WishError::Refused(Refusal::Busy)));
            }
        }
    }

    fn has_begun(&mut self, how: Result<(), WishError>) {
        let Some(Beginning { id, pid, asker, .. }) = self.beginning.take() else {
            return;
        };
        match how {
            Ok(()) => self.machine.started(id),
            Err(_) => self.machine.start_failed(id),
        }
        if let Some(asker) = asker {
            asker.tell(how.map(|()| (id, pid)));
        }
    }
}
