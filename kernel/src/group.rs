//! Groups: processes that are reached together, or any one of them.
//!
//! A group is a process that knows its members. Whoever has its [`GroupAddr`], or its name, publishes to all of them or has one
//! picked, and need not know who they are. A member that ends, however it does, is a member no more.
//!
//! ```no_run
//! use girder::group::GroupAddr;
//! use girder::{Options, own_pid, println, receive, spawn};
//!
//! #[derive(Clone)]
//! struct Weather(&'static str);
//!
//! async fn listener(forecast: GroupAddr<Weather>) {
//!     if forecast.join(own_pid()).await.is_ok() {
//!         let Weather(today) = receive().await;
//!         println!("{today}");
//!     }
//! }
//!
//! # async fn example() -> girder::Result {
//! let forecast = GroupAddr::<Weather>::spawn(Options::new().name("forecast"))?;
//! for _ in 0..3 {
//!     spawn(listener(forecast))?;
//! }
//! forecast.publish(Weather("some rain"))?;
//! # Ok(())
//! # }
//! ```
//!
//! # Events and their handlers
//!
//! A group of handlers is what an event manager is elsewhere: each handler is a process, which [`follow`]s the group. So one that crashes
//! leaves the others and the group alone, and whoever supervises it starts it again; one that takes its time keeps nobody
//! waiting.

use crate::{
    CallError, Down, Message, MonitorRef, NoMonitor, Options, Pid, ReplyTo, SendError, Sent,
    SpawnError, call, demonitor_and_flush, monitor, own_pid, receive, receive_any, send, whereis,
    yield_now,
};
use alloc::vec::Vec;
use core::fmt;
use core::marker::PhantomData;
use girder_lockfree::arena::Hashing;
use hashbrown::HashMap;

/// So many are sent to before others have a turn, and a kill its effect.
const IN_A_ROW: usize = 64;

/// Why nobody joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JoinError {
    /// The group did not answer.
    Call(CallError),
    /// It has no memory for another member.
    NoRoom,
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Call(error) => fmt::Display::fmt(error, f),
            Self::NoRoom => f.write_str("the group has no memory for another member"),
        }
    }
}

impl core::error::Error for JoinError {}

impl From<NoMonitor> for JoinError {
    fn from(_: NoMonitor) -> Self {
        Self::NoRoom
    }
}

/// What was published reached so many members, and so many did not take it: they had no room, or there was no memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reached {
    /// To whom it was sent.
    pub sent: usize,
    /// Who refused it.
    pub refused: usize,
}

/// What comes to a group.
enum Wish<M> {
    Join(Pid, ReplyTo<Result<(), JoinError>>),
    Leave(Pid, ReplyTo<bool>),
    Members(ReplyTo<Vec<Pid>>),
    Pick(ReplyTo<Option<Pid>>),
    Publish(M, ReplyTo<Reached>),
    Stop,
}

/// A group, as others know it.
pub struct GroupAddr<M> {
    pid: Pid,
    takes: PhantomData<fn(M)>,
}

impl<M: Clone + Send + 'static> GroupAddr<M> {
    /// Starts a group. A name for it is among its options.
    pub fn spawn(options: Options<'_>) -> Result<Self, SpawnError> {
        options.spawn_with(serve::<M>).map(Self::of)
    }

    /// The address of a process that is a group for such messages. One that is not takes wishes for messages that it does not know.
    #[must_use]
    pub fn of(pid: Pid) -> Self {
        Self {
            pid,
            takes: PhantomData,
        }
    }

    /// The same, of whoever has this name now.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        whereis(name).map(Self::of)
    }

    /// Adds a member, unless it is one. If it is gone already it is removed as soon.
    pub async fn join(self, member: Pid) -> Result<(), JoinError> {
        let answer = call(self.pid, |reply_to| Wish::<M>::Join(member, reply_to)).await;
        answer.unwrap_or_else(|error| Err(JoinError::Call(error)))
    }

    /// Removes a member; false if it was none.
    pub async fn leave(self, member: Pid) -> Result<bool, CallError> {
        call(self.pid, |reply_to| Wish::<M>::Leave(member, reply_to)).await
    }

    /// Who is a member, in no order.
    pub async fn members(self) -> Result<Vec<Pid>, CallError> {
        call(self.pid, Wish::<M>::Members).await
    }

    /// One of them, each in turn; nobody if there is none.
    pub async fn pick(self) -> Result<Option<Pid>, CallError> {
        call(self.pid, Wish::<M>::Pick).await
    }
}

impl<M> GroupAddr<M> {
    /// Whose address it is.
    #[must_use]
    pub fn pid(self) -> Pid {
        self.pid
    }
}

