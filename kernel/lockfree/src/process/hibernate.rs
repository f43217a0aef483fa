//! Hibernation: a process drops all that it is made of and goes on as another future, under the same pid.
//!
//! ```text
//!   1 leave      as the process: the successor is built in a block of its own, and the next poll is to be `succeed`
//!   2 succeed    as the process, preemptibly: drops the old future, whose destructors are somebody's code
//!   3 move_in    in the loop, as soon as that poll has come back: the header moves into the new block, the old block
//!                goes back, and the arena
//! ```
//!
//! Who is killed after 1 drops the old future, and that the successor with it ([`Leaving`]). In 2 a process that
//! is broken off and killed goes on to the end of it or is given up, like in any poll: with a frame nobody drops its future,
//! so none is dropped twice. Between 2 and 3 there is no await: the loop that 2 comes back into is at 3 before it asks
//! what others want of the process. A block that is left when the process ends goes back with the cold record.
//!
//! Between 2 and 3 nobody but the loop has a way to the header: the token is in its hands, the slot's word says
//! *runnable*, which hands over nothing, and a pid leads to the slot. Messages that arrive meanwhile are in the word.
//!
//! What goes on is `Send`, so nothing that refers into the arena goes with it: see `arena`.

use super::cold::Cold;
use super::header::{Header, Operations, Process};
use super::heap::may_move_into;
use super::platform::{self, PreemptionOff};
use super::token::Token;
use super::{Kind, Pid, give_way, homes, is_own_waker, own_pid};
use crate::atomic::Relaxed;
use crate::scarcity::end_process;
use core::future::poll_fn;
use core::ptr::NonNull;
use core::task::{Context, Poll};

/// What a process is to go on as: a process whose header is not there yet.
#[derive(Clone, Copy)]
pub(super) struct Successor {
    place: NonNull<Header>,
    operations: &'static Operations,
    /// The old future is being dropped, or is gone.
    has_begun: bool,
}

/// Drops all that the running process is made of, and goes on as `work(state)`: for a process that will wait for long, or has
/// become large.
///
/// Its future is dropped, with whatever that owns, and its arena goes back; then it begins anew in a block of memory as
/// small as `work` needs. It keeps its pid, with names, priority and whoever watches it, and its mail. As in OTP, it does not
/// come back to where it was.
///
/// ```no_run
/// # use girder_lockfree::process::hibernate;
/// # async fn question() -> u64 { 0 }
/// async fn serve(mut sum: u64) {
///     for _ in 0..1_000 {
///         sum += question().await;
///     }
///     hibernate(sum, serve).await
/// }
/// ```
///
/// What goes on is `Send`, for nothing may refer into the arena that goes. A hibernation that is dropped before the
/// process next waits, as by a `select!` in which something else was ready, does not happen. For want of memory the process
/// ends.
///
/// # Panics
///
/// If the process hibernates already, as in a destructor of what it leaves, and outside of processes. In [`block_on`](super::block_on), which panics then: only who
/// awaits can leave what it is made of.
pub async fn hibernate<S, M, F>(state: S, work: M) -> !
where
    S: Send + 'static,
    M: FnOnce(S) -> F + Send + 'static,
    F: Future<Output = ()> + 'static,
{
    leave(async move { work(state).await });
    let _leaving = Leaving(own_header().pid());
    poll_fn(come_back).await
}

fn come_back<T>(context: &mut Context<'_>) -> Poll<T> {
    give_way();
    if !is_own_waker(context.waker()) {
        context.waker().wake_by_ref();
    }
    Poll::Pending
}

/// 1. What the process is to go on as, and how.
fn leave<F: Future<Output = ()> + 'static>(future: F) {
    // Also while the old future is being dropped, whose destructors may come here.
    assert!(!has_successor(), "it hibernates already");
    let operations = Process::<F>::operations_for_once();
    let stays = PreemptionOff::new();
    let Some((cold, place)) = room_for(operations) else {
        drop(stays);
        end_process(operations.layout)
    };
    // SAFETY: fresh memory of this layout.
    unsafe { Process::build_future(place.cast(), future) };
    cold.successor.set(Some(Successor {
        place,
        operations,
        has_begun: false,
    }));
    own_header().poll.set(succeed);
}

