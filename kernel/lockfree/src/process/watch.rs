//! Who waits for a process's end, and is told how it came.
//!
//! A small block on the heap has two holders: the process that will end, as its [`Teller`], and
//! whoever asked to be told, as a [`Watch`]. One word in it says what has happened so far:
//!
//! ```text
//!              1 poll                  2 tell
//!   nobody -----------> a pid waits ----------> told
//!     |   \_____________________________________^ |
//!     | 3 drop          | 3 drop      2 tell      | 3 drop
//!     v                 v                         v
//!    left <-------------+                       (freed)
//!     | 2 tell
//!     v
//!  (freed)
//! ```
//!
//! The teller comes once, in its loop, so nothing of anybody's own may run there: the reason is plain
//! data, and who waits is a pid. Each holder leaves by one swap of the word, and whoever finds that the
//! other has left before frees the block.
//!
//! # Orderings
//!
//! The teller's swap releases the reason, and the load by which the watcher finds `TOLD` acquires it.
//! Whoever leaves first releases its last use of the block, and the other acquires that before it frees.
//!
//! # Where it is awaited
//!
//! In a process, whose waker is its pid; `join!` and `select!` pass that on. A combinator with wakers of
//! its own can't be called from the loop, for it is somebody's code: it is told to look again at once,
//! which costs turns and loses nothing.

use super::afford;
use super::exit::ExitReason;
use super::own_pid;
use super::platform;
use super::request;
use super::waker;
use super::word::Pid;
use crate::atomic::{AtomicU64, Ordering::Relaxed};
use crate::cell::UnsafeCell;
use crate::order::Site;
use crate::scarcity::{Purpose, may_take};
use core::alloc::Layout;
use core::mem::{ManuallyDrop, MaybeUninit};
use core::pin::Pin;
use core::ptr::NonNull;
use core::task::{Context, Poll};

/// Nobody waits yet. Pids are larger than any of these three.
const NOBODY: u64 = 0;
/// The reason is there, and the teller has left.
const TOLD: u64 = 1;
/// The watcher has left.
const LEFT: u64 = 2;

struct Block {
    word: AtomicU64,
    reason: UnsafeCell<MaybeUninit<ExitReason>>,
    /// Shared by both holders as long as they use the block: nothing, but the model watches it.
    life: UnsafeCell<()>,
}

/// The right to be told how a process ended; a future that gives the reason.
#[must_use = "nobody is told unless it is awaited"]
#[derive(Debug)]
pub struct Watch(NonNull<Block>);

/// The duty to tell.
#[derive(Debug)]
pub(crate) struct Teller(NonNull<Block>);

// SAFETY: the word is atomic, and it says whose the reason is: the teller's until `TOLD`, then the
// watcher's. The reason itself is plain data.
unsafe impl Send for Watch {}
// SAFETY: as above.
unsafe impl Send for Teller {}

/// Makes both holders; `None` if there is no memory.
pub(crate) fn pair() -> Option<(Teller, Watch)> {
    if !may_take(Purpose::Watch) {
        return None;
    }
    // Who asked to be told may die in mid-poll: then this is abandoned like all that it owns. So it is not the kernel's.
    // SAFETY: a block has a size.
    let place = unsafe { platform::charged_block(Layout::new::<Block>()) }?.cast::<Block>();
    let block = Block {
        word: AtomicU64::new(NOBODY),
        reason: UnsafeCell::new(MaybeUninit::uninit()),
        life: UnsafeCell::new(()),
    };
    // SAFETY: just allocated with this layout.
    unsafe { place.write(block) };
    Some((Teller(place), Watch(place)))
}

/// Uses a block.
///
/// # Safety
///
/// The caller is one of the holders, and has not left.
unsafe fn used<'a>(block: NonNull<Block>) -> &'a Block {
    // SAFETY: the caller's promise; the block lives until both have left.
    let block = unsafe { block.as_ref() };
    block.life.with(|_| ());
    block
}

/// Frees a block.
///
/// # Safety
///
/// Both holders have left.
unsafe fn free(block: NonNull<Block>) {
    // SAFETY: from `pair`, and nobody uses it any more; a reason owns nothing.
    unsafe {
        block.as_ref().life.with_mut(|_| ());
        block.drop_in_place();
        platform::old_kernel_block(block.cast(), Layout::new::<Block>());
    }
}

