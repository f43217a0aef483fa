//! What users of time see: sleeping, giving up after a while, doing something again and again.
//!
//! Times are [`Instant`]s of one clock that never goes back. Nothing here is ever early. By itself
//! nothing is late by more than a tick of the wheel, 1,024 nanoseconds; whoever waits is then in the queue of its
//! priority like anybody who was woken.
//!
//! A time that has come already is no reason to wait: `sleep(Duration::ZERO)` is ready at once and gives
//! nobody else a turn, as in Erlang and Go; who wants that says `yield_now`. A delay beyond the clock's range
//! ends at [`Instant::NEVER`].
//!
//! [`send_after`] has a message sent at a time instead of waiting for it, [`send_every`] again and again; both can be called
//! off, and say whether that was in time.
//!
//! Whatever waits here gives its timer back when it is dropped. An [`Alarm`] is the timer alone. `doc/timers.md` tells how timers are kept.

mod alarm;
mod instant;
mod interval;
mod later;
mod sleep;
mod timeout;

pub use alarm::Alarm;
pub use girder_lockfree::process::NoAlarm;
pub use instant::Instant;
pub use interval::{Interval, Missed, interval, interval_at};
pub use later::{
    Cancelled, Delayed, NoPeriodic, PERIOD_MIN, Periodic, send_after, send_at, send_every,
};
pub use sleep::{Sleep, sleep, sleep_until};
pub use timeout::{Elapsed, timeout, timeout_at};
