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
    NotSet, Pid, afford, has_come, own_level, own_pid, set_alarm, set_polled_alarm, spawn,
    take_back_alarm, wake,
};
use girder_lockfree::wheel::Timer;

/// Waits so long; never less, whatever wakes the process.
#[inline]
pub fn sleep(duration: Duration) -> Sleep {
    let at = Instant::now() + duration;
    let call = match duration.is_zero() {
        true => Call::None,
        false => Call::Ahead,
    };
    Sleep { at, call }
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
    // First, for that is asked first.
    /// A process, by an alarm.
    Alarm(Pid, Timer),
    #[default]
    None,
    /// Nobody, and the time had not come when this was made. (That need not be looked at again: an alarm for a time that has
    /// come since rings at once.)
    Ahead,
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
    #[inline(always)]
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        match self.call {
            // An alarm that is due goes by itself. Nearly always it is what brought us here.
            Call::Alarm(..) if has_come(self.at.nanos()) => {}
            Call::Alarm(..) | Call::Teller(..) => return self.poll_again(context),
            Call::None if has_come(self.at.nanos()) => {}
            Call::None | Call::Ahead => return self.begin(context.waker()),
        }
        ready!(afford(context));
        self.call = Call::None;
        Poll::Ready(())
    }
}

impl Sleep {
    /// Has an alarm wake the process that polls.
    #[inline(never)]
    fn begin(&mut self, waker: &Waker) -> Poll<()> {
        match set_polled_alarm(self.at.nanos(), waker) {
            Ok((pid, alarm)) => {
                self.call = Call::Alarm(pid, alarm);
                Poll::Pending
            }
            Err(why) => self.begin_otherwise(why, waker),
        }
    }

    #[cold]
    #[inline(never)]
    fn begin_otherwise(&mut self, why: NotSet, waker: &Waker) -> Poll<()> {
        drop(why);
        self.ask(waker)
    }

    /// The time has not come yet, or it is not an alarm that was set.
    #[cold]
    #[inline(never)]
    fn poll_again(&mut self, context: &Context<'_>) -> Poll<()> {
        if !has_come(self.at.nanos()) {
            return self.ask(context.waker());
        }
        ready!(afford(context));
        self.call_off();
        Poll::Ready(())
    }

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

    /// Sees to it that nobody is called, who would be.
    #[inline(never)]
    fn take_back(&mut self) {
        match self.call {
            Call::Alarm(_, timer) => take_back_alarm(timer),
            _ => self.call_off(),
        }
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
        if !matches!(self.call, Call::None | Call::Ahead) {
            self.take_back();
        }
    }
}

impl Call {
    fn ask_for(at: Instant, waker: &Waker) -> Self {
        match own_pid().filter(|pid| pid.is_waker(waker)) {
            None => Self::by_a_process(at, waker),
            Some(own) => match set_alarm(at.nanos()) {
                Ok(timer) => Self::Alarm(own, timer),
                Err(_) => Self::again(waker),
            },
        }
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
            Self::None | Self::Ahead => false,
            Self::Alarm(pid, _) => pid.is_waker(waker) && own_pid() == Some(*pid),
            Self::Teller(told, _) => told.will_wake(waker),
        }
    }

    /// Sees to it that nobody is called.
    fn off(self) {
        match self {
            Self::None | Self::Ahead => {}
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
