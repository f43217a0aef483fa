//! Sleeping until a time: an alarm on the core's wheel, and a look at the clock on each poll.
//!
//! The scheduler wakes processes and runs no foreign code. A sleep that is polled with another waker than
//! its process's own (inside a set of futures that tells its members apart, say) is therefore slept by
//! a small process of its own, which then calls that waker.

use super::Instant;
use alloc::sync::Arc;
use core::future::poll_fn;
use core::mem::{ManuallyDrop, take};
use core::pin::Pin;
use core::task::{Context, Poll, Waker, ready};
use core::time::Duration;
use girder_lockfree::process::{
    Pid, afford, own_level, own_pid, set_alarm, spawn, take_back_alarm, wake,
};
use girder_lockfree::wheel::Timer;

/// Waits so long; never less, whatever wakes the process.
pub fn sleep(duration: Duration) -> Sleep {
    sleep_until(Instant::now() + duration)
}

/// Waits until the clock has reached `at`; never less, whatever wakes the process.
pub fn sleep_until(at: Instant) -> Sleep {
    let call = Call::None;
    Sleep { at, call }
}

/// See [`sleep`] and [`sleep_until`]. It gives its timer back when it is dropped.
#[must_use = "sleeps when awaited"]
#[derive(Debug)]
pub struct Sleep {
    at: Instant,
    call: Call,
}

/// Who will be called. It is given up by `off` alone, for whoever sleeps in the usual way has nothing to drop.
#[derive(Debug, Default)]
enum Call {
    #[default]
    None,
    /// A process, by an alarm.
    Alarm(Pid, Timer),
    /// Whatever this waker calls, by a process. That is over when this is the last to have the waker.
    Teller(ManuallyDrop<Arc<Waker>>, Pid),
}

impl Sleep {
    /// When it will be over.
    pub fn deadline(&self) -> Instant {
        self.at
    }

    /// Makes it one that is over at another time.
    pub fn reset(&mut self, at: Instant) {
        self.call_off();
        self.at = at;
    }
}

impl Future for Sleep {
    type Output = ();

    /// Almost always this is the first poll, by a process itself, or the last one.
    #[inline]
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let waker = context.waker();
        if Instant::now() < self.at {
            if let Call::None = self.call
                && let Some(alarm) = Call::by_alarm(self.at, waker)
            {
                self.call = alarm;
                return Poll::Pending;
            }
            return self.ask(waker);
        }
        ready!(afford(context));
        match self.call {
            // An alarm that is due goes by itself. Nearly always it is what brought us here.
            Call::None | Call::Alarm(..) => {
                self.call = Call::None;
                Poll::Ready(())
            }
            Call::Teller(..) => self.finish(),
        }
    }
}

impl Sleep {
    /// Sees to it that this waker is called, whoever was to be called before.
    #[cold]
    #[inline(never)]
    fn ask(&mut self, waker: &Waker) -> Poll<()> {
        if !self.call.reaches(waker) {
            self.call_off();
            self.call = Call::ask_for(self.at, waker);
        }
        Poll::Pending
    }

    #[cold]
    #[inline(never)]
    fn finish(&mut self) -> Poll<()> {
        self.call_off();
        Poll::Ready(())
    }

    /// Sees to it that nobody is called.
    #[cold]
    #[inline(never)]
    fn call_off(&mut self) {
        take(&mut self.call).off();
    }
}

impl Drop for Sleep {
    #[inline]
    fn drop(&mut self) {
        match self.call {
            Call::None => {}
            Call::Alarm(_, timer) => take_back_alarm(timer),
            Call::Teller(..) => self.call_off(),
        }
    }
}

impl Call {
    /// `None` if the waker is not the running process's own, or there is no memory.
    #[inline(always)]
    fn by_alarm(at: Instant, waker: &Waker) -> Option<Self> {
        let own = own_pid().filter(|pid| pid.is_waker(waker))?;
        let timer = set_alarm(at.nanos()).ok()?;
        Some(Self::Alarm(own, timer))
    }

    fn ask_for(at: Instant, waker: &Waker) -> Self {
        if own_pid().is_some_and(|pid| pid.is_waker(waker)) {
            return Self::by_alarm(at, waker).unwrap_or_else(|| Self::again(waker));
        }
        Self::by_a_process(at, waker)
    }

    fn by_a_process(at: Instant, waker: &Waker) -> Self {
        let told = Arc::new(waker.clone());
        match spawn(tell(at, told.clone()), own_level()) {
            Ok(pid) => Self::Teller(ManuallyDrop::new(told), pid),
            Err(_) => Self::again(waker),
        }
    }

    /// Without room for what it takes, whoever waits looks again at once, and asks again.
    fn again(waker: &Waker) -> Self {
        waker.wake_by_ref();
        Self::None
    }

    /// True if `waker` will be called.
    fn reaches(&self, waker: &Waker) -> bool {
        match self {
            Self::None => false,
            Self::Alarm(pid, _) => pid.is_waker(waker) && own_pid() == Some(*pid),
            Self::Teller(told, _) => told.will_wake(waker),
        }
    }

    /// Sees to it that nobody is called.
    fn off(self) {
        match self {
            Self::None => {}
            Self::Alarm(_, timer) => take_back_alarm(timer),
            Self::Teller(told, pid) => {
                drop(ManuallyDrop::into_inner(told));
                wake(pid);
            }
        }
    }
}

/// Calls a waker at a time, unless nobody else has it any more.
async fn tell(at: Instant, told: Arc<Waker>) {
    let mut sleep = sleep_until(at);
    let is_wanted = poll_fn(|context| {
        if Arc::strong_count(&told) == 1 {
            return Poll::Ready(false);
        }
        Pin::new(&mut sleep).poll(context).map(|()| true)
    });
    if is_wanted.await {
        told.wake_by_ref();
    }
}

#[cfg(test)]
mod tests;
