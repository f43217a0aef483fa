//! Who waits for a key: any number of processes, woken together by the loop when there is input.
//!
//! Whoever is first takes the byte, and the others wait on. So a reader that is killed on its way keeps
//! nobody from anything.

use crate::console::read;
use core::future::poll_fn;
use core::task::{Context, Poll};
use girder_aarch64::lock::Lock;
use girder_lockfree::process::{Pid, is_alive, own_pid, wake};

/// Readers that are woken. More may wait: each looks again at every turn, which costs turns and loses
/// nothing.
const READERS_MAX: usize = 64;

static READERS: Lock<[Option<Pid>; READERS_MAX]> = Lock::new([None; READERS_MAX]);

/// Wakes all who wait: there is input.
pub(crate) fn wake_all() {
    let waiting = core::mem::replace(&mut *READERS.lock(), [None; READERS_MAX]);
    waiting.into_iter().flatten().for_each(wake);
}

/// Waits for a byte of input.
pub async fn read_byte() -> u8 {
    poll_fn(|context| {
        // First this, then the look: what arrives in between wakes.
        ask(context);
        read().map_or(Poll::Pending, Poll::Ready)
    })
    .await
}

/// Asks for the process to be woken. A combinator with wakers of its own can't be called from the
/// loop, for it is somebody's code: it looks again at once.
fn ask(context: &Context<'_>) {
    let own = own_pid().filter(|pid| pid.is_waker(context.waker()));
    if !own.is_some_and(enter) {
        context.waker().wake_by_ref();
    }
}

/// True if the process is, or now has been, noted.
fn enter(pid: Pid) -> bool {
    let mut readers = READERS.lock();
    if readers.contains(&Some(pid)) {
        return true;
    }
    let is_free = |place: &&mut Option<Pid>| !place.is_some_and(is_alive);
    match readers.iter_mut().find(is_free) {
        Some(place) => {
            *place = Some(pid);
            true
        }
        None => false,
    }
}
