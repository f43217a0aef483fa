//! Ties between processes: who is to be told of whose end.
//!
//! A tie has two *ends*: of a *monitor* the one who watches and the one who is watched, of a *link* two that are alike. Either may die, or cut the tie,
//! at any moment and on any core. So each finds its ties from a *ring* of its own, beside its slot, and each tie stands in two rings:
//!
//! ```text
//!    ring of A:  tie 1 <-> tie 2 <-> tie 3           ring of B:  tie 4 <-> tie 2
//!                            |                                               |
//!                            +------------- one tie, two sides --------------+
//! ```
//!
//! # Who touches what
//!
//! - *A ring*, with all its cells, belongs to whoever has its lock.
//! - *A side* of a tie, its two neighbours and whether it is in, belongs to the ring of the process at that end: whoever has that
//!   ring's lock touches it, cell by cell, and nobody writes a tie whole. The neighbours in one ring are ties whose other sides are
//!   in rings of third processes, whose locks are not held.
//!   Of a link these neighbours are the branches of a tree: see `tree`.
//! - *Whether its process traps exits, and whether a signal has doomed it*, belongs to the ring as well.
//! - *The ends* are written before the tie is in any ring, and not changed while it is.
//! - *What it carries* belongs to whoever makes it, and then to whoever has *claimed* it.
//!
//! Nobody holds two locks at a time, so no order among them is needed. The lock is held for a few steps with preemption off: nobody frees
//! anything meanwhile, and what is sent is an exit signal, of which below.
//!
//! # One claims, and dismantles
//!
//! The tie's word has its number and a phase. Who wants it gone changes *open* to *claimed* in one step: the watcher who thinks
//! better of it, the end of either, whoever is first. The others leave it alone. A claimant takes the lock of each of the two rings,
//! one after the other, and takes the side out of it if it is still in. After that nobody finds the tie any more, and it is the
//! claimant's own: for the end of a process takes a tie from its own ring and tries to claim it in one section, and does not
//! look at it after that unless it has it.
//!
//! # A link has one place
//!
//! There is one link between two, whoever of them asks for it, and however often, or both at once on two cores. So one of two trees has to say
//! whether there is one: that of the end with the lower pid. *A link is in the tree of its higher end only while it is in that of its lower end, or
//! after the lower end's process has ended.*
//!
//! 1. Who makes it puts it in below, and if one is there already, has made none. Then it is put in above, if it is still open: whoever has claimed it
//!    in between has let go of that lock before, and then it is found claimed, or takes it after, and finds it.
//! 2. Who cuts it takes it out above, and then below.
//! 3. An end takes it out of its own tree first. If that is the lower one, nobody makes another any more: the ring is closed.
//!
//! So if it is not below it is not above, and two are never in the same tree. The end with the lower pid knows by its own tree. The other one
//! that finds it below and not in its own tree has come in between: it waits for whoever is at it, on another core and with preemption off.
//! Without that, a process would be told that it is linked, and neither find the link to cut it, nor tell by it how it ended.
//!
//! # A signal is decided where it is received
//!
//! The end of a process takes each of its links out of the other's tree, looks whether that traps exits, and publishes the message or has it end, in one section of the
//! other's ring. To send there is against the rule above, and takes a few dozen instructions more; but then `unlink` and `trap_exit`, which
//! take the same lock, are before it or after it, whoever is telling, and wait for nobody else. Publishing locks nothing (`mail::told`: neither gate nor line),
//! and what is done after it is a push on the own desk, or to another core's inbox.
//!
//! Who has to end is *doomed*: the transition of its state word that kills says whether this was what ended it, or somebody was faster, and the reason is
//! written in the same section. It stands where the process's own words would: a process that was killed does not crash, or it
//! does before it meets that; then `crash` has the ring refuse signals, and writes after it. Its end comes by the flag that the kill has left, and finds the reason
//! under the lock.
//!
//! # How a tie is found by its number
//!
//! A monitor, by [`MonitorRef`]: an index and a number that no other tie in that place has for 2^40 ties. Ties never become anything
//! else, so one may always look, and a claim by the number succeeds only if it is that very tie.
//!
//! # How the end of a process finds its ring
//!
//! A process that nobody has tied pays nothing for it, not even a look. The one who ties another has it *bound* as for another
//! choice of cores, by a bit of its state word, in the very section in which the tie goes into the ring. The holder of the
//! token meets that at its next turn, once, and notes it in its own record (`mail::question::duties`); the end of a process
//! looks at both, note and bits, in a test that it makes for other things anyway. So:
//!
//! - either the bit comes before the end of the process: then the end looks at the ring, and finds the tie, whose author has the
//!   lock or had it before;
//! - or it comes after: then it finds another generation, and there is nobody to be tied to.
//!
//! From its first tie to its end a ring serves its process, and for the second tie no bit is needed. The end closes it under the
//! lock; what is in it then is worked off by the loop, some at a turn, and as long the slot is held: see `unburied`, and `HOLD` in
//! `heap::charge`.
//!
//! *The alternative*, ties that only the holder of the token changes, as others ask it to by a stack of signals, needs no lock.
//! But who sleeps has to be woken to work them off, or they pile up with every monitor that comes and goes. That is Erlang's
//! way, and costs the one who is watched a turn for each that watches.
//!
//! # Orderings
//!
//! Letting go of a ring's lock releases what was done under it, and taking it acquires that. Who gives a tie back releases its
//! last use, and who takes it acquires that. Whoever finds its tie claimed by another waits until that is done, and
//! acquires what was told meanwhile. A doom is read under the lock under which it was written. A claim itself is relaxed: what is claimed was found in a ring, or made by oneself.

mod bond;
mod carrier;
mod end;
mod ends;
mod link;
mod monitor;
mod parts;
mod pool;
mod ring;
mod signal;
mod tie;
mod tree;

pub(super) use bond::{Bond, Maker, Ready};
pub(super) use end::{close, note_words, untie_next};
pub use link::{Exit, NoLink, exit_signal, link, trap_exit, unlink};
pub use monitor::{Down, MonitorRef, NoMonitor, demonitor, demonitor_and_flush, monitor};
pub(crate) use pool::Ties;
pub(crate) use ring::Ring;
pub(super) use signal::reason_of_doom;

/// Ties that are in use, of all processes.
pub fn ties_in_use() -> u32 {
    super::table().ties().in_use()
}

#[cfg(all(test, not(loom)))]
mod tests;

#[cfg(all(test, loom))]
pub(crate) mod stories;
