//! Processes that were sent to a core, linked through themselves: never full.
//!
//! A stack that anybody pushes to and its core takes whole, so nothing in it can be mistaken for what was there
//! before. Who takes it turns it round: the oldest comes first.
//!
//! # Orderings
//!
//! A push releases the link, and whatever was done with the process before; taking all acquires both. Between
//! pushes nothing travels: each is a read-modify-write, which hands on what an earlier one has released.

use crate::atomic::{AtomicPtr, Relaxed};
use crate::order::Site;
use crate::process::header::Header;
use crate::process::queue::Queue;
use crate::process::token::Token;
use core::ptr::{NonNull, null_mut};

/// The stack.
pub(super) struct Inbox(Stack<Header>);

impl Inbox {
    pub(super) fn new() -> Self {
        Self(Stack::new())
    }

    /// Puts a process in.
    pub(super) fn push(&self, token: Token) {
        let header = token.into_header();
        self.0.push(header, |before| {
            // SAFETY: the caller's token makes its link ours, until the push has succeeded.
            unsafe { header.as_ref() }.next.set(NonNull::new(before));
        });
    }

    /// Takes all, the oldest first.
    pub(super) fn take(&self) -> Queue {
        let mut queue = Queue::new();
        let mut newest = NonNull::new(self.0.take());
        while let Some(header) = newest {
            // SAFETY: taken, with its token: its link is ours now.
            newest = unsafe { header.as_ref() }.next.get();
            queue.push_front(Token::new(header));
        }
        queue
    }
}

/// The same of anything.
pub(super) struct Stack<T>(AtomicPtr<T>);

impl<T> Stack<T> {
    #[cfg(not(loom))]
    pub(super) const fn new() -> Self {
        Self(AtomicPtr::new(null_mut()))
    }

    #[cfg(loom)]
    pub(super) fn new() -> Self {
        Self(AtomicPtr::new(null_mut()))
    }

    /// True if nothing is there.
    #[inline(always)]
    pub(super) fn is_empty(&self) -> bool {
        self.0.load(Relaxed).is_null()
    }

    /// True if it is the first there.
    pub(super) fn push(&self, item: NonNull<T>, link: impl Fn(*mut T)) -> bool {
        let mut before = self.0.load(Relaxed);
        loop {
            link(before);
            let ordering = Site::InboxPush.ordering();
            let pushed = self
                .0
                .compare_exchange_weak(before, item.as_ptr(), ordering, Relaxed);
            match pushed {
                Ok(_) => return before.is_null(),
                Err(now) => before = now,
            }
        }
    }

    pub(super) fn take(&self) -> *mut T {
        self.0.swap(null_mut(), Site::InboxTake.ordering())
    }
}

#[cfg(all(test, loom))]
pub(crate) mod stories {
    use super::*;
    use crate::cell::UnsafeCell;
    use loom::thread;
    use std::sync::Arc;
    use std::vec::Vec;

    /// A process of the story: its link, watched by the model.
    struct Item(UnsafeCell<*mut Item>);

    // SAFETY: the story says whose it is.
    unsafe impl Sync for Item {}
    // SAFETY: as above.
    unsafe impl Send for Item {}

    /// Two cores send one each, while the third takes what is there, and the rest at the end: each arrives once, and
    /// with its link.
    #[test]
    pub(crate) fn what_is_sent_arrives_once() {
        loom::model(|| {
            let items: Arc<Vec<Item>> =
                Arc::new((0..2).map(|_| Item(UnsafeCell::new(null_mut()))).collect());
            let stack = Arc::new(Stack::new());
            let senders: Vec<_> = (0..2)
                .map(|n| {
                    let (items, stack) = (items.clone(), stack.clone());
                    thread::spawn(move || {
                        let item: &Item = &items[n];
                        stack.push(NonNull::from(item), |before| {
                            // SAFETY: this thread's until it is pushed.
                            item.0.with_mut(|link| unsafe { *link = before });
                        });
                    })
                })
                .collect();
            let mut arrived = 0;
            let mut take_all = || {
                let mut newest = stack.take();
                while !newest.is_null() {
                    arrived += 1;
                    // SAFETY: an item of the story, which this thread has taken.
                    let item = unsafe { &*newest };
                    // SAFETY: as above.
                    newest = item.0.with(|link| unsafe { *link });
                }
            };
            take_all();
            for sender in senders {
                sender.join().unwrap();
            }
            take_all();
            assert_eq!(arrived, 2);
        });
    }
}
