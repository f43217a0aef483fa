//! Sending: an envelope, filled, and published in the receiver's word. It is one that the sender has emptied, or else
//! comes from this core's pool.
//!
//! Nothing here waits or fails for the receiver's sake. A message for a process that is gone comes
//! back out of its envelope, and its sender drops it, as itself and preemptibly.

use super::Envelope;
use super::envelope::{Kind, Packing, is_passed_in_registers};
use super::gated::post_at_length;
use super::look::header;
use super::refusal::SendError;
use super::slabs::fill_pool;
use crate::process::here::{self, Stay};
use crate::process::word;
use crate::process::{Pid, Slot, local, own_pid, own_record, reduce};
use crate::scarcity::{Purpose, may_take};
use alloc::boxed::Box;
use core::alloc::Layout;
use core::mem::ManuallyDrop;
use core::ptr::NonNull;

/// What became of a message that was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// It is in the receiver's mailbox.
    Delivered,
    /// The receiver is gone, or ends for want of room, or does not wait for this answer any more; so is the message, and it
    /// was counted.
    ToNobody,
    /// The receiver's mailbox has no room; the message is gone, as the receiver wants it, and it was counted.
    Dropped,
}

/// Somebody, and the way there.
#[derive(Clone, Copy, Debug)]
pub struct Receiver {
    pid: Pid,
    /// Nobody's, if there never was such a process.
    slot: &'static Slot,
}

impl Receiver {
    /// The process of this pid, whether it lives or not.
    #[inline(always)]
    pub fn of(pid: Pid) -> Self {
        let table = here::table();
        let slot = table.slot(pid.index());
        Self {
            pid,
            slot: slot.unwrap_or_else(|| table.nobodys()),
        }
    }

    /// The running process.
    #[inline(always)]
    pub fn own() -> Option<Self> {
        let pid = own_pid()?;
        let slot = header().slot;
        Some(Self { pid, slot })
    }

    /// Who it is.
    #[inline(always)]
    pub fn pid(self) -> Pid {
        self.pid
    }
}

/// Sends a message to a process. It comes back if there is no memory for its envelope, or no room in a mailbox
/// whose owner wants that.
#[inline(always)]
pub fn send<M: Send + 'static>(to: Receiver, message: M) -> Result<Sent, SendError<M>> {
    pack(to, message, Packing::<M>::kind())
}

#[inline(always)]
pub(super) fn pack<M: Send + 'static>(
    to: Receiver,
    message: M,
    kind: &'static Kind,
) -> Result<Sent, SendError<M>> {
    if Packing::<M>::IS_INLINE {
        return post(to, message, kind);
    }
    let message = try_box(message, Purpose::Message).map_err(SendError::NoEnvelope)?;
    post(to, message, kind).map_err(|refusal| refusal.map(|message| *message))
}

/// Reductions that a message of this size costs its sender, besides the one for each.
const fn cost(size: usize) -> u32 {
    let lines = size / 256;
    if lines < 1000 { 1 + lines as u32 } else { 1000 }
}

/// Boxes what does not fit into an envelope, and has whoever sends it pay for its size. Without memory it comes back, and is
/// counted.
pub(crate) fn try_box<M>(message: M, purpose: Purpose) -> Result<Box<M>, M> {
    reduce(const { cost(size_of::<M>()) });
    let layout = Layout::new::<M>();
    let place = if layout.size() == 0 {
        NonNull::<M>::dangling()
    } else {
        if !may_take(purpose) {
            return refuse(message);
        }
        // SAFETY: the layout has a size.
        let Some(place) = NonNull::new(unsafe { alloc::alloc::alloc(layout) }) else {
            return refuse(message);
        };
        place.cast()
    };
    // SAFETY: just allocated for this type, as a box is.
    Ok(unsafe {
        place.write(message);
        Box::from_raw(place.as_ptr())
    })
}

#[cold]
#[inline(never)]
fn refuse<T, M>(message: M) -> Result<T, M> {
    here::with_desk(|_, desk| desk.pool.traffic.refused += 1);
    Err(message)
}

#[inline(always)]
fn post<P>(to: Receiver, payload: P, kind: &'static Kind) -> Result<Sent, SendError<P>> {
    let local = own_record();
    let mut stay = Stay::for_pay(local, const { cost(size_of::<P>()) });
    // Whoever answers what it gets has one that it has just emptied, and does not ask where it is.
    let emptied = local.mailbox.take_emptied();
    let taken = emptied.or_else(|| take_from_pool(&mut stay));
    // A large payload that is passed on has to be in memory from the beginning, on the short way as well; and one that stays
    // in registers while something is called is in such as have to be saved before. So the small ones are passed on, and the
    // large ones stay.
    let filled = || (!is_passed_in_registers::<P>()).then(|| refill(stay.twin()))?;
    let Some(envelope) = taken.or_else(filled) else {
        drop(stay);
        if is_passed_in_registers::<P>() {
            return post_slowly(to, payload, kind);
        }
        return Err(SendError::NoEnvelope(payload));
    };
    envelope.fill(payload, kind);
    let Receiver { pid, slot } = to;
    let link = move |before| envelope.set_link_before(before);
    match slot.word.send_at_once(pid, envelope.number(), link) {
        word::AtOnce::Left => drop(stay),
        word::AtOnce::Handed => {
            // SAFETY: the send has just handed it over.
            let token = unsafe { slot.token() };
            let here = stay.here();
            token.header().local.put(envelope);
            // SAFETY: what is done with it is a push.
            unsafe { stay.desk_of(here) }.leave_handed(here, local, token);
            drop(stay);
        }
        word::AtOnce::Not => return post_at_length::<P>(stay, (pid, slot), envelope),
    }
    Ok(Sent::Delivered)
}

#[inline(always)]
fn take_from_pool(stay: &mut Stay) -> Option<&'static Envelope> {
    let here = stay.here();
    // SAFETY: what is done with it is a pop.
    unsafe { stay.desk_of(here) }.pool.take()
}

/// The pool is empty.
#[cold]
#[inline(never)]
fn post_slowly<P>(to: Receiver, payload: P, kind: &'static Kind) -> Result<Sent, SendError<P>> {
    if fill_pool() {
        // Somebody else on this core may have taken it all: then this comes here again.
        post(to, payload, kind)
    } else {
        Err(SendError::NoEnvelope(payload))
    }
}

/// The pool was empty: takes one when there are some again. Whoever calls it has the twin of `stay`.
#[cold]
#[inline(never)]
fn refill(mut stay: ManuallyDrop<Stay>) -> Option<&'static Envelope> {
    loop {
        if !stay.pause(fill_pool) {
            return None;
        }
        // Somebody else on this core may have taken it all.
        local().spend_little(1);
        let taken = take_from_pool(&mut stay);
        if taken.is_some() {
            return taken;
        }
    }
}

/// Nobody is there: the sender drops its message, with preemption on again.
#[cold]
#[inline(never)]
pub(super) fn take_back<P>(mut stay: Stay, envelope: &'static Envelope) -> Sent {
    let here = stay.here();
    // SAFETY: `post` has filled it, and nobody else has seen it.
    let payload = unsafe { envelope.empty::<P>() };
    // SAFETY: as in `post`, which does not use its own any more.
    let desk = unsafe { stay.desk_of(here) };
    desk.pool.give(here, envelope);
    desk.pool.traffic.dead_letters += 1;
    drop(stay);
    drop(payload);
    Sent::ToNobody
}
