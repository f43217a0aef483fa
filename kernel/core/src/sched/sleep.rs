//! Sleeping until a time: an alarm on the desk, and a look at the clock on each poll.
//!
//! The scheduler wakes processes and runs no foreign code. A sleep that is polled with another waker than
//! its process's own (inside a set of futures that tells its members apart, say) is therefore slept by
//! a small process of its own, which then calls that waker.

use core::pin::Pin;
use core::task::{Context, Poll, Waker};
use girder_lockfree::process::here::now;
use girder_lockfree::process::{own_level, set_alarm, spawn};

/// Waits until the clock has reached `at` nanoseconds; never less, whatever wakes the process.
pub fn sleep_until(at: u64) -> Sleep {
    let told = None;
    Sleep { at, told }
}

/// See [`sleep_until`].
#[must_use = "sleeps when awaited"]
#[derive(Debug)]
pub struct Sleep {
    at: u64,
    /// Who will be told.
    told: Option<Waker>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if now() >= self.at {
            return Poll::Ready(());
        }
        let waker = context.waker();
        let is_told = self.told.as_ref().is_some_and(|told| told.will_wake(waker));
        if !is_told {
            let will_be_told = set_alarm(self.at, waker) || tell_by_a_process(self.at, waker);
            if !will_be_told {
                // There is no room for one more process: look again at once, and ask again.
                waker.wake_by_ref();
            }
            self.told = will_be_told.then(|| waker.clone());
        }
        Poll::Pending
    }
}

/// Makes a process that calls a waker which is nobody's own. False if there is no room for it.
#[cold]
fn tell_by_a_process(at: u64, waker: &Waker) -> bool {
    let told = waker.clone();
    let teller = async move {
        sleep_until(at).await;
        told.wake();
    };
    spawn(teller, own_level()).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::boxed::Box;
    use alloc::sync::Arc;
    use alloc::task::Wake;
    use alloc::vec::Vec;
    use core::pin::pin;
    use core::sync::atomic::{AtomicU32, Ordering::Relaxed};
    use girder_lockfree::Token;
    use girder_lockfree::process::here::{self, Here, collect};
    use girder_lockfree::process::{Polled, Start, Table};

    struct Counter(AtomicU32);

    impl Wake for Counter {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Relaxed);
        }
    }

    fn run(token: Token) -> Polled {
        let Start::Run(process) = token.start() else {
            panic!("not to be run")
        };
        process.poll()
    }

    #[test]
    fn a_foreign_waker_is_called_by_a_process_and_not_before_the_time() {
        let table = Box::leak(Box::new(Table::new(8)));
        Box::leak(Box::new(Here::new())).simulate(table);
        here::simulate_time(0);
        let counter = Arc::new(Counter(AtomicU32::new(0)));
        let waker = counter.clone().into();
        let mut sleep = pin!(sleep_until(10));
        for _ in 0..2 {
            let poll = sleep.as_mut().poll(&mut Context::from_waker(&waker));
            assert_eq!(poll, Poll::Pending);
        }
        let mut newborn = collect(&mut Vec::new()).newborn.queue;
        let teller = newborn.pop_front().expect("somebody has to tell");
        assert!(newborn.is_empty(), "told twice");
        let Polled::Waiting(teller) = run(teller) else {
            panic!("told before the time")
        };
        here::simulate_time(10);
        let Polled::Done(teller) = run(teller) else {
            panic!("still asleep")
        };
        teller.discontinue();
        assert_eq!(counter.0.load(Relaxed), 1);
        let poll = sleep.as_mut().poll(&mut Context::from_waker(&waker));
        assert_eq!(poll, Poll::Ready(()));
    }
}
