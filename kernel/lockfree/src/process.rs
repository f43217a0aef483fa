//! Processes: linear continuations that exactly one place owns.
//!
//! A process is a future with a header before it and a slot beside it. The right to run it is a
//! [`Token`], which can't be copied and which running consumes. Everybody else knows a [`Pid`],
//! which can be asked for things (wake, suspend, resume, kill) at any time and from anywhere,
//! and which never comes to mean somebody else.

mod alarm;
mod arrived;
mod budget;
mod cold;
pub mod crew;
mod exit;
mod finished;
mod hand;
mod header;
pub(crate) mod heap;
pub mod here;
mod hibernate;
pub(crate) mod hindrance;
mod homes;
mod in_loop;
#[cfg(not(target_os = "none"))]
pub mod inspect;
#[cfg(doctest)]
mod linearity;
mod local;
mod makers;
mod own;
pub(crate) mod own_arena;
pub(crate) mod platform;
mod pool;
mod queue;
mod request;
mod runtime;
pub(crate) mod table;
mod text;
pub(crate) mod ties;
mod token;
pub(crate) mod unburied;
mod view;
mod waker;
pub(crate) mod watch;
pub(crate) mod word;

#[cfg(not(target_os = "none"))]
pub use alarm::simulate_counting_alarms;
pub(crate) use alarm::{Due, call_off_elsewhere, make_room_for_alarms, set_due};
pub use alarm::{
    Look, NoAlarm, NotSet, has_alarms_left, has_come, ring_alarms, set_alarm, set_polled_alarm,
    take_back_alarm, take_called_off,
};
pub use budget::afford;
pub use crew::affinity::{
    Affinity, AffinityError, CoreMask, cores, get_affinity, own_core, set_affinity,
};
pub use exit::{ExitReason, Words};
pub use finished::Finished;
pub use hand::ORDINARY;
pub use heap::{NoLimit, STACK_BYTES, limit_heap, was_refused_by_limit};
pub use hibernate::hibernate;
pub use hindrance::Hindrance;
pub use homes::trim;
pub use in_loop::{InLoop, InLoopWork};
pub use local::{Intent, Kind, Local};
pub use makers::{MAKERS, Makers};
pub use own::{is_kernels_own, take_for_kernel};
pub use queue::Queue;
pub use request::{Request, kill, resume, set_level, suspend, wake};
pub use runtime::limit_runtime;
pub use table::{KERNELS_LEVEL, NoProcess, SLOTS_MAX, Table, is_alive, slots};
pub use text::NotAPid;
pub use ties::{
    Down, Exit, MonitorRef, NoLink, NoMonitor, demonitor, demonitor_and_flush, exit_signal, link,
    monitor, ties_in_use, trap_exit, unlink,
};
pub use token::{Polled, Runnable, Start, Token};
pub use view::{Account, Activity, Processes, View, Views, activity, processes, view, views};
pub use watch::Watch;
pub use word::Pid;

use crate::mail::Bound;
use crate::mail::Gate;
use core::pin::{Pin, pin};
pub(crate) use header::{Header, Slot};
pub(crate) use here::table;
use homes::{Wants, bear_at_length};
#[cfg(not(target_os = "none"))]
pub(crate) use platform::forgets_places;
pub(crate) use platform::{PreemptionOff, local, make_room, old_pages, own_record, pages};
use ties::Bond;

use core::ptr::NonNull;
use core::task::{Context, Poll, Waker};

/// Makes a process of a future that may go to any core, and leaves it on this core's desk.
pub fn spawn<F: Future<Output = ()> + Send + 'static>(
    future: F,
    level: u8,
) -> Result<Pid, NoProcess> {
    create(future, level)
}

/// Makes a process of a future that `make` builds when the process first runs. Only `make` has to be
/// `Send`: a process moves whole, so what it makes for itself may hold what threads can't share.
pub fn spawn_with<F, M>(make: M, level: u8) -> Result<Pid, NoProcess>
where
    F: Future<Output = ()> + 'static,
    M: FnOnce() -> F + Send + 'static,
{
    create(made(make), level)
}

/// The future of a process that builds the rest of it when it first runs. (As an `async fn` it would have room for `make`
/// twice.)
#[expect(clippy::manual_async_fn, reason = "it would be larger")]
fn made<F, M>(make: M) -> impl Future<Output = ()> + 'static
where
    F: Future<Output = ()> + 'static,
    M: FnOnce() -> F + Send + 'static,
{
    async move { make().await }
}

/// Bytes of the home that [`spawn`] and its like make for this future: header and future, as large as the block is.
pub fn home_bytes<F: Future<Output = ()> + 'static>(_: &F) -> usize {
    homes::bytes_of(header::Process::<F>::operations())
}

