//! Making processes, and ending the own one.

use crate::machine::{self, names};
use core::fmt;
use core::time::Duration;
use girder_core::mail::{Bound, BoundError, Overflow};
use girder_core::names::{Name, NameError, Reservation};
use girder_core::sched::Priority;
use girder_lockfree::process::{
    self, Affinity, AffinityError, CoreMask, MonitorRef, NoProcess, Pid, Request, STACK_BYTES,
    Watch,
};

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

/// What a new process is to be like.
///
/// ```no_run
/// use girder::{Options, Priority};
///
/// # async fn serve() {}
/// # async fn example() -> Result<(), girder::SpawnError> {
/// let quiet = Options::new().priority(Priority::Low);
/// let first = quiet.name("first").spawn(serve())?;
/// let (second, watch) = quiet.name("second").spawn_watched(serve)?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[must_use = "makes no process yet"]
pub struct Options<'a> {
    name: Option<&'a str>,
    priority: Priority,
    mailbox: Option<(u32, Overflow)>,
    max_heap: Option<usize>,
    max_runtime: Option<Duration>,
    affinity: Option<CoreMask>,
}

/// Why there is no new process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpawnError {
    /// There is no room for one.
    NoProcess,
    /// It can't have that name.
    Name(NameError),
    /// Its mailbox can't have that limit.
    Mailbox(BoundError),
    /// [`Priority::Max`] is for the kernel's own.
    Priority,
    /// It would be over its limit from its birth on: see [`Options::max_heap`].
    MaxHeap {
        /// What it was to have at most, in bytes.
        bytes: usize,
        /// What it takes at its birth: itself, and a stack.
        least: usize,
    },
    /// It can't run on those cores.
    Affinity(AffinityError),
}

impl<'a> Options<'a> {
    /// What is usual: no name, normal priority, a mailbox without a limit.
    pub const fn new() -> Self {
        Self {
            name: None,
            priority: Priority::Normal,
            mailbox: None,
            max_heap: None,
            max_runtime: None,
            affinity: None,
        }
    }

    /// Others find it by this name: see [`register`](crate::register).
    pub const fn name(mut self, name: &'a str) -> Self {
        self.name = Some(name);
        self
    }

    /// It is as urgent as that. [`Priority::Max`] is [`SpawnError::Priority`]: it is for the kernel's own.
    pub const fn priority(mut self, priority: Priority) -> Self {
        self.priority = priority;
        self
    }

