//! The cores of the host, which machines take and give back.

use std::sync::{Condvar, Mutex, PoisonError};

pub(super) struct Places {
    all: usize,
    free: Mutex<usize>,
    given_back: Condvar,
}

/// Some of them, given back at its end.
pub(super) struct Taken<'p> {
    places: &'p Places,
    number: usize,
}

impl Places {
    pub(super) fn new(all: usize) -> Self {
        Self {
            all,
            free: Mutex::new(all),
            given_back: Condvar::new(),
        }
    }

    /// Waits until so many are free, or as many as there are.
    pub(super) fn take(&self, number: usize) -> Taken<'_> {
        let number = number.min(self.all);
        // A count is whole whoever has panicked.
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let mut free = self
            .given_back
            .wait_while(free, |free| *free < number)
            .unwrap_or_else(PoisonError::into_inner);
        *free -= number;
        Taken {
            places: self,
            number,
        }
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        let mut free = self
            .places
            .free
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *free += self.number;
        self.places.given_back.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    use super::*;

    #[test]
    fn who_takes_all_is_alone() {
        let places = Places::new(3);
        let busy = AtomicUsize::new(0);
        let beside = |taken: Taken<'_>, most| {
            let before = busy.fetch_add(1, Ordering::SeqCst);
            assert!(before < most, "{before} others");
            thread::yield_now();
            busy.fetch_sub(1, Ordering::SeqCst);
            drop(taken);
        };
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..50).for_each(|_| beside(places.take(1), 3)));
                scope.spawn(|| (0..50).for_each(|_| beside(places.take(9), 1)));
            }
        });
        assert_eq!(*places.free.lock().expect("nobody panicked"), 3);
    }
}
