//! Servers: processes that answer questions and carry out orders, one at a time, out of a state that nobody else has.
//!
//! What a server is like is said by a type with a [`Server`] implementation; [`serve`] makes it a process's whole life, and a
//! [`ServerAddr`] is how others reach it. It is what one would write with [`receive_any`] and [`call`], with the loop and the
//! types of the messages taken care of.
//!
//! ```no_run
//! use girder::server::{Flow, Server, ServerAddr};
//! use girder::ReplyTo;
//!
//! /// Gives numbers that were not given before.
//! struct Tickets(u64);
//!
//! impl Server for Tickets {
//!     type Question = ();
//!     type Answer = u64;
//!     type Order = u64;
//!
//!     async fn answer(&mut self, (): (), reply_to: ReplyTo<u64>) -> Flow {
//!         self.0 += 1;
//!         // Whoever asked may be gone by now.
//!         _ = reply_to.reply(self.0);
//!         Flow::On
//!     }
//!
//!     async fn obey(&mut self, skip: u64) -> Flow {
//!         self.0 += skip;
//!         Flow::On
//!     }
//! }
//!
//! # async fn example() -> girder::Result {
//! let tickets = ServerAddr::spawn(|| Tickets(0))?;
//! assert_eq!(tickets.ask(()).await, Ok(1));
//! tickets.tell(10)?;
//! assert_eq!(tickets.ask(()).await, Ok(12));
//! # Ok(())
//! # }
//! ```

use crate::{
    Addr, CallError, Message, NoProcess, Pid, ReplyTo, SendError, Sent, call, call_timeout,
    receive_any, spawn_with, timeout, whereis,
};
use core::fmt;
use core::future::{Future, ready};
use core::time::Duration;

/// What a server does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// It waits for what comes.
    On,
    /// It waits so long at most, and then is told by [`Server::in_silence`].
    Within(Duration),
    /// It ends in good order.
    Stop,
}

/// What a server does about what comes. It is one process: while it awaits something in here, nothing else is looked at.
pub trait Server: Sized + 'static {
    /// What it is asked; more than one kind of question are an enumeration's variants.
    type Question: Send + 'static;
    /// What it answers.
    type Answer: Send + 'static;
    /// What it is told, and gives no answer to.
    type Order: Send + 'static;

    /// Answers a question: at once, or later, or by having somebody else do so; the right to answer may be kept, or given on in
    /// a message. Whoever asked is told that there is no answer when that is dropped.
    fn answer(
        &mut self,
        question: Self::Question,
        reply_to: ReplyTo<Self::Answer>,
    ) -> impl Future<Output = Flow>;

    /// Carries out an order.
    fn obey(&mut self, order: Self::Order) -> impl Future<Output = Flow> {
        drop(order);
        ready(Flow::On)
    }

    /// A message that is neither, such as a [`Down`](crate::Down). It is dropped unless the server does otherwise.
    fn other(&mut self, message: Message) -> impl Future<Output = Flow> {
        drop(message);
        ready(Flow::On)
    }

    /// Nothing came for as long as [`Flow::Within`] has said.
    fn in_silence(&mut self) -> impl Future<Output = Flow> {
        ready(Flow::On)
    }

    /// It was stopped, by itself or by [`ServerAddr::stop`], and this is the last that it does. One that crashes or is killed does not
    /// get here.
    fn stopped(self) -> impl Future<Output = ()> {
        ready(())
    }
}

/// A question on its way; its type is the server's own, so that no other kind of message is taken for it.
struct Asked<S: Server>(S::Question, ReplyTo<S::Answer>);

/// An order on its way.
struct Told<S: Server>(S::Order);

/// The order that any server has.
struct Stop(ReplyTo<()>);

/// Lives as a server until it stops.
pub async fn serve<S: Server>(mut server: S) {
    let mut flow = Flow::On;
    // Told when everything is done.
    let mut stopping = None;
    loop {
        let message = match flow {
            Flow::On => Ok(receive_any().await),
            Flow::Within(limit) => timeout(limit, receive_any()).await,
            Flow::Stop => break,
        };
        flow = match message {
            Err(_) => server.in_silence().await,
            Ok(message) => match message.downcast() {
                Ok(Asked::<S>(question, reply_to)) => server.answer(question, reply_to).await,
                Err(message) => match message.downcast() {
                    Ok(Told::<S>(order)) => server.obey(order).await,
                    Err(message) => match message.downcast() {
                        Ok(Stop(reply_to)) => {
                            stopping = Some(reply_to);
                            Flow::Stop
                        }
                        Err(message) => server.other(message).await,
                    },
                },
            },
        };
    }
    server.stopped().await;
    if let Some(reply_to) = stopping {
        // Whoever wished it may have left.
        _ = reply_to.reply(());
    }
}

/// A server, as others know it.
pub struct ServerAddr<S: Server> {
    orders: Addr<Told<S>>,
}

impl<S: Server> ServerAddr<S> {
    /// Starts a server, which `make` makes in its own process.
    pub fn spawn(make: impl FnOnce() -> S + Send + 'static) -> Result<Self, NoProcess> {
        spawn_with(move || serve(make())).map(Self::of)
    }

    /// The address of a process that is such a server. One that is not takes questions and orders for messages that it does not
    /// know.
    #[must_use]
    pub fn of(pid: Pid) -> Self {
        Self {
            orders: Addr::of(pid),
        }
    }

    /// The same, of whoever has this name now.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        whereis(name).map(Self::of)
    }

    /// Whose address it is.
    #[must_use]
    pub fn pid(self) -> Pid {
        self.orders.pid()
    }

    /// Asks it, and waits for the answer.
    pub async fn ask(self, question: S::Question) -> Result<S::Answer, CallError> {
        call(self.pid(), |reply_to| Asked::<S>(question, reply_to)).await
    }

    /// The same, for so long at most.
    pub async fn ask_within(
        self,
        limit: Duration,
        question: S::Question,
    ) -> Result<S::Answer, CallError> {
        let ask = |reply_to| Asked::<S>(question, reply_to);
        call_timeout(limit, self.pid(), ask).await
    }

    /// Gives it an order. One that can't be sent comes back.
    pub fn tell(self, order: S::Order) -> Result<Sent, SendError<S::Order>> {
        self.orders
            .send(Told(order))
            .map_err(|error| error.map(|Told(order)| order))
    }

    /// Has it stop behind all that was sent before, and waits until it has.
    pub async fn stop(self) -> Result<(), CallError> {
        call(self.pid(), Stop).await
    }
}

impl<S: Server> Clone for ServerAddr<S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S: Server> Copy for ServerAddr<S> {}

impl<S: Server> PartialEq for ServerAddr<S> {
    fn eq(&self, other: &Self) -> bool {
        self.pid() == other.pid()
    }
}

impl<S: Server> Eq for ServerAddr<S> {}

impl<S: Server> fmt::Debug for ServerAddr<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ServerAddr").field(&self.pid()).finish()
    }
}
