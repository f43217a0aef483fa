//! The short way of a question out of its mailbox: it is the first there, and paid for.

use super::super::envelope::Packing;
use super::opened;
use crate::process::here::Stay;
use crate::process::{Header, local};
use alloc::boxed::Box;
use core::task::Context;

/// Takes the first message, if it is paid for, a question of this type, and this is the process's own poll. All else a search
/// finds.
#[inline(always)]
pub(in super::super) fn take_first_question<M: Send + 'static>(context: &Context<'_>) -> Option<M> {
    let header = Header::polled_with(local(), context.waker())?;
    let local = &header.local;
    let first = local.mailbox.first()?;
    if first.is_sealed() || !first.asks::<M>() {
        return None;
    }
    let mut stay = Stay::on_full_stack(local);
    let here = stay.here();
    // SAFETY: what is done with it is push, pop and count.
    let desk = unsafe { stay.desk_of(here) };
    local.mailbox.unlink_first(first, &mut desk.pool, here);
    if Packing::<M>::IS_QUESTION_INLINE {
        // SAFETY: it holds a question of this type.
        let question = unsafe { first.empty::<M>() };
        opened(header, here, desk, first);
        Some(question)
    } else {
        // SAFETY: as above.
        let question = unsafe { first.empty::<Box<M>>() };
        opened(header, here, desk, first);
        drop(stay);
        Some(*question)
    }
}
