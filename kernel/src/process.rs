//! Making processes, and ending the own one.

use crate::machine;
use core::fmt;
use girder_core::sched::Priority;
use girder_lockfree::process::{self, MonitorRef, NoProcess, Pid, Request, Watch};

mod birth;
mod error;
mod options;

pub use error::SpawnError;
pub use options::Options;

const NORMAL: u8 = Priority::Normal.level();

/// Makes a process of a future that may go to any core. It runs when its turn comes, as urgent as is
/// usual; [`Options`] has more to choose from.
///
/// For want of memory, or when there are as many processes as the kernel was made for, the future is dropped.
///
/// # What relies on destructors
///
/// A process that dies in the middle of its code drops nothing, and its memory is used again: its future and its stack, with
/// whatever is pinned there. So a crate whose soundness rests on a destructor that runs, as intrusive lists with nodes in
/// futures or scoped guards do, may be used within one process, and not to lend one process's memory to another. What
/// processes share is on the heap, or is a message.
#[inline(always)]
pub fn spawn<F>(future: F) -> Result<Pid, NoProcess>
where
    F: Future<Output = ()> + Send + 'static,
{
    process::spawn(future, NORMAL)
}

/// Makes a process of a future that `make` builds when the process first runs. Only `make` has to be
/// `Send`: what the process makes for itself may hold what threads can't share. (What relies on destructors stays within one
/// process: see [`spawn`].)
///
/// ```no_run
/// extern crate alloc;
/// use alloc::rc::Rc;
/// use core::cell::Cell;
///
/// # fn example() -> Result<(), girder::NoProcess> {
/// girder::spawn_with(|| async {
///     let count = Rc::new(Cell::new(0));
///     count.set(count.get() + 1);
///     girder::yield_now().await;
///     girder::println!("{}", count.get());
/// })?;
/// # Ok(())
/// # }
/// ```
#[inline(always)]
pub fn spawn_with<F, M>(make: M) -> Result<Pid, NoProcess>
where
    F: Future<Output = ()> + 'static,
    M: FnOnce() -> F + Send + 'static,
{
    process::spawn_with(make, NORMAL)
}

/// As [`spawn_with`], for whoever wants to know how the process ends: the [`Watch`] is a future that
/// gives the [`ExitReason`](crate::ExitReason). Dropping it does nothing to the process.
#[inline(always)]
pub fn spawn_watched<F, M>(make: M) -> Result<(Pid, Watch), NoProcess>
where
    F: Future<Output = ()> + 'static,
    M: FnOnce() -> F + Send + 'static,
{
    process::spawn_watched(make, NORMAL)
}

/// As [`spawn_with`], for a process that is [linked](crate::link) to the one that makes it from its birth on: it can't end before that.
///
/// ```no_run
/// use girder::{Exit, ExitReason, receive, spawn_link, trap_exit};
///
/// # async fn serve() {}
/// # async fn example() -> Result<(), Box<dyn core::error::Error>> {
/// trap_exit(true)?;
/// let server = spawn_link(serve)?;
/// let exit: Exit = receive().await;
/// if exit.reason != ExitReason::Returned {
///     girder::println!("{} failed: it {}", exit.pid, exit.reason);
/// }
/// # Ok(())
/// # }
/// ```
pub fn spawn_link<F, M>(make: M) -> Result<Pid, NoProcess>
where
    F: Future<Output = ()> + 'static,
    M: FnOnce() -> F + Send + 'static,
{
    process::spawn_link(make, NORMAL, None, None)
}

/// As [`spawn_with`], for a process that is [monitored](crate::monitor) by the one that makes it from its birth on: its
/// [`Down`](crate::Down) says how it has ended, and never that it was not there.
pub fn spawn_monitor<F, M>(make: M) -> Result<(Pid, MonitorRef), NoProcess>
where
    F: Future<Output = ()> + 'static,
    M: FnOnce() -> F + Send + 'static,
{
    process::spawn_monitor(make, NORMAL, None, None)
}

/// The process that asks.
///
/// # Panics
///
/// Outside of processes; an application has no code there.
pub fn own_pid() -> Pid {
    process::own_pid().expect("applications run in processes")
}

/// Gives a process another priority: at once if it waits, else when its turn comes. [`Priority::Max`] is refused: it is for the
/// kernel's own.
pub fn set_priority(pid: Pid, priority: Priority) -> Request {
    match priority {
        Priority::Max => Request::Refused,
        other => girder_core::sched::set_priority(pid, other),
    }
}

/// Ends the running process here and now, for this reason, which whoever watches it is told. Nothing
/// of what it owns is dropped: a process that wants to leave in good order returns.
///
/// ```no_run
/// # fn example(voltage: u32) {
/// if voltage > 5_000 {
///     girder::exit(format_args!("{voltage} mV is too much"));
/// }
/// # }
/// ```
pub fn exit(reason: impl fmt::Display) -> ! {
    machine::exit(format_args!("{reason}"))
}
