//! Blocks that were freed on another core than their own, on their way home.
//!
//! A stack that is pushed to by anybody and taken whole by the core that its blocks belong to. So nothing
//! in it can be mistaken for what was there before. Each leads to the one pushed before it, by
//! its own first word, for nobody uses it any more.
//!
//! # Orderings
//!
//! A push releases the link, and the pusher's last use of the block; taking all acquires both. Between pushes
//! nothing travels: each is a read-modify-write, which hands on what an earlier one has released.

use crate::atomic::{AtomicPtr, Relaxed};
use crate::order::Site;
use core::ptr::{NonNull, null_mut};

/// The stack.
#[derive(Debug)]
pub(super) struct Returned(AtomicPtr<u8>);

impl Returned {
    #[cfg(not(loom))]
    pub(super) const fn new() -> Self {
        Self(AtomicPtr::new(null_mut()))
    }

    #[cfg(loom)]
    pub(super) fn new() -> Self {
        Self(AtomicPtr::new(null_mut()))
    }

    /// Pushes a block; `link` is told which one is before it.
    pub(super) fn push(&self, block: NonNull<u8>, link: impl Fn(*mut u8)) {
        let mut before = self.0.load(Relaxed);
        loop {
            link(before);
            let ordering = Site::BringHome.ordering();
            let pushed = self
                .0
                .compare_exchange_weak(before, block.as_ptr(), ordering, Relaxed);
            match pushed {
                Ok(_) => return,
                Err(now) => before = now,
            }
        }
    }

    /// Takes all of them: the one pushed last, which leads to the others.
    pub(super) fn take(&self) -> *mut u8 {
        self.0.swap(null_mut(), Site::TakeHome.ordering())
    }

    /// True if there are some; for who may miss those that are just being pushed.
    pub(super) fn is_empty(&self) -> bool {
        self.0.load(Relaxed).is_null()
    }
}

#[cfg(all(test, loom))]
pub(crate) mod stories {
    use super::*;
    use crate::cell::UnsafeCell;
    use loom::thread;
    use std::sync::Arc;
    use std::vec::Vec;

    /// A block of the story: its link, watched by the model.
    struct Block(UnsafeCell<*mut u8>);

    // SAFETY: the stack says whose it is.
    unsafe impl Sync for Block {}
    // SAFETY: as above.
    unsafe impl Send for Block {}

    /// Two cores bring a block home each, while its core takes what is there, and the rest at the end:
    /// each arrives once, with its link.
    #[test]
    pub(crate) fn what_is_freed_elsewhere_comes_home_once() {
        loom::model(|| {
            let blocks: Arc<Vec<Block>> =
                Arc::new((0..2).map(|_| Block(UnsafeCell::new(null_mut()))).collect());
            let returned = Arc::new(Returned::new());
            let bringers: Vec<_> = (0..2)
                .map(|n| {
                    let (blocks, returned) = (blocks.clone(), returned.clone());
                    thread::spawn(move || {
                        let block = NonNull::from(&blocks[n]).cast();
                        returned.push(block, |before| {
                            // SAFETY: this thread's until it is pushed.
                            blocks[n].0.with_mut(|link| unsafe { *link = before });
                        });
                    })
                })
                .collect();
            let mut arrived = 0;
            let mut take_all = || {
                let mut block = returned.take();
                while !block.is_null() {
                    arrived += 1;
                    // SAFETY: a block of the story, which this thread has taken.
                    let it = unsafe { &*block.cast::<Block>() };
                    // SAFETY: as above.
                    block = it.0.with(|link| unsafe { *link });
                }
            };
            take_all();
            for bringer in bringers {
                bringer.join().unwrap();
            }
            take_all();
            assert_eq!(arrived, 2);
        });
    }
}