fn room_for(operations: &Operations) -> Option<(&'static Cold, NonNull<Header>)> {
    let cold = own_header().cold_or_new()?;
    let bytes = operations.class.block(operations.layout).size();
    if !may_move_into(bytes) {
        return None;
    }
    Some((cold, homes::fresh_place(operations)?))
}

fn own_header() -> &'static Header {
    let local = platform::local();
    assert!(local.kind() == Kind::Process, "only processes hibernate");
    // SAFETY: a process's record is the first field of its header, which lives while it runs.
    unsafe { NonNull::from(local).cast::<Header>().as_ref() }
}

/// True if the running process is about to go on as another future, or is being taken apart for that.
fn has_successor() -> bool {
    let cold = own_header().cold();
    cold.is_some_and(|cold| cold.successor.get().is_some())
}

/// True if the running process is about to go on as another future.
pub(super) fn is_leaving() -> bool {
    let local = platform::local();
    local.kind() == Kind::Process
        && own_header()
            .cold()
            .and_then(|cold| cold.successor.get())
            .is_some_and(|successor| !successor.has_begun)
}

/// In the future that this process leaves: if that is dropped, and not in order to go on, then nothing comes of it. (In
/// another process, where it may have been sent, it means nothing.)
struct Leaving(Pid);

impl Drop for Leaving {
    fn drop(&mut self) {
        if own_pid() != Some(self.0) {
            return;
        }
        let header = own_header();
        let Some(cold) = header.cold() else { return };
        let Some(successor) = cold.successor.get().filter(|it| !it.has_begun) else {
            return;
        };
        header.poll.set(header.usual_poll());
        // SAFETY: built by `leave`. If its destructor never ends, the record still has the block.
        unsafe { (successor.operations.drop)(successor.place) };
        let _stays = PreemptionOff::new();
        cold.give_back_successor();
    }
}

/// 2. In place of the old future's poll.
///
/// # Safety
///
/// As for that; the process has a successor.
unsafe fn succeed(header: NonNull<Header>, _: &mut Context<'_>) {
    // SAFETY: the caller has the token.
    let process = unsafe { header.as_ref() };
    let Some(cold) = process.cold() else { return };
    if let Some(mut successor) = cold.successor.get() {
        successor.has_begun = true;
        cold.successor.set(Some(successor));
    }
    // SAFETY: the future stands at an await, and nobody polls it any more.
    unsafe { (process.operations.drop)(header) };
    give_way();
}

impl Token {
    /// 3. Moves a process whose old future is gone into its new home, in its core's loop.
    #[inline(always)]
    pub fn settle_in(self) -> Self {
        let cold = self.header().cold();
        match cold.and_then(|cold| cold.successor.get()) {
            Some(successor) if successor.has_begun => self.move_in(successor),
            _ => self,
        }
    }

    #[cold]
    #[inline(never)]
    fn move_in(self, successor: Successor) -> Self {
        // A destructor may have blocked.
        if self.has_frame() {
            return self;
        }
        if let Some(cold) = self.header().cold() {
            cold.successor.set(None);
            cold.give_back_arena();
        }
        let Successor {
            place, operations, ..
        } = successor;
        let old = self.into_header();
        // SAFETY: (1) the place has room for a header, and its future is built; (2) the old header is this token's, whose future is
        // gone, and nobody has another way to it: see the top; (3) what is copied is not used at its old place.
        unsafe {
            let old_operations = old.as_ref().operations;
            place.copy_from_nonoverlapping(old, 1);
            let header = place.as_ptr();
            (*header).operations = operations;
            (*header).poll.set((*header).usual_poll());
            (*header).slot.header.store(header, Relaxed);
            homes::give_place(old, old_operations);
        }
        let token = Token::new(place);
        token.header().begin_in_new_home();
        token
    }
}

impl Cold {
    /// Gives back the block of a successor; what is in it is not dropped.
    pub(super) fn give_back_successor(&self) {
        if let Some(Successor {
            place, operations, ..
        }) = self.successor.take()
        {
            // SAFETY: from `leave`, and nobody uses it any more.
            unsafe { homes::give_place(place, operations) };
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests;