/// The same for [`spawn_with`] and its like.
pub fn home_bytes_with<F, M>(_: &M) -> usize
where
    F: Future<Output = ()> + 'static,
    M: FnOnce() -> F + Send + 'static,
{
    fn of<M, P: Future<Output = ()> + 'static>(_: fn(M) -> P) -> usize {
        homes::bytes_of(header::Process::<P>::operations())
    }
    of(made::<F, M>)
}

/// As [`spawn_with`], for whoever wants to know how the process ends.
pub fn spawn_watched<F, M>(make: M, level: u8) -> Result<(Pid, Watch), NoProcess>
where
    F: Future<Output = ()> + 'static,
    M: FnOnce() -> F + Send + 'static,
{
    create_watched(made(make), level, Wants::default())
}

/// As [`spawn`], with a limit to the mailbox.
pub fn spawn_bounded<F: Future<Output = ()> + Send + 'static>(
    future: F,
    level: u8,
    bound: Bound,
) -> Result<Pid, NoProcess> {
    create_bounded(future, level, bound)
}

/// As [`spawn_with`], with a limit to the mailbox.
pub fn spawn_bounded_with<F, M>(make: M, level: u8, bound: Bound) -> Result<Pid, NoProcess>
where
    F: Future<Output = ()> + 'static,
    M: FnOnce() -> F + Send + 'static,
{
    create_bounded(made(make), level, bound)
}

/// As [`spawn_watched`], with a limit to the mailbox.
pub fn spawn_bounded_watched<F, M>(
    make: M,
    level: u8,
    bound: Bound,
) -> Result<(Pid, Watch), NoProcess>
where
    F: Future<Output = ()> + 'static,
    M: FnOnce() -> F + Send + 'static,
{
    let wants = Wants {
        bound: Some(bound),
        ..Wants::default()
    };
    create_watched(made(make), level, wants)
}

/// As [`spawn`], for one that runs on these cores only; `bound` limits its mailbox.
pub fn spawn_on<F: Future<Output = ()> + Send + 'static>(
    affinity: Affinity,
    future: F,
    level: u8,
    bound: Option<Bound>,
) -> Result<Pid, NoProcess> {
    create_at_length(future, level, Wants::on(affinity, bound))
}

/// As [`spawn_with`], for one that runs on these cores only; `bound` limits its mailbox.
pub fn spawn_on_with<F, M>(
    affinity: Affinity,
    make: M,
    level: u8,
    bound: Option<Bound>,
) -> Result<Pid, NoProcess>
where
    F: Future<Output = ()> + 'static,
    M: FnOnce() -> F + Send + 'static,
{
    let wants = Wants::on(affinity, bound);
    create_at_length(made(make), level, wants)
}

/// As [`spawn_watched`], for one that runs on these cores only; `bound` limits its mailbox.
pub fn spawn_on_watched<F, M>(
    affinity: Affinity,
    make: M,
    level: u8,
    bound: Option<Bound>,
) -> Result<(Pid, Watch), NoProcess>
where
    F: Future<Output = ()> + 'static,
    M: FnOnce() -> F + Send + 'static,
{
    let wants = Wants::on(affinity, bound);
    create_watched(made(make), level, wants)
}

/// Added to a level: whoever is born with it stays on the core of its birth.
pub const PINNED: u8 = Local::PINNED;

/// As [`spawn`], for one that stays on this core.
pub(crate) fn spawn_pinned<F: Future<Output = ()> + Send + 'static>(
    future: F,
    level: u8,
) -> Result<Pid, NoProcess> {
    create(future, level | Local::PINNED)
}

#[inline(always)]
fn create<F: Future<Output = ()> + 'static>(future: F, level: u8) -> Result<Pid, NoProcess> {
    let future = match homes::bear(future, level) {
        Ok(pid) => return Ok(pid),
        Err(future) => future,
    };
    let future = match homes::bear_afresh(future, level) {
        Ok(pid) => return Ok(pid),
        Err(future) => future,
    };
    match make_room() {
        true => homes::bear_afresh(future, level).map_err(|_| NoProcess),
        false => Err(NoProcess),
    }
}

fn create_bounded<F: Future<Output = ()> + 'static>(
    future: F,
    level: u8,
    bound: Bound,
) -> Result<Pid, NoProcess> {
    let wants = Wants {
        bound: Some(bound),
        ..Wants::default()
    };
    create_at_length(future, level, wants)
}

fn create_at_length<F: Future<Output = ()> + 'static>(
    future: F,
    level: u8,
    wants: Wants,
) -> Result<Pid, NoProcess> {
    let born = bear_at_length(future, level, wants).ok_or(NoProcess)?;
    Ok(born.pid)
}

