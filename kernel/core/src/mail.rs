//! Messages between processes: what a process says and hears.
//!
//! A message is any value that may go to another thread; it moves. Whoever knows a [`Pid`] can [`send`] it
//! whatever it likes, and whoever has an [`Addr`] sends it messages of one type. A process
//! receives by type: [`receive`] gives the first message of the type that is asked for and
//! leaves the others where they are, in order, as a selective receive does in Erlang.
//!
//! Two messages from one sender to one receiver arrive in the order in which they were sent. A message to a
//! process that is gone is dropped, as in Erlang, and counted as a dead letter. Sending and
//! receiving cost reductions, so who talks much gives way like who computes much.
//!
//! How messages travel is in `girder_lockfree::mail`; why so, in `doc/mailboxes.md`.

mod address;
mod call;
mod receive;
mod urgent;
mod waiting;

pub use address::{Addr, send};
pub use call::{CallError, call, call_timeout, cast};
pub use girder_lockfree::mail::{
    Bound, BoundError, Lane, LaneError, Message, Overflow, ReplyTo, SendError, Sent, Traffic,
    traffic,
};
pub use girder_lockfree::process::Pid;
pub use receive::{
    Receive, ReceiveAny, ReceiveWhere, receive, receive_any, receive_timeout, receive_where,
    try_receive,
};

pub use urgent::{UrgentAddr, urgent_lane};
pub use waiting::send_wait;

#[cfg(test)]
mod tests;
