//! State machines: processes that do something else about the same event in each of their states.
//!
//! A [`Machine`] says what it does about an [`Input`] in a state, and [`run`] makes it a process's whole life. What has no place in
//! a state can wait for the next ([`Next::Later`]), and a state can have a time that it lasts at most.
//!
//! ```no_run
//! use core::time::Duration;
//! use girder::states::{Input, Machine, Next, run};
//!
//! /// A turnstile: a coin opens it for one person, and not for long.
//! struct Turnstile;
//!
//! enum State {
//!     Locked,
//!     Open,
//! }
//!
//! enum Event {
//!     Coin,
//!     Push,
//! }
//!
//! impl Machine for Turnstile {
//!     type State = State;
//!     type Event = Event;
//!
//!     async fn enter(&mut self, state: &State) -> Option<Duration> {
//!         match state {
//!             State::Locked => None,
//!             State::Open => Some(Duration::from_secs(5)),
//!         }
//!     }
//!
//!     async fn on(&mut self, state: &mut State, input: Input<Event>) -> Next<State, Event> {
//!         match (state, input) {
//!             (State::Locked, Input::Event(Event::Coin)) => Next::Go(State::Open),
//!             (State::Open, Input::Event(Event::Push) | Input::TimeOut) => Next::Go(State::Locked),
//!             // Good for the next one.
//!             (State::Open, coin) => Next::Later(coin),
//!             (State::Locked, _) => Next::Stay,
//!         }
//!     }
//! }
//!
//! # fn example() -> Result<(), girder::NoProcess> {
//! let turnstile = girder::spawn_with(|| run(Turnstile, State::Locked))?;
//! # Ok(())
//! # }
//! ```
//!
//! Events are sent to it by [`send`](crate::send()) or an [`Addr`](crate::Addr) of their type. One that is to be answered has a
//! [`ReplyTo`](crate::ReplyTo) in it.

use crate::{Elapsed, Instant, Message, receive_any, timeout_at};
use alloc::collections::VecDeque;
use core::future::{Future, ready};
use core::mem::swap;
use core::time::Duration;

/// Something that a machine has to do something about.
#[derive(Debug)]
pub enum Input<E> {
    /// A message of its type of events.
    Event(E),
    /// The state's time is over.
    TimeOut,
    /// Any other message, such as a [`Down`](crate::Down).
    Other(Message),
}

/// What follows an input.
#[derive(Debug)]
pub enum Next<S, E> {
    /// The state stays, and so does what is left of its time.
    Stay,
    /// Another state, or the same anew, with a time of its own. What was put off comes before anything new.
    Go(S),
    /// The input has no place in this state: it comes again in the next, in order with others that were put off. What is put off there again
    /// comes in the one behind. (The end of a state's time can't be put off: it does not matter in the next.)
    Later(Input<E>),
    /// The process ends in good order.
    Stop,
}

/// What a machine does about what comes. It is one process: while it awaits something in here, nothing else is looked at.
pub trait Machine: 'static {
    /// What it does depends on.
    type State;
    /// What happens to it.
    type Event: Send + 'static;

    /// A state begins, the first one too; returns how long it may last.
    fn enter(&mut self, state: &Self::State) -> impl Future<Output = Option<Duration>> {
        _ = state;
        ready(None)
    }

    /// Something comes.
    fn on(
        &mut self,
        state: &mut Self::State,
        input: Input<Self::Event>,
    ) -> impl Future<Output = Next<Self::State, Self::Event>>;
}

/// Lives as a machine, from this state until it stops.
pub async fn run<M: Machine>(mut machine: M, mut state: M::State) {
    let mut inputs = Inputs {
        again: VecDeque::new(),
        put_off: VecDeque::new(),
        ends: None,
    };
    loop {
        let lasts = machine.enter(&state).await;
        inputs.ends = lasts.map(|lasts| Instant::now() + lasts);
        state = loop {
            let input = inputs.next().await;
            match machine.on(&mut state, input).await {
                Next::Stay | Next::Later(Input::TimeOut) => {}
                Next::Later(input) => inputs.put_off.push_back(input),
                Next::Go(next) => break next,
                Next::Stop => return,
            }
        };
        inputs.begin_anew();
    }
}

/// What comes, and what comes again.
struct Inputs<E> {
    /// Those that were put off before this state, and come before anything new.
    again: VecDeque<Input<E>>,
    /// Those that were put off in it.
    put_off: VecDeque<Input<E>>,
    /// When the state's time is over, if it is not yet.
    ends: Option<Instant>,
}

impl<E: Send + 'static> Inputs<E> {
    /// Another state: what this one has put off came before what it has not seen.
    fn begin_anew(&mut self) {
        self.put_off.append(&mut self.again);
        swap(&mut self.put_off, &mut self.again);
    }

    async fn next(&mut self) -> Input<E> {
        if let Some(input) = self.again.pop_front() {
            return input;
        }
        let message = match self.ends {
            None => Ok(receive_any().await),
            // However many messages there are, the time is over when it is over.
            Some(ends) if Instant::now() >= ends => Err(Elapsed),
            Some(ends) => timeout_at(ends, receive_any()).await,
        };
        match message.map(Message::downcast) {
            Ok(Ok(event)) => Input::Event(event),
            Ok(Err(other)) => Input::Other(other),
            Err(Elapsed) => {
                self.ends = None;
                Input::TimeOut
            }
        }
    }
}