impl<M: Clone + Send + 'static> GroupAddr<M> {
    /// Has a copy of this sent to each member. What one process publishes comes to each member in this order.
    pub fn publish(self, message: M) -> Result<Sent, SendError<M>> {
        let wish = Wish::Publish(message, ReplyTo::to_nobody());
        send(self.pid, wish).map_err(|error| {
            error.map(|wish| match wish {
                Wish::Publish(message, _) => message,
                _ => unreachable!("it comes back as it was"),
            })
        })
    }

    /// The same, and waits until it is in the mailboxes of all of them.
    pub async fn publish_and_wait(self, message: M) -> Result<Reached, CallError> {
        call(self.pid, |reply_to| Wish::Publish(message, reply_to)).await
    }

    /// Has the group end behind all that was sent before. Its members stay.
    pub fn stop(self) -> Result<Sent, SendError<()>> {
        send(self.pid, Wish::<M>::Stop).map_err(|error| error.map(drop))
    }
}

/// Joins a group and does this about each message of its type, for good: it comes back only if it can't join.
pub async fn follow<M>(group: GroupAddr<M>, mut handle: impl AsyncFnMut(M)) -> JoinError
where
    M: Clone + Send + 'static,
{
    match group.join(own_pid()).await {
        Err(error) => error,
        Ok(()) => loop {
            handle(receive().await).await;
        },
    }
}

/// Lives as a group, until it is stopped. The copies are made here.
pub async fn serve<M: Clone + Send + 'static>() {
    let mut members = Members::default();
    loop {
        match receive_any().await.downcast() {
            // Whoever asked may be gone in all of these.
            Ok(Wish::Join(pid, reply_to)) => _ = reply_to.reply(members.add(pid)),
            Ok(Wish::Leave(pid, reply_to)) => _ = reply_to.reply(members.remove(pid)),
            Ok(Wish::Members(reply_to)) => members.tell(reply_to),
            Ok(Wish::Pick(reply_to)) => _ = reply_to.reply(members.pick()),
            Ok(Wish::Publish(message, reply_to)) => {
                let reached = publish::<M>(&members, message).await;
                _ = reply_to.reply(reached);
            }
            Ok(Wish::<M>::Stop) => return,
            Err(other) => members.hear(other),
        }
    }
}

async fn publish<M: Clone + Send + 'static>(members: &Members, message: M) -> Reached {
    let mut reached = Reached::default();
    for (number, member) in members.all.iter().enumerate() {
        match send(member.pid, message.clone()) {
            Ok(_) => reached.sent += 1,
            Err(_) => reached.refused += 1,
        }
        if number % IN_A_ROW == IN_A_ROW - 1 {
            yield_now().await;
        }
    }
    reached
}

struct Member {
    pid: Pid,
    monitor: MonitorRef,
}

/// Who is in a group: found by pid in a step, and any of them by number.
#[derive(Default)]
struct Members {
    all: Vec<Member>,
    numbers: HashMap<Pid, usize, Hashing>,
    /// Who is picked next.
    next: usize,
}

impl Members {
    fn add(&mut self, pid: Pid) -> Result<(), JoinError> {
        if self.numbers.contains_key(&pid) {
            return Ok(());
        }
        let has_room = self.all.try_reserve(1).is_ok() && self.numbers.try_reserve(1).is_ok();
        if !has_room {
            return Err(JoinError::NoRoom);
        }
        let monitor = monitor(pid)?;
        self.numbers.insert(pid, self.all.len());
        self.all.push(Member { pid, monitor });
        Ok(())
    }

    /// The last one takes the place of who leaves.
    fn take(&mut self, pid: Pid) -> Option<Member> {
        let number = self.numbers.remove(&pid)?;
        let member = self.all.swap_remove(number);
        if let Some(moved) = self.all.get(number) {
            self.numbers.insert(moved.pid, number);
        }
        Some(member)
    }

    fn remove(&mut self, pid: Pid) -> bool {
        let member = self.take(pid);
        if let Some(member) = &member {
            demonitor_and_flush(member.monitor);
        }
        member.is_some()
    }

    fn hear(&mut self, message: Message) {
        if let Ok(Down { pid, .. }) = message.downcast() {
            self.take(pid);
        }
    }

    fn tell(&self, reply_to: ReplyTo<Vec<Pid>>) {
        let mut pids = Vec::new();
        // For want of memory the question is dropped, and whoever asked is told so.
        if pids.try_reserve_exact(self.all.len()).is_ok() {
            pids.extend(self.all.iter().map(|member| member.pid));
            _ = reply_to.reply(pids);
        }
    }

    fn pick(&mut self) -> Option<Pid> {
        let number = if self.next < self.all.len() {
            self.next
        } else {
            0
        };
        self.next = number + 1;
        self.all.get(number).map(|member| member.pid)
    }
}

impl<M> Clone for GroupAddr<M> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<M> Copy for GroupAddr<M> {}

impl<M> PartialEq for GroupAddr<M> {
    fn eq(&self, other: &Self) -> bool {
        self.pid == other.pid
    }
}

impl<M> Eq for GroupAddr<M> {}

impl<M> fmt::Debug for GroupAddr<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("GroupAddr").field(&self.pid).finish()
    }
}