impl Teller {
    /// Leaves the reason for the watcher, who does not see it yet.
    pub(crate) fn write(&mut self, reason: ExitReason) {
        // SAFETY: this holder has not left.
        let block = unsafe { used(self.0) };
        // SAFETY: the reason is the teller's before `TOLD`.
        let write = |place: *mut MaybeUninit<_>| unsafe { (*place).write(reason) };
        block.reason.with_mut(|place| {
            write(place);
        });
    }

    /// 2: tells what was written; returns who is to be woken.
    ///
    /// # Safety
    ///
    /// `write` has been called.
    unsafe fn publish(self) -> Option<Pid> {
        let block = ManuallyDrop::new(self).0;
        // SAFETY: this holder leaves only here.
        let word = unsafe { &used(block).word };
        match word.swap(TOLD, Site::WatchTell.ordering()) {
            NOBODY => None,
            LEFT => {
                // SAFETY: the watcher has left, and this holder does.
                unsafe { free(block) };
                None
            }
            pid => Some(Pid::from_number(pid)),
        }
    }

    /// Tells the reason; returns who is to be woken.
    fn tell(mut self, reason: ExitReason) -> Option<Pid> {
        self.write(reason);
        // SAFETY: it was, in the line before.
        unsafe { self.publish() }
    }
}

impl Drop for Teller {
    /// For want of room the process has never begun. Nobody waits yet: whoever asked gets no watch.
    fn drop(&mut self) {
        #[cfg(all(test, loom))]
        if std::thread::panicking() {
            return; // the model has failed, and takes no more steps
        }
        let _ = Self(self.0).tell(ExitReason::Killed);
    }
}

impl Watch {
    /// How the process ended, if it has.
    pub fn reason(&self) -> Option<ExitReason> {
        // SAFETY: this holder has not left.
        let block = unsafe { used(self.0) };
        let is_told = block.word.load(Site::WatchTold.ordering()) == TOLD;
        is_told.then(|| {
            // SAFETY: told, so the reason is there and nobody writes it any more.
            let read = |place: *const MaybeUninit<ExitReason>| unsafe {
                (*place).assume_init_ref().clone()
            };
            block.reason.with(read)
        })
    }

    /// 1: asks for `pid` to be woken; the reason, if that is too late.
    fn ask(&self, pid: Pid) -> Option<ExitReason> {
        // SAFETY: this holder has not left.
        let word = unsafe { &used(self.0).word };
        let mut seen = word.load(Relaxed);
        while seen != TOLD && seen != pid.get() {
            match word.compare_exchange_weak(seen, pid.get(), Relaxed, Relaxed) {
                Ok(_) => return None,
                Err(now) => seen = now,
            }
        }
        self.reason()
    }
}

impl Future for Watch {
    type Output = ExitReason;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<ExitReason> {
        let waker = context.waker();
        let own = waker::owner(waker).filter(|&pid| own_pid() == Some(pid));
        let reason = match own {
            Some(pid) => self.ask(pid),
            None => self.reason(),
        };
        match reason {
            Some(reason) => afford(context).map(|()| reason),
            None => {
                if own.is_none() {
                    waker.wake_by_ref();
                }
                Poll::Pending
            }
        }
    }
}

impl Drop for Watch {
    /// 3: leaves.
    fn drop(&mut self) {
        #[cfg(all(test, loom))]
        if std::thread::panicking() {
            return;
        }
        // SAFETY: this holder leaves only here.
        let word = unsafe { &used(self.0).word };
        if word.swap(LEFT, Site::WatchLeave.ordering()) == TOLD {
            // SAFETY: the teller has left, and this holder does.
            unsafe { free(self.0) }
        }
    }
}

/// Tells a reason, or else the one that was written, and wakes who waits.
///
/// # Safety
///
/// Without a reason, `write` has been called.
#[cold]
#[inline(never)]
pub(crate) unsafe fn tell(teller: Teller, reason: Option<ExitReason>) {
    let waiting = match reason {
        Some(reason) => teller.tell(reason),
        // SAFETY: the caller's promise.
        None => unsafe { teller.publish() },
    };
    if let Some(pid) = waiting {
        request::wake(pid);
    }
}

#[cfg(all(test, not(loom)))]
mod tests;

#[cfg(all(test, loom))]
pub(crate) mod stories;