    /// Its mailbox has room for so many messages that it has not received yet; `overflow` happens to the next.
    /// Answers to its calls are let in all the same.
    ///
    /// ```no_run
    /// use girder::{Options, Overflow, SendError, receive, send};
    ///
    /// # async fn example() -> Result<(), girder::SpawnError> {
    /// let printer = Options::new().mailbox(100, Overflow::Refuse).spawn(async {
    ///     loop {
    ///         let line: &str = receive().await;
    ///         girder::println!("{line}");
    ///     }
    /// })?;
    /// match send(printer, "hello") {
    ///     Ok(_) => {}
    ///     Err(SendError::Full(line)) => girder::println!("too much is said already for {line}"),
    ///     Err(SendError::NoEnvelope(_)) => girder::println!("no memory"),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub const fn mailbox(mut self, limit: u32, overflow: Overflow) -> Self {
        self.mailbox = Some((limit, overflow));
        self
    }

    /// It may have so many bytes of memory. Whatever it takes of the heap counts, as large as the block really is, until it is freed,
    /// wherever it has gone; so does its arena ([`local`](crate::local)), each unread message that it has taken in, with
    /// 64 bytes, and what it consists of itself. A stack of 32 KiB is set aside, for it may come to hold one at any moment: so
    /// less than that and what it consists of is [`SpawnError::MaxHeap`]. What is beyond is refused, and a process that can't do without it ends, alone: a `Box`
    /// or `Vec` that gets no memory panics, and the reason begins with `heap_limit`. At three quarters a warning is logged, once.
    ///
    /// How many messages are unread is looked at when a block is not taken the short way: about each time that 64 small ones
    /// were, and for each that is larger than 4 KiB. They are never refused for this limit; [`mailbox`](Self::mailbox) has one of its own.
    pub const fn max_heap(mut self, bytes: usize) -> Self {
        self.max_heap = Some(bytes);
        self
    }

    /// It may have a core for so long, all told: what it waits, or stands in a queue, does not count. Who has had more is ended with
    /// the reason `runtime_limit`: at an await its future is dropped; in the middle of its code it may go on to the next await for two quanta
    /// first. How exact that is, ticks say: a process that never awaits is found at one.
    ///
    /// A limit costs nobody else anything. Who has one looks at the clock twice a turn, and leaves once to have its core tick
    /// if that does not.
    ///
    /// ```no_run
    /// use core::time::Duration;
    /// use girder::Options;
    ///
    /// # async fn rules_of_a_guest() {}
    /// # async fn example() -> Result<(), girder::SpawnError> {
    /// let limited = Options::new().max_runtime(Duration::from_millis(100));
    /// let (_, watch) = limited.spawn_watched(rules_of_a_guest)?;
    /// girder::println!("{}", watch.await);
    /// # Ok(())
    /// # }
    /// ```
    pub const fn max_runtime(mut self, time: Duration) -> Self {
        self.max_runtime = Some(time);
        self
    }

    /// It runs on these cores only: see [`set_affinity`](crate::set_affinity). It is born on its maker's core, and begins on one of them.
    ///
    /// ```no_run
    /// use girder::{CoreMask, Options};
    ///
    /// # async fn sample() {}
    /// # async fn example() -> Result<(), girder::SpawnError> {
    /// Options::new().affinity(CoreMask::only(0).with(1)).spawn(sample())?;
    /// # Ok(())
    /// # }
    /// ```
    pub const fn affinity(mut self, cores: CoreMask) -> Self {
        self.affinity = Some(cores);
        self
    }

    /// See [`spawn`]. With a name, [`whereis`](crate::whereis) finds the process as soon as this returns, and the
    /// process finds itself.
    pub fn spawn<F>(self, future: F) -> Result<Pid, SpawnError>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let birth = self.birth()?;
        match Reserved::of(self.name)? {
            None => birth.spawn(future),
            Some(name) => {
                let begin = async move {
                    name.settle(own_pid());
                    future.await;
                };
                name.settled(birth.spawn(begin), |&pid| pid)
            }
        }
    }

    /// See [`spawn_with`].
    pub fn spawn_with<F, M>(self, make: M) -> Result<Pid, SpawnError>
    where
        F: Future<Output = ()> + 'static,
        M: FnOnce() -> F + Send + 'static,
    {
        let birth = self.birth()?;
        match Reserved::of(self.name)? {
            None => birth.spawn_with(make),
            Some(name) => {
                let make = name.before(make);
                name.settled(birth.spawn_with(make), |&pid| pid)
            }
        }
    }

    /// See [`spawn_watched`].
    pub fn spawn_watched<F, M>(self, make: M) -> Result<(Pid, Watch), SpawnError>
    where
        F: Future<Output = ()> + 'static,
        M: FnOnce() -> F + Send + 'static,
    {
        let birth = self.birth()?;
        match Reserved::of(self.name)? {
            None => birth.spawn_watched(make),
            Some(name) => {
                let make = name.before(make);
                name.settled(birth.spawn_watched(make), |&(pid, _)| pid)
            }
        }
    }

    /// See [`spawn_link`].
    pub fn spawn_link<F, M>(self, make: M) -> Result<Pid, SpawnError>
    where
        F: Future<Output = ()> + 'static,
        M: FnOnce() -> F + Send + 'static,
    {
        let birth = self.birth()?;
        match Reserved::of(self.name)? {
            None => birth.spawn_link(make),
            Some(name) => {
                let make = name.before(make);
                name.settled(birth.spawn_link(make), |&pid| pid)
            }
        }
    }

    /// See [`spawn_monitor`].
    pub fn spawn_monitor<F, M>(self, make: M) -> Result<(Pid, MonitorRef), SpawnError>
    where
        F: Future<Output = ()> + 'static,
        M: FnOnce() -> F + Send + 'static,
    {
        let birth = self.birth()?;
        match Reserved::of(self.name)? {
            None => birth.spawn_monitor(make),
            Some(name) => {
                let make = name.before(make);
                name.settled(birth.spawn_monitor(make), |&(pid, _)| pid)
            }
        }
    }
}