fn create_watched<F: Future<Output = ()> + 'static>(
    future: F,
    level: u8,
    wants: Wants,
) -> Result<(Pid, Watch), NoProcess> {
    let wants = Wants {
        is_watched: true,
        ..wants
    };
    let born = bear_at_length(future, level, wants).ok_or(NoProcess)?;
    Ok((born.pid, born.watch.ok_or(NoProcess)?))
}

/// As [`spawn_with`], for one that is [linked](link) to the running process from its birth on. `bound` limits its mailbox, and
/// with an affinity it runs on those cores only.
pub fn spawn_link<F, M>(
    make: M,
    level: u8,
    bound: Option<Bound>,
    affinity: Option<Affinity>,
) -> Result<Pid, NoProcess>
where
    F: Future<Output = ()> + 'static,
    M: FnOnce() -> F + Send + 'static,
{
    let wants = Wants::tied(Bond::Link, bound, affinity);
    create_at_length(made(make), level, wants)
}

/// The same for one that is [monitored](monitor) by the running process from its birth on.
pub fn spawn_monitor<F, M>(
    make: M,
    level: u8,
    bound: Option<Bound>,
    affinity: Option<Affinity>,
) -> Result<(Pid, MonitorRef), NoProcess>
where
    F: Future<Output = ()> + 'static,
    M: FnOnce() -> F + Send + 'static,
{
    let wants = Wants::tied(Bond::Monitor, bound, affinity);
    let born = bear_at_length(made(make), level, wants).ok_or(NoProcess)?;
    Ok((born.pid, born.monitor.ok_or(NoProcess)?))
}

/// The running process, unless it is a core's loop that runs.
pub fn own_pid() -> Option<Pid> {
    let local = platform::local();
    (local.kind() == Kind::Process).then(|| {
        // SAFETY: a process's record is the first field of its header, which lives while it runs.
        unsafe { NonNull::from(local).cast::<header::Header>().as_ref() }.pid()
    })
}

/// The priority level of the running process.
pub fn own_level() -> u8 {
    platform::local().level()
}

/// There is no stack to block with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoStack;

impl core::fmt::Display for NoStack {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("no stack to wait with")
    }
}

impl core::error::Error for NoStack {}

/// Waits for a future in the middle of ordinary code, in a process. The process keeps its stack
/// meanwhile; the core does not wait. What it has waited for is lost if there is no stack for the core to go
/// on with, or if it is no process that asks.
pub fn block_on<F: Future>(future: F) -> Result<F::Output, NoStack> {
    let mut future = pin!(future);
    let pid = own_pid().ok_or(NoStack)?;
    let waker = waker::of(pid);
    let mut context = Context::from_waker(&waker);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return Ok(output);
        }
        assert!(!hibernate::is_leaving(), "a process hibernates at an await");
        hindrance::is_about_to_block(platform::local());
        runtime::is_about_to_block(platform::local());
        if !platform::block() {
            return Err(NoStack);
        }
    }
}

/// Pays for work, in reductions; whoever has none left yields at the next await.
#[inline(always)]
pub fn reduce(reductions: u32) {
    platform::local().spend(reductions);
}

/// True if the running process has nothing left to spend.
#[inline(always)]
pub fn is_spent() -> bool {
    platform::local().left() < 0
}

/// Says that the running process, whose poll is about to come back, lets others run first and is to be
/// given something to spend.
pub fn give_way() {
    platform::local().set_intent(Intent::YIELD_WITH_CARE);
}

/// True if it is the running process's own waker, and no combinator's inside it.
#[inline(always)]
pub fn is_own_waker(waker: &Waker) -> bool {
    waker::owner(waker).is_some_and(|pid| own_pid() == Some(pid))
}

/// Lets the others on this core run first; the first await of this future comes back at once.
pub fn yield_now() -> YieldNow {
    YieldNow { yields: 1 }
}

/// See [`yield_now`].
#[must_use = "yields when awaited"]
#[derive(Debug)]
pub struct YieldNow {
    /// How often it will yet say that it is not ready. (A number, for a boolean is compared with 1, which takes an
    /// instruction more.)
    yields: u8,
}

impl Future for YieldNow {
    type Output = ();

    #[inline(always)]
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.yields == 0 {
            return Poll::Ready(());
        }
        self.yields = 0;
        let local = platform::local();
        local.intend_to_yield();
        // Nearly always it is the very waker that the process is polled with.
        if !core::ptr::eq(local.waker(), context.waker()) {
            ask_again(context.waker());
        }
        Poll::Pending
    }
}

/// A set of futures that tells its members apart polls only those whose waker was used: one that is not the process's own
/// has to be called, or whoever has it would never be told.
#[cold]
#[inline(never)]
pub(crate) fn ask_again(waker: &Waker) {
    if !is_own_waker(waker) {
        waker.wake_by_ref();
    }
}

#[cfg(all(test, not(loom)))]
mod tests;
