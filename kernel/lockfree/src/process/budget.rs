//! What an await of ours costs when it is ready.
//!
//! An await that has to wait gives the core up anyway. One that is ready does not, and a process that goes from
//! one to the next would be as good as one that never awaits: its quantum would end it, at the price of a
//! frame and a stack. So each costs a reduction, and whoever has none left lets the others run first.

use super::{Kind, give_way, is_own_waker, platform};
use core::task::{Context, Poll};

/// Pays for an await that is ready. Pending if the running process has nothing left to spend: then it yields,
/// with something to spend when it comes back, and the await that was ready is to be so still.
#[inline(always)]
pub fn afford(context: &Context<'_>) -> Poll<()> {
    if platform::own_record().spend_one() {
        return Poll::Ready(());
    }
    afford_the_last(context)
}

/// The same for the last one that it may spend, or for none.
#[cold]
#[inline(never)]
fn afford_the_last(context: &Context<'_>) -> Poll<()> {
    let local = platform::local();
    if local.left() < 0 && local.kind() == Kind::Process {
        return put_off(context);
    }
    local.spend_little(1);
    Poll::Ready(())
}

fn put_off(context: &Context<'_>) -> Poll<()> {
    give_way();
    // A set of futures that tells its members apart polls those that it was told of.
    if !is_own_waker(context.waker()) {
        context.waker().wake_by_ref();
    }
    Poll::Pending
}