impl Options<'_> {
    fn birth(self) -> Result<Birth, SpawnError> {
        let bound = self.mailbox;
        let bound = bound.map(|(limit, overflow)| Bound::new(limit, overflow));
        if self.priority == Priority::Max {
            return Err(SpawnError::Priority);
        }
        let affinity = self.affinity.map(|cores| Affinity::of(&cores));
        Ok(Birth {
            level: self.priority.level(),
            bound: bound.transpose()?,
            max_heap: self.max_heap,
            max_runtime: self.max_runtime,
            affinity: affinity.transpose()?,
        })
    }
}

/// How a process is made, its name aside.
#[derive(Clone, Copy)]
struct Birth {
    level: u8,
    bound: Option<Bound>,
    max_heap: Option<usize>,
    max_runtime: Option<Duration>,
    affinity: Option<Affinity>,
}

/// Limits the heap of the running process, which has just begun.
fn limit_own_heap(bytes: usize) {
    if process::limit_heap(bytes).is_err() {
        panic!("no memory to note the limit of {bytes} bytes");
    }
}

/// Limits how long the running process, which has just begun, may have a core.
fn limit_own_runtime(time: Duration) {
    // Nobody can do anything in no time; and one that may run for five hundred years has no limit that it could come to.
    let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX).max(1);
    if process::limit_runtime(nanos).is_err() {
        panic!("no memory to note the limit of {time:?}");
    }
}

impl Birth {
    fn spawn<F>(self, future: F) -> Result<Pid, SpawnError>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        if self.max_heap.is_none() && self.max_runtime.is_none() {
            return self.spawn_unlimited(future);
        }
        let limited = async move {
            self.limit_own();
            future.await;
        };
        self.suffices_for(process::home_bytes(&limited))?;
        self.spawn_unlimited(limited)
    }

    fn spawn_unlimited<F>(self, future: F) -> Result<Pid, SpawnError>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        match (self.affinity, self.bound) {
            (None, None) => Ok(process::spawn(future, self.level)?),
            (None, Some(bound)) => Ok(process::spawn_bounded(future, self.level, bound)?),
            (Some(cores), bound) => Ok(process::spawn_on(cores, future, self.level, bound)?),
        }
    }

    /// Looks whether it may have a home of so many bytes, and a stack.
    fn suffices_for(self, home: usize) -> Result<(), SpawnError> {
        let least = STACK_BYTES + home;
        match self.max_heap {
            Some(bytes) if bytes < least => Err(SpawnError::MaxHeap { bytes, least }),
            _ => Ok(()),
        }
    }

    fn spawn_with<F, M>(self, make: M) -> Result<Pid, SpawnError>
    where
        F: Future<Output = ()> + 'static,
        M: FnOnce() -> F + Send + 'static,
    {
        let make = self.limited(make);
        self.suffices_for(process::home_bytes_with(&make))?;
        let spawned = match (self.affinity, self.bound) {
            (None, None) => process::spawn_with(make, self.level),
            (None, Some(bound)) => process::spawn_bounded_with(make, self.level, bound),
            (Some(cores), bound) => process::spawn_on_with(cores, make, self.level, bound),
        };
        Ok(spawned?)
    }

    /// Limits the running process, which has just begun.
    fn limit_own(self) {
        self.max_heap.into_iter().for_each(limit_own_heap);
        self.max_runtime.into_iter().for_each(limit_own_runtime);
    }

    /// Has the process limit itself before anything else.
    fn limited<F>(self, make: impl FnOnce() -> F + Send + 'static) -> impl FnOnce() -> F + Send {
        move || {
            self.limit_own();
            make()
        }
    }

    fn spawn_watched<F, M>(self, make: M) -> Result<(Pid, Watch), SpawnError>
    where
        F: Future<Output = ()> + 'static,
        M: FnOnce() -> F + Send + 'static,
    {
        let make = self.limited(make);
        self.suffices_for(process::home_bytes_with(&make))?;
        let spawned = match (self.affinity, self.bound) {
            (None, None) => process::spawn_watched(make, self.level),
            (None, Some(bound)) => process::spawn_bounded_watched(make, self.level, bound),
            (Some(cores), bound) => process::spawn_on_watched(cores, make, self.level, bound),
        };
        Ok(spawned?)
    }
}

