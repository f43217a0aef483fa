//! Mailboxes: messages that move, from anybody to one process.
//!
//! A message travels in an envelope, which knows how to drop it and of what type it is. Sending
//! publishes the envelope's number in the receiver's state word (`process::word`): one
//! compare-and-swap that finds the receiver alive, keeps the order of each sender, and wakes
//! whoever waits for mail. The receiver takes all envelopes with one step, newest first, and turns
//! them round into a list of its own, which nobody else touches.
//!
//! ```text
//!                          +------------------------- 5 fill again -------------------------------+
//!                          v                                                                      |
//!   pool --1 fill--> word (a stack) --2 take--> stack --3 turn--> unread --4 read--> emptied -----+
//!    ^                 | 7 the process ends       |                 |                   |
//!    |                 +------> unburied <--------+-----------------+                   |
//!    +--- 8 reap -----------------+                                                     |
//!    +------------------------------ 6 the process waits, or gives way -----------------+
//! ```
//!
//! An envelope is in exactly one of these places, and all of them are in slots, headers and desks, never on a
//! stack: so a process that ends in mid-poll loses none. Reading is a single store, of a cursor (`mailbox`); whoever
//! moves an envelope otherwise has preemption off.
//!
//! # Who runs the destructors
//!
//! Never the loop, and nobody with preemption off. What is sent to nobody, its sender drops; what a
//! process leaves unread, a reaper process drops, a message at a time: see [`reap`].

mod bound;
mod envelope;
pub(crate) mod gate;
mod gated;
mod gates;
mod lane;
mod later;
pub(crate) mod line;
mod look;
mod mailbox;
mod poll;
mod post;
pub(crate) mod question;
mod reaper;
mod refusal;
mod slabs;
mod special;
mod told;
mod traffic;
mod waiting;

pub use bound::{Bound, BoundError, Overflow};
pub use envelope::Message;
pub(crate) use envelope::{ENVELOPE_BYTES, Envelope};
pub(crate) use gate::Gate;
pub use gate::GateReport;
pub use gated::gate_report;
pub(crate) use gated::was_overrun;
pub(crate) use gates::Gates;
pub use lane::{Lane, LaneAddress, LaneError, open_lane};
pub(crate) use later::{Delivery, deliver};
pub use later::{Later, send_at, take_back_message};
pub use look::{Look, Position, receive, receive_any, receive_where};
pub(crate) use mailbox::Mailbox;
pub use poll::{poll_look, poll_receive};
pub(crate) use post::try_box;
pub use post::{Receiver, Sent, send};
pub(crate) use question::bury;
pub use question::{NotAsked, Question, ReplyTo, ask};
pub use reaper::reap;
pub use refusal::SendError;
pub(crate) use slabs::{Pool, Returned, Slabs, trim_pool, trim_some_of};
pub use slabs::{envelopes_in_use, trim_envelopes};
pub(crate) use special::{COUNTED, NOBODY};
pub(crate) use told::{give_envelope, send_told, take_envelope};
pub use traffic::{Traffic, traffic};
pub(crate) use waiting::tell_next_of;
pub use waiting::{NoPlace, Place, join_line};

#[cfg(all(test, not(loom)))]
mod tests;

#[cfg(all(test, loom))]
pub(crate) mod stories;