impl Birth {
    fn spawn_link<F, M>(self, make: M) -> Result<Pid, SpawnError>
    where
        F: Future<Output = ()> + 'static,
        M: FnOnce() -> F + Send + 'static,
    {
        let make = self.limited(make);
        self.suffices_for(process::home_bytes_with(&make))?;
        let spawned = process::spawn_link(make, self.level, self.bound, self.affinity);
        Ok(spawned?)
    }

    fn spawn_monitor<F, M>(self, make: M) -> Result<(Pid, MonitorRef), SpawnError>
    where
        F: Future<Output = ()> + 'static,
        M: FnOnce() -> F + Send + 'static,
    {
        let make = self.limited(make);
        self.suffices_for(process::home_bytes_with(&make))?;
        let spawned = process::spawn_monitor(make, self.level, self.bound, self.affinity);
        Ok(spawned?)
    }
}

/// A name that is kept for a process to come. Process and maker both settle it, for either may be first
/// to go on.
#[derive(Clone, Copy)]
struct Reserved {
    name: Name,
    reservation: Reservation,
}

impl Reserved {
    fn of(name: Option<&str>) -> Result<Option<Self>, NameError> {
        let Some(name) = name else { return Ok(None) };
        let name = Name::new(name)?;
        let reservation = names::reserve(name, own_pid())?;
        Ok(Some(Self { name, reservation }))
    }

    fn settle(self, pid: Pid) {
        names::settle(self.name, self.reservation, pid);
    }

    /// Makes the process settle the name before it begins.
    fn before<F>(self, make: impl FnOnce() -> F + Send + 'static) -> impl FnOnce() -> F + Send {
        move || {
            self.settle(own_pid());
            make()
        }
    }

    fn settled<T>(
        self,
        spawned: Result<T, SpawnError>,
        pid: fn(&T) -> Pid,
    ) -> Result<T, SpawnError> {
        match &spawned {
            Ok(made) => self.settle(pid(made)),
            Err(_) => names::give_up(self.name, self.reservation),
        }
        spawned
    }
}

impl From<NoProcess> for SpawnError {
    fn from(NoProcess: NoProcess) -> Self {
        Self::NoProcess
    }
}

impl From<NameError> for SpawnError {
    fn from(error: NameError) -> Self {
        Self::Name(error)
    }
}

impl From<BoundError> for SpawnError {
    fn from(error: BoundError) -> Self {
        Self::Mailbox(error)
    }
}

impl From<AffinityError> for SpawnError {
    fn from(error: AffinityError) -> Self {
        Self::Affinity(error)
    }
}

impl fmt::Display for SpawnError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoProcess => f.write_str("no room for a process"),
            Self::Name(error) => fmt::Display::fmt(error, f),
            Self::Mailbox(error) => fmt::Display::fmt(error, f),
            Self::Priority => f.write_str("a priority for the kernel's own"),
            Self::MaxHeap { bytes, least } => write!(
                f,
                "a process with {bytes} bytes of memory at most, that takes {least} with its stack"
            ),
            Self::Affinity(error) => fmt::Display::fmt(error, f),
        }
    }
}

impl core::error::Error for SpawnError {}
